"""torchvision's video networks in plain PyTorch, with its parameters' names: r3d_18, mc3_18 and r2plus1d_18.

torchvision itself needs the operators of a CUDA build to be imported. These were compared once with torchvision 0.28.0
(its operators defined as empty): equal names, shapes, parameters and logits at width 64."""

from torch import nn


def convolution(cin, cout, kernel, stride):
    return nn.Conv3d(cin, cout, kernel, stride, tuple(k // 2 for k in kernel), bias=False)


def conv3d(cin, cout, middle, stride):
    return convolution(cin, cout, (3, 3, 3), (stride, stride, stride))


def conv2d(cin, cout, middle, stride):
    return convolution(cin, cout, (1, 3, 3), (1, stride, stride))


def conv2plus1d(cin, cout, middle, stride):
    return nn.Sequential(
        convolution(cin, middle, (1, 3, 3), (1, stride, stride)), nn.BatchNorm3d(middle), nn.ReLU(),
        convolution(middle, cout, (3, 1, 1), (stride, 1, 1)))


class Block(nn.Module):
    def __init__(self, build, cin, cout, stride):
        super().__init__()
        middle = cin * cout * 27 // (cin * 9 + 3 * cout)
        self.conv1 = nn.Sequential(build(cin, cout, middle, stride), nn.BatchNorm3d(cout), nn.ReLU())
        self.conv2 = nn.Sequential(build(cout, cout, middle, 1), nn.BatchNorm3d(cout))
        self.downsample = None
        if stride != 1 or cin != cout:
            strides = (1 if build is conv2d else stride, stride, stride)
            self.downsample = nn.Sequential(convolution(cin, cout, (1, 1, 1), strides), nn.BatchNorm3d(cout))

    def forward(self, x):
        return (self.conv2(self.conv1(x)) + (self.downsample(x) if self.downsample else x)).relu()


class VideoResNet(nn.Module):
    """At widths other than torchvision's 64, all numbers of channels are scaled, including the 45 in R(2+1)D's stem."""

    def __init__(self, name, width=64, classes=400):
        super().__init__()
        if name == "r2plus1d_18":
            middle = 45 * width // 64
            stem = [convolution(3, middle, (1, 7, 7), (1, 2, 2)), nn.BatchNorm3d(middle), nn.ReLU(),
                    convolution(middle, width, (3, 1, 1), (1, 1, 1))]
        else:
            stem = [convolution(3, width, (3, 7, 7), (1, 2, 2))]
        self.stem = nn.Sequential(*stem, nn.BatchNorm3d(width), nn.ReLU())
        builds = {"r3d_18": [conv3d] * 4, "mc3_18": [conv3d] + [conv2d] * 3, "r2plus1d_18": [conv2plus1d] * 4}[name]
        cin = width
        for index, build in enumerate(builds):
            cout = width << index
            setattr(self, f"layer{index + 1}", nn.Sequential(
                Block(build, cin, cout, 2 if index else 1), Block(build, cout, cout, 1)))
            cin = cout
        self.fc = nn.Linear(cin, classes)

    def features(self, x):
        return self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x))))).mean((2, 3, 4))

    def forward(self, x):
        return self.fc(self.features(x))
