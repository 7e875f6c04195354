"""Writes videomae.json: python make_videomae_goldens.py (PyTorch 2.13).

The classifier of videomae_networks.py at width 12, with weights and clips from keyed streams as in make_goldens.py. All is computed
in float64."""

import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from videomae_networks import Classifier

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "KeyedRandomTests" / "Goldens"))
from keyed_random import tensor  # noqa: E402

torch.set_num_threads(1)


def fill(model):
    state = model.state_dict()
    for place, name in enumerate(sorted(state)):
        shape = list(state[name].shape)
        if len(shape) == 5:
            bound = (3 / (shape[1] * shape[2] * shape[3] * shape[4])) ** 0.5
            value = tensor([50, place], shape, -bound, bound)
        elif len(shape) == 1 and name.endswith(".weight"):
            value = tensor([50, place], shape, 0.5, 1.5)
        else:
            value = tensor([50, place], shape, -0.5, 0.5)
        state[name].copy_(value)
    return model.double()


def dump(t):
    return {"shape": list(t.shape), "values": [float(f"{v:.9g}") for v in t.detach().double().flatten().tolist()]}


def shapes(model):
    return {name: list(value.shape) for name, value in model.state_dict().items()}


def gradients(model):
    """The norm of the gradient of every parameter."""
    return {name: value.grad.norm().item() for name, value in model.named_parameters()}


def classifier():
    model = fill(Classifier(12, 11))
    clips = tensor([54], [3, 3, 4, 16, 24]).double()
    features = model.features(clips)
    logits = model.head(features)
    loss = F.cross_entropy(logits, torch.tensor([2, 7, 0]))
    loss.backward()
    return {
        "state": shapes(model), "features": dump(features), "logits": dump(logits), "loss": loss.item(),
        "gradients": gradients(model),
    }


if __name__ == "__main__":
    (HERE / "videomae.json").write_text(json.dumps(classifier(), sort_keys=True) + "\n")
