"""A training step: forward pass, loss, backward pass, Adam.

Opponents: `eager` (PyTorch's default layout), `channels-last`, `compile` (channels-last through torch.compile), and `sgemm`:
the multiplications of the convolutions, computed directly, at the speed of large matrix products.
"""

from __future__ import annotations

import time
from typing import Any

import networks_of_mosi
import torch
from torch import Tensor, nn


class Step:
    """A network that is trained on one batch of noise, the same as ours."""

    def __init__(self, shape: dict[str, Any], opponent: str, exchange: str | None = None) -> None:
        self.device = torch.device(shape["device"])
        if self.device.type == "cuda":
            # What ours uses, too.
            torch.backends.cudnn.benchmark = torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
        self.model = networks_of_mosi.make(shape)
        clips = torch.randn(networks_of_mosi.clip_shape(shape), generator=torch.Generator().manual_seed(2))
        if exchange:
            tensors = networks_of_mosi.read(exchange)
            clips = tensors.pop("clips")
            self.model.load_state_dict(tensors)
        self.labels = (torch.arange(shape["clips"]) % networks_of_mosi.CLASSES).to(self.device)
        self.layout = torch.contiguous_format if opponent == "eager" else torch.channels_last_3d
        self.model.to(self.device, memory_format=self.layout)
        self.clips = clips.contiguous(memory_format=self.layout).to(self.device)
        self.precision = getattr(torch, shape["precision"])
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.precision == torch.float16)
        self.optimizer = torch.optim.Adam(groups(self.model), lr=1e-4, fused=True)
        self.forward: Any = torch.compile(self.model) if opponent == "compile" else self.model

    def step(self, clips: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """One step; the loss. Reading it waits for the device."""
        clips = self.clips if clips is None else clips
        labels = self.labels if labels is None else labels
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            loss = nn.functional.cross_entropy(self.forward(clips), labels)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.detach()


def groups(model: nn.Module) -> list[dict[str, Any]]:
    """Normalizations have no weight decay."""
    normalizations = [
        parameter for module in model.modules() if isinstance(module, nn.BatchNorm3d) for parameter in module.parameters()
    ]
    known = {id(parameter) for parameter in normalizations}
    others = [parameter for parameter in model.parameters() if id(parameter) not in known]
    return [{"params": others, "weight_decay": 1e-4}, {"params": normalizations, "weight_decay": 0.0}]


class Training:
    """Repeats a step."""

    def __init__(self, settings: dict[str, Any]) -> None:
        shape = settings["network"]
        self.training = Step(shape, settings["opponent"], settings.get("exchange"))
        found = networks_of_mosi.convolutions(shape)
        head = self.training.model.head["out_joint"]
        operations = 2 * sum(map(networks_of_mosi.multiply_adds, found)) / shape["clips"] + 2 * head.weight.numel()
        begun = time.perf_counter()
        self.facts = {
            "parameters": sum(parameter.numel() for parameter in self.training.model.parameters()),
            "operations": operations,
        }
        self.steps = settings["steps"]
        loss = self.training.step().item()
        if settings.get("exchange"):
            self.facts["loss"] = loss
        self.notes = {}
        if settings["opponent"] == "compile":
            self.notes["compiled in, s"] = time.perf_counter() - begun

    def run(self) -> dict[str, float]:
        begun = time.perf_counter()
        for _ in range(self.steps - 1):
            self.training.step()
        self.training.step().item()
        return {"": time.perf_counter() - begun}


class DirectConvolution:
    """What the multiplications of a step take at the speed of sgemm, which is timed anew each time."""

    SIDE = 2048
    TIMES = 4

    def __init__(self, settings: dict[str, Any]) -> None:
        found = networks_of_mosi.convolutions(settings["network"])
        self.operations = sum(
            2 * networks_of_mosi.multiply_adds(convolution) * (3 if convolution["hasDataGradient"] else 2)
            for convolution in found
        )
        self.factors = [torch.randn(self.SIDE, self.SIDE) for _ in range(2)]
        self.product = torch.empty(self.SIDE, self.SIDE)
        self.facts: dict[str, float] = {}
        self.notes = {"GFLOP": self.operations / 1e9, "GFLOP/s": self.operations / 1e9 / self.run()[""]}

    def run(self) -> dict[str, float]:
        torch.mm(*self.factors, out=self.product)
        processor, begun = time.process_time(), time.perf_counter()
        for _ in range(self.TIMES):
            torch.mm(*self.factors, out=self.product)
        share = self.operations / (self.TIMES * 2 * self.SIDE**3)
        seconds = time.perf_counter() - begun
        self.processor = share * (time.process_time() - processor)
        return {"": share * seconds}


def make(settings: dict[str, Any]) -> Training | DirectConvolution:
    return DirectConvolution(settings) if settings["opponent"] == "sgemm" else Training(settings)
