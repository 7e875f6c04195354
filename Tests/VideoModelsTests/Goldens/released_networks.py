"""The paper's two networks, R-2D3D-18 and R(2+1)D-10, in plain PyTorch with the names of the authors' released code."""

import torch.nn.functional as F
from torch import nn

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
    def __init__(self, factored, width, head, classes):
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
        setattr(self.head, head, nn.Linear(cin, classes))
        self.classify = [getattr(self.head, head)]  # in a list, so that it has one name only

    def features(self, x):
        x = F.relu(self.stem(x))
        if self.pool:
            x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        for index in range(2, 6):
            for part in getattr(self.backbone, f"conv{index}").children():
                x = part(x)
        return x.mean((2, 3, 4))

    def forward(self, x):
        return self.classify[0](self.features(x))
