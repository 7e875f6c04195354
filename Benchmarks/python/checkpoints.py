"""Saving and loading a checkpoint with torch.save and torch.load: weights and the moments of Adam."""

from __future__ import annotations

import time
from typing import Any

import networks_of_mosi
import torch
from steps import groups


class Checkpoint:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.path = settings["path"]
        self.model = networks_of_mosi.make({**settings, "clips": 1})
        self.optimizer = torch.optim.Adam(groups(self.model), lr=1e-4, fused=True)
        for parameter in self.model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        self.optimizer.step()
        self.facts = {"parameters": sum(parameter.numel() for parameter in self.model.parameters())}
        self.run()

    def run(self) -> dict[str, float]:
        begun = time.perf_counter()
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}, self.path)
        saved = time.perf_counter()
        state = torch.load(self.path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        return {"save": saved - begun, "load": time.perf_counter() - saved}


def make(settings: dict[str, Any]) -> Checkpoint:
    return Checkpoint(settings)
