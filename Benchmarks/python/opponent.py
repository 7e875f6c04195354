"""The opponents' side of `make bench`: a process that prepares one job and repeats it whenever it is told to, so that it
stays warm while other processes take their turns.

    opponent.py '{"job": "step", "opponent": "eager", ...}'

It writes a line of JSON when it is ready, and one for each line that it reads: as Bench (Benchmarks/Sources/Bench) does.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any, Protocol

import torch


class Job(Protocol):
    """A job that can be repeated."""

    facts: dict[str, float]  # numbers that must be the same on both sides

    def run(self) -> dict[str, float]:
        """Runs once and returns the seconds of each of its parts."""


MODULES = {
    "step": "steps",
    "masked-step": "masked_steps",
    "convolutions": "convolutions",
    "pseudo-motion": "pseudo_motion",
    "decoding": "decoding",
    "pretraining": "pretraining",
    "evaluation": "evaluation",
    "checkpoint": "checkpoints",
}


def write(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def main() -> None:
    settings = json.loads(sys.argv[1])
    job: Job = importlib.import_module(MODULES[settings["job"]]).make(settings)
    notes = getattr(job, "notes", {})
    write({"threads": torch.get_num_threads(), "facts": job.facts, "notes": notes})
    for _ in sys.stdin:
        processor = time.process_time()
        begun = time.perf_counter()
        parts = job.run()
        seconds = time.perf_counter() - begun
        used = time.process_time() - processor
        peak = {"devicePeak": torch.cuda.max_memory_allocated() / 2**20} if torch.cuda.is_available() else {}
        # A job that is computed from a sample knows its processor time better.
        write({"parts": parts, "seconds": seconds, "processor": getattr(job, "processor", used), **peak})


if __name__ == "__main__":
    main()
