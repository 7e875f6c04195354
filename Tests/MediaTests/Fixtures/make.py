"""Makes the pictures and videos beside this script and expected.json, what they decode to.

    pip install pillow==13.0.0 numpy pillow-heif==1.8.1 imagecodecs==2026.3.6
    python make.py      (needs the tools ffmpeg and cjpeg)

expected.json: for each picture its displayed size and the colours of some pixels, [x, y, r, g, b], by
Pillow (alpha composited on black, 16-bit samples rounded to 8 bits), and how far off a decoder may be.
"""

import io
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../scripts"))
import media_corpus  # noqa: E402

EXPECTED = {}


def path(name):
    return os.path.join(HERE, name)


def expect(name, rgb, tolerance):
    """`rgb`: uint8 [height, width, 3] as displayed."""
    height, width, _ = rgb.shape
    points = []
    for j in range(6):
        for i in range(6):
            x, y = (2 * i + 1) * width // 12, (2 * j + 1) * height // 12
            points.append([x, y] + [int(v) for v in rgb[y, x]])
    EXPECTED[name] = dict(width=width, height=height, tolerance=tolerance, points=points)


def on_black(image):
    rgba = np.asarray(image.convert("RGBA")).astype(np.float64)
    return np.round(rgba[..., :3] * rgba[..., 3:] / 255).astype(np.uint8)


def save(name, image, tolerance, **options):
    image.save(path(name), **options)
    decoded = ImageOps.exif_transpose(Image.open(path(name)))
    rgb = on_black(decoded) if "A" in decoded.getbands() or "transparency" in decoded.info \
        else np.asarray(decoded.convert("RGB"))
    expect(name, rgb, tolerance)


def smooth(width, height):
    """All hues and brightnesses without edges."""
    y, x = np.mgrid[0:height, 0:width]
    r = 127.5 + 127.5 * np.sin(x / width * 5)
    g = 127.5 + 127.5 * np.cos(y / height * 4)
    b = 127.5 + 127.5 * np.sin((x + y) / (width + height) * 7 + 1)
    return np.stack([r, g, b], -1)


def textured(width, height):
    """Edges and fine texture, as photos have."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:height, 0:width]
    base = smooth(width, height) * 0.6 + 40
    base += 30 * np.sin(x * 0.9 + y * 0.4)[..., None] * np.array([1, 0.8, 0.6])
    base[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2] += 50
    return (base + rng.normal(0, 6, (height, width, 1))).clip(0, 255).astype(np.uint8)


EIGHT = smooth(60, 40).round().astype(np.uint8)
RGB = Image.fromarray(EIGHT)
ALPHA = Image.fromarray(
    np.concatenate([EIGHT, np.linspace(0, 255, 60).astype(np.uint8)[None, :, None].repeat(40, 0)], -1))

# Lossless formats and kinds of pixels.
save("rgb.png", RGB, 0)
save("rgb.bmp", RGB, 0)
save("rgb.tiff", RGB, 0, compression="tiff_lzw")
save("rgb.webp", RGB, 0, lossless=True)
save("grey.png", RGB.convert("L"), 0)
save("bilevel.png", RGB.convert("1"), 0)
save("palette.png", RGB.quantize(32), 0)
save("alpha.png", ALPHA, 1)
save("alpha.tiff", ALPHA, 1, compression="tiff_lzw", dpi=(72, 72))
save("alpha.webp", ALPHA, 1, lossless=True, exact=True)
save("greyalpha.png", ALPHA.convert("LA"), 1)
transparent = RGB.quantize(16)
save("palettealpha.png", transparent, 1, transparency=bytes([0, 128] + [255] * 14))
save("palette.gif", RGB.quantize(32), 0)
save("lossy.webp", RGB, 4, quality=95)

wide = np.round(smooth(60, 40) / 255 * 65535).astype(">u2")


def png16(name, samples, color_type):
    import zlib

    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + samples[row].tobytes() for row in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    with open(path(name), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9))
                   + chunk(b"IEND", b""))
    eight = np.round(samples.astype(np.float64) / 257).astype(np.uint8)
    expect(name, eight if samples.ndim == 3 else np.stack([eight] * 3, -1), 1)


png16("rgb16.png", wide, 2)
png16("grey16.png", wide[..., 0].copy(), 0)

# JPEG: subsampling, progressive, RGB, gray, CMYK and YCCK.
save("420.jpg", RGB, 4, quality=92, subsampling="4:2:0")
save("422.jpg", RGB, 4, quality=92, subsampling="4:2:2")
save("444.jpg", RGB, 2, quality=92, subsampling="4:4:4")
save("progressive.jpg", RGB, 4, quality=92, progressive=True)
save("keptrgb.jpg", RGB, 2, quality=92, keep_rgb=True)
save("grey.jpg", RGB.convert("L"), 2, quality=92)
black = np.linspace(0, 120, 40)[:, None].repeat(60, 1)
cmyk = np.dstack([255 - EIGHT, black]).astype(np.uint8)
save("cmyk.jpg", Image.fromarray(cmyk, "CMYK"), 4, quality=95)


def cmyk_rgb(cmyk):
    cmyk = cmyk.astype(np.float64)
    return np.round((255 - cmyk[..., :3]) * (255 - cmyk[..., 3:]) / 255).astype(np.uint8)


expect("cmyk.jpg", cmyk_rgb(np.asarray(Image.open(path("cmyk.jpg")))), 4)


def jpeg_bytes(array):
    data = io.BytesIO()
    Image.fromarray(array, "CMYK").save(data, "JPEG", quality=95)
    return data.getvalue()


def number_components(data):
    """Names the components 1 to 4 instead of C, M, Y and K, which FFmpeg expects."""
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    for n in range(4):
        data[frame + 10 + 3 * n] = data[scan + 5 + 2 * n] = n + 1


# Without Adobe's segment.
data = bytearray(jpeg_bytes(cmyk))
at = data.index(b"\xff\xee")
data = data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2:at + 4])[0]:]
number_components(data)
open(path("cmykplain.jpg"), "wb").write(data)
expect("cmykplain.jpg", cmyk_rgb(cmyk), 8)
# YCCK: Adobe's transform 2, luma and chroma of the inverted inks.
inverted = 255.0 - EIGHT  # Adobe's inks are inverted, and YCC is made of their inverse
y = inverted @ [0.299, 0.587, 0.114]
cb = 128 + (inverted[..., 2] - y) / 1.772
cr = 128 + (inverted[..., 0] - y) / 1.402
ycck = np.dstack([255 - y, 255 - cb, 255 - cr, black]).round().clip(0, 255).astype(np.uint8)
data = bytearray(jpeg_bytes(ycck))
at = data.index(b"\xff\xee")
data[at + 15] = 2
number_components(data)
open(path("ycck.jpg"), "wb").write(bytes(data))
expect("ycck.jpg", cmyk_rgb(cmyk), 8)

# Orientations.
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(f"orientation{orientation}.jpg", RGB, 4, quality=92, exif=exif)
exif = Image.Exif()
exif[0x0112] = 6
save("orientation6.png", RGB, 0, exif=exif)
save("orientation6.webp", RGB, 0, exif=exif, lossless=True)
RGB.save(path("orientation6.tiff"), tiffinfo={0x0112: 6})
expect("orientation6.tiff", np.asarray(RGB.transpose(Image.Transpose.ROTATE_270)), 0)

# Antialiased scaling: Pillow's bilinear filter is that of PyTorch's antialias=True.
Image.fromarray(textured(120, 90)).save(path("texture.jpg"), quality=90)
for side in (30, 60, 120):
    decoded = Image.open(path("texture.jpg")).convert("RGB")
    decoded.resize((side * 4 // 3, side), Image.Resampling.BILINEAR).save(
        path(f"texture{side}.png"), optimize=True)
Image.fromarray(textured(480, 360)).save(path("large.jpg"), quality=80)
Image.open(path("large.jpg")).resize((32, 24), Image.Resampling.BILINEAR).save(path("large24.png"))

# Videos, 64x48: frame n has brightness 20 + 6 n, the left half red if n is odd.
frames = b""
for n in range(30):
    frame = np.full((48, 64, 3), 20 + 6 * n, np.uint8)
    frame[:24, :32] = [200, 0, 0]
    frames += frame.tobytes()


def video(name, *options):
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "64x48", "-r", "10", "-i", "-"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, *options, "-pix_fmt", "yuv420p", "-fflags", "+bitexact",
                    path(name)], input=frames, check=True)


x264 = ["-c:v", "libx264", "-crf", "20", "-g", "8", "-bf", "3"]
video("open.mp4", *x264, "-x264-params", "open-gop=1:b-adapt=0")
video("late.mkv", *x264, "-output_ts_offset", "5")
video("stream.h264", *x264)
video("transport.ts", *x264)
video("mpeg4.avi", "-c:v", "mpeg4", "-q:v", "2", "-g", "8", "-bf", "2")
for degrees in (90, 180, 270):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path("open.mp4"), "-t", "0.5", "-c", "copy",
                    "-metadata:s:v", f"rotate={degrees}", path(f"rotated{degrees}.mp4")], check=True)
subprocess.run(["ffmpeg", "-v", "error", "-y", "-ss", "1.25", "-i", path("open.mp4"), "-c", "copy",
                path("editlist.mp4")], check=True)
subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=duration=0.2", path("sound.mp4")],
               check=True)
# Frame n is shown from 100 n + 37 (n mod 3) ms on, and from frame 20 on 15 s later.
for name in ("variable.mp4", "variable.mkv"):
    video(name, *x264, "-vf", "settb=1/1000,setpts=100*N+37*mod(N\\,3)+15000*gte(N\\,20)", "-vsync", "passthrough",
          "-enc_time_base", "1/1000")
# VP8 with frames that are never shown, 2 ms before the next one: its encoder decides on them in a second pass.
with tempfile.TemporaryDirectory() as folder:
    for number in "12":
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2.4", "-c:v", "libvpx",
                        "-pass", number, "-passlogfile", os.path.join(folder, "log"), "-auto-alt-ref", "1",
                        "-lag-in-frames", "16", "-arnr-maxframes", "7", "-b:v", "30k", "-threads", "1",
                        "-bsf:v", "setts=ts=PTS+2*eq(PTS\\,PREV_INPTS)", "-fflags", "+bitexact", path("hidden.webm")],
                       check=True)
for name in ("longsound.mp4", "longsound.mkv"):
    sound = ["-f", "lavfi", "-i", "sine=duration=6:sample_rate=8000", "-c:a", "aac", "-b:a", "8k"]
    video(name, *sound, *x264)
# Two sizes in one stream, and one frame without any rate (Matroska's default duration made void).
video("small.h264", *x264, "-vf", "scale=64:64", "-frames:v", "3")
with open(path("sizes.h264"), "wb") as file:
    for part in ("stream.h264", "small.h264"):
        file.write(open(path(part), "rb").read())
os.remove(path("small.h264"))
video("norate.mkv", "-c:v", "mjpeg", "-frames:v", "1")
data = open(path("norate.mkv"), "rb").read()
open(path("norate.mkv"), "wb").write(data.replace(b"\x23\xe3\x83\x84", b"\xec\x86\0\0", 1))

# The files of the corpus of `make compare-media` that other readers or earlier versions of mosi read incorrectly.
CHOSEN = """
    tiff-rgb-jpeg.tif tiff-grey-jpeg.tif tiff-cmyk-jpeg.tif tiff-oldjpeg-444.tif tiff-oldjpeg-420.tif
    tiff-grey2-black0-fill2.tif tiff-grey4-white0-fill2.tif tiff-palette4-fill2.tif tiff-alpha-associated.tif
    tiff-greyalpha-associated.tif tiff-fourth-unspecified.tif tiff-cmyk-planes.tif tiff-tiles.tif tiff-ycbcr.tif tiff-big.tif
    tiff-greyalpha-zstd.tif tiff-orientation6-jpeg.tif tiff-float.tif tiff-signed.tif tiff-greyalphaplanes.tif
    png-grey1-key1.png png-grey2-key3.png png-grey4-key15.png png-grey4-key65535.png png-broken-iccp.png
    png-broken-iccp-after.png png-broken-crc.png bmp-rgb32-some.bmp bmp-alpha-v124.bmp bmp-noalpha-v124.bmp
    tga-rgb.tga tga-alpha.tga tga-noalpha.tga tga-rle.tga tga-palette.tga pnm-p1.pbm pnm-p6.pnm pnm-p5-max100.pgm
    jpeg-arithmetic.jpg jpeg-ls.jls jpeg-ls-grey.jls jpeg-12bit.jpg
    webp-animated-rgb.webp webp-animated-alpha.webp webp-animated-lossy-alpha.webp webp-animated-offset.webp
    webp-animated-orientation.webp
    avif-orientation2.avif avif-orientation3.avif avif-orientation4.avif avif-orientation5.avif avif-orientation6.avif
    avif-orientation7.avif avif-orientation8.avif avif-rgba.avif avif-400-limited.avif avif-420-limited.avif
    avif-grid-turned.avif avif-grid-cut.avif avif-grid-unknown.avif
    heic-rgb.heic heic-rgba.heic heic-rgb10.heic heic-orientation5.heic heic-orientation6.heic heic-grid-turned.heic
    heic-grid-cut.heic
""".split()
with tempfile.TemporaryDirectory() as folder:
    corpus = media_corpus.make(folder, 60, 40)
    for name in CHOSEN:
        with open(os.path.join(folder, name), "rb") as source, open(path(name), "wb") as target:
            target.write(source.read())
        if corpus[name]:
            size = corpus[name]["height"], corpus[name]["width"], 3
            expect(name, np.fromfile(os.path.join(folder, name + ".rgb"), np.uint8).reshape(size),
                   corpus[name]["tolerance"])
media_corpus.prepare(HERE, 60, 40)
numbered = media_corpus.numbered_frames(60)
for codec, suffix in [("h264refresh", "mp4"), ("h264refresh", "ts"), ("mpeg1", "mpg"), ("mpeg2small", "vob"), ("mpeg2", "m2v"), ("mpeg2nob", "m2v"),
                      ("h264", "mpg"), ("h264", "mxf"), ("mpeg2", "avi"), ("theora", "ogv"), ("mjpeg", "avi")]:
    muxer = media_corpus.MUXERS.get(suffix)
    options = [*media_corpus.CODECS[codec], *(["-f", muxer] if muxer else [])]
    assert media_corpus.video(f"numbered-{codec}.{suffix}", numbered, *options), suffix
with open(path("numbered-mpeg2.m2v"), "rb") as file:
    pictures = media_corpus.mpeg2_pictures(file.read())
media_corpus.write("numbered-mpeg2by5.ts", media_corpus.transport_stream(pictures, 5))

with open(path("expected.json"), "w") as file:
    file.write("{\n" + ",\n".join(
        f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}"
        for name, value in EXPECTED.items()) + "\n}\n")
