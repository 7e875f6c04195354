"""The networks in plain PyTorch: those of the wheel (python/mosi/networks.py), which are tested to be equal to ours."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "mosi"))

import networks  # noqa: E402

CLASSES = 9


def make(shape: dict[str, Any], device: str = "cpu") -> nn.Module:
    """A network with a head and without dropout; its activations work in place, as in torchvision."""
    with torch.device(device):
        model = networks.VideoModel(shape["architecture"], shape["width"], head="out_joint", classes=CLASSES, dropout=0)
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True
    return model


def read(path: str) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    return networks.read_safetensors(path)[0]


def convolutions(shape: dict[str, Any]) -> list[dict[str, Any]]:
    """The convolutions of a network in the order of their computation, for a batch of its clips."""
    model = make(shape, "meta")
    found: list[dict[str, Any]] = []

    def note(name: str) -> Any:
        def hook(layer: nn.Conv3d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            found.append({
                "name": name, "input": list(inputs[0].shape), "channels": layer.out_channels,
                "kernel": list(layer.kernel_size), "stride": list(layer.stride), "output": list(output.shape),
                "hasDataGradient": bool(found),
            })

        return hook

    for name, module in model.named_modules():
        if isinstance(module, nn.Conv3d):
            module.register_forward_hook(note(short(name)))
    model(torch.empty(clip_shape(shape), device="meta"))
    return found


def short(name: str) -> str:
    """backbone.conv2.res_1.conv_branch.a1 is conv2.1.a1."""
    return name.removeprefix("backbone.").replace("conv_branch.", "").replace("res_", "")


def clip_shape(shape: dict[str, Any]) -> list[int]:
    return [shape["clips"], 3, shape["frames"], shape["size"], shape["size"]]


def multiply_adds(convolution: dict[str, Any]) -> int:
    """Those of one pass: forward, gradient of the input or gradient of the weights."""
    count = convolution["input"][1]
    for number in (*convolution["output"], *convolution["kernel"]):
        count *= number
    return count
