"""Decoding on one thread: pictures (Pillow), a frame of each video and a clip of each video (PyAV with seeking)."""

from __future__ import annotations

import time
from typing import Any

import av
import numpy
from pictures import picture, scaled_size


def opened(path: str) -> Any:
    container = av.open(path)
    container.streams.video[0].codec_context.thread_count = 1
    return container


def pixels(frame: Any, short_side: int) -> numpy.ndarray:
    width, height = scaled_size(frame.width, frame.height, short_side)
    return frame.to_ndarray(width=width, height=height, format="rgb24", interpolation="BILINEAR")


def random_frame(path: str, share: float, short_side: int) -> numpy.ndarray:
    """The frame shown at a share of the duration."""
    with opened(path) as container:
        stream = container.streams.video[0]
        time = (stream.start_time or 0) + int(share * (stream.duration or 0))
        container.seek(time, stream=stream)
        frame = None
        for frame in container.decode(stream):
            if frame.pts + (frame.duration or 1) > time:
                break
        return pixels(frame, short_side)


def frames_at(path: str, times: list[float], short_side: int) -> list[numpy.ndarray]:
    """The frames shown at ascending times in seconds; the last frame for later ones."""
    with opened(path) as container:
        stream = container.streams.video[0]
        ticks = [(stream.start_time or 0) + int(time / stream.time_base) for time in times]
        container.seek(ticks[0], stream=stream)
        found: list[numpy.ndarray] = []
        last = None
        for frame in container.decode(stream):
            end = frame.pts + (frame.duration or 1)
            scaled = None
            while len(found) < len(ticks) and ticks[len(found)] < end:
                scaled = pixels(frame, short_side) if scaled is None else scaled
                found.append(scaled)
            last = frame
            if len(found) == len(ticks):
                break
        if len(found) < len(ticks):
            found += [pixels(last, short_side)] * (len(ticks) - len(found))
        return found


class Decoding:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.facts = {"files": len(settings["files"])}
        self.run()

    def run(self) -> dict[str, float]:
        kind, side = self.settings["kind"], self.settings["shortSide"]
        begun = time.perf_counter()
        for path, place in zip(self.settings["files"], self.settings["places"]):
            if kind == "pictures":
                picture(path, side)
            elif kind == "frames":
                random_frame(path, place, side)
            else:
                frames_at(path, [place + after for after in self.settings["times"]], side)
        return {"": time.perf_counter() - begun}


def make(settings: dict[str, Any]) -> Decoding:
    return Decoding(settings)
