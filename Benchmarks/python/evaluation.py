"""An evaluation: the scores of videos, each from several clips. PyAV decodes ahead on threads; a channels-last network computes
the scores in inference mode."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import networks_of_mosi
import numpy
import torch
from decoding import frames_at, opened
from torch import Tensor

MEAN, DEVIATION = 0.45, 0.225


class Evaluation:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        model = networks_of_mosi.make({**settings, "clips": 1}).eval()
        self.model = model.to(memory_format=torch.channels_last_3d)
        self.pool = ThreadPoolExecutor(settings["workers"])
        self.facts = {"clips": len(settings["videos"]) * settings["clips"]}
        self.run()

    def clips(self, path: str) -> Tensor:
        """Evenly spaced clips, read in one pass: uint8 [clips, frames, size, size, 3]."""
        count, frames, size = (self.settings[name] for name in ("clips", "frames", "size"))
        step = self.settings["interval"] / 30
        with opened(path) as container:
            stream = container.streams.video[0]
            last = float(stream.duration * stream.time_base) - float(1 / stream.average_rate)
        room = max(0.0, last - step * (frames - 1))
        starts = [room * index / max(1, count - 1) for index in range(count)]
        times = sorted({start + step * frame for start in starts for frame in range(frames)})
        found = dict(zip(times, frames_at(path, times, size)))
        height, width = found[times[0]].shape[:2]
        y, x = (height - size) // 2, (width - size) // 2
        cut = {time: frame[y:y + size, x:x + size] for time, frame in found.items()}
        clips = [numpy.stack([cut[start + step * frame] for frame in range(frames)]) for start in starts]
        return torch.from_numpy(numpy.stack(clips))

    @torch.inference_mode()
    def scores(self, clips: Tensor) -> Tensor:
        prepared = clips.to(torch.float32).div_(255).sub_(MEAN).div_(DEVIATION)
        # [M, N, H, W, 3] in memory is channels last already.
        return self.model(prepared.permute(0, 4, 1, 2, 3)).softmax(1).mean(0)

    def run(self) -> dict[str, float]:
        begun = time.perf_counter()
        for clips in self.pool.map(self.clips, self.settings["videos"]):
            self.scores(clips)
        return {"": time.perf_counter() - begun}


def make(settings: dict[str, Any]) -> Evaluation:
    return Evaluation(settings)
