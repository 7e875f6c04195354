"""The jobs of `make bench`: their names, sizes, opponents and repetitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import networks_of_mosi


@dataclass
class Job:
    """A job that processes of both sides prepare once and then repeat in turns."""

    name: str
    opponents: list[str]
    settings: dict[str, Any]  # what the processes receive
    repetitions: int = 7
    unit: str = "s"
    items: int = 0  # of a repetition: the value is items a second; 0: the value is seconds
    times: dict[str, int] = field(default_factory=dict)  # how often a part occurs in the whole, for their total
    shapes: dict[str, str] = field(default_factory=dict)  # descriptions of parts
    alternates: bool = True  # false: a process each for the peak of its memory, or for its start


@dataclass
class Data:
    """Files that the jobs read."""

    pictures: list[str]
    large_pictures: list[str]
    videos: list[str]
    places: list[float]  # random numbers in 0 ..< 1
    folder: str  # for the jobs' own files


CPU = {"device": "cpu", "precision": "float32"}
TINY = {"architecture": "r2d3d-18", "width": 24, "clips": 45, "frames": 8, "size": 56, **CPU}
BIG = {"width": 64, "clips": 9, "frames": 16, "size": 112, **CPU}
NETWORKS = {
    "r2d3d-18": {"architecture": "r2d3d-18", **BIG},
    "r2plus1d-10": {"architecture": "r2plus1d-10", **BIG},
    "tiny": TINY,
}


def every_job(data: Data, threads: int, quick: bool) -> Iterator[Job]:
    """All jobs; with `quick` small ones, which only check that they run."""
    networks = {name: reduced(shape) if quick else shape for name, shape in NETWORKS.items()}
    for name, shape in networks.items():
        yield Job(
            f"step-{name}", ["eager", "channels-last", *([] if quick else ["compile"]), "sgemm"],
            {"job": "step", "network": shape, "exchange": f"{data.folder}/step.safetensors", "steps": 1},
            15 if name == "tiny" else 7,
        )
    yield masked_step("vit-tiny", 16, 8, 56, data, quick)
    yield masked_step("vit-s", 4, 16, 224, data, quick)
    for name, shape in networks.items():
        yield convolutions(name, shape)
    yield pseudo_motion("pseudo-motion", 1, 320, networks["r2d3d-18"])
    yield pseudo_motion("pseudo-motion-tiny", 5, 160, networks["tiny"])
    for name, files in [("decode-pictures", data.pictures), ("decode-large-pictures", data.large_pictures)]:
        yield decoding(name, "pictures", files, 320, "pillow", data, 7)
    yield decoding("decode-frames", "frames", data.videos, 320, "pyav", data, 7)
    yield decoding("decode-clips", "clips", data.videos, 128, "pyav", data, 5)
    yield pretraining(networks["tiny"], data, threads, quick)
    yield finetuning(networks["r2d3d-18"], data, threads, quick)
    yield evaluation(networks["r2d3d-18"], data, threads, quick)
    yield Job(
        "start", ["python"],
        {"job": "start", "network": networks["tiny"], "paths": data.pictures, "sourceSize": 160, "sources": 5},
        5, alternates=False,
    )
    for name, shape in networks.items():
        yield Job(
            f"memory-{name}", ["eager", "channels-last"], {"job": "step", "network": shape, "steps": 1}, 1, "MiB",
            alternates=False,
        )
    yield Job(
        "checkpoint", ["torch"],
        {"job": "checkpoint", "architecture": "r2d3d-18", "width": networks["r2d3d-18"]["width"],
         "path": f"{data.folder}/checkpoint"}, 7,
    )


def gpu_jobs(data: Data, threads: int, device: str, quick: bool) -> Iterator[Job]:
    """The jobs of a GPU: larger batches, and lower precisions too. A repetition makes several steps and waits once."""
    def on_device(name: str, clips: int, precision: str) -> dict[str, Any]:
        shape = {**NETWORKS[name], "clips": clips, "device": device, "precision": precision}
        return {**reduced(shape), "precision": precision} if quick else shape

    def step(name: str, clips: int, precision: str, opponents: list[str]) -> Job:
        return Job(
            f"step-{name}-{precision}", opponents,
            {
                "job": "step", "network": on_device(name, clips, precision), "steps": 1 if quick else 10,
                "exchange": f"{data.folder}/step.safetensors",
            },
            2 if quick else 5,
        )

    compiled = [] if quick else ["compile"]
    plain = ["libtorch-kernels", "channels-last"]
    big = on_device("r2d3d-18", 72, "bfloat16")
    # What counts comes first: the time may not suffice for all.
    yield step("r2d3d-18", 72, "bfloat16", [*plain, *compiled])
    feed = pretraining(big, data, threads, quick)
    feed.name = "pretrain-r2d3d-18-bfloat16"
    feed.settings |= {"network": {**big, "clips": 9 if quick else 72}, "sources": 1 if quick else 8, "sourceSize": 320}
    feed.items = feed.settings["sources"] * feed.settings["steps"]
    yield feed
    for precision in ("bfloat16", "float32"):
        yield Job(
            f"memory-r2d3d-18-{precision}", ["channels-last"],
            {"job": "step", "network": on_device("r2d3d-18", 72, precision), "steps": 1}, 1, "MiB", alternates=False,
        )
    yield step("r2d3d-18", 72, "float16", plain)
    yield step("r2d3d-18", 72, "float32", plain)
    yield step("tiny", 45, "bfloat16", plain)
    yield pseudo_motion("pseudo-motion", 1 if quick else 8, 320, big, ["libtorch-kernels", "batched"])
    yield step("r2plus1d-10", 36, "bfloat16", [*plain, *compiled])


def masked_step(name: str, clips: int, frames: int, size: int, data: Data, quick: bool) -> Job:
    """Masked modeling with a ratio of 0.9: against VideoMAE's way in PyTorch, and against an encoder that sees all tokens."""
    shape = {"width": 64, "clips": clips, "frames": frames, "size": size}
    if quick:
        shape = {"width": 8, "clips": 2, "frames": 4, "size": 64}
    return Job(
        f"step-{name}", ["eager", "fused", *([] if quick else ["compile"]), "all-tokens"],
        {
            "job": "masked-step", "architecture": name, **shape, "ratio": 0.9, "decoderBlocks": 4,
            "exchange": f"{data.folder}/{name}.safetensors",
        },
        15 if name == "vit-tiny" else 7,
    )


def reduced(shape: dict[str, Any]) -> dict[str, Any]:
    return {**shape, "width": 8, "clips": 9, "frames": 4, "size": 32}


def convolutions(name: str, shape: dict[str, Any]) -> Job:
    """Each convolution of a network; equal ones once."""
    names: dict[str, str] = {}  # by shape
    distinct, times = [], {}
    for one in networks_of_mosi.convolutions(shape):
        text = described(one)
        if text not in names:
            names[text] = one["name"]
            distinct.append(one)
        times[names[text]] = times.get(names[text], 0) + 1
    passes = ["forward", "data-gradient", "weight-gradient"]
    return Job(
        f"conv-{name}", ["eager", "channels-last"], {"job": "convolutions", "convolutions": distinct}, 5,
        times={f"{part}-{way}": count for part, count in times.items() for way in passes},
        shapes={f"{part}-{way}": text for text, part in names.items() for way in passes},
    )


def described(one: dict[str, Any]) -> str:
    def joined(extents: list[int]) -> str:
        return "x".join(map(str, extents))

    clips, channels, *extents = one["input"]
    return (
        f"{clips} x {joined(extents)}, {channels} to {one['channels']}, kernel {joined(one['kernel'])}, "
        f"stride {joined(one['stride'])}"
    )


def pseudo_motion(
    name: str, sources: int, size: int, shape: dict[str, Any], opponents: Sequence[str] = ("eager", "batched")
) -> Job:
    return Job(
        name, list(opponents),
        {
            "job": "pseudo-motion", "device": shape["device"], "sources": sources, "sourceSize": size,
            "frames": shape["frames"], "size": shape["size"],
        },
        7, "clips/s", 9 * sources,
    )


def decoding(
    name: str, kind: str, files: list[str], short_side: int, opponent: str, data: Data, repetitions: int
) -> Job:
    return Job(
        name, [opponent],
        {
            "job": "decoding", "kind": kind, "files": files, "shortSide": short_side, "places": data.places[:len(files)],
            "times": [frame / 15 for frame in range(16)],
        },
        repetitions, f"{kind}/s", len(files),
    )


def pretraining(shape: dict[str, Any], data: Data, threads: int, quick: bool) -> Job:
    """The step alone is ours too: the job is to keep it fed."""
    steps = 2 if quick else 10
    return Job(
        "pretrain-tiny", ["step-alone", "channels-last"],
        {
            "job": "pretraining", "network": {**shape, "clips": 45}, "paths": data.pictures, "sourceSize": 160, "sources": 5,
            "steps": steps, "workers": threads, "isStepAlone": False,
        },
        5, "sources/s", 5 * steps,
    )


def finetuning(shape: dict[str, Any], data: Data, threads: int, quick: bool) -> Job:
    return Job(
        "finetune-r2d3d-18", ["step-alone"],
        {
            "job": "finetuning", "network": shape, "videos": data.videos, "interval": 2, "steps": 2, "workers": threads,
            "isStepAlone": False,
        },
        5, "clips/s", 2 * shape["clips"],
    )


def evaluation(shape: dict[str, Any], data: Data, threads: int, quick: bool) -> Job:
    videos = data.videos[:3]
    clips = 2 if quick else 10
    return Job(
        "evaluate-r2d3d-18", ["channels-last"],
        {
            "job": "evaluation", "architecture": shape["architecture"], "width": shape["width"], "frames": shape["frames"],
            "size": shape["size"], "interval": 2, "videos": videos, "clips": clips, "workers": threads,
        },
        5, "clips/s", clips * len(videos),
    )
