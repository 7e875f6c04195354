#!/usr/bin/env python3
"""Weights of mosi in plain PyTorch: copy this file, it needs nothing else.

    mosi convert RUN weights.pth --to mosi
    python3 video_networks.py weights.pth                  # logits of one clip of random noise
    python3 video_networks.py weights.pth clips.pt         # of a tensor [M, 3, N, H, W], normalized, saved by torch.save

As a module:

    model, about = load("weights.pth")      # about: class_names, normalization, clip, configuration, ...
    features = model.backbone(clips)        # clips [M, 3, N, H, W] -> [M, D, N', H', W']
    logits = model(clips)                   # [M, classes]; a backbone without its head gives pooled features [M, D]
"""

import json
import sys
import zipfile

import torch
from torch import nn

# Residual networks: blocks of conv2 to conv5, and whether convolutions are factored into a spatial and a temporal one.
RESIDUAL = {
    "r2d3d-18": ([2, 2, 2, 2], False),
    "r2d3d-34": ([3, 4, 6, 3], False),
    "r2plus1d-10": ([1, 1, 1, 1], True),
    "r2plus1d-18": ([2, 2, 2, 2], True),
}

# C3D's stages: the channels over the width, the convolutions, the pooling's kernel and stride.
C3D = [
    (1, ["a"], (1, 2, 2)),
    (2, ["a"], (2, 2, 2)),
    (4, ["a", "b"], (2, 2, 2)),
    (8, ["a", "b"], (2, 2, 2)),
    (8, ["a", "b"], None),
]


class Convolution(nn.Sequential):
    """A 3D convolution with its batch normalization; factored, a 1xdxd one, ReLU and a tx1x1 one."""

    def __init__(self, name, c_in, c_out, kernel, stride, factored, epsilon):
        super().__init__()

        def add(name, c_in, c_out, kernel, stride):
            padding = [k // 2 for k in kernel]
            self.add_module(name, nn.Conv3d(c_in, c_out, kernel, stride, padding, bias=False))
            self.add_module(name + "_bn", nn.BatchNorm3d(c_out, eps=epsilon))

        if not factored:
            add(name, c_in, c_out, kernel, stride)
            return
        t, d, _ = kernel
        between = t * d * d * c_in * c_out // (d * d * c_in + t * c_out)
        add(name + "1", c_in, between, (1, d, d), (1, *stride[1:]))
        self.add_module(name + "_relu", nn.ReLU())
        add(name + "2", between, c_out, (t, 1, 1), (stride[0], 1, 1))


class Block(nn.Module):
    def __init__(self, c_in, c_out, kernel, stride, factored, epsilon):
        super().__init__()
        first = Convolution("a", c_in, c_out, kernel, stride, factored, epsilon)
        second = Convolution("b", c_out, c_out, kernel, (1, 1, 1), factored, epsilon)
        self.conv_branch = nn.Sequential()
        for name, module in [*first.named_children(), ("relu", nn.ReLU()), *second.named_children()]:
            self.conv_branch.add_module(name, module)
        if c_in != c_out or stride != (1, 1, 1):
            self.short_cut = nn.Conv3d(c_in, c_out, 1, stride, bias=False)
            self.short_cut_bn = nn.BatchNorm3d(c_out, eps=epsilon)

    def forward(self, x):
        kept = self.short_cut_bn(self.short_cut(x)) if hasattr(self, "short_cut") else x
        return torch.relu(self.conv_branch(x) + kept)


def c3d(width, epsilon):
    """C3D's conv1 to conv5: [M, 3, N, H, W] -> [M, D, N', H', W']."""
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


def residual(architecture, width, epsilon):
    """A residual network's conv1 to conv5: [M, 3, N, H, W] -> [M, D, N', H', W']."""
    blocks, factored = RESIDUAL[architecture]
    stem = Convolution("a", 3, width, (3 if factored else 1, 7, 7), (1, 2, 2), factored, epsilon)
    stages = nn.Sequential()
    stages.add_module("conv1", stem)
    stages.add_module("relu", nn.ReLU())
    if factored:
        plan = [((3, 3, 3), (1, 1, 1), 1), *[((3, 3, 3), (2, 2, 2), factor) for factor in (2, 4, 8)]]
    else:
        stages.add_module("pool", nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)))
        plan = [((1, 3, 3), (1, 1, 1), 1), ((1, 3, 3), (1, 2, 2), 2), *[((3, 3, 3), (2, 2, 2), 4)] * 2]
    channels = width
    for index, (kernel, stride, factor) in enumerate(plan):
        stage = nn.Sequential()
        for number in range(blocks[index]):
            block = Block(channels, width * factor, kernel, stride if number == 0 else (1, 1, 1), factored, epsilon)
            stage.add_module(f"res_{number + 1}", block)
            channels = width * factor
        stages.add_module(f"conv{index + 2}", stage)
    return stages, channels


class VideoNetwork(nn.Module):
    """The backbone, global average pooling and a linear head: none if `head` is None."""

    def __init__(self, architecture, width, epsilon, head=None, classes=0):
        super().__init__()
        self.backbone, channels = (
            c3d(width, epsilon) if architecture == "c3d" else residual(architecture, width, epsilon)
        )
        self.head = nn.ModuleDict({head: nn.Linear(channels, classes)} if head else {})

    def forward(self, clips):
        pooled = self.backbone(clips).mean((2, 3, 4))
        for linear in self.head.values():
            pooled = linear(pooled)
        return pooled


def metadata(path):
    """Text by name that mosi left beside the tensors."""
    if not zipfile.is_zipfile(path):
        raise SystemExit(f"{path} is no .pth of today's PyTorch: mosi convert {path} weights.pth --to mosi")
    with zipfile.ZipFile(path) as archive:
        entries = [name for name in archive.namelist() if name.endswith("/extra/metadata.json")]
        if not entries:
            raise SystemExit(f"{path} does not say what network it holds: mosi convert {path} weights.pth --to mosi")
        return json.loads(archive.read(entries[0]))


def load(path):
    """The network in evaluation mode and what the file says of it."""
    texts = metadata(path)
    plain = ("format", "mosi_version", "names", "head", "phase", "configuration")
    about = {key: text if key in plain else json.loads(text) for key, text in texts.items()}
    state = torch.load(path, weights_only=True)
    state = state.get("model_state", state)  # --to authors has it one level down
    settings = about["model"]
    if settings["architecture"] not in [*RESIDUAL, "c3d"]:
        raise SystemExit(f"{settings['architecture']} is torchvision's: mosi convert with --to torchvision, and load it there")
    head = about.get("head")
    model = VideoNetwork(
        settings["architecture"],
        settings["width"],
        settings["batch_norm_epsilon"],
        head,
        len(state[f"head.{head}.bias"]) if head else 0,
    )
    # What else is there are layers of a pretext task, its decoder, say.
    model.load_state_dict({name: state[name] for name in model.state_dict()})
    return model.eval(), about


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    model, about = load(sys.argv[1])
    if len(sys.argv) > 2:
        clips = torch.load(sys.argv[2], weights_only=True)
    else:
        clip = about.get("clip") or {"frames": 16, "size": 112}
        clips = torch.randn(1, 3, clip["frames"], clip["size"], clip["size"], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for row in model(clips).tolist():
            print(" ".join(f"{value:.6f}" for value in row))
