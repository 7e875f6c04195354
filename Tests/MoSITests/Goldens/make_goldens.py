"""Writes colors.json: python make_goldens.py (PyTorch 2.13).

torchvision's color operators for float pictures, written here after their definitions (functional tensor
backend): blends clamped to 0...1, and hue by way of HSV and back. Compared once with torchvision 0.28.0's own on 300
random pictures, corner cases and factors among them: equal to the last bit."""

import json
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "KeyedRandomTests" / "Goldens"))
from keyed_random import tensor  # noqa: E402


def grey(picture):
    r, g, b = picture.unbind(-3)
    return (0.2989 * r + 0.587 * g + 0.114 * b).unsqueeze(-3)


def blend(first, second, ratio):
    return (ratio * first + (1 - ratio) * second).clamp(0, 1)


def brightness(picture, factor):
    return blend(picture, torch.zeros_like(picture), factor)


def contrast(picture, factor):
    return blend(picture, grey(picture).mean((-3, -2, -1), keepdim=True), factor)


def saturation(picture, factor):
    return blend(picture, grey(picture), factor)


def to_hsv(picture):
    r, g, b = picture.unbind(-3)
    high, low = picture.amax(-3), picture.amin(-3)
    plain = high == low
    spread = high - low
    one = torch.ones_like(high)
    s = spread / torch.where(plain, one, high)
    divisor = torch.where(plain, one, spread)
    rc, gc, bc = (high - r) / divisor, (high - g) / divisor, (high - b) / divisor
    h = (high == r) * (bc - gc)
    h = h + ((high == g) & (high != r)) * (2 + rc - bc)
    h = h + ((high != g) & (high != r)) * (4 + gc - rc)
    return torch.fmod(h / 6 + 1, 1), s, high


def to_rgb(h, s, v):
    i = torch.floor(h * 6)
    f = h * 6 - i
    i = i.to(torch.int32) % 6
    p = (v * (1 - s)).clamp(0, 1)
    q = (v * (1 - s * f)).clamp(0, 1)
    t = (v * (1 - s * (1 - f))).clamp(0, 1)
    table = [(v, t, p), (q, v, p), (p, v, t), (p, q, v), (t, p, v), (v, p, q)]
    result = torch.zeros(*h.shape[:-2], 3, *h.shape[-2:])
    for sector, channels in enumerate(table):
        result = torch.where((i == sector).unsqueeze(-3), torch.stack(channels, -3), result)
    return result


def hue(picture, shift):
    h, s, v = to_hsv(picture)
    return to_rgb((h + shift) % 1.0, s, v)


# Frame 0 is noise, frame 1 noise on few levels (ties of channels), frame 2 the corner cases: black, white, grays,
# primaries and their mixtures.
noise = tensor([1], [1, 3, 4, 8], 0, 1)
levels = (tensor([2], [1, 3, 4, 8], 0, 1) * 3).round() / 3
corners = [(0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5), (0.2, 0.2, 0.2), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0),
           (0, 1, 1), (1, 0, 1), (0.5, 0, 0), (0, 0.25, 0.75), (1, 0.5, 0.5), (0.1, 0.1, 0.9), (0.9, 0.1, 0.1), (0.3, 0.6, 0.3)]
corner = torch.tensor(corners * 2).T.reshape(1, 3, 4, 8)
frames = torch.cat([noise, levels, corner])

# Random pictures are not stored: both sides draw them, and a factor for each, from keyed streams.
pictures = tensor([3], [8, 3, 11, 13], 0, 1)

# Every factor for every frame: zero, the minimum, the maximum, and beyond. Hue's shifts of whole turns, of thirds and of halves rotate
# channels or leave them.
FACTORS = {
    "brightness": (brightness, [0, 0.5, 1, 1.37, 1.5, 2], (0, 2)),
    "contrast": (contrast, [0, 0.5, 0.83, 1, 1.5, 2], (0, 2)),
    "saturation": (saturation, [0, 0.5, 0.6, 1, 1.25, 1.5, 2], (0, 2)),
    "hue": (hue, [-0.5, -1 / 3, -0.25, 0, 0.17, 0.25, 0.5], (-0.5, 0.5)),
}


def dump(t):
    return {"shape": list(t.shape), "values": [round(v, 7) for v in t.double().flatten().tolist()]}


goldens = {"frames": dump(frames), "grey": dump(grey(frames)), "random grey": dump(grey(pictures))}
for place, (name, (function, factors, bounds)) in enumerate(FACTORS.items()):
    for factor in factors:
        goldens[f"{name} {factor:.4g}"] = dump(function(frames, factor))
    drawn = tensor([4, place], [len(pictures)], *bounds).tolist()
    goldens[f"random {name}"] = dump(torch.cat([function(pictures[k:k + 1], f) for k, f in enumerate(drawn)]))
# Two orders of all four.
goldens["order 0123"] = dump(hue(saturation(contrast(brightness(noise, 1.2), 0.7), 1.4), 0.1))
goldens["order 3210"] = dump(brightness(contrast(saturation(hue(noise, 0.1), 1.4), 0.7), 1.2))
goldens["grey order 0123"] = dump(
    hue(saturation(contrast(brightness(grey(noise).expand(-1, 3, -1, -1), 1.2), 0.7), 1.4), 0.1))
(HERE / "colors.json").write_text(json.dumps(goldens, sort_keys=True) + "\n")
