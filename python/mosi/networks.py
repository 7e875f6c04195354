#!/usr/bin/env python3
"""mosi's video networks in plain PyTorch. This file needs only PyTorch, so you may copy it into another project.

    mosi convert RUN weights.pth --to mosi
    python3 networks.py weights.pth               # logits of one clip of random noise
    python3 networks.py weights.pth clips.pt      # of a tensor [M, 3, N, H, W], normalized, saved by torch.save

As a module:

    model = load("weights.pth")             # also weights.safetensors
    logits = model(clips)                   # clips [M, 3, N, H, W], normalized -> [M, classes]
    features = model.features(clips)        # [M, D]
    maps = model.backbone(clips)            # [M, D, N', H', W']
"""

from __future__ import annotations

import json
import math
import os
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Extent = tuple[int, int, int]  # time, height, width

POINT: Extent = (1, 1, 1)
SQUARE: Extent = (1, 3, 3)
CUBE: Extent = (3, 3, 3)
HALF_SPACE: Extent = (1, 2, 2)
HALF: Extent = (2, 2, 2)


class WeightsError(Exception):
    """The file holds no weights for these networks."""


@dataclass(frozen=True)
class Stage:
    """One of the residual stages conv2 to conv5."""

    kernel: Extent
    stride: Extent
    factor: int  # its channels over the width


@dataclass(frozen=True)
class Plan:
    """The layers of a residual network."""

    stem: Extent
    stages: tuple[Stage, Stage, Stage, Stage]
    blocks: tuple[int, int, int, int]
    # The channels between the two factors of a (2+1)D convolution. They keep the number of parameters of the whole
    # kernel of each convolution ("each") or of the first one of the block ("first"). None: 3D convolutions.
    middle: str | None = None
    # The same for the stem, per 64 output channels. None: as in `middle`.
    stem_middle: int | None = None
    pool: Extent | None = None  # the kernel of a max-pooling after the stem
    splits_shortcuts: bool = False  # shortcuts are factored like the other convolutions
    pads_shortcuts: bool = False  # shortcuts take every second cell and add channels of zeros


R2D3D = (Stage(SQUARE, POINT, 1), Stage(SQUARE, HALF_SPACE, 2), Stage(CUBE, HALF, 4), Stage(CUBE, HALF, 4))
CUBES = (Stage(CUBE, POINT, 1), Stage(CUBE, HALF, 2), Stage(CUBE, HALF, 4), Stage(CUBE, HALF, 8))
MC3 = (
    Stage(CUBE, POINT, 1),
    Stage(SQUARE, HALF_SPACE, 2),
    Stage(SQUARE, HALF_SPACE, 4),
    Stage(SQUARE, HALF_SPACE, 8),
)

RESIDUAL = {
    "r2d3d-18": Plan((1, 7, 7), R2D3D, (2, 2, 2, 2), pool=SQUARE),
    "r2d3d-34": Plan((1, 7, 7), R2D3D, (3, 4, 6, 3), pool=SQUARE),
    "r2plus1d-10": Plan((3, 7, 7), CUBES, (1, 1, 1, 1), middle="each"),
    "r2plus1d-18": Plan((3, 7, 7), CUBES, (2, 2, 2, 2), middle="each"),
    "r2plus1d-10-vcop": Plan((3, 7, 7), CUBES, (1, 1, 1, 1), middle="each", splits_shortcuts=True),
    "r3d-10": Plan((3, 7, 7), CUBES, (1, 1, 1, 1)),
    "r3d-18": Plan((3, 7, 7), CUBES, (2, 2, 2, 2)),
    "r3d-18-hara": Plan((7, 7, 7), CUBES, (2, 2, 2, 2), pool=CUBE, pads_shortcuts=True),
    "mc3-18": Plan((3, 7, 7), MC3, (2, 2, 2, 2)),
    "r2plus1d-18-torchvision": Plan((3, 7, 7), CUBES, (2, 2, 2, 2), middle="first", stem_middle=45),
}

# C3D's stages: the channels over the width, the convolutions, the pooling's kernel and stride.
C3D: list[tuple[int, str, Extent | None]] = [
    (1, "a", HALF_SPACE),
    (2, "a", HALF),
    (4, "ab", HALF),
    (8, "ab", HALF),
    (8, "ab", None),
]

# S3D-G's Inception blocks in conv3 to conv5, for a width of 64: the channels of the first branch, of both convolutions of the
# second and the third one, and of the last.
S3DG: list[list[tuple[int, ...]]] = [
    [(64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)],
    [
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ],
    [(256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)],
]
# The stride in time of conv1 and of the poolings of conv4 and conv5.
S3DG_STRIDES = {"s3d-g": 2, "s3d-g-speednet": 1}



@dataclass(frozen=True)
class Transformer:
    """The sizes of a vision transformer."""

    blocks: int
    heads: int
    head_width: int  # for a width of 64
    cube: Extent = (2, 16, 16)  # what becomes a token
    by_axes: bool = False  # positions of time, row and column, not of the token's number


TRANSFORMERS = {
    "vit-tiny": Transformer(8, 3, 64, (2, 8, 8), by_axes=True),
    "vit-s": Transformer(12, 6, 64),
    "vit-b": Transformer(12, 12, 64),
    "vit-l": Transformer(24, 16, 64),
    "vit-h": Transformer(32, 16, 80),
}

ARCHITECTURES = (*RESIDUAL, "c3d", *S3DG_STRIDES, "opn", *TRANSFORMERS)


class Convolution(nn.Sequential):
    """A 3D convolution and batch normalization, or with `middle` channels a 1xdxd one, ReLU and a tx1x1 one."""

    def __init__(
        self, name: str, c_in: int, c_out: int, kernel: Extent, stride: Extent, middle: int | None, epsilon: float
    ) -> None:
        super().__init__()

        def add(name: str, c_in: int, c_out: int, kernel: Extent, stride: Extent) -> None:
            padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
            self.add_module(name, nn.Conv3d(c_in, c_out, kernel, stride, padding, bias=False))
            self.add_module(name + "_bn", nn.BatchNorm3d(c_out, eps=epsilon))

        if middle is None:
            add(name, c_in, c_out, kernel, stride)
            return
        add(name + "1", c_in, middle, (1, *kernel[1:]), (1, *stride[1:]))
        self.add_module(name + "_relu", nn.ReLU())
        add(name + "2", middle, c_out, (kernel[0], 1, 1), (stride[0], 1, 1))


def kept_parameters(c_in: int, c_out: int, kernel: Extent) -> int:
    """The channels between two factors that keep the number of parameters of the whole kernel."""
    time, area = kernel[0], kernel[1] * kernel[2]
    return max(1, time * area * c_in * c_out // (area * c_in + time * c_out))


class Block(nn.Module):
    """Two convolutions and a shortcut around them."""

    def __init__(self, plan: Plan, c_in: int, c_out: int, kernel: Extent, stride: Extent, epsilon: float) -> None:
        super().__init__()

        def middle(own_in: int, kernel: Extent) -> int | None:
            if plan.middle is None:
                return None
            return kept_parameters(own_in if plan.middle == "each" else c_in, c_out, kernel)

        first = Convolution("a", c_in, c_out, kernel, stride, middle(c_in, kernel), epsilon)
        second = Convolution("b", c_out, c_out, kernel, POINT, middle(c_out, kernel), epsilon)
        self.conv_branch = nn.Sequential()
        for name, module in [*first.named_children(), ("relu", nn.ReLU()), *second.named_children()]:
            self.conv_branch.add_module(name, module)
        changes = c_in != c_out or stride != POINT
        self.has_short_cut = changes and not plan.pads_shortcuts
        self.stride, self.added = stride, c_out - c_in
        if self.has_short_cut:
            split = middle(c_in, POINT) if plan.splits_shortcuts else None
            for name, module in Convolution("short_cut", c_in, c_out, POINT, stride, split, epsilon).named_children():
                self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        kept = x
        if self.has_short_cut:
            for name, module in self.named_children():
                if name.startswith("short_cut"):
                    kept = module(kept)
        elif self.stride != POINT or self.added:
            time, height, width = self.stride
            kept = nn.functional.pad(x[:, :, ::time, ::height, ::width], (0, 0, 0, 0, 0, 0, 0, self.added))
        return torch.relu(self.conv_branch(x) + kept)


def c3d(width: int, epsilon: float) -> tuple[nn.Sequential, int]:
    """C3D's conv1 to conv5, [M, 3, N, H, W] -> [M, D, N', H', W'], and D."""
    stages = nn.Sequential()
    channels = 3
    for index, (factor, names, pool) in enumerate(C3D):
        stage = nn.Sequential()
        for name in names:
            stage.add_module(name, nn.Conv3d(channels, width * factor, 3, padding=1))
            channels = width * factor
            stage.add_module(name + "_bn", nn.BatchNorm3d(channels, eps=epsilon))
            stage.add_module(name + "_relu", nn.ReLU())
        if pool:
            stage.add_module("pool", nn.MaxPool3d(pool, pool))
        stages.add_module(f"conv{index + 1}", stage)
    return stages, channels


class Gated(nn.Sequential):
    """Layers, and a gate: each channel is multiplied by the sigmoid of a linear function of all channels' means."""

    def forward(self, x: Tensor) -> Tensor:
        *layers, gate = self.children()
        for layer in layers:
            x = layer(x)
        weights: Tensor = torch.sigmoid(gate(x.mean((2, 3, 4))))
        return x * weights[:, :, None, None, None]


class Mixed(nn.Sequential):
    """Branches whose outputs are concatenated."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], 1)


def s3dg(width: int, epsilon: float, time_stride: int) -> tuple[nn.Sequential, int]:
    """S3D-G's conv1 to conv5, [M, 3, N, H, W] -> [M, D, N', H', W'], and D."""

    def scaled(count: int) -> int:
        return max(1, count * width // 64)

    def add(layers: nn.Sequential, name: str, c_in: int, c_out: int, kernel: Extent, stride: Extent = POINT) -> None:
        middle = None if kernel == POINT else c_out
        for part, module in Convolution(name, c_in, c_out, kernel, stride, middle, epsilon).named_children():
            layers.add_module(part, module)
        layers.add_module(name + "_end", nn.ReLU())

    def branch(c_in: int, first: int, second: int | None = None, pools: bool = False) -> Gated:
        layers = Gated()
        if pools:
            layers.add_module("pool", nn.MaxPool3d(3, 1, 1))
        add(layers, "a", c_in, first, POINT)
        if second is not None:
            add(layers, "b", first, second, CUBE)
        layers.add_module("gate", nn.Linear(second or first, second or first))
        return layers

    stem, second = nn.Sequential(), nn.Sequential()
    channels = scaled(64)
    add(stem, "a", 3, channels, (7, 7, 7), (time_stride, 2, 2))
    second.add_module("pool", nn.MaxPool3d(SQUARE, HALF_SPACE, (0, 1, 1)))
    add(second, "a", channels, channels, POINT)
    add(second, "b", channels, scaled(192), CUBE)
    channels = scaled(192)
    stages = nn.Sequential()
    stages.add_module("conv1", stem)
    stages.add_module("conv2", second)
    halving = (time_stride, 2, 2)
    pools = [nn.MaxPool3d(SQUARE, HALF_SPACE, (0, 1, 1)), nn.MaxPool3d(3, halving, 1), nn.MaxPool3d(halving, halving)]
    for index, (pool, blocks) in enumerate(zip(pools, S3DG)):
        stage = nn.Sequential()
        stage.add_module("pool", pool)
        for number, plan in enumerate(blocks):
            one, two, three, four, five, six = (scaled(count) for count in plan)
            mixed = Mixed()
            mixed.add_module("branch_0", branch(channels, one))
            mixed.add_module("branch_1", branch(channels, two, three))
            mixed.add_module("branch_2", branch(channels, four, five))
            mixed.add_module("branch_3", branch(channels, six, pools=True))
            stage.add_module(f"mixed_{number + 1}", mixed)
            channels = one + three + five + six
        stages.add_module(f"conv{index + 3}", stage)
    return stages, channels


def opn(width: int, epsilon: float) -> tuple[nn.Sequential, int]:
    """OPN's conv1 to conv5, the last with fc6, [M, 3, N, H, W] -> [M, D, N, H', W'], and D. Frames are seen one by one."""
    second, third, last = 2 * max(1, 4 * width // 3), 4 * width, 32 * width // 3
    halves = 1 if width % 2 else 2  # an odd number of channels has no halves

    def add(stage: nn.Sequential, name: str, c_in: int, c_out: int, side: int, padding: int, groups: int = 1) -> None:
        stage.add_module(name, nn.Conv3d(c_in, c_out, (1, side, side), padding=(0, padding, padding), groups=groups))
        stage.add_module(name + "_bn", nn.BatchNorm3d(c_out, eps=epsilon))
        stage.add_module(name + "_relu", nn.ReLU())

    stages = nn.Sequential()
    for index, convolution in enumerate((
        nn.Conv3d(3, width, (1, 11, 11), (1, 4, 4)),
        nn.Conv3d(width, second, (1, 5, 5), padding=(0, 2, 2), groups=halves),
    )):
        stage = nn.Sequential()
        stage.add_module("a", convolution)
        stage.add_module("relu", nn.ReLU())
        stage.add_module("pool", nn.MaxPool3d(SQUARE, HALF_SPACE, ceil_mode=True))
        stage.add_module("response", nn.LocalResponseNorm(5, 1e-4, 0.75))
        stages.add_module(f"conv{index + 1}", stage)
    for index, (c_in, c_out, groups) in enumerate(((second, third, 1), (third, third, 2), (third, second, 2))):
        stage = nn.Sequential()
        add(stage, "a", c_in, c_out, 3, 1, groups)
        stages.add_module(f"conv{index + 3}", stage)
    stage.add_module("pool", nn.MaxPool3d(SQUARE, HALF_SPACE, ceil_mode=True))
    add(stage, "fc6", second, last, 2, 0)
    return stages, last


def residual(plan: Plan, width: int, epsilon: float) -> tuple[nn.Sequential, int]:
    """A residual network's conv1 to conv5, [M, 3, N, H, W] -> [M, D, N', H', W'], and D."""
    middle = None
    if plan.stem_middle is not None:
        middle = max(1, plan.stem_middle * width // 64)
    elif plan.middle is not None:
        middle = kept_parameters(3, width, plan.stem)
    stages = nn.Sequential()
    stages.add_module("conv1", Convolution("a", 3, width, plan.stem, HALF_SPACE, middle, epsilon))
    stages.add_module("relu", nn.ReLU())
    if plan.pool:
        time = plan.pool[0] // 2
        stages.add_module("pool", nn.MaxPool3d(plan.pool, (1 + time, 2, 2), (time, 1, 1)))
    channels = width
    for index, stage in enumerate(plan.stages):
        blocks = nn.Sequential()
        for number in range(plan.blocks[index]):
            stride = stage.stride if number == 0 else POINT
            blocks.add_module(
                f"res_{number + 1}", Block(plan, channels, width * stage.factor, stage.kernel, stride, epsilon)
            )
            channels = width * stage.factor
        stages.add_module(f"conv{index + 2}", blocks)
    return stages, channels


class Attention(nn.Module):
    """Self-attention with several heads; keys have no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_bias, self.v_bias = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        bias = torch.cat([self.q_bias, torch.zeros_like(self.v_bias), self.v_bias])
        mixed = nn.functional.linear(x, self.qkv.weight, bias).unflatten(2, (3, self.heads, -1))
        query, key, value = mixed.permute(2, 0, 3, 1, 4).unbind()
        attended = nn.functional.scaled_dot_product_attention(query, key, value)
        output: Tensor = self.proj(attended.transpose(1, 2).flatten(2))
        return output


class TransformerBlock(nn.Module):
    """Attention among tokens [M, K, D], then a perceptron for each; both add to their input."""

    def __init__(self, width: int, heads: int, epsilon: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=epsilon)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=epsilon)
        self.mlp = nn.Sequential()
        self.mlp.add_module("fc1", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", nn.GELU())
        self.mlp.add_module("fc2", nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        output: Tensor = x + self.mlp(self.norm2(x))
        return output


def waves(coordinates: Tensor, width: int, base: float) -> Tensor:
    """Sines and cosines of coordinates, [count, width]."""
    columns = torch.arange(width)
    angles = coordinates.double()[:, None] / base ** ((columns // 2 * 2).double() / max(width, 1))
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos()).float()


def positions(grid: Sequence[int], width: int, by_axes: bool) -> Tensor:
    """The positions of all tokens of a grid [T, H, W]: [T * H * W, width]."""
    if not by_axes:
        return waves(torch.arange(math.prod(grid)), width, 10000)
    third = width // 6 * 2
    axes = torch.meshgrid(*(torch.arange(count) for count in grid), indexing="ij")
    widths = (third, third, width - 2 * third)
    return torch.cat([waves(axis.flatten(), part, 100) for axis, part in zip(axes, widths)], 1)


class VisionTransformer(nn.Module):
    """A transformer's conv1 (a token for each cube) to conv5 (a fourth of the blocks each): [M, 3, N, H, W] -> [M, D, N', H', W']."""

    def __init__(self, plan: Transformer, width: int, epsilon: float, by_axes: bool | None = None) -> None:
        super().__init__()
        inner = width + width // 4 if plan.head_width == 80 else width
        self.channels = plan.heads * inner
        self.by_axes = plan.by_axes if by_axes is None else by_axes
        self.conv1 = nn.Sequential()
        self.conv1.add_module("proj", nn.Conv3d(3, self.channels, plan.cube, plan.cube))
        for group in range(4):
            stage = nn.Sequential()
            for number in range(plan.blocks * (group + 1) // 4 - plan.blocks * group // 4):
                stage.add_module(f"block_{number + 1}", TransformerBlock(self.channels, plan.heads, epsilon))
            self.add_module(f"conv{group + 2}", stage)
        self.fc_norm = nn.LayerNorm(self.channels, eps=epsilon)

    def tokens(self, clips: Tensor) -> tuple[Tensor, torch.Size]:
        """A token with its position for each cube of clips, [M, K, D], and the cubes [N', H', W'] of a clip."""
        maps = self.conv1(clips)
        x = maps.flatten(2).transpose(1, 2)
        return x + positions(maps.shape[2:], self.channels, self.by_axes).to(x), maps.shape[2:]

    def mixed(self, x: Tensor) -> Tensor:
        """All blocks of tokens [M, K, D], of which some may be missing."""
        for stage in (self.conv2, self.conv3, self.conv4, self.conv5):
            x = stage(x)
        return x

    def forward(self, clips: Tensor) -> Tensor:
        x, grid = self.tokens(clips)
        return self.mixed(x).transpose(1, 2).unflatten(2, grid)


@dataclass(frozen=True)
class Normalization:
    """The mean and standard deviation of red, green and blue, for pixels of 0...1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(self, frames: Tensor) -> Tensor:
        """Normalizes frames [M, N, H, W, 3], uint8 or float of 0...1, into clips [M, 3, N, H, W]."""
        pixels = frames.float() / 255 if frames.dtype == torch.uint8 else frames
        mean, std = pixels.new_tensor(self.mean), pixels.new_tensor(self.std)
        return ((pixels - mean) / std).permute(0, 4, 1, 2, 3)


@dataclass(frozen=True)
class Clip:
    """The clips that a network was trained on."""

    frames: int
    size: int  # the side in pixels
    # The distance between frames, in frames of a video of `frames_per_second`; None after a pre-training.
    interval: int | None = None
    frames_per_second: float | None = None


class VideoModel(nn.Module):
    """A video network: backbone, global average pooling, dropout and, if it has one, a linear head."""

    class_names: list[str] | None  # in the order of the logits; None if the file does not contain them
    normalization: Normalization | None  # of its clips; None if the file does not contain it
    clip: Clip | None  # None if the file does not contain it
    about: dict[str, Any]  # the file's description of the network and its training
    backbone: nn.Module

    def __init__(
        self, architecture: str, width: int = 64, epsilon: float = 1e-3, *, head: str | None = None,
        classes: int = 0, dropout: float = 0.5, positions: str | None = None,
    ) -> None:
        super().__init__()
        if plan := RESIDUAL.get(architecture):
            self.backbone, channels = residual(plan, width, epsilon)
        elif architecture == "c3d":
            self.backbone, channels = c3d(width, epsilon)
        elif architecture == "opn":
            self.backbone, channels = opn(width, epsilon)
        elif transformer := TRANSFORMERS.get(architecture):
            by_axes = None if positions is None else positions == "axes"
            self.backbone = VisionTransformer(transformer, width, epsilon, by_axes)
            channels = self.backbone.channels
        else:
            self.backbone, channels = s3dg(width, epsilon, S3DG_STRIDES[architecture])
        self.dropout = nn.Dropout(dropout)
        self.head = nn.ModuleDict({head: nn.Linear(channels, classes)} if head else {})
        self.class_names = None
        self.normalization = None
        self.clip = None
        self.about = {}

    def features(self, clips: Tensor) -> Tensor:
        """The mean of conv5's output over time and space, [M, D], of normalized clips [M, 3, N, H, W]; normalized for
        transformers."""
        maps: Tensor = self.backbone(clips)
        features = maps.mean((2, 3, 4))
        return self.backbone.fc_norm(features) if isinstance(self.backbone, VisionTransformer) else features

    def forward(self, clips: Tensor) -> Tensor:
        """The logits [M, classes] of normalized clips [M, 3, N, H, W]; without a head the features [M, D]."""
        output = self.features(clips)
        for linear in self.head.values():
            output = linear(self.dropout(output))
        return output


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a .safetensors or .pth file, and its metadata."""
    path = os.fspath(path)
    if not zipfile.is_zipfile(path):
        return read_safetensors(path)
    with zipfile.ZipFile(path) as archive:
        entries = [name for name in archive.namelist() if name.endswith("/extra/metadata.json")]
        texts: dict[str, str] = json.loads(archive.read(entries[0])) if entries else {}
    state = torch.load(path, map_location="cpu", weights_only=True)
    return state.get("model_state", state), texts  # --to authors has it one level down


def read_safetensors(path: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A safetensors file is the length of the header (8 bytes), the header (JSON), and the bytes of the tensors."""
    types = {
        "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
        "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8,
        "BOOL": torch.bool,
    }
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > os.path.getsize(path):
                raise ValueError
            header = json.loads(file.read(length))
            data = bytearray(file.read())
        texts: dict[str, str] = header.pop("__metadata__", {})
        tensors = {}
        for name, entry in header.items():
            (begin, end), dtype = entry["data_offsets"], types[entry["dtype"]]
            flat = torch.frombuffer(data, dtype=torch.uint8)[begin:end].clone() if end > begin else torch.empty(0)
            tensors[name] = flat.view(dtype).reshape(entry["shape"])
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError):
        raise WeightsError(f"{path} is neither a safetensors file nor a .pth file of PyTorch 1.6 or later") from None
    return tensors, texts


def load(path: str | os.PathLike[str]) -> VideoModel:
    """Loads a file that `mosi convert --to mosi` wrote. The network is on the CPU, in evaluation mode."""
    state, texts = read(path)
    if texts.get("format") != "mosi-weights-1" or not any(name.startswith("backbone.") for name in state):
        raise WeightsError(f"{path} was not written for PyTorch: run mosi convert {path} weights.pth --to mosi")
    plain = ("format", "mosi_version", "names", "head", "phase", "configuration")
    about: dict[str, Any] = {key: text if key in plain else json.loads(text) for key, text in texts.items()}
    settings = about["model"]
    architecture = settings["architecture"]
    if architecture not in ARCHITECTURES:
        raise WeightsError(f"{path} holds {architecture}, which this version of networks.py does not know")
    head = about.get("head")
    model = VideoModel(
        architecture,
        settings["width"],
        settings["batch_norm_epsilon"],
        head=head,
        classes=len(state[f"head.{head}.bias"]) if head else 0,
        dropout=settings["dropout"],
        positions=settings.get("positions"),
    )
    # Other tensors belong to layers of a pretext task, such as a decoder.
    missing = [name for name in model.state_dict() if name not in state]
    if missing:
        raise WeightsError(f"{path} lacks {len(missing)} tensors of {architecture}, such as {missing[0]}")
    model.load_state_dict({name: state[name] for name in model.state_dict()})
    model.about = about
    model.class_names = about.get("class_names")
    if normalization := about.get("normalization"):
        model.normalization = Normalization(tuple(normalization["mean"]), tuple(normalization["std"]))
    if clip := about.get("clip"):
        model.clip = Clip(clip["frames"], clip["size"], clip.get("interval"), clip.get("frames_per_second"))
    return model.eval()


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    try:
        model = load(sys.argv[1])
    except (WeightsError, OSError) as error:
        raise SystemExit(str(error)) from None
    if len(sys.argv) > 2:
        clips = torch.load(sys.argv[2], weights_only=True)
    else:
        clip = model.clip or Clip(16, 112)
        noise = torch.Generator().manual_seed(0)
        clips = torch.randn(1, 3, clip.frames, clip.size, clip.size, generator=noise)
    with torch.no_grad():
        for row in model(clips).tolist():
            print(" ".join(f"{value:.6f}" for value in row))


if __name__ == "__main__":
    main()
