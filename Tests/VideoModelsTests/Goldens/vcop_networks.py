"""C3D with batch normalization in plain PyTorch, with the tensors' names of VCOP's code."""

from torch import nn

# Each convolution's name, its channels over the network's width, and whether a pooling follows.
LAYERS = [("1", 1, True), ("2", 2, True), ("3a", 4, False), ("3b", 4, True), ("4a", 8, False), ("4b", 8, True),
          ("5a", 8, False), ("5b", 8, False)]


class C3D(nn.Module):
    def __init__(self, width=64, classes=101):
        super().__init__()
        channels = 3
        for name, factor, pools in LAYERS:
            setattr(self, f"conv{name}", nn.Conv3d(channels, width * factor, 3, padding=1))
            channels = width * factor
            setattr(self, f"bn{name}", nn.BatchNorm3d(channels))
            setattr(self, f"relu{name}", nn.ReLU())
            if pools:
                kernel = (1, 2, 2) if name == "1" else 2
                setattr(self, f"pool{name[0]}", nn.MaxPool3d(kernel, kernel))
        self.linear = nn.Linear(channels, classes)

    def features(self, x):
        for name, _, pools in LAYERS:
            for layer in ("conv", "bn", "relu"):
                x = getattr(self, layer + name)(x)
            x = getattr(self, f"pool{name[0]}")(x) if pools else x
        return x.mean((2, 3, 4))

    def forward(self, x):
        return self.linear(self.features(x))
