"""A step of masked modeling as VideoMAE's code does it in PyTorch: all cubes are embedded, then those that are seen are picked by a
mask; attention is written out; targets are made of the clip in each step.

Opponents: `eager`, `compile`, and `fused` (eager, with scaled_dot_product_attention).
"""

from __future__ import annotations

import math
import time
from typing import Any

import networks_of_mosi
import torch
from torch import Tensor, nn

networks = networks_of_mosi.networks
MEAN, STD = (torch.tensor(values)[:, None, None, None] for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


class ExplicitAttention(networks.Attention):
    """The products of queries and keys, their softmax, and the products with values."""

    def forward(self, x: Tensor) -> Tensor:
        count, length, width = x.shape
        bias = torch.cat([self.q_bias, torch.zeros_like(self.v_bias, requires_grad=False), self.v_bias])
        mixed = nn.functional.linear(x, self.qkv.weight, bias).reshape(count, length, 3, self.heads, -1)
        query, key, value = mixed.permute(2, 0, 3, 1, 4).unbind(0)
        scores = query * (width // self.heads) ** -0.5 @ key.transpose(-2, -1)
        attended = (scores.softmax(-1) @ value).transpose(1, 2).reshape(count, length, width)
        output: Tensor = self.proj(attended)
        return output


class Masked(nn.Module):
    """The network, with the names of ours."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__()
        plan = networks.TRANSFORMERS[settings["architecture"]]
        self.backbone = networks.VisionTransformer(plan, settings["width"], 1e-6)
        width = self.backbone.channels // 2
        heads = plan.heads // 2 if plan.heads % 2 == 0 else plan.heads
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.encoder_norm = nn.LayerNorm(self.backbone.channels, eps=1e-6)
        self.encoder_to_decoder = nn.Linear(self.backbone.channels, width, bias=False)
        self.decoder = nn.Module()
        self.decoder.blocks = nn.ModuleList(
            networks.TransformerBlock(width, heads, 1e-6) for _ in range(settings["decoderBlocks"])
        )
        self.decoder.norm = nn.LayerNorm(width, eps=1e-6)
        time, height, width_of_cube = plan.cube
        self.decoder.head = nn.Linear(width, 3 * time * height * width_of_cube)

    def forward(self, clips: Tensor, mask: Tensor, table: Tensor, small: Tensor) -> Tensor:
        x = self.backbone.conv1(clips).flatten(2).transpose(1, 2)
        x = x + table
        count, _, width = x.shape
        x = x[~mask].reshape(count, -1, width)
        for stage in (self.backbone.conv2, self.backbone.conv3, self.backbone.conv4, self.backbone.conv5):
            x = stage(x)
        x = self.encoder_to_decoder(self.encoder_norm(x))
        places = small.expand(count, -1, -1)
        seen = places[~mask].reshape(count, -1, x.shape[2])
        hidden = places[mask].reshape(count, -1, x.shape[2])
        x = torch.cat([x + seen, self.mask_token + hidden], 1)
        for block in self.decoder.blocks:
            x = block(x)
        output: Tensor = self.decoder.head(self.decoder.norm(x[:, -hidden.shape[1] :]))
        return output


def targets(clips: Tensor, mask: Tensor, cube: tuple[int, int, int]) -> Tensor:
    """The normalized pixels of the hidden cubes of normalized clips."""
    pixels = clips * STD + MEAN
    for axis, side in zip((2, 4, 6), cube):
        pixels = pixels.unflatten(axis, (-1, side))
    # clips, channels, then time, row and column of the cube, each with those in it
    cubes = pixels.permute(0, 2, 4, 6, 3, 5, 7, 1).flatten(4, 6).flatten(1, 3)
    deviation = cubes.var(2, unbiased=True, keepdim=True).sqrt() + 1e-6
    normalized = ((cubes - cubes.mean(2, keepdim=True)) / deviation).flatten(2)
    return normalized[mask].reshape(len(clips), -1, normalized.shape[2])


class MaskedStep:
    """A network that is trained on one batch, the same as ours."""

    def __init__(self, settings: dict[str, Any]) -> None:
        plan = networks.TRANSFORMERS[settings["architecture"]]
        self.cube = plan.cube
        self.model = Masked(settings)
        if settings["opponent"] != "fused":
            for module in self.model.modules():
                if isinstance(module, networks.Attention):
                    module.__class__ = ExplicitAttention
        tensors = networks_of_mosi.read(settings["exchange"])
        frames, kept = tensors.pop("frames"), tensors.pop("kept")
        tensors.pop("masked")
        self.model.load_state_dict(tensors)
        self.model.backbone.fc_norm.requires_grad_(False)
        self.clips = ((frames.transpose(1, 2) - MEAN) / STD).contiguous()
        cubes = [size // side for size, side in zip(self.clips.shape[2:], self.cube)]
        count = math.prod(cubes)
        self.mask = torch.ones(len(kept), count, dtype=torch.bool).scatter_(1, kept, False)
        widths = (self.model.backbone.channels, self.model.mask_token.shape[2])
        self.tables = [networks.positions(cubes, width, plan.by_axes) for width in widths]
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        decays = [parameter for parameter in trained if parameter.ndim > 1 and parameter is not self.model.mask_token]
        known = {id(parameter) for parameter in decays}
        groups = [
            {"params": decays, "weight_decay": 0.05},
            {"params": [parameter for parameter in trained if id(parameter) not in known], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95), fused=True)
        self.forward: Any = torch.compile(self.model) if settings["opponent"] == "compile" else self.model
        begun = time.perf_counter()
        self.facts = {"parameters": sum(parameter.numel() for parameter in trained), "loss": self.step()}
        self.notes = {"compiled in, s": time.perf_counter() - begun} if settings["opponent"] == "compile" else {}

    def step(self) -> float:
        with torch.no_grad():
            labels = targets(self.clips, self.mask, self.cube)
        self.optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.mse_loss(self.forward(self.clips, self.mask, *self.tables), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def run(self) -> dict[str, float]:
        begun = time.perf_counter()
        self.step()
        return {"": time.perf_counter() - begun}


def make(settings: dict[str, Any]) -> MaskedStep:
    return MaskedStep(settings)
