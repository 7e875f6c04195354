#!/usr/bin/env python3
"""Makes pictures and videos of many formats, and the pixels that a reader should get from them.

    python3 media_corpus.py FOLDER      (needs Pillow 11 or later and numpy; what pillow-heif, pillow-jxl-plugin,
                                         imagecodecs, cjpeg and ffmpeg make is omitted if they are missing)

For each picture NAME it writes NAME.rgb, its pixels as displayed (uint8 [height, width, 3], alpha on black), and
in corpus.json its size and the tolerance for a decoder, or `null` if the file must be rejected. These pixels are what
Pillow reads, or, if Pillow cannot read the file or only in part, what was put into it. Frame k of a video shows the
bits of k; corpus.json has the number of frames and their rate.
"""

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
from PIL import Image, ImageOps

warnings.filterwarnings("ignore")
CORPUS = {}


def path(name):
    return os.path.join(FOLDER, name)


def write(name, data):
    with open(path(name), "wb") as file:
        file.write(data)


def smooth(width, height):
    """All hues and brightnesses without edges, in 0...1."""
    y, x = np.mgrid[0:height, 0:width]
    r = 0.5 + 0.5 * np.sin(x / width * 5)
    g = 0.5 + 0.5 * np.cos(y / height * 4)
    b = 0.5 + 0.5 * np.sin((x + y) / (width + height) * 7 + 1)
    return np.stack([r, g, b], -1)


def levels(values, bits):
    return np.round(values * (2**bits - 1)).astype(np.uint32)


def eight(samples, bits):
    return np.round(samples.astype(np.float64) * 255 / (2**bits - 1)).astype(np.uint8)


def rgb_of(samples):
    """uint8 [height, width(, 1 to 4)] as RGB on black."""
    if samples.ndim == 2:
        samples = samples[..., None]
    channels = samples.shape[2]
    color = samples[..., :3] if channels >= 3 else samples[..., :1].repeat(3, 2)
    if channels in (2, 4):
        color = np.round(color.astype(np.float64) * samples[..., -1:] / 255).astype(np.uint8)
    return color


def expect(name, rgb, tolerance=3):
    """`rgb`: uint8 [height, width, 3] as displayed; None if the file must be rejected."""
    if rgb is None:
        CORPUS[name] = None
        return
    CORPUS[name] = dict(width=rgb.shape[1], height=rgb.shape[0], tolerance=tolerance)
    write(name + ".rgb", np.ascontiguousarray(rgb).tobytes())


def by_pillow(name):
    """The pixels that Pillow reads."""
    image = ImageOps.exif_transpose(Image.open(path(name)))
    if image.mode == "CMYK":
        inks = np.asarray(image).astype(np.float64)
        return np.round((255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255).astype(np.uint8)
    if image.mode.startswith("I;16"):
        return rgb_of(eight(np.asarray(image), 16))
    if "A" in image.getbands() or "transparency" in image.info:
        return rgb_of(np.asarray(image.convert("RGBA")))
    return np.asarray(image.convert("RGB"))


def save(name, image, **options):
    try:
        image.save(path(name), **options)
    except (OSError, KeyError, ValueError) as error:
        print(f"not made: {name}: {error}", file=sys.stderr)
        if os.path.exists(path(name)):
            os.remove(path(name))
        return
    expect(name, by_pillow(name))


def prepare(folder, width, height):
    """The pictures in all files."""
    global FOLDER, W, H, UNIT, EIGHT, RGB, GREY, FADE, RGBA, LA, PALETTE, CMYK
    os.makedirs(folder, exist_ok=True)
    CORPUS.clear()
    FOLDER, W, H = folder, width, height
    UNIT = smooth(W, H)
    EIGHT = np.round(UNIT * 255).astype(np.uint8)
    RGB = Image.fromarray(EIGHT)
    GREY = RGB.convert("L")
    FADE = np.linspace(0, 255, W).round().astype(np.uint8)[None, :, None].repeat(H, 0)
    RGBA = Image.fromarray(np.concatenate([EIGHT, FADE], -1))
    LA = RGBA.convert("LA")
    PALETTE = RGB.quantize(32)
    black = np.linspace(0, 120, H).round().astype(np.uint8)[:, None, None].repeat(W, 1)
    CMYK = Image.fromarray(np.concatenate([255 - EIGHT, black], -1), "CMYK")


def oriented(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def packed(samples, bits):
    """Rows of `bits`-bit samples [height, n], the high bits first, each row whole bytes."""
    if bits == 16:
        return [row.astype(">u2").tobytes() for row in samples]
    rows = []
    for row in samples:
        flat = ((row[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8).reshape(-1)
        rows.append(np.packbits(flat).tobytes())
    return rows


# --- PNG ----------------------------------------------------------------------------------------

PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data, crc=None):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(
        ">I", zlib.crc32(kind + data) if crc is None else crc)


def png(samples, depth, kind, chunks=b"", after=b"", interlaced=False):
    """A PNG of `samples` [height, width, channels], with further chunks before and after IDAT."""
    height, width = samples.shape[:2]

    def filtered(part):
        if part.size == 0:
            return b""
        return b"".join(b"\0" + row for row in packed(part.reshape(part.shape[0], -1), depth))

    if interlaced:
        body = b"".join(filtered(samples[y::dy, x::dx]) for x, y, dx, dy in ADAM7)
    else:
        body = filtered(samples)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunks + chunk(b"IDAT", zlib.compress(body, 9))
            + after + chunk(b"IEND", b""))


def pngs():
    ramp = np.linspace(0, 1, W)[None, :].repeat(H, 0) * UNIT[..., 1]
    for depth in (1, 2, 4, 8, 16):
        grey = levels(ramp, depth)[..., None]
        for interlaced in (False, True):
            suffix = "-adam7" if interlaced else ""
            write(f"png-grey{depth}{suffix}.png", png(grey, depth, 0, interlaced=interlaced))
            expect(f"png-grey{depth}{suffix}.png", rgb_of(eight(grey, depth)))
            for key in {0, int(grey[H // 2, W // 3, 0]), 2**depth - 1}:
                # Only the low bits count.
                for stored in {key, key | (0xFFFF << depth & 0xFFFF)}:
                    keyed = np.where(grey == key, 0, eight(grey, depth)).astype(np.uint8)
                    name = f"png-grey{depth}-key{stored}{suffix}.png"
                    write(name, png(grey, depth, 0, chunk(b"tRNS", struct.pack(">H", stored)), interlaced=interlaced))
                    expect(name, rgb_of(keyed))
    for depth in (1, 2, 4, 8):
        count = min(2**depth, 200)
        indices = levels(ramp, depth).clip(0, count - 1)[..., None]
        colors = levels(smooth(count, 1)[0], 8).astype(np.uint8)
        for alphas in (None, [0, 128]):
            for interlaced in (False, True):
                name = f"png-palette{depth}{'-alpha' if alphas else ''}{'-adam7' if interlaced else ''}.png"
                chunks = chunk(b"PLTE", colors.tobytes())
                opacity = np.full(count, 255, np.uint8)
                if alphas:
                    chunks += chunk(b"tRNS", bytes(alphas))
                    opacity[:2] = alphas
                write(name, png(indices, depth, 3, chunks, interlaced=interlaced))
                table = np.concatenate([colors, opacity[:, None]], 1)
                expect(name, rgb_of(table[indices[..., 0]]))
    for depth in (8, 16):
        color = levels(UNIT, depth)
        key = color[H // 2, W // 2]
        keyed = np.where((color == key).all(-1, keepdims=True), 0, eight(color, depth)).astype(np.uint8)
        alpha = levels(FADE / 255.0, depth)
        for interlaced in (False, True):
            suffix = f"{depth}{'-adam7' if interlaced else ''}.png"
            write("png-rgb" + suffix, png(color, depth, 2, interlaced=interlaced))
            expect("png-rgb" + suffix, eight(color, depth))
            write("png-rgb-key" + suffix, png(
                color, depth, 2, chunk(b"tRNS", struct.pack(">HHH", *(int(k) for k in key))), interlaced=interlaced))
            expect("png-rgb-key" + suffix, keyed)
            write("png-rgba" + suffix, png(np.concatenate([color, alpha], -1), depth, 6, interlaced=interlaced))
            expect("png-rgba" + suffix, rgb_of(np.concatenate([eight(color, depth), FADE], -1)))
            grey = color[..., 1:2]
            write("png-greyalpha" + suffix, png(np.concatenate([grey, alpha], -1), depth, 4, interlaced=interlaced))
            expect("png-greyalpha" + suffix, rgb_of(np.concatenate([eight(grey, depth), FADE], -1)))
    color = levels(UNIT, 8)
    broken = {
        "iccp": chunk(b"iCCP", b"name\0\0" + b"this is not deflated"),
        "iccp-short": chunk(b"iCCP", b"n"),
        "crc": chunk(b"tEXt", b"Comment\0hello", crc=1),
        "text": chunk(b"zTXt", b"Comment\0\0junk"),
        "gamma": chunk(b"gAMA", b"\1\2"),
        "primaries": chunk(b"cHRM", b"\0" * 5),
        "unknown": chunk(b"prVt", b"private"),
    }
    for name, extra in broken.items():
        write(f"png-broken-{name}.png", png(color, 8, 2, extra))
        expect(f"png-broken-{name}.png", EIGHT)
        write(f"png-broken-{name}-after.png", png(color, 8, 2, after=extra))
        expect(f"png-broken-{name}-after.png", EIGHT)
    write("png-broken-data.png", png(color, 8, 2)[:-40] + b"\0" * 28 + png(color, 8, 2)[-12:])
    expect("png-broken-data.png", None)
    still = png(color, 8, 2)
    animated = still[:33] + chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(
        b"fcTL", struct.pack(">IIIIIHHBB", 0, W, H, 0, 0, 1, 10, 0, 0)) + still[33:-12] + chunk(
        b"fcTL", struct.pack(">IIIIIHHBB", 1, W, H, 0, 0, 1, 10, 0, 0)) + chunk(
        b"fdAT", struct.pack(">I", 2) + zlib.compress(b"\0" * (H * (W * 3 + 1)))) + still[-12:]
    write("png-animated.png", animated)
    expect("png-animated.png", EIGHT)
    for value in (3, 6, 7):
        save(f"png-orientation{value}.png", RGB, exif=oriented(value))


# --- BMP ----------------------------------------------------------------------------------------


def bmp(rows, bits, palette=b"", compression=0, masks=None, size=None, header=40, flipped=False):
    """`rows` from top to bottom, as they are stored."""
    height = len(rows) if size is None else size[1]
    width = W
    lines = rows if flipped or size is not None else rows[::-1]
    body = b"".join(row + b"\0" * (-len(row) % 4) if size is None else row for row in lines)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack(
            "<IiiHHIIiiII", header, width, -height if flipped else height, 1, bits, compression, len(body), 2835, 2835,
            len(palette) // 4, 0)
    if masks and header == 40:
        info += struct.pack("<III", *masks[:3])
    if header > 40:
        info += struct.pack("<IIII", *masks)
        info += b"\0" * (header - 56)
    offset = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + info + palette + body


def bmps():
    bgr = EIGHT[..., ::-1]
    rows = [row.tobytes() for row in bgr]
    for name, options in {"bmp-rgb24": {}, "bmp-topdown": {"flipped": True}, "bmp-os2": {"header": 12}}.items():
        write(name + ".bmp", bmp(rows, 24, **options))
        expect(name + ".bmp", EIGHT)
    for name, fourth in {"zero": 0, "full": 255, "some": None}.items():
        byte = np.full((H, W, 1), fourth, np.uint8) if fourth is not None else FADE
        write(f"bmp-rgb32-{name}.bmp", bmp([row.tobytes() for row in np.concatenate([bgr, byte], -1)], 32))
        expect(f"bmp-rgb32-{name}.bmp", EIGHT)
    four = [row.tobytes() for row in np.concatenate([bgr, FADE], -1)]
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    for header in (56, 108, 124):
        write(f"bmp-alpha-v{header}.bmp", bmp(four, 32, compression=3, masks=masks, header=header))
        expect(f"bmp-alpha-v{header}.bmp", rgb_of(np.concatenate([EIGHT, FADE], -1)))
        write(f"bmp-noalpha-v{header}.bmp", bmp(four, 32, compression=3, masks=masks[:3] + (0,), header=header))
        expect(f"bmp-noalpha-v{header}.bmp", EIGHT)
    write("bmp-bitfields32.bmp", bmp(four, 32, compression=3, masks=masks))
    expect("bmp-bitfields32.bmp", EIGHT)
    for name, bits in {"555": (5, 5, 5), "565": (5, 6, 5)}.items():
        parts = [levels(UNIT[..., n], bits[n]) for n in range(3)]
        value = (parts[0] << (bits[1] + bits[2]) | parts[1] << bits[2] | parts[2]).astype("<u2")
        shown = np.stack([eight(parts[n], bits[n]) for n in range(3)], -1)
        masks16 = (0xF800, 0x7E0, 0x1F) if name == "565" else None
        write(f"bmp-{name}.bmp", bmp([row.tobytes() for row in value], 16, compression=3 if masks16 else 0, masks=masks16))
        expect(f"bmp-{name}.bmp", shown)
    for bits in (1, 4, 8):
        indices = levels(UNIT[..., 0], bits)
        colors = levels(smooth(2**bits, 1)[0], 8).astype(np.uint8)
        table = b"".join(bytes([b, g, r, 0]) for r, g, b in colors)
        write(f"bmp-palette{bits}.bmp", bmp(packed(indices, bits), bits, table))
        expect(f"bmp-palette{bits}.bmp", colors[indices])
    indices = levels(np.round(UNIT[..., 0] * 4) / 4, 8)
    colors = levels(smooth(256, 1)[0], 8).astype(np.uint8)
    table = b"".join(bytes([b, g, r, 0]) for r, g, b in colors)
    coded = b""
    for row in indices[::-1]:
        start = 0
        while start < W:
            end = start
            while end < W and row[end] == row[start]:
                end += 1
            coded += bytes([end - start, int(row[start])])
            start = end
        coded += b"\0\0"
    coded += b"\0\1"
    write("bmp-rle8.bmp", bmp([coded], 8, table, compression=1, size=(W, H)))
    expect("bmp-rle8.bmp", colors[indices])


# --- TGA ----------------------------------------------------------------------------------------


def tgas():
    bgr = EIGHT[..., ::-1]

    def header(kind, bits, descriptor, palette=0):
        return struct.pack("<BBBHHBHHHHBB", 0, int(palette > 0), kind, 0, palette, 24 if palette else 0, 0, 0, W, H, bits,
                           descriptor)

    footer = struct.pack("<II", 0, 0) + b"TRUEVISION-XFILE.\0"
    for name, end in {"": b"", "-footer": footer}.items():
        write(f"tga-rgb{name}.tga", header(2, 24, 0x20) + bgr.tobytes() + end)
        expect(f"tga-rgb{name}.tga", EIGHT)
    write("tga-bottomup.tga", header(2, 24, 0) + bgr[::-1].tobytes())
    expect("tga-bottomup.tga", EIGHT)
    four = np.concatenate([bgr, FADE], -1)
    write("tga-alpha.tga", header(2, 32, 0x28) + four.tobytes())
    expect("tga-alpha.tga", rgb_of(np.concatenate([EIGHT, FADE], -1)))
    write("tga-noalpha.tga", header(2, 32, 0x20) + four.tobytes())
    expect("tga-noalpha.tga", EIGHT)
    grey = np.asarray(GREY)
    write("tga-grey.tga", header(3, 8, 0x20) + grey.tobytes())
    expect("tga-grey.tga", rgb_of(grey))
    save("tga-pillow.tga", RGB)
    save("tga-rle.tga", RGB, compression="tga_rle")
    save("tga-palette.tga", PALETTE)
    save("tga-rgba-rle.tga", RGBA, compression="tga_rle")
    for origin in (1, -1):
        save(f"tga-orientation{origin}.tga", RGB, orientation=origin)


# --- GIF, WebP ----------------------------------------------------------------------------------


def gifs():
    save("gif-palette.gif", PALETTE)
    save("gif-interlaced.gif", PALETTE, interlace=1)
    save("gif-plain.gif", PALETTE, interlace=0)
    save("gif-grey.gif", GREY)
    transparent = RGB.quantize(16)
    save("gif-transparent.gif", transparent, transparency=int(np.asarray(transparent)[20, 30]))
    save("gif-animated.gif", PALETTE, save_all=True, append_images=[PALETTE.rotate(180)], duration=100)
    # A first frame that covers a part of the screen.
    data = bytearray(open(path("gif-plain.gif"), "rb").read())
    data[6:10] = struct.pack("<HH", W + 20, H + 10)
    at = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", W, H))
    data[at + 1:at + 5] = struct.pack("<HH", 7, 3)
    write("gif-offset.gif", bytes(data))
    expect("gif-offset.gif", by_pillow("gif-offset.gif"))


def webps():
    for quality in (90, 98):
        save(f"webp-lossy{quality}.webp", RGB, quality=quality)
    save("webp-lossless.webp", RGB, lossless=True)
    save("webp-lossless-alpha.webp", RGBA, lossless=True, exact=True)
    save("webp-lossy-alpha.webp", RGBA, quality=95)
    save("webp-lossless-palette.webp", PALETTE.convert("RGB"), lossless=True)
    save("webp-orientation.webp", RGB, lossless=True, exif=oriented(6))
    moved = Image.fromarray(np.roll(EIGHT, 9, 1))
    for name, frames, options in (
        ("rgb", [RGB, moved], dict(lossless=True)), ("alpha", [RGBA, RGBA.rotate(180)], dict(lossless=True, exact=True)),
        ("lossy", [RGB, moved], dict(quality=95)), ("lossy-alpha", [RGBA, RGBA.rotate(180)], dict(quality=95)),
        ("orientation", [RGB, moved], dict(lossless=True, exif=oriented(8))),
    ):
        save(f"webp-animated-{name}.webp", frames[0], save_all=True, append_images=frames[1:], duration=100, **options)
    # A first frame that covers a part of the canvas.
    data = bytearray(open(path("webp-animated-rgb.webp"), "rb").read())
    canvas = data.index(b"VP8X") + 12
    data[canvas:canvas + 6] = struct.pack("<I", W + 20 - 1)[:3] + struct.pack("<I", H + 10 - 1)[:3]
    frame = data.index(b"ANMF") + 8
    data[frame:frame + 6] = struct.pack("<I", 8 // 2)[:3] + struct.pack("<I", 4 // 2)[:3]
    write("webp-animated-offset.webp", bytes(data))
    expect("webp-animated-offset.webp", by_pillow("webp-animated-offset.webp"))


# --- JPEG ---------------------------------------------------------------------------------------


def jpegs():
    for sampling in ("4:4:4", "4:2:2", "4:2:0"):
        save(f"jpeg-{sampling.replace(':', '')}.jpg", RGB, quality=92, subsampling=sampling)
        save(f"jpeg-{sampling.replace(':', '')}-progressive.jpg", RGB, quality=92, subsampling=sampling, progressive=True)
    save("jpeg-restarts.jpg", RGB, quality=92, restart_marker_blocks=2)
    save("jpeg-grey.jpg", GREY, quality=92)
    save("jpeg-rgb.jpg", RGB, quality=92, keep_rgb=True)
    save("jpeg-cmyk.jpg", CMYK, quality=95)
    save("jpeg-cmyk-progressive.jpg", CMYK, quality=95, progressive=True)
    for value in range(1, 9):
        save(f"jpeg-orientation{value}.jpg", RGB, quality=92, exif=oriented(value))
    save("jpeg-mpo.jpg", RGB, format="MPO", quality=92, save_all=True, append_images=[RGB.rotate(180)])
    data = open(path("jpeg-420.jpg"), "rb").read()
    write("jpeg-trailing.jpg", data + b"trailing bytes \xff\xd8 of some camera")
    expect("jpeg-trailing.jpg", by_pillow("jpeg-420.jpg"))
    ppm = io.BytesIO()
    RGB.save(ppm, "PPM")
    cjpeg = shutil.which("cjpeg")
    if cjpeg:
        for name, options in {"411": ["-sample", "4x1"], "440": ["-sample", "1x2"], "410": ["-sample", "4x2"],
                              "smooth": ["-smooth", "20"], "optimized": ["-optimize"]}.items():
            data = subprocess.run([cjpeg, "-quality", "92", *options], input=ppm.getvalue(), capture_output=True, check=True)
            write(f"jpeg-{name}.jpg", data.stdout)
            # libjpeg repeats the chroma samples at a fourth of the width; mosi interpolates them.
            expect(f"jpeg-{name}.jpg", by_pillow(f"jpeg-{name}.jpg"), 20 if name in ("411", "410") else 3)
        for name, options in {"arithmetic": ["-arithmetic"], "arithmetic-progressive": ["-arithmetic", "-progressive"]}.items():
            data = subprocess.run([cjpeg, "-quality", "92", *options], input=ppm.getvalue(), capture_output=True, check=True)
            write(f"jpeg-{name}.jpg", data.stdout)
            expect(f"jpeg-{name}.jpg", None)
    try:
        import imagecodecs
    except ImportError:
        return
    write("jpeg-lossless.jpg", imagecodecs.ljpeg_encode(np.asarray(GREY)))
    expect("jpeg-lossless.jpg", rgb_of(np.asarray(GREY)))
    write("jpeg-ls.jls", imagecodecs.jpegls_encode(EIGHT))
    expect("jpeg-ls.jls", None)  # FFmpeg lacks the planes of its colors
    write("jpeg-ls-grey.jls", imagecodecs.jpegls_encode(np.asarray(GREY)))
    expect("jpeg-ls-grey.jls", rgb_of(np.asarray(GREY)))
    deep = levels(UNIT[..., 1], 12)
    write("jpeg-12bit.jpg", imagecodecs.jpeg8_encode(deep.astype(np.uint16), bitspersample=12, level=97))
    expect("jpeg-12bit.jpg", rgb_of(eight(deep, 12)))


# --- PNM ----------------------------------------------------------------------------------------


def pnms():
    bits = np.asarray(RGB.convert("1")).astype(np.uint8)
    grey = np.asarray(GREY)
    write("pnm-p1.pbm", b"P1\n# comment\n%d %d\n" % (W, H) + b"\n".join(" ".join(str(1 - v) for v in row).encode() for row in bits) + b"\n")
    expect("pnm-p1.pbm", rgb_of(bits * 255))
    write("pnm-p4.pbm", b"P4\n%d %d\n" % (W, H) + np.packbits(1 - bits, axis=1).tobytes())
    expect("pnm-p4.pbm", rgb_of(bits * 255))
    write("pnm-p2.pgm", b"P2\n%d %d\n255\n" % (W, H) + b"\n".join(" ".join(map(str, row)).encode() for row in grey) + b"\n")
    expect("pnm-p2.pgm", rgb_of(grey))
    write("pnm-p3.ppm", b"P3\n%d %d\n255\n" % (W, H) + b"\n".join(" ".join(map(str, row)).encode() for row in EIGHT.reshape(H, -1)) + b"\n")
    expect("pnm-p3.ppm", EIGHT)
    write("pnm-p5.pgm", b"P5\n%d %d\n255\n" % (W, H) + grey.tobytes())
    expect("pnm-p5.pgm", rgb_of(grey))
    write("pnm-p6.ppm", b"P6\n%d %d\n255\n" % (W, H) + EIGHT.tobytes())
    expect("pnm-p6.ppm", EIGHT)
    write("pnm-p6.pnm", b"P6 %d %d 255\n" % (W, H) + EIGHT.tobytes())
    expect("pnm-p6.pnm", EIGHT)
    for most in (1, 15, 100, 200, 1000, 4095, 65535):
        kind = np.uint8 if most < 256 else ">u2"
        color = np.round(UNIT * most).astype(np.uint32)
        shown = np.round(color * 255.0 / most).astype(np.uint8)
        write(f"pnm-p6-max{most}.ppm", f"P6\n{W} {H}\n{most}\n".encode() + color.astype(kind).tobytes())
        expect(f"pnm-p6-max{most}.ppm", shown)
        write(f"pnm-p5-max{most}.pgm", f"P5\n{W} {H}\n{most}\n".encode() + color[..., 1].astype(kind).tobytes())
        expect(f"pnm-p5-max{most}.pgm", rgb_of(shown[..., 1]))
        write(f"pnm-p2-max{most}.pgm", f"P2\n{W} {H}\n{most}\n".encode()
              + b"\n".join(" ".join(map(str, row)).encode() for row in color[..., 1]) + b"\n")
        expect(f"pnm-p2-max{most}.pgm", rgb_of(shown[..., 1]))


# --- TIFF ---------------------------------------------------------------------------------------

TIFF_TYPES = {"H": 3, "I": 4}


def tiff(tags, strips, big_endian=False):
    """A TIFF of one directory: `tags` by number as (type, values); the strips are placed and listed in tags."""
    mark = ">" if big_endian else "<"
    offset = 8
    offsets, body = [], b""
    for strip in strips:
        offsets.append(offset + len(body))
        body += strip
    body += b"\0" * (len(body) % 2)
    tags = dict(tags)
    tags[273] = ("I", offsets)
    tags[279] = ("I", [len(strip) for strip in strips])
    start = offset + len(body)
    extra_at = start + 2 + 12 * len(tags) + 4
    entries, extra = b"", b""
    for tag in sorted(tags):
        kind, values = tags[tag]
        data = values if isinstance(values, bytes) else b"".join(struct.pack(mark + kind, v) for v in values)
        entry = struct.pack(mark + "HHI", tag, 7 if kind == "B" else TIFF_TYPES[kind], len(values))
        if len(data) <= 4:
            entry += data.ljust(4, b"\0")
        else:
            entry += struct.pack(mark + "I", extra_at + len(extra))
            extra += data + b"\0" * (len(data) % 2)
        entries += entry
    return ((b"MM\0*" if big_endian else b"II*\0") + struct.pack(mark + "I", start) + body
            + struct.pack(mark + "H", len(tags)) + entries + struct.pack(mark + "I", 0) + extra)


REVERSED = bytes(int(f"{n:08b}"[::-1], 2) for n in range(256))


def baseline(bits, photometric, channels=1, **more):
    tags = {256: ("H", [W]), 257: ("H", [H]), 258: ("H", [bits] * channels), 259: ("H", [1]), 262: ("H", [photometric]),
            277: ("H", [channels]), 278: ("H", [H])}
    tags.update({int(key[1:]): ("H", value) for key, value in more.items()})
    return tags


def tiffs():
    bilevel = RGB.convert("1")
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "lzma", "zstd", "webp", "jpeg"):
        label = (compression or "raw").replace("tiff_", "").replace("_", "-")
        options = dict(compression=compression) if compression else {}
        if compression == "jpeg":
            options["quality"] = 95
        for mode, image in {"rgb": RGB, "grey": GREY, "rgba": RGBA, "greyalpha": LA, "palette": PALETTE, "cmyk": CMYK,
                            "bilevel": bilevel}.items():
            if compression == "webp" and mode not in ("rgb", "rgba"):
                continue
            if compression == "jpeg" and mode in ("palette", "bilevel", "greyalpha", "rgba"):
                continue
            save(f"tiff-{mode}-{label}.tif", image, **options)
    for compression in ("group3", "group4", "tiff_ccitt"):
        save(f"tiff-bilevel-{compression}.tif", bilevel, compression=compression)
    save("tiff-large-jpeg.tif", Image.fromarray(np.round(smooth(320, 240) * 255).astype(np.uint8)), compression="jpeg", quality=95)
    save("tiff-ycbcr.tif", RGB.convert("YCbCr"))
    save("tiff-ycbcr-jpeg.tif", RGB.convert("YCbCr"), compression="jpeg", quality=95)
    sixteen = Image.fromarray(levels(UNIT[..., 1], 16).astype(np.uint16))
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate"):
        save(f"tiff-grey16-{compression or 'raw'}.tif", sixteen, **(dict(compression=compression) if compression else {}))
    save("tiff-big.tif", RGB, big_tiff=True, compression="tiff_lzw")
    save("tiff-pages.tif", RGB, save_all=True, append_images=[RGB.rotate(180)])
    for value in range(1, 9):
        save(f"tiff-orientation{value}-lzw.tif", RGB, compression="tiff_lzw", tiffinfo={0x0112: value})
        save(f"tiff-orientation{value}-jpeg.tif", RGB, compression="jpeg", tiffinfo={0x0112: value}, quality=95)
    for mode, image in {"rgb": RGB, "grey": GREY, "rgba": RGBA, "palette": PALETTE}.items():
        save(f"tiff-{mode}-predictor.tif", image, compression="tiff_lzw", tiffinfo={317: 2})
    save("tiff-strips.tif", RGB, compression="tiff_lzw", tiffinfo={278: 7})
    ramp = np.linspace(0, 1, W)[None, :].repeat(H, 0) * UNIT[..., 1]
    for bits in (1, 2, 4, 8, 16):
        grey = levels(ramp, bits)
        for photometric in (0, 1):
            stored = grey if photometric else 2**bits - 1 - grey
            for order in (1, 2):
                for big_endian in (False, True):
                    rows = packed(stored, bits)
                    if bits == 16 and not big_endian:
                        rows = [row.astype("<u2").tobytes() for row in stored]
                    data = b"".join(rows)
                    data = data.translate(REVERSED) if order == 2 else data
                    name = f"tiff-grey{bits}-{'white' if not photometric else 'black'}0-fill{order}{'-mm' if big_endian else ''}.tif"
                    write(name, tiff(baseline(bits, photometric, t266=[order]), [data], big_endian))
                    expect(name, rgb_of(eight(grey, bits)))
    for bits in (1, 2, 4, 8):
        indices = levels(ramp, bits)
        colors = levels(smooth(2**bits, 1)[0], 16)
        for order in (1, 2):
            data = b"".join(packed(indices, bits))
            data = data.translate(REVERSED) if order == 2 else data
            tags = baseline(bits, 3, t266=[order])
            tags[320] = ("H", [int(v) for v in colors.T.reshape(-1)])
            write(f"tiff-palette{bits}-fill{order}.tif", tiff(tags, [data]))
            expect(f"tiff-palette{bits}-fill{order}.tif", eight(colors[indices], 16))
    color16 = levels(UNIT, 16)
    for big_endian in (False, True):
        mark = ">u2" if big_endian else "<u2"
        suffix = "-mm" if big_endian else ""
        write(f"tiff-rgb16{suffix}.tif", tiff(baseline(16, 2, 3), [color16.astype(mark).tobytes()], big_endian))
        expect(f"tiff-rgb16{suffix}.tif", eight(color16, 16))
        alpha = levels(FADE / 255.0, 16)
        shown = np.round(color16 / 257.0 * FADE / 255).astype(np.uint8)
        write(f"tiff-rgba16{suffix}.tif", tiff(
            baseline(16, 2, 4, t338=[2]), [np.concatenate([color16, alpha], -1).astype(mark).tobytes()], big_endian))
        expect(f"tiff-rgba16{suffix}.tif", shown)
        differences = color16.astype(np.int64)
        differences[:, 1:] -= color16.astype(np.int64)[:, :-1]
        write(f"tiff-rgb16-predictor{suffix}.tif", tiff(
            baseline(16, 2, 3, t259=[8], t317=[2]), [zlib.compress((differences & 0xFFFF).astype(mark).tobytes())], big_endian))
        expect(f"tiff-rgb16-predictor{suffix}.tif", eight(color16, 16))
    four = np.concatenate([EIGHT, FADE], -1)
    on_black = rgb_of(four)
    write("tiff-alpha-associated.tif", tiff(baseline(8, 2, 4, t338=[1]), [np.concatenate([on_black, FADE], -1).tobytes()]))
    expect("tiff-alpha-associated.tif", on_black)
    write("tiff-alpha-unassociated.tif", tiff(baseline(8, 2, 4, t338=[2]), [four.tobytes()]))
    expect("tiff-alpha-unassociated.tif", on_black)
    write("tiff-fourth-unspecified.tif", tiff(baseline(8, 2, 4, t338=[0]), [four.tobytes()]))
    expect("tiff-fourth-unspecified.tif", EIGHT)
    grey = np.asarray(GREY)[..., None]
    write("tiff-greyalpha-associated.tif", tiff(
        baseline(8, 1, 2, t338=[1]), [np.concatenate([rgb_of(np.concatenate([grey, FADE], -1))[..., :1], FADE], -1).tobytes()]))
    expect("tiff-greyalpha-associated.tif", rgb_of(np.concatenate([grey, FADE], -1)))
    for label, depth in (("planes", 8), ("16-planes", 16)):
        parts = [levels(part / 255.0, depth).astype("<u2" if depth == 16 else np.uint8) for part in (grey, FADE)]
        write(f"tiff-greyalpha{label}.tif", tiff(baseline(depth, 1, 2, t338=[2], t284=[2]), [p.tobytes() for p in parts]))
        expect(f"tiff-greyalpha{label}.tif", None)
    write("tiff-grey-unspecified.tif", tiff(baseline(8, 1, 2, t338=[0]), [np.concatenate([grey, FADE], -1).tobytes()]))
    expect("tiff-grey-unspecified.tif", rgb_of(grey[..., 0]))
    write("tiff-five.tif", tiff(
        baseline(8, 2, 5, t338=[0, 0]), [np.concatenate([four, FADE[:, ::-1]], -1).tobytes()]))
    expect("tiff-five.tif", EIGHT)
    planes = [EIGHT[..., n].tobytes() for n in range(3)]
    write("tiff-planes.tif", tiff(baseline(8, 2, 3, t284=[2]), planes))
    expect("tiff-planes.tif", EIGHT)
    write("tiff-planes-deflate.tif", tiff(baseline(8, 2, 3, t284=[2], t259=[8]), [zlib.compress(p) for p in planes]))
    expect("tiff-planes-deflate.tif", EIGHT)
    inks = np.asarray(CMYK)
    write("tiff-cmyk-planes.tif", tiff(baseline(8, 5, 4, t284=[2]), [inks[..., n].tobytes() for n in range(4)]))
    expect("tiff-cmyk-planes.tif", np.round(
        (255.0 - inks[..., :3]) * (255.0 - inks[..., 3:]) / 255).astype(np.uint8))
    padded = np.zeros((-(-H // 16) * 16, -(-W // 16) * 16, 3), np.uint8)
    padded[:H, :W] = EIGHT
    tiles = [padded[y:y + 16, x:x + 16].tobytes() for y in range(0, H, 16) for x in range(0, W, 16)]
    tags = baseline(8, 2, 3, t322=[16], t323=[16])
    del tags[278]
    data = tiff(tags, tiles)
    # Tiles have their own tags.
    start = struct.unpack("<I", data[4:8])[0]
    fixed = bytearray(data)
    for n in range(struct.unpack("<H", data[start:start + 2])[0]):
        at = start + 2 + 12 * n
        tag = struct.unpack("<H", data[at:at + 2])[0]
        fixed[at:at + 2] = struct.pack("<H", {273: 324, 279: 325}.get(tag, tag))
    order = sorted((bytes(fixed[start + 2 + 12 * n:start + 14 + 12 * n]) for n in range(len(tags) + 2)),
                   key=lambda e: struct.unpack("<H", e[:2])[0])
    fixed[start + 2:start + 2 + 12 * len(order)] = b"".join(order)
    write("tiff-tiles.tif", bytes(fixed))
    expect("tiff-tiles.tif", EIGHT)
    # Old-style JPEG: the whole stream, located by tags 513 and 514.
    for sampling in ("4:4:4", "4:2:0"):
        stream = io.BytesIO()
        RGB.save(stream, "JPEG", quality=95, subsampling=sampling)
        shown = np.asarray(Image.open(io.BytesIO(stream.getvalue())).convert("RGB"))
        stream = stream.getvalue()
        factor = 1 if sampling == "4:4:4" else 2
        tags = baseline(8, 6, 3, t259=[6], t512=[1], t530=[factor, factor])
        tags[513], tags[514] = ("I", [8]), ("I", [len(stream)])
        name = f"tiff-oldjpeg-{sampling.replace(':', '')}.tif"
        write(name, tiff(tags, [stream]))
        # libtiff repeats the chroma samples here.
        expect(name, shown, 3 if factor == 1 else 12)
    floats = UNIT.astype("<f4")
    write("tiff-float.tif", tiff(baseline(32, 2, 3, t339=[3, 3, 3]), [floats.tobytes()]))
    expect("tiff-float.tif", None)
    save("tiff-f.tif", Image.fromarray(UNIT[..., 0].astype(np.float32)))
    save("tiff-i.tif", Image.fromarray(levels(UNIT[..., 0], 24).astype(np.int32)))
    for name in ("tiff-f.tif", "tiff-i.tif"):
        expect(name, None)
    signed = (levels(UNIT[..., 0], 8).astype(np.int32) - 128).astype(np.int8)
    write("tiff-signed.tif", tiff(baseline(8, 1, 1, t339=[2]), [signed.tobytes()]))
    expect("tiff-signed.tif", None)


# --- JPEG 2000, JPEG XL, AVIF, HEIC -------------------------------------------------------------


def jpeg2000s():
    for mode, image in {"rgb": RGB, "grey": GREY, "rgba": RGBA, "greyalpha": LA}.items():
        for suffix in ("jp2", "j2k"):
            save(f"jpeg2000-{mode}.{suffix}", image, no_jp2=suffix == "j2k")
    save("jpeg2000-lossy.jp2", RGB, irreversible=True, quality_mode="dB", quality_layers=[50])
    save("jpeg2000-plain.jp2", RGB, mct=0)
    save("jpeg2000-tiles.jp2", RGB, tile_size=(32, 32))
    save("jpeg2000-grey16.jp2", Image.fromarray(levels(UNIT[..., 1], 16).astype(np.uint16)))
    try:
        import imagecodecs
    except ImportError:
        return
    for bits in (10, 12, 16):
        color = levels(UNIT, bits).astype(np.uint16)
        name = f"jpeg2000-rgb{bits}.jp2"
        write(name, imagecodecs.jpeg2k_encode(color, codecformat="jp2", level=0, bitspersample=bits))
        expect(name, eight(color, bits))


def jpegxls():
    try:
        import pillow_jxl  # noqa: F401
    except ImportError:
        return
    save("jxl-lossless.jxl", RGB, lossless=True)
    save("jxl-lossy.jxl", RGB, quality=95)
    save("jxl-rgba.jxl", RGBA, lossless=True)
    save("jxl-grey.jxl", GREY, lossless=True)
    save("jxl-greyalpha.jxl", LA, lossless=True)


def avifs():
    for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:0:0"):
        for span in ("full", "limited"):
            save(f"avif-{sampling.replace(':', '')}-{span}.avif", RGB, quality=95, subsampling=sampling, range=span)
    save("avif-lossless.avif", RGB, quality=100, subsampling="4:4:4")
    save("avif-rgba.avif", RGBA, quality=95, subsampling="4:4:4")
    save("avif-greyalpha.avif", LA, quality=95)
    save("avif-animated.avif", RGB, save_all=True, append_images=[RGB.rotate(180)], quality=95)
    for value in range(1, 9):
        save(f"avif-orientation{value}.avif", RGB, quality=95, exif=oriented(value))
    try:
        import pillow_heif
    except ImportError:
        return
    pillow_heif.register_heif_opener()
    for mode, image in {"rgb": RGB, "rgba": RGBA, "grey": GREY}.items():
        save(f"heic-{mode}.heic", image, quality=95, chroma=444)
    for value in range(1, 9):
        save(f"heic-orientation{value}.heic", RGB, quality=95, chroma=444, exif=oriented(value))
    # libheif repeats its chroma samples in squares.
    save("heic-420.heic", RGB, quality=100, chroma=420)
    expect("heic-420.heic", EIGHT, 4)
    for mode, bits in (("RGB;16", 10), ("RGB;16", 12)):
        color = levels(UNIT, 16).astype(np.uint16)
        pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
        image = pillow_heif.from_bytes(mode=mode, size=(W, H), data=color.tobytes())
        image.save(path(f"heic-rgb{bits}.heic"), quality=100, chroma=444)
        expect(f"heic-rgb{bits}.heic", EIGHT)


def box(kind, *content):
    data = b"".join(content)
    return struct.pack(">I", 8 + len(data)) + kind + data


def inside(data, kind):
    """The content of the first box of this kind at any depth."""
    at = data.index(kind) - 4
    return data[at + 8:at + struct.unpack(">I", data[at:at + 4])[0]]


def heif(name, codec, tiles, tile_size, rows, columns, shown, properties=b"", essential=0, config=b""):
    """An HEIF whose primary picture is a grid of coded tiles; `properties`: whole boxes, for the grid alone."""
    count = len(tiles)
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *shown)
    kind = {"av01": b"avif", "hvc1": b"heic"}[codec]
    infos = [(n + 1, codec.encode()) for n in range(count)] + [(count + 1, b"grid")]
    items = b"".join(box(b"infe", struct.pack(">BxxxHH", 2, item, 0), code, b"\0") for item, code in infos)
    shared = [box(b"ispe", b"\0" * 4, struct.pack(">II", *tile_size)),
              box({"av01": b"av1C", "hvc1": b"hvcC"}[codec], config),
              box(b"ispe", b"\0" * 4, struct.pack(">II", *shown))]
    own = 0
    while len(properties) > 8 and own < essential:
        shared.append(properties[:struct.unpack(">I", properties[:4])[0]])
        properties = properties[len(shared[-1]):]
        own += 1
    links = b"".join(struct.pack(">HBBB", n + 1, 2, 1, 0x82) for n in range(count))
    links += struct.pack(">HB", count + 1, 1 + own) + bytes([3] + [0x84 + n for n in range(own)])

    def meta(offset):
        places, at = b"", offset
        for item, data in zip(range(1, count + 2), tiles + [grid]):
            places += struct.pack(">HHHII", item, 0, 1, at, len(data))
            at += len(data)
        return box(
            b"meta", b"\0" * 4, box(b"hdlr", b"\0" * 8, b"pict", b"\0" * 13),
            box(b"pitm", b"\0" * 4, struct.pack(">H", count + 1)),
            box(b"iinf", b"\0" * 4, struct.pack(">H", count + 1), items),
            box(b"iloc", b"\0" * 4, struct.pack(">BBH", 0x44, 0, count + 1), places),
            box(b"iref", b"\0" * 4, box(b"dimg", struct.pack(">HH", count + 1, count),
                                       struct.pack(f">{count}H", *range(1, count + 1)))),
            box(b"iprp", box(b"ipco", *shared), box(b"ipma", b"\0" * 4, struct.pack(">I", count + 1), links)))

    head = box(b"ftyp", kind, b"\0" * 4, kind, b"mif1")
    data = b"".join(tiles) + grid
    write(name, head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", data))


def grids():
    """Pictures like those of telephones: tiles of 64x64, the last ones cropped, then rotated or cropped."""
    width, height = 80, 112
    whole = np.round(smooth(width, height) * 255).astype(np.uint8)
    padded = np.pad(whole, ((0, -height % 64), (0, -width % 64), (0, 0)), "edge")
    rows, columns = padded.shape[0] // 64, padded.shape[1] // 64
    for suffix, codec, config, options in (("avif", "av01", b"av1C", dict(subsampling="4:4:4", quality=95)),
                                           ("heic", "hvc1", b"hvcC", dict(chroma=444, quality=95))):
        tiles, setting = [], b""
        for y in range(rows):
            for x in range(columns):
                file = io.BytesIO()
                try:
                    Image.fromarray(padded[64 * y:64 * y + 64, 64 * x:64 * x + 64]).save(
                        file, "AVIF" if suffix == "avif" else "HEIF", **options)
                except KeyError:
                    return
                setting = inside(file.getvalue(), config)
                tiles.append(inside(file.getvalue(), b"mdat"))
        make = dict(rows=rows, columns=columns, config=setting)
        heif(f"{suffix}-grid.{suffix}", codec, tiles, (64, 64), shown=(width, height), **make)
        expect(f"{suffix}-grid.{suffix}", whole, 8)
        turned = box(b"irot", b"\1") + box(b"imir", b"\1")
        heif(f"{suffix}-grid-turned.{suffix}", codec, tiles, (64, 64), shown=(width, height), properties=turned,
             essential=2, **make)
        expect(f"{suffix}-grid-turned.{suffix}", np.rot90(whole)[:, ::-1], 8)
        cut = box(b"clap", struct.pack(">iIiIiIiI", width - 20, 1, height - 10, 1, 6, 1, -5, 1))
        heif(f"{suffix}-grid-cut.{suffix}", codec, tiles, (64, 64), shown=(width, height), properties=cut, essential=1,
             **make)
        expect(f"{suffix}-grid-cut.{suffix}", whole[0:height - 10, 16:width - 4], 8)
        heif(f"{suffix}-grid-unknown.{suffix}", codec, tiles, (64, 64), shown=(width, height),
             properties=box(b"iscl", b"\0" * 12), essential=1, **make)
        expect(f"{suffix}-grid-unknown.{suffix}", None)


# --- Videos -------------------------------------------------------------------------------------

YUV = ["-pix_fmt", "yuv420p"]
X264 = ["-c:v", "libx264", "-g", "20", "-bf", "3", *YUV]
X265 = ["-c:v", "libx265", *YUV, "-x265-params"]
MPEG = ["-q:v", "4", "-g", "15", "-bf", "2", *YUV]
SIMPLE = ["-q:v", "4", "-g", "20", *YUV]
VPX = ["-b:v", "500k", "-g", "20", "-auto-alt-ref", "1", "-lag-in-frames", "16", *YUV]
CODECS = {
    "h264": X264,
    "h264open": [*X264, "-x264-params", "open-gop=1"],
    "h264refresh": ["-c:v", "libx264", "-g", "30", "-bf", "0", *YUV, "-x264-params", "intra-refresh=1:keyint=30"],
    "hevc": [*X265, "log-level=error:keyint=20:bframes=3:open-gop=0"],
    "hevcopen": [*X265, "log-level=error:keyint=20:bframes=3:open-gop=1"],
    "hevcrefresh": [*X265, "log-level=error:keyint=30:bframes=0:intra-refresh=1"],
    "mpeg4": ["-c:v", "mpeg4", *SIMPLE],
    "mpeg4b": ["-c:v", "mpeg4", "-bf", "2", *SIMPLE],
    "mpeg1": ["-c:v", "mpeg1video", *MPEG],
    "mpeg2": ["-c:v", "mpeg2video", *MPEG],
    "mpeg2nob": ["-c:v", "mpeg2video", *MPEG, "-bf", "0"],
    "mpeg2small": ["-c:v", "mpeg2video", *MPEG, "-q:v", "31"],
    "vp8": ["-c:v", "libvpx", *VPX],
    "vp9": ["-c:v", "libvpx-vp9", *VPX],
    "av1": ["-c:v", "libaom-av1", "-cpu-used", "8", "-b:v", "500k", "-g", "20", *YUV],
    "theora": ["-c:v", "libtheora", "-q:v", "7", "-g", "20", *YUV],
    "wmv1": ["-c:v", "wmv1", *SIMPLE],
    "wmv2": ["-c:v", "wmv2", *SIMPLE],
    "msmpeg4": ["-c:v", "msmpeg4", *SIMPLE],
    "flv1": ["-c:v", "flv", *SIMPLE],
    "h263p": ["-c:v", "h263p", *SIMPLE],
    "mjpeg": ["-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p"],
    "prores": ["-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"],
    "ffv1": ["-c:v", "ffv1", *YUV],
    "huffyuv": ["-c:v", "huffyuv", "-pix_fmt", "yuv422p"],
    "rv10": ["-c:v", "rv10", *SIMPLE],
    "rv20": ["-c:v", "rv20", *SIMPLE],
}
CONTAINERS = {
    "mp4": "h264 h264open h264refresh hevc hevcopen hevcrefresh mpeg4 mpeg4b mpeg2 mjpeg vp9 av1",
    "mov": "h264 hevc mpeg4b prores mjpeg", "m4v": "h264 mpeg4b", "3gp": "h264 mpeg4", "3g2": "h264",
    "mkv": "h264 h264open h264refresh hevc hevcopen mpeg4b mpeg2 mpeg1 vp8 vp9 av1 theora ffv1 wmv2 mjpeg prores",
    "webm": "vp8 vp9 av1", "avi": "mpeg4 mpeg4b h264 mjpeg huffyuv ffv1 msmpeg4 wmv1 h263p mpeg2", "divx": "mpeg4",
    "flv": "flv1 h264", "wmv": "wmv1 wmv2", "asf": "msmpeg4 wmv2 h264 mpeg4",
    "ts": "h264 h264open h264refresh hevc hevcopen mpeg2 mpeg1 mpeg4b", "m2ts": "h264 mpeg2 hevc", "mts": "h264",
    "mpg": "mpeg1 mpeg2 mpeg2nob mpeg2small h264", "mpeg": "mpeg1", "vob": "mpeg1 mpeg2 mpeg2small",
    "m2v": "mpeg2 mpeg2nob mpeg1", "mxf": "mpeg2 h264", "ogv": "theora", "rm": "rv10 rv20", "rmvb": "rv20",
    "h264": "h264 h264open h264refresh", "hevc": "hevc hevcopen", "ivf": "vp9 av1",
}
MUXERS = {"divx": "avi", "m2ts": "mpegts", "mts": "mpegts", "mpg": "mpeg", "mpeg": "mpeg", "vob": "vob", "rmvb": "rm",
          "m2v": "mpeg2video"}


def numbered_frames(count, width=128, height=96):
    """RGB frames that show their number as seven bits in a row at the top; bright means 1."""
    noise = np.random.default_rng(3).integers(0, 20, (height + count, width + count, 3))
    frames = b""
    for number in range(count):
        frame = (60 + noise[number:number + height, number:number + width]).astype(np.uint8)
        frame[height // 2:, :, 0] = number * 2
        for bit in range(7):
            frame[8:24, 8 + 16 * bit:20 + 16 * bit] = 230 if number >> bit & 1 else 20
        frames += frame.tobytes()
    return frames


def video(name, frames, *options, rate=25):
    """False if it cannot be made."""
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "128x96", "-r", str(rate), "-i", "-"]
    made = subprocess.run(["ffmpeg", "-v", "error", "-y", *source, *options, "-fflags", "+bitexact", path(name)],
                          input=frames, capture_output=True)
    if made.returncode != 0 and os.path.exists(path(name)):
        os.remove(path(name))
    return made.returncode == 0


def transport_stream(pictures, each, rate=25):
    """MPEG-2 pictures in order, several to a PES packet, of which only the first has its time."""
    counters = {}

    def packets(pid, payload, clock=None):
        first, parts = True, b""
        while payload:
            field = b""
            if first and clock is not None:
                field = b"\x10" + struct.pack(">Q", clock << 15 | 0x7E00)[2:]
            space = 184 - (1 + len(field) if field else 0)
            part, payload = payload[:space], payload[space:]
            if len(part) < space:
                field = (field or b"\0") + b"\xff" * (space - len(part) - (0 if field else 2))
                if space - len(part) == 1 and len(field) == 1 and field == b"\0":
                    field = b""
            counter = counters[pid] = (counters.get(pid, -1) + 1) & 15
            head = struct.pack(">BHB", 0x47, pid | (0x4000 if first else 0), counter | 0x10)
            if len(part) < 184:
                body = bytes([183 - len(part)]) + field
                head = head[:3] + bytes([counter | 0x30])
                part = body.ljust(184 - len(part), b"\xff") + part
            parts, first = parts + head + part, False
        return parts

    def section(pid, table, number, content):
        data = struct.pack(">BHHBBB", table, 0xB000 | len(content) + 9, number, 0xC1, 0, 0) + content
        crc = 0xFFFFFFFF
        for byte in data:
            for bit in range(7, -1, -1):
                crc = (crc << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if (crc >> 31) ^ (byte >> bit & 1) else 0)
        return packets(pid, (b"\0" + data + struct.pack(">I", crc)).ljust(184, b"\xff"))

    stream = section(0, 0, 1, struct.pack(">HH", 1, 0xE100))
    stream += section(0x100, 2, 1, struct.pack(">HHBHH", 0xE101, 0xF000, 2, 0xE101, 0xF000))
    for start in range(0, len(pictures), each):
        # Without B-frames, too, a picture is shown when the next one is decoded.
        time = 90000 + start * 90000 // rate
        stamps = b"".join(
            struct.pack(">BHH", mark | value >> 29 & 14, (value >> 14 & 0xFFFE) | 1, (value << 1 & 0xFFFE) | 1)
            for mark, value in ((0x31, time), (0x11, time - 90000 // rate)))
        head = b"\0\0\1\xe0\0\0\x80\xc0\x0a" + stamps
        stream += packets(0x101, head + b"".join(pictures[start:start + each]), clock=time - 9000)
    return stream


def mpeg2_pictures(data):
    """Each picture with the headers before it."""
    starts, at, opened = [0], 0, False
    while (at := data.find(b"\0\0\1", at)) >= 0:
        kind = data[at + 3]
        if opened and kind in (0x00, 0xB3, 0xB8):
            starts.append(at)
            opened = False
        opened = opened or kind == 0x00
        at += 4
    return [data[a:b] for a, b in zip(starts, starts[1:] + [len(data)])]


def videos():
    made = {}
    if not shutil.which("ffmpeg"):
        return made
    frames = numbered_frames(120)
    for suffix, codecs in CONTAINERS.items():
        for codec in codecs.split():
            muxer = MUXERS.get(suffix)
            if suffix == "m2v" and codec == "mpeg1":
                muxer = "mpeg1video"
            options = [*CODECS[codec], *(["-f", muxer] if muxer else [])]
            if suffix == "m2ts":
                options += ["-mpegts_m2ts_mode", "1"]
            name = f"video-{codec}.{suffix}"
            if video(name, frames, *options):
                made[name] = dict(frames=120, rate=25)
            else:
                print(f"not made: {name}", file=sys.stderr)
    if "video-mpeg2nob.m2v" in made:
        with open(path("video-mpeg2nob.m2v"), "rb") as file:
            pictures = mpeg2_pictures(file.read())
        for each in (2, 5):
            write(f"video-mpeg2by{each}.ts", transport_stream(pictures, each))
            made[f"video-mpeg2by{each}.ts"] = dict(frames=120, rate=25)
    return made


def make(folder, width=120, height=80):
    """Makes the pictures, and returns them by name."""
    prepare(folder, width, height)
    for part in (pngs, bmps, tgas, gifs, webps, jpegs, pnms, tiffs, jpeg2000s, jpegxls, avifs, grids):
        part()
    return CORPUS


if __name__ == "__main__":
    pictures = make(sys.argv[1])
    corpus = dict(pictures=pictures, videos=videos())
    with open(path("corpus.json"), "w") as file:
        json.dump(corpus, file, indent=0, sort_keys=True)
    print(f"{len(corpus['pictures'])} pictures, {len(corpus['videos'])} videos")
