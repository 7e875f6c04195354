"""The clips of a pre-training as a dataset of PyTorch."""

from __future__ import annotations

import collections
import io
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple, NoReturn, cast

import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from . import tool
from .networks import Normalization


class Batch(NamedTuple):
    """The clips of one batch."""

    clips: Tensor  # float32 [M, 3, N, H, W], normalized, channels last in memory
    labels: Tensor  # int64 [M]


class PseudoMotion(IterableDataset[Batch]):
    """The clips and labels that `mosi pretrain` trains on with the same settings, bit for bit and in the same order.

    One pass over the dataset is a whole training: `epochs` passes over the sources. Each item is a batch, so a loader needs
    `batch_size=None`:

        dataset = mosi.PseudoMotion(["photos/"], config="tiny", seed=1)
        loader = torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=2)
        for clips, labels in loader:
            loss = torch.nn.functional.cross_entropy(model(clips), labels)

    The workers of a loader share the batches and keep their order. Each worker starts `mosi clips` and reads from it; the
    process ends with the pass, or when the pass is abandoned.
    """

    def __init__(
        self,
        sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        config: str | os.PathLike[str] | None = None,
        settings: Mapping[str, object] | None = None,
        seed: int | None = None,
        epochs: int | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        """
        sources: folders, pictures, videos, list files or "synthetic:dead-leaves:N", as for `mosi pretrain --sources`.
        config: a preset (such as "tiny") or a YAML file, as for --config.
        settings: settings that override it, as for --set: {"clip.frames": 8}.
        seed, epochs: as for --seed and --epochs.
        rank, world_size: for distributed training. Each process gets every `world_size`-th batch, starting at `rank`.
        """
        if not 0 <= rank < world_size:
            raise ValueError(f"rank must be from 0 to {world_size - 1}, not {rank}")
        paths = [sources] if isinstance(sources, (str, os.PathLike)) else sources
        self._arguments = ["--sources", *(os.fspath(path) for path in paths)]
        if config is not None:
            self._arguments += ["--config", os.fspath(config)]
        for key, value in (settings or {}).items():
            self._arguments += ["--set", f"{key}={_text(value)}"]
        if seed is not None:
            self._arguments += ["--seed", str(seed)]
        if epochs is not None:
            self._arguments += ["--epochs", str(epochs)]
        self._share = (rank, world_size)
        self._known: dict[str, Any] | None = None

    @property
    def class_names(self) -> list[str]:
        """The names of the labels, such as "left 2" and "static"."""
        return list(self._header["class_names"])

    @property
    def normalization(self) -> Normalization:
        """The normalization of the clips."""
        header = self._header["normalization"]
        return Normalization(tuple(header["mean"]), tuple(header["std"]))

    def __len__(self) -> int:
        """The number of batches in a pass."""
        return int(self._header["batches"])

    def __iter__(self) -> Iterator[Batch]:
        rank, world_size = self._share
        worker = get_worker_info()
        if worker is None:
            stream = _Stream(self._arguments, rank, world_size)
        else:
            stream = _Stream(
                [*self._arguments, "--workers", "1"], rank + world_size * worker.id, world_size * worker.num_workers
            )
        with stream:
            yield from stream.batches()

    @property
    def _header(self) -> dict[str, Any]:
        if self._known is None:
            with _Stream([*self._arguments, "--workers", "1"], *self._share) as stream:
                self._known = stream.header
        return self._known


def _text(value: object) -> str:
    """A setting in YAML."""
    return value if isinstance(value, str) else json.dumps(value)


class _Stream:
    """A running `mosi clips`."""

    header: dict[str, Any]

    def __init__(self, arguments: list[str], first: int, every: int) -> None:
        environment = tool.environment()
        if get_worker_info() is not None:
            environment.setdefault("OMP_NUM_THREADS", "1")  # as PyTorch does in the workers of a loader
        command = [tool.path(), "clips", *arguments, "--first", str(first), "--every", str(every)]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        self._output = cast(io.BufferedReader, self._process.stdout)
        self._said: collections.deque[str] = collections.deque(maxlen=50)
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._listener.start()
        try:
            self.header = self._line()
            if self.header.get("format") != "mosi-clips-1":
                raise tool.ToolError(f"{tool.path()} writes a format that this module does not know: are their versions equal?")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def batches(self) -> Iterator[Batch]:
        while True:
            line = self._line()
            if "end" in line:
                return
            clips = self._tensor(line["shape"]).permute(0, 4, 1, 2, 3)
            yield Batch(clips, torch.tensor(line["labels"]))

    def close(self) -> None:
        """Stops the tool."""
        self._output.close()
        self._process.terminate()
        self._process.wait()
        self._listener.join()

    def _line(self) -> dict[str, Any]:
        line = self._output.readline()
        if not line.endswith(b"\n"):
            self._fail()
        return dict(json.loads(line))

    def _tensor(self, shape: list[int]) -> Tensor:
        """Reads a float32 tensor of that shape."""
        data = bytearray(4 * math.prod(shape))
        rest = memoryview(data)
        while rest:
            count = self._output.readinto(rest)
            if not count:
                self._fail()
            rest = rest[count:]
        return torch.frombuffer(data, dtype=torch.float32).view(shape)

    def _fail(self) -> NoReturn:
        """Raises the error of a tool whose stream was cut off."""
        status = self._process.wait()
        self._listener.join()
        raise tool.ToolError(tool.message(list(self._said), status))

    def _listen(self, errors: IO[bytes]) -> None:
        """Forwards what the tool writes to stderr, such as the pictures it skips, and keeps the last lines."""
        for line in errors:
            text = line.decode(errors="replace").rstrip("\n")
            self._said.append(text)
            if not text.startswith("mosi: error: "):
                print(text, file=sys.stderr, flush=True)
        errors.close()
