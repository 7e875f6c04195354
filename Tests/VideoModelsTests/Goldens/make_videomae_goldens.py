"""Writes videomae.json: python make_videomae_goldens.py (PyTorch 2.13).

The classifier of videomae_networks.py at width 12, with weights and clips from keyed streams as in make_goldens.py. All is computed
in float64."""

import json
import pathlib

import torch
import torch.nn.functional as F
from filled import dump, fill, tensor
from videomae_networks import Classifier

HERE = pathlib.Path(__file__).parent
torch.set_num_threads(1)


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
        "gradients": gradients(model), "heat": dump(heat(model, clips, [2, 7, 0])),
    }


def heat(model, clips, labels):
    """The matrices of Chefer et al. as they are written, their products from the first block on, and the mean of the rows."""
    rows = []
    for clip, label in zip(clips, labels):
        score = model(clip[None])[0, label]
        kept = [block.attn.weights for block in model.blocks]
        relevance = torch.eye(kept[0].shape[2], dtype=torch.float64)
        for weights, gradient in zip(kept, torch.autograd.grad(score, kept)):
            mixed = (weights * gradient)[0].clamp(min=0).mean(0)
            relevance = relevance + mixed @ relevance
        rows.append((relevance - torch.eye(len(relevance))).mean(0))
    return torch.stack(rows)


if __name__ == "__main__":
    (HERE / "videomae.json").write_text(json.dumps(classifier(), sort_keys=True) + "\n")
