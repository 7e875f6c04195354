"""Writes networks.json: python make_goldens.py (PyTorch 2.13).

The paper's two networks in plain PyTorch at width 4, with weights and clips from keyed streams, so that none is stored:
the tensor at place k of the sorted names is drawn from the key (50, k)."""

import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "KeyedRandomTests" / "Goldens"))
from keyed_random import tensor  # noqa: E402

torch.set_num_threads(1)
EPSILON = 1e-3


def convolution(module, name, cin, cout, kernel, stride):
    padding = tuple(k // 2 for k in kernel)
    setattr(module, name, nn.Conv3d(cin, cout, kernel, stride, padding, bias=False))
    setattr(module, name + "_bn", nn.BatchNorm3d(cout, eps=EPSILON))


class Unit:
    """A convolution and its normalization inside `module`, whole or factored."""

    def __init__(self, module, name, cin, cout, kernel, stride, factored):
        self.module = module
        if factored:
            t, d, _ = kernel
            middle = t * d * d * cin * cout // (d * d * cin + t * cout)
            convolution(module, name + "1", cin, middle, (1, d, d), (1, *stride[1:]))
            convolution(module, name + "2", middle, cout, (t, 1, 1), (stride[0], 1, 1))
            self.names = [name + "1", name + "2"]
        else:
            convolution(module, name, cin, cout, kernel, stride)
            self.names = [name]

    def __call__(self, x):
        for index, name in enumerate(self.names):
            x = F.relu(x) if index else x
            x = getattr(self.module, name + "_bn")(getattr(self.module, name)(x))
        return x


class Block(nn.Module):
    def __init__(self, cin, cout, kernel, stride, factored):
        super().__init__()
        self.shortcut = None
        if cin != cout or stride != (1, 1, 1):
            self.shortcut = Unit(self, "short_cut", cin, cout, (1, 1, 1), stride, False)
        self.conv_branch = nn.Module()
        self.a = Unit(self.conv_branch, "a", cin, cout, kernel, stride, factored)
        self.b = Unit(self.conv_branch, "b", cout, cout, kernel, (1, 1, 1), factored)

    def forward(self, x):
        return F.relu(self.b(F.relu(self.a(x))) + (self.shortcut(x) if self.shortcut else x))


class Network(nn.Module):
    def __init__(self, factored, width=4, classes=9):
        super().__init__()
        self.pool = not factored
        self.backbone = nn.Module()
        self.backbone.conv1 = nn.Module()
        self.stem = Unit(self.backbone.conv1, "a", 3, width, (3 if factored else 1, 7, 7), (1, 2, 2), factored)
        square, cube, halving = (1, 3, 3), (3, 3, 3), (2, 2, 2)
        plan = (
            [(cube, (1, 1, 1), 1), (cube, halving, 2), (cube, halving, 4), (cube, halving, 8)]
            if factored
            else [(square, (1, 1, 1), 1), (square, (1, 2, 2), 2), (cube, halving, 4), (cube, halving, 4)]
        )
        cin = width
        for index, (kernel, stride, factor) in enumerate(plan):
            stage = nn.Module()
            for block in range(1 if factored else 2):
                first = block == 0
                part = Block(cin if first else width * factor, width * factor, kernel, stride if first else (1, 1, 1), factored)
                setattr(stage, f"res_{block + 1}", part)
            setattr(self.backbone, f"conv{index + 2}", stage)
            cin = width * factor
        self.head = nn.Module()
        self.head.out_joint = nn.Linear(cin, classes)

    def features(self, x):
        x = F.relu(self.stem(x))
        if self.pool:
            x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        for index in range(2, 6):
            for part in getattr(self.backbone, f"conv{index}").children():
                x = part(x)
        return x.mean((2, 3, 4))

    def forward(self, x):
        return self.head.out_joint(self.features(x))


def fill(model):
    state = model.state_dict()
    for place, name in enumerate(sorted(state)):
        shape = list(state[name].shape)
        if name.endswith("num_batches_tracked"):
            continue
        if len(shape) == 5:
            bound = (6 / (shape[1] * shape[2] * shape[3] * shape[4])) ** 0.5
            value = tensor([50, place], shape, -bound, bound)
        elif name.endswith("running_var") or name.endswith("_bn.weight"):
            value = tensor([50, place], shape, 0.5, 1.5)
        else:
            value = tensor([50, place], shape, -0.5, 0.5)
        state[name].copy_(value)
    return model


def dump(t):
    return {"shape": list(t.shape), "values": [float(f"{v:.9g}") for v in t.detach().double().flatten().tolist()]}


goldens = {}
for name, factored in (("r2d3d-18", False), ("r2plus1d-10", True)):
    model = fill(Network(factored))
    clips = tensor([51], [3, 3, 8, 32, 32])
    labels = torch.tensor([2, 7, 0])
    model.eval()
    with torch.no_grad():
        features, logits = model.features(clips), model(clips)
    model.train()
    training = model(clips)
    loss = F.cross_entropy(training, labels)
    loss.backward()
    stem = "a1" if factored else "a"
    goldens[name] = {
        "state": {key: list(value.shape) for key, value in model.state_dict().items()},
        "features": dump(features), "logits": dump(logits), "training logits": dump(training), "loss": dump(loss),
        "stem gradient": dump(getattr(model.backbone.conv1, stem).weight.grad),
        "running mean": dump(getattr(model.backbone.conv5.res_1.conv_branch, ("b2" if factored else "b") + "_bn").running_mean),
    }
(HERE / "networks.json").write_text(json.dumps(goldens, sort_keys=True) + "\n")
