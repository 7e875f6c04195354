"""Pre-training from picture files to updates: Pillow in the workers of a DataLoader, pseudo-motion in batches, and a step of a
channels-last network."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from pictures import picture
from pseudo_motion import MOTIONS, make_clips
from steps import Step
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


def pictures_in(paths: list[str]) -> list[str]:
    found = []
    for path in map(Path, paths):
        files = path.rglob("*") if path.is_dir() else [path]
        found += [str(file) for file in files if file.suffix.lower() in PICTURES]
    return sorted(found)


class Stills(IterableDataset[Tensor]):
    """Random squares of pictures, uint8 [3, side, side], forever."""

    def __init__(self, files: list[str], side: int) -> None:
        self.files, self.side = files, side

    def __iter__(self) -> Iterator[Tensor]:
        while True:
            yield still(random.choice(self.files), self.side)


def still(path: str, side: int) -> Tensor:
    pixels = torch.from_numpy(picture(path, side).copy())
    y, x = (random.randint(0, extent - side) for extent in pixels.shape[:2])
    return pixels[y:y + side, x:x + side].permute(2, 0, 1)


def seed_worker(_: int) -> None:
    random.seed(torch.initial_seed())


class Pretraining:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.training = Step(settings["network"], "channels-last")
        self.loader = iter(DataLoader(
            Stills(pictures_in(settings["paths"]), settings["sourceSize"]), settings["sources"],
            num_workers=settings["workers"], worker_init_fn=seed_worker, pin_memory=self.training.device.type == "cuda",
        ))
        self.labels = torch.arange(len(MOTIONS)).repeat(settings["sources"]).to(self.training.device)
        self.facts = {"parameters": sum(parameter.numel() for parameter in self.training.model.parameters())}
        self.run()

    def run(self) -> dict[str, float]:
        shape = self.settings["network"]
        begun = time.perf_counter()
        for _ in range(self.settings["steps"]):
            sources = next(self.loader).to(self.training.device, non_blocking=True)
            clips = make_clips(sources, shape["frames"], shape["size"], frame_by_frame=False)
            loss = self.training.step(clips, self.labels)
        loss.item()
        return {"": time.perf_counter() - begun}


def make(settings: dict[str, Any]) -> Pretraining:
    return Pretraining(settings)
