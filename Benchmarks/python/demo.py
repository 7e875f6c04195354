"""The trainings of `make demo`, with the tool of this commit and with an earlier one."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

root = Path(__file__).resolve().parents[2]


def make_videos(tool: Path, videos: Path, environment: dict[str, str]) -> None:
    """Makes the videos of the demo; earlier tools do not have this setting of them, or have it as their only one."""
    shutil.rmtree(videos, ignore_errors=True)
    subprocess.run(
        [
            str(tool), "synthesize", "sprites", "--sprites", "plain", "--output", str(videos), "--seed", "1", "--train", "10",
            "--test", "10",
        ],
        env=environment, check=True, stdout=subprocess.DEVNULL,
    )


def train(tool: Path, videos: Path, folder: Path, environment: dict[str, str]) -> tuple[float, dict[str, float]]:
    """The seconds of the three trainings, and the accuracy of each."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def run(*arguments: str) -> None:
        with (folder / "log.txt").open("a") as log:
            subprocess.run([str(tool), *arguments], env=environment, check=True, stdout=log, stderr=log)

    def finetune(name: str, weights: str) -> None:
        run(
            "finetune", "--output", str(folder / name), "--dataset", "csv", "--data-root", str(videos), "--weights", weights,
            "--config", str(root / "configs/demo-finetune.yaml"), "--cache-mb", "1000",
        )

    begun = time.perf_counter()
    run("pretrain", "--output", str(folder / "pretrained"), "--config", str(root / "configs/demo.yaml"))
    finetune("mosi", str(folder / "pretrained"))
    finetune("scratch", "none")
    seconds = time.perf_counter() - begun
    return seconds, {
        "motions": last_line(folder / "pretrained")["top1"],
        "actions after it": last_line(folder / "mosi")["evaluation"]["top1"],
        "actions without": last_line(folder / "scratch")["evaluation"]["top1"],
    }


def last_line(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "metrics.jsonl").read_text().splitlines()[-1]))
