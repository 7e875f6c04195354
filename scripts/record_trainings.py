"""The helper of record-trainings.sh: makes data, interrupts runs, writes and compares records.

Standard library only. A record is a text of lines `TRAINING WHERE NAME VALUE`, all under canonical names, so that
records of versions that call things differently can be compared.
"""

import csv
import glob
import hashlib
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

# Names in metrics.jsonl by which a value was known in some version, in snake case, and the canonical one.
RENAMED = {"top1_per_label": "top1_per_class", "skipped_sources": "bad_sources"}

# The values in a line of metrics.jsonl that are recorded; the others are times or derived from times.
RECORDED = {
    "step": {"epoch", "loss", "top1", "learning_rate", "mask_ratio"},
    "validation": {"epoch", "loss", "top1", "top1_per_class", "sources"},
    "summary": {
        "epoch", "loss", "top1", "best_top1", "training_sources", "validation_sources",
        "bad_sources", "evaluation",
    },
}


# MARK: - Data


def png(path, width, height, pixels):
    """Writes an RGB picture; `pixels` are its bytes by row."""
    rows = b"".join(
        b"\0" + pixels[3 * width * y : 3 * width * (y + 1)] for y in range(height)
    )

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header))
        file.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def avi(path, width, height, rate, frames):
    """Writes RGB frames as a video that is not compressed: any encoder might write other bytes tomorrow."""
    def chunk(kind, content):
        return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)

    def listing(kind, content):
        return chunk(b"LIST", kind + content)

    size = 3 * width * height  # rows of 4 n bytes
    main = struct.pack("<14I", 1000000 // rate, 0, 0, 16, len(frames), 0, 1, size, width, height,
                       0, 0, 0, 0)
    stream = struct.pack("<4s4sIHHIIIIIIIIHHHH", b"vids", b"DIB ", 0, 0, 0, 0, 1, rate, 0,
                         len(frames), size, 0, 0, 0, 0, width, height)
    form = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, size, 0, 0, 0, 0)
    movie, index, offset = b"", b"", 4
    for frame in frames:
        upward = b"".join(
            frame[3 * width * y : 3 * width * (y + 1)] for y in reversed(range(height))
        )
        swapped = bytearray(upward)
        swapped[0::3], swapped[2::3] = upward[2::3], upward[0::3]
        movie += chunk(b"00db", bytes(swapped))
        index += struct.pack("<4sIII", b"00db", 16, offset, size)
        offset += 8 + size
    header = chunk(b"avih", main) + listing(b"strl", chunk(b"strh", stream) + chunk(b"strf", form))
    content = listing(b"hdrl", header) + listing(b"movi", movie) + chunk(b"idx1", index)
    with open(path, "wb") as file:
        file.write(chunk(b"RIFF", b"AVI " + content))


def texture(seed, width, height):
    """The pixels of a picture of gradients, a checkerboard and noise."""
    draw = random.Random(seed)
    slopes = [draw.uniform(-2, 2) for _ in range(6)]
    cell = draw.randrange(4, 12)
    return bytes(
        int(128 + slopes[2 * c] * (x - 32) + slopes[2 * c + 1] * (y - 32)
            + 50 * ((x // cell + y // cell) % 2) + draw.uniform(-20, 20)) % 256
        for y in range(height) for x in range(width) for c in range(3)
    )


def moving(seed, width, height, count, step):
    """Frames of a square that moves by `step` pixels over a ground."""
    ground, side = texture(seed, width, height), 16
    thing = texture(seed + 1, side, side)
    frames = []
    for t in range(count):
        left = ((width - side) // 2 + step[0] * t) % (width - side)
        top = ((height - side) // 2 + step[1] * t) % (height - side)
        frame = bytearray(ground)
        for y in range(side):
            start = 3 * ((top + y) * width + left)
            frame[start : start + 3 * side] = thing[3 * side * y : 3 * side * (y + 1)]
        frames.append(bytes(frame))
    return frames


def frame_folder(folder, seed, count, step):
    os.makedirs(folder)
    for t, frame in enumerate(moving(seed, 72, 56, count, step)):
        png(f"{folder}/frame-{t:04}.png", 72, 56, frame)


def make_data(shared):
    """Pictures, videos, folders of frames and broken files in data/, a dataset in actions/."""
    for folder in ("mixed", "validation"):
        os.makedirs(f"data/{folder}")
    for i in range(4):
        width, height = 64 + 7 * i, 90 - 9 * i
        png(f"data/mixed/texture-{i}.png", width, height, texture(i, width, height))
    for i in range(3):
        png(f"data/validation/texture-{i}.png", 60, 60, texture(20 + i, 60, 60))
    for i in range(2):
        avi(f"data/mixed/video-{i}.avi", 72, 64, 25, moving(30 + 2 * i, 72, 64, 15, (2, 1)))
    with open("data/mixed/broken.jpg", "wb") as file:
        file.write(b"\xff\xd8\xff\xe0" + bytes(100))
    frame_folder("data/frames", 40, 12, (1, 2))
    for pattern in ("photos/*/*.jpg", "videos/*/**/*.mp4"):
        for path in sorted(glob.glob(f"{shared}/data/{pattern}", recursive=True))[::80]:
            shutil.copy(path, "data/mixed/" + os.path.basename(path))

    steps = {"down": (0, 2), "left": (-2, 0), "right": (2, 0), "still": (0, 0), "up": (0, -2),
             "slope": (1, 1)}
    rows = ["path,label,split"]
    for label, step in steps.items():
        os.makedirs(f"actions/{label}")
        for i in range(6):
            path = f"{label}/{i}.avi"
            seed = 1000 + 100 * len(rows) + i
            avi(f"actions/{path}", 64, 48, (12, 25, 30)[i % 3], moving(seed, 64, 48, 20, step))
            rows.append(f"{path},{label},{'train' if i < 4 else 'test'}")
    # One training and one test video are broken, and one is a folder of frames.
    for path in ("up/1.avi", "down/5.avi"):
        with open(f"actions/{path}", "wb") as file:
            file.write(b"RIFF" + bytes(1000))
    frame_folder("actions/right/frames", 60, 20, (2, 0))
    rows.append("right/frames,right,train")
    with open("actions/annotations.csv", "w") as file:
        file.write("\n".join(rows) + "\n")

    with open("data.txt", "w") as file:
        for folder in ("data", "actions"):
            for path in sorted(glob.glob(f"{folder}/**", recursive=True)):
                if os.path.isfile(path):
                    file.write(f"{path} {digest_of_file(path)}\n")


def digest_of_file(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


# MARK: - Records


def canonical(name):
    name = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m[1].lower(), name)
    return RENAMED.get(name, name)


def printed(value):
    """Numbers by value: versions may write 1 or 1.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def values(content, prefix=""):
    """The leaves of a line of metrics.jsonl by canonical name; what is nested in `terms` or `annotations`
    counts as if it was not."""
    for key, value in content.items():
        name = canonical(key)
        if name == "annotations" or name == "terms":
            yield from values(value, prefix)
        elif name == "top1_per_class":
            for label in sorted(value):
                yield f"{prefix}{name}.{label}".replace(" ", "_"), value[label]
        elif isinstance(value, dict):
            yield from values(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def weights(path):
    """The digest of the tensors of a checkpoint by part: names, types, shapes and bytes."""
    with open(path, "rb") as file:
        content = file.read()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    digests = {}
    for name in sorted(header):
        part = name.split(".")[0]
        if name == "__metadata__" or part not in ("model", "optimizer", "moving_average"):
            continue
        tensor = header[name]
        begin, end = tensor["data_offsets"]
        digest = digests.setdefault(part, hashlib.sha256())
        digest.update(f"{name} {tensor['dtype']} {tensor['shape']}\n".encode())
        digest.update(content[8 + length + begin : 8 + length + end])
    return {part: digest.hexdigest() for part, digest in digests.items()}


def record(out):
    lines = []
    with open(f"{out}/data.txt", "rb") as file:
        lines.append(f"data all digest {hashlib.sha256(file.read()).hexdigest()}")
    for run in sorted(os.listdir(f"{out}/runs")):
        folder = f"{out}/runs/{run}"
        with open(f"{folder}/metrics.jsonl") as file:
            for line in file:
                content = json.loads(line)
                event = content.pop("event")
                where = f"{event}@{content.pop('step')}"
                for name, value in sorted(values(content)):
                    if value is not None and name.split(".")[0] in RECORDED.get(event, ()):
                        lines.append(f"{run} {where} {name} {printed(value)}")
        for table in sorted(glob.glob(f"{folder}/evaluation/*.csv")):
            with open(table) as file:
                rows = list(csv.reader(file))[1:]
            text = json.dumps(rows).encode()
            name = os.path.basename(table)
            lines.append(f"{run} evaluation {name} {hashlib.sha256(text).hexdigest()}")
        for file in ("last", "best"):
            if os.path.exists(f"{folder}/{file}.safetensors"):
                for part, digest in weights(f"{folder}/{file}.safetensors").items():
                    lines.append(f"{run} {file} {part} {digest}")
    with open(f"{out}/record.txt", "w") as file:
        file.write("\n".join(lines) + "\n")
    print(f"{out}/record.txt: {len(lines)} values")


def compare(first, second, runs):
    def table(path):
        found = {}
        with open(path) as file:
            for line in file:
                run, where, name, value = line.rstrip("\n").split(" ", 3)
                if not runs or run in runs + ["data"]:
                    found[f"{run} {where} {name}"] = value
        return found

    def same(key, one, other):
        # The first version computed fractions of a small number of clips in float32.
        if one and other and key.endswith(" top1"):
            return struct.pack("f", float(one)) == struct.pack("f", float(other))
        return one == other

    one, other = table(first), table(second)
    differing = 0
    for key in list(one) + [key for key in other if key not in one]:
        if not same(key, one.get(key), other.get(key)):
            differing += 1
            print(f"{key}: {one.get(key, 'absent')} | {other.get(key, 'absent')}")
    print(f"{len(one)} values, {differing} differ")
    return 1 if differing or not one else 0


# MARK: - Interrupting


def interrupt(run, steps, command):
    """Starts a training and sends SIGINT after a number of steps; it must leave an incomplete run."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    metrics = f"{run}/metrics.jsonl"

    def lines():
        if not os.path.exists(metrics):
            return []
        with open(metrics) as file:
            return file.read().splitlines()

    while process.poll() is None and sum('"step"' in line for line in lines()) < steps:
        time.sleep(0.002)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=120)
    if not lines() or any('"summary"' in line for line in lines()):
        sys.exit(f"{run} was not interrupted in time")
    done = sum('"event":"step"' in line for line in lines())
    print(f"{run}: interrupted after {done} steps")


def main(arguments):
    match arguments:
        case ["data", shared]:
            make_data(shared)
        case ["record", out]:
            record(out)
        case ["compare", first, second, *runs]:
            sys.exit(compare(first, second, runs))
        case ["interrupt", run, steps, *command]:
            interrupt(run, int(steps), command)
        case _:
            sys.exit("see record-trainings.sh")


if __name__ == "__main__":
    main(sys.argv[1:])
