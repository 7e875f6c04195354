"""Pictures scaled to a short side, by Pillow in draft mode."""

from __future__ import annotations

import numpy
from PIL import Image


def scaled_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    if width <= height:
        return short_side, round(height * short_side / width)
    return round(width * short_side / height), short_side


def picture(path: str, short_side: int) -> numpy.ndarray:
    """[H, W, 3]. In draft mode, the decoder of JPEG computes the smallest of 1/2, 1/4, 1/8 that is large enough."""
    with Image.open(path) as image:
        image.draft("RGB", scaled_size(*image.size, short_side))
        rgb = image.convert("RGB")
        return numpy.asarray(rgb.resize(scaled_size(*rgb.size, short_side), Image.Resampling.BILINEAR))
