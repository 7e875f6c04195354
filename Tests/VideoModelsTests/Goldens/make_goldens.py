"""Writes released.json and torchvision.json: python make_goldens.py (PyTorch 2.13).

The networks of released_networks.py at width 8 and of torchvision_networks.py at width 4, with weights and clips from
keyed streams, so that none is stored: the tensor at place k of the sorted names is drawn from the key (50, k). All is
computed in float64."""

import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from released_networks import Network
from torchvision_networks import VideoResNet

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "KeyedRandomTests" / "Goldens"))
from keyed_random import tensor  # noqa: E402

torch.set_num_threads(1)


def fill(model):
    state = model.state_dict()
    for place, name in enumerate(sorted(state)):
        shape = list(state[name].shape)
        if name.endswith("num_batches_tracked"):
            continue
        if len(shape) == 5:
            bound = (3 / (shape[1] * shape[2] * shape[3] * shape[4])) ** 0.5
            value = tensor([50, place], shape, -bound, bound)
        elif len(shape) == 1 and name.endswith((".weight", ".running_var")):
            value = tensor([50, place], shape, 0.5, 1.5)
        else:
            value = tensor([50, place], shape, -0.5, 0.5)
        state[name].copy_(value)
    return model.double()


def dump(t):
    return {"shape": list(t.shape), "values": [float(f"{v:.9g}") for v in t.detach().double().flatten().tolist()]}


def evaluation(model, clips):
    model.eval()
    with torch.no_grad():
        features = model.features(clips)
        return {
            "state": {key: list(value.shape) for key, value in model.state_dict().items()},
            "features": dump(features), "logits": dump(model(clips)),
        }


def write(name, goldens):
    (HERE / name).write_text(json.dumps(goldens, sort_keys=True) + "\n")


def released():
    clips = tensor([51], [3, 3, 8, 56, 56]).double()
    for name, factored in (("r2d3d-18", False), ("r2plus1d-10", True)):
        for head, classes in (("out_joint", 9), ("out", 51)):
            model = fill(Network(factored, 8, head, classes))
            golden = evaluation(model, clips)
            model.train()
            logits = model(clips)
            loss = F.cross_entropy(logits, torch.tensor([2, 7, 0]))
            loss.backward()
            stem = getattr(model.backbone.conv1, "a1" if factored else "a")
            last = getattr(model.backbone.conv5.res_1.conv_branch, ("b2" if factored else "b") + "_bn")
            golden |= {
                "training": {
                    "logits": dump(logits), "loss": dump(loss), "stem gradient": dump(stem.weight.grad),
                    "running mean": dump(last.running_mean),
                }
            }
            yield f"{name} {head}", golden


def torchvision():
    clips = tensor([52], [2, 3, 7, 36, 29]).double()
    for name, own in (("r3d_18", "r3d-18"), ("mc3_18", "mc3-18"), ("r2plus1d_18", "r2plus1d-18-torchvision")):
        yield own, evaluation(fill(VideoResNet(name, width=4, classes=11)), clips)


write("released.json", dict(released()))
write("torchvision.json", dict(torchvision()))
