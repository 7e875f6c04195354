"""Writes scaled.json: python make_scaled.py (PyTorch 2.13).

Pictures of three channels that are made here and in ScalingTests.swift: noise, a ramp across, and blocks; scaled by
PyTorch's antialiased bilinear, as bytes [height, width, 3] in base64."""

import base64
import json
import pathlib
import sys

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "KeyedRandomTests" / "Goldens"))
from keyed_random import KeyedGenerator  # noqa: E402

# The size, and the short side to scale to.
SHORT = [(64, 48, 24), (48, 64, 24), (60, 60, 40), (60, 60, 59), (50, 40, 40), (40, 56, 90), (33, 33, 80), (97, 41, 30),
         (120, 90, 16), (37, 101, 64), (30, 22, 23), (150, 100, 56), (200, 200, 9), (90, 67, 32), (17, 19, 51)]
# The size, and the size to scale to whatever the aspect.
ANY = [(48, 40, 32, 32), (40, 32, 32, 32), (32, 40, 32, 32), (30, 41, 56, 56), (70, 60, 56, 56), (48, 56, 56, 56)]


def picture(width, height):
    generator = KeyedGenerator(70, width, height)
    noise = [generator.next() >> 56 for _ in range(width * height)]
    ramp = [(5 * x + 2 * y) * 255 // (5 * width + 2 * height) for y in range(height) for x in range(width)]
    blocks = [255 * ((x // 5 + y // 3) % 2) for y in range(height) for x in range(width)]
    return torch.tensor([noise, ramp, blocks], dtype=torch.float64).reshape(1, 3, height, width)


def scaled(width, height, to_width, to_height):
    result = F.interpolate(picture(width, height), (to_height, to_width), mode="bilinear", antialias=True)
    samples = result[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8)
    return {"from": [width, height], "to": [to_width, to_height],
            "samples": base64.b64encode(bytes(samples.flatten().tolist())).decode()}


def short(width, height, side):
    low, high = min(width, height), max(width, height)
    long = (2 * high * side + low) // (2 * low)
    return (width, height, side, long) if width <= height else (width, height, long, side)


goldens = {"short side": [scaled(*short(*case)) for case in SHORT], "any": [scaled(*case) for case in ANY]}
(HERE / "scaled.json").write_text(json.dumps(goldens) + "\n")
