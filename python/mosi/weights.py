"""Loads networks from every kind of file that the tool reads."""

from __future__ import annotations

import os
import tempfile

from . import networks, tool


def load(path: str | os.PathLike[str]) -> networks.VideoModel:
    """Loads a network. It is on the CPU, in evaluation mode.

    `path` is a run's folder, whose last checkpoint is loaded; a checkpoint; a file that `mosi convert` wrote; or a state
    dict, alone or in a checkpoint of a training, of the authors' code, torchvision, VCOP, PRP, DPC, MemDPC, CoCLR, VideoMAE
    or Hugging Face's VideoMAE, in safetensors or PyTorch's format.
    Raises `FileNotFoundError`, or `ToolError` if the file does not contain a network that mosi knows.
    """
    path = os.fspath(path)
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path} does not exist: name a run's folder or a file of weights")
    with tempfile.TemporaryDirectory(prefix="mosi-") as folder:
        converted = os.path.join(folder, "weights.safetensors")
        tool.run("convert", path, converted, "--to", "mosi")
        return networks.load(converted)
