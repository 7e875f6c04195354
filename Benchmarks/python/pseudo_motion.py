"""Pseudo-motion: from still pictures to normalized clips, with color jitter and mask, in plain PyTorch.

A window moves over a picture along a straight path, one clip for each of nine motions. Each frame has its own brightness,
contrast, saturation and hue, in random order; 30 % of the clips are gray. Outside a random square each clip shows one of its
frames. The formulas are those of torchvision.

Opponents: `eager` changes frame by frame, as training loops with torchvision's ColorJitter do; `batched` changes all frames
with the same order of operations at once.
"""

from __future__ import annotations

import random
import time
from typing import Any

import torch
from torch import Tensor

MOTIONS = [(-2, 0), (-1, 0), (1, 0), (2, 0), (0, -2), (0, -1), (0, 1), (0, 2), (0, 0)]
SPEEDS = 2
LUMA = (0.2989, 0.587, 0.114)
MEAN, DEVIATION = 0.45, 0.225


def clips_of(source: Tensor, frames: int, size: int) -> Tensor:
    """The clips of a picture, uint8 [3, H, W]: uint8 [9, frames, 3, size, size]."""
    room = source.shape[-1] - size
    clips = []
    for motion in MOTIONS:
        starts, ends = zip(*(window(room, speed) for speed in motion))
        path = []
        for frame in range(frames):
            share = frame / (frames - 1)
            x, y = (round(start + (end - start) * share) for start, end in zip(starts, ends))
            path.append(source[:, y:y + size, x:x + size])
        clips.append(torch.stack(path))
    return torch.stack(clips)


def window(room: int, speed: int) -> tuple[int, int]:
    """A random start of the window along an axis, and its end."""
    distance = room * abs(speed) // SPEEDS
    start = random.randint(0, room - distance)
    return (start, start + distance) if speed >= 0 else (start + distance, start)


def grayscale(frames: Tensor) -> Tensor:
    r, g, b = frames.unbind(-3)
    return (LUMA[0] * r + LUMA[1] * g + LUMA[2] * b).unsqueeze(-3)


def brightness(frames: Tensor, factor: Tensor) -> Tensor:
    return (frames * factor).clamp(0, 1)


def contrast(frames: Tensor, factor: Tensor) -> Tensor:
    mean = grayscale(frames).mean((-3, -2, -1), keepdim=True)
    return (factor * frames + (1 - factor) * mean).clamp(0, 1)


def saturation(frames: Tensor, factor: Tensor) -> Tensor:
    return (factor * frames + (1 - factor) * grayscale(frames)).clamp(0, 1)


def hue(frames: Tensor, shift: Tensor) -> Tensor:
    """Through hue, saturation and value, as torchvision does."""
    r, g, b = frames.unbind(-3)
    largest, smallest = frames.amax(-3), frames.amin(-3)
    is_gray = largest == smallest
    chroma = largest - smallest
    ones = torch.ones_like(largest)
    share = chroma / torch.where(is_gray, ones, largest)
    divisor = torch.where(is_gray, ones, chroma)
    rc, gc, bc = (largest - r) / divisor, (largest - g) / divisor, (largest - b) / divisor
    angle = (largest == r) * (bc - gc)
    angle = angle + ((largest == g) & (largest != r)) * (2 + rc - bc)
    angle = angle + ((largest != g) & (largest != r)) * (4 + gc - rc)
    angle = (angle / 6 + 1 + shift.squeeze(-3)) % 1
    sector = torch.floor(angle * 6)
    fraction = angle * 6 - sector
    p = (largest * (1 - share)).clamp(0, 1)
    q = (largest * (1 - share * fraction)).clamp(0, 1)
    t = (largest * (1 - share * (1 - fraction))).clamp(0, 1)
    sector = (sector.to(torch.int64) % 6).unsqueeze(-3)
    red = torch.stack((largest, q, p, p, t, largest), -3).gather(-3, sector)
    green = torch.stack((t, largest, largest, q, p, p), -3).gather(-3, sector)
    blue = torch.stack((p, p, t, largest, largest, q), -3).gather(-3, sector)
    return torch.cat((red, green, blue), -3)


OPERATIONS = (brightness, contrast, saturation, hue)
RANGES = ((0.5, 1.5), (0.5, 1.5), (0.5, 1.5), (-0.25, 0.25))


def draw() -> tuple[list[int], list[float]]:
    """The order of the operations for a frame, and the factor of each operation."""
    return random.sample(range(4), 4), [random.uniform(*ends) for ends in RANGES]


def jittered_frame_by_frame(frames: Tensor) -> Tensor:
    """Frames [F, 3, H, W]."""
    result = []
    for frame in frames:
        order, factors = draw()
        for operation in order:
            frame = OPERATIONS[operation](frame, torch.tensor(factors[operation], device=frames.device).view(1, 1, 1))
        result.append(frame)
    return torch.stack(result)


def jittered_together(frames: Tensor) -> Tensor:
    """The same for all frames with the same order at once."""
    draws = [draw() for _ in frames]
    members: dict[tuple[int, ...], list[int]] = {}
    for index, (order, _) in enumerate(draws):
        members.setdefault(tuple(order), []).append(index)
    result = torch.empty_like(frames)
    for order, indices in members.items():
        group = frames[indices]
        for operation in order:
            factors = torch.tensor([draws[index][1][operation] for index in indices], device=frames.device)
            group = OPERATIONS[operation](group, factors.view(-1, 1, 1, 1))
        result[indices] = group
    return result


def masked(clips: Tensor) -> Tensor:
    """Outside a random square each clip [frames, 3, H, W] shows one of its frames."""
    size = clips.shape[-1]
    result = []
    for clip in clips:
        side = round(random.uniform(0.3, 0.5) * size)
        x, y = random.randint(0, size - side), random.randint(0, size - side)
        still = clip[random.randrange(len(clip))].expand_as(clip).clone()
        still[..., y:y + side, x:x + side] = clip[..., y:y + side, x:x + side]
        result.append(still)
    return torch.stack(result)


@torch.no_grad()
def make_clips(sources: Tensor, frames: int, size: int, frame_by_frame: bool) -> Tensor:
    """From pictures, uint8 [B, 3, H, W], to clips [9 * B, 3, frames, size, size], channels last in memory."""
    clips = torch.cat([clips_of(source, frames, size) for source in sources])
    clips = clips.to(torch.float32).div_(255)
    for clip in clips:
        if random.random() < 0.3:
            clip.copy_(grayscale(clip).expand_as(clip))
    flat = clips.flatten(0, 1)
    flat = jittered_frame_by_frame(flat) if frame_by_frame else jittered_together(flat)
    clips = masked(flat.view_as(clips))
    return clips.sub_(MEAN).div_(DEVIATION).transpose(1, 2).contiguous(memory_format=torch.channels_last_3d)


class PseudoMotion:
    def __init__(self, settings: dict[str, Any]) -> None:
        side = settings["sourceSize"]
        self.sources = torch.randint(0, 256, (settings["sources"], 3, side, side), dtype=torch.uint8, device=settings["device"])
        self.settings = settings
        self.facts = {"clips": len(self.make())}

    def make(self) -> Tensor:
        settings = self.settings
        return make_clips(self.sources, settings["frames"], settings["size"], settings["opponent"] == "eager")

    def run(self) -> dict[str, float]:
        begun = time.perf_counter()
        self.make()
        if self.sources.is_cuda:
            torch.cuda.synchronize()
        return {"": time.perf_counter() - begun}


def make(settings: dict[str, Any]) -> PseudoMotion:
    return PseudoMotion(settings)
