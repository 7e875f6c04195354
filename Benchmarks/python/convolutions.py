"""Each convolution of a network alone: forward, gradient of the input, gradient of the weights.

Opponents: `eager` (PyTorch's default layout) and `channels-last`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Convolutions:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.layout = torch.channels_last_3d if settings["opponent"] == "channels-last" else torch.contiguous_format
        self.layers = []
        for one in settings["convolutions"]:
            padding = [extent // 2 for extent in one["kernel"]]
            layer = nn.Conv3d(one["input"][1], one["channels"], one["kernel"], one["stride"], padding, bias=False)
            self.layers.append((one, layer.to(memory_format=self.layout)))
        self.facts = {"convolutions": len(self.layers)}

    def run(self) -> dict[str, float]:
        parts = {}
        for one, layer in self.layers:
            data = torch.full(one["input"], 0.5).contiguous(memory_format=self.layout)
            parts[one["name"] + "-forward"] = second(lambda: forward(layer, data))
            parts[one["name"] + "-weight-gradient"] = second(lambda: self.backward(layer, data))
            layer.weight.grad = None
            if not one["hasDataGradient"]:
                continue
            layer.weight.requires_grad = False
            data.requires_grad = True
            parts[one["name"] + "-data-gradient"] = second(lambda: self.backward(layer, data))
            layer.weight.requires_grad = True
        return parts

    def backward(self, layer: nn.Conv3d, data: Tensor) -> float:
        """The seconds of the backward pass alone."""
        layer.weight.grad = data.grad = None
        output = layer(data)
        gradient = torch.full(output.shape, 0.5).contiguous(memory_format=self.layout)
        begun = time.perf_counter()
        output.backward(gradient)
        return time.perf_counter() - begun


def forward(layer: nn.Conv3d, data: Tensor) -> float:
    with torch.no_grad():
        begun = time.perf_counter()
        layer(data)
        return time.perf_counter() - begun


def second(measure: Callable[[], float]) -> float:
    """The second of two measurements: the first one brings code and data back into the caches."""
    measure()
    return measure()


def make(settings: dict[str, Any]) -> Convolutions:
    return Convolutions(settings)
