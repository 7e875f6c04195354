"""Writes opn.json: python opn_network.py (PyTorch 2.13).

The network of OPN's prototxt in plain PyTorch for pictures, with two-dimensional layers and mosi's names, at width 6 in float64. Its
weights and clips are from keyed streams; see filled.py."""

import json
import pathlib

import torch
import torch.nn.functional as F
from filled import dump, fill, tensor
from torch import nn

torch.set_num_threads(1)
LAYERS = {  # output and input channels, side, stride, padding, groups
    "conv1.a": (6, 3, 11, 4, 0, 1),
    "conv2.a": (16, 6, 5, 1, 2, 2),
    "conv3.a": (24, 16, 3, 1, 1, 1),
    "conv4.a": (24, 24, 3, 1, 1, 2),
    "conv5.a": (16, 24, 3, 1, 1, 2),
    "conv5.fc6": (64, 16, 2, 1, 0, 1),
}


def parts():
    """The tensors under mosi's names, as modules so that fill() can draw them."""
    root = nn.Module()
    root.backbone, root.head = nn.Module(), nn.Module()
    root.head.out = nn.Linear(64, 11)
    for name, (c_out, c_in, side, _, _, groups) in LAYERS.items():
        stage, layer = name.split(".")
        if not hasattr(root.backbone, stage):
            root.backbone.add_module(stage, nn.Module())
        holder = getattr(root.backbone, stage)
        holder.add_module(layer, nn.Conv3d(c_in, c_out, (1, side, side), groups=groups))
        if stage not in ("conv1", "conv2"):
            holder.add_module(layer + "_bn", nn.BatchNorm2d(c_out, eps=1e-5))
    return root


def run(root, clips):
    """The features [M, 64] and the logits [M, 11] of clips [M, 3, T, H, W]."""
    x = clips.transpose(1, 2).flatten(0, 1)
    for name, (_, _, _, stride, padding, groups) in LAYERS.items():
        stage, layer = name.split(".")
        holder = getattr(root.backbone, stage)
        convolution = getattr(holder, layer)
        if layer == "fc6":
            x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = F.conv2d(x, convolution.weight.squeeze(2), convolution.bias, stride, padding, 1, groups)
        if hasattr(holder, layer + "_bn"):
            x = getattr(holder, layer + "_bn")(x)
        x = F.relu(x)
        if stage in ("conv1", "conv2"):
            x = F.local_response_norm(F.max_pool2d(x, 3, 2, ceil_mode=True), 5, 1e-4, 0.75)
    features = x.unflatten(0, (len(clips), -1)).mean((1, 3, 4))
    return features, root.head.out(features)


root = fill(parts())
clips = tensor([51], [3, 3, 2, 80, 93]).double()
root.eval()
with torch.no_grad():
    features, logits = run(root, clips)
golden = {
    "state": {key: list(value.shape) for key, value in root.state_dict().items()},
    "features": dump(features),
    "logits": dump(logits),
}
root.train()
_, logits = run(root, clips)
loss = F.cross_entropy(logits, torch.tensor([2, 7, 0]))
loss.backward()
golden["training"] = {
    "logits": dump(logits),
    "loss": dump(loss),
    "stem gradient": dump(root.backbone.conv1.a.weight.grad),
    "running mean": dump(root.backbone.conv5.fc6_bn.running_mean),
}
(pathlib.Path(__file__).parent / "opn.json").write_text(json.dumps({"opn": golden}, sort_keys=True) + "\n")
