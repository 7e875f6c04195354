"""Writes operators.json, random.json, gradients.json, optimizers.json, averages.json, clipping.json and schedule.json:
python make_goldens.py (PyTorch 2.13).

Inputs are not stored: both sides draw them from the same keyed stream (keyed_random.py)."""

import json
import pathlib
import sys

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "KeyedRandomTests" / "Goldens"))
from keyed_random import tensor  # noqa: E402

torch.set_num_threads(1)


def dump(t):
    t = t.detach()
    values = [float(f"{v:.9g}") for v in t.double().flatten().tolist()]
    return {"shape": list(t.shape), "dtype": str(t.dtype).removeprefix("torch."), "values": values}


def write(name, value):
    (HERE / name).write_text(json.dumps(value, sort_keys=True) + "\n")


def operators():
    a = tensor([1], [2, 3, 4])
    b = tensor([2], [2, 3, 4])
    row = tensor([3], [4])
    positive = a.abs() + 0.1
    weight = tensor([4], [2, 1, 1], 0, 1)
    indices = torch.tensor([2, 0, 2])
    clip = tensor([5], [2, 3, 4, 6, 5])
    kernel = tensor([6], [4, 3, 3, 3, 3])
    labels = torch.tensor([3, 0])
    logits = tensor([7], [2, 4], -3, 3)
    u8 = tensor([8], [2, 5], 0, 255).to(torch.uint8)
    m = tensor([9], [4, 2])
    queries, keys = tensor([17], [2, 2, 5, 4]), tensor([18], [2, 2, 7, 4])
    running = (tensor([10], [3]), tensor([11], [3], 0.5, 2))
    scale, shift = tensor([12], [3], 0.5, 2), tensor([13], [3])
    return {
        "add": a + b, "add broadcast": a + row, "subtract": a - b, "multiply": a * b, "divide": a / positive,
        "add number": a + 0.3, "subtract number": a - 0.3, "multiply number": a * 0.3, "divide number": a / 0.3,
        "number less tensor": 0.3 - a, "negate": -a, "absolute": a.abs(), "exponential": a.exp(),
        "logarithm": positive.log(), "square root": positive.sqrt(), "floor": (a * 5).floor(),
        "round": (a * 5).round(), "round halves": torch.tensor([-1.5, -0.5, 0.5, 1.5, 2.5]).round(),
        "remainder": (a * 10).remainder(3), "clamp": a.clamp(-0.2, 0.5), "maximum": a.maximum(b),
        "minimum": a.minimum(b), "lerp": a.lerp(b, weight), "matmul": a @ m, "matmul vectors": row @ row,
        "equal": a.eq(a.maximum(b)), "equal number": (a * 2).round().eq(1), "greater": a > b,
        "greater or equal": a >= a.maximum(b), "less": a < b, "and": (a > 0) & (b > 0), "not": ~(a > 0),
        "where": torch.where(a > b, a, row),
        "uint8 to float": u8.float() * (1 / 255), "float to int64": (a * 10).to(torch.int64),
        "to bfloat16": a.to(torch.bfloat16), "to float16": a.to(torch.float16),
        "reshape": a.reshape(4, -1), "permute": a.permute(2, 0, 1), "unsqueeze": a.unsqueeze(-1),
        "squeeze": a.unsqueeze(1).squeeze(1), "expand": row.unsqueeze(0).expand(3, -1),
        "flatten": clip.flatten(1, 2), "select": a.select(1, 2), "select last": a.select(-1, 3),
        "narrow": a.narrow(2, 1, 2), "flip": clip.flip([2, -1]), "unfold": a.unfold(2, 2, 1), "unfold step": clip.unfold(3, 3, 2),
        "index select": a.index_select(1, indices), "gather": a[torch.tensor([1, 0, 1]), :, indices],
        "set slices": a.clone().index_copy(1, torch.tensor([2, 0]), b.narrow(1, 0, 2)),
        "cat": torch.cat([a, b], 1), "stack": torch.stack([a, b], 2),
        "copy": torch.zeros(2, 3, 4).copy_(row), "add in place": a.clone().add_(b, alpha=0.5),
        "scale in place": a.clone().mul_(3), "increment": a + 1,
        "increment integers": torch.tensor([0, 42]), "fill": torch.full((2, 2), 7.5),
        "sum": a.sum(), "mean": a.mean(), "sum axes": a.sum([0, 2]), "sum keeping": a.sum([1], keepdim=True),
        "mean axes": a.mean([-1, 0]), "max axes": a.amax([0, 1]), "min axes": a.amin([2], keepdim=True),
        "argmax": a.argmax(1), "all": (a > -2).all(), "softmax": a.softmax(1), "log softmax": a.log_softmax(-1),
        "arange": torch.arange(5), "full int": torch.full((2,), 3, dtype=torch.int32),
        "conv3d": F.conv3d(clip, kernel, padding=1), "conv3d stride": F.conv3d(clip, kernel, stride=(1, 2, 2), padding=1),
        "conv3d bias padding": F.conv3d(
            clip, tensor([14], [4, 3, 3, 2, 2]), tensor([15], [4]), stride=(2, 1, 1), padding=(0, 1, 0)),
        "batch norm eval": F.batch_norm(clip, *running, scale, shift, False, 0.1, 1e-3),
        "batch norm train": F.batch_norm(clip, None, None, scale, shift, True, 0.1, 1e-3),
        "linear": F.linear(a, m.t().contiguous(), torch.tensor([0.5, -0.25])), "relu": F.relu(a),
        "max pool": F.max_pool3d(clip, (1, 3, 3), (1, 2, 2), (0, 1, 1)), "average pool": clip.mean([2, 3, 4]),
        "max pool padding": F.max_pool3d(clip, (1, 2, 2), (1, 2, 2), (0, 1, 0)),
        "average pool windows": F.avg_pool3d(clip, (2, 3, 3), (1, 2, 2), (0, 1, 1)),
        "layer norm": F.layer_norm(a, [4], row, row + 1, 1e-6),
        "transposed conv3d": F.conv_transpose3d(
            clip, tensor([16], [3, 2, 2, 3, 2]), torch.tensor([0.5, -0.25]), stride=(2, 1, 2), padding=(0, 1, 0)),
        "batch norm of features": torch.nn.BatchNorm1d(4)(logits),
        "attention": (queries @ keys.mT / 2).softmax(-1) @ tensor([19], [2, 2, 7, 3]),
        "batched matmul": queries @ queries.mT,
        "sigmoid": (a * 3).sigmoid(), "tanh": (a * 3).tanh(), "gelu": F.gelu(a * 3),
        "l2 normalize": F.normalize(torch.cat([a, a * 0]), dim=1),
        "mean squared error": F.mse_loss(a, b), "weighted squared error": (row * (a - b) ** 2).mean(),
        "info nce": F.cross_entropy(queries.flatten(0, 2) @ m, torch.arange(20) % 2),
        "cross entropy": F.cross_entropy(logits, labels),
        "cross entropy smooth": F.cross_entropy(logits, labels, label_smoothing=0.1),
    }


def random():
    """Random tensors drawn one after another by one generator."""
    generator = torch.Generator().manual_seed(1 << 43)
    results = {
        "normal": torch.randn(20, generator=generator), "few normal": torch.randn(3, generator=generator),
        "uniform": torch.rand(4, 5, generator=generator),
        "bernoulli": torch.empty(30).bernoulli_(0.3, generator=generator),
    }
    results["orthogonal"] = torch.nn.init.orthogonal_(torch.empty(6, 2, 2), 0.5, generator=generator)
    return results


def network():
    """The small network of GradientTests.swift, in training mode: loss, gradients, running statistics."""
    clip = tensor([20], [3, 2, 3, 6, 5]).requires_grad_()
    kernel = tensor([21], [4, 2, 3, 3, 3], -0.3, 0.3).requires_grad_()
    scale, shift = tensor([22], [4], 0.5, 1.5).requires_grad_(), tensor([23], [4]).requires_grad_()
    weight, bias = tensor([24], [5, 4]).requires_grad_(), tensor([25], [5]).requires_grad_()
    mean, variance = torch.zeros(4), torch.ones(4)
    for _ in range(2):  # twice, so that the running statistics' momentum shows
        x = F.conv3d(clip, kernel, stride=(1, 2, 2), padding=1)
        x = F.batch_norm(x, mean, variance, scale, shift, True, 0.1, 1e-3)
        x = F.relu(x)
        x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1)).mean([2, 3, 4])
        loss = F.cross_entropy(F.linear(x, weight, bias), torch.tensor([1, 4, 0]))
    loss.backward()
    return {
        "loss": loss, "clip": clip.grad, "kernel": kernel.grad, "scale": scale.grad, "shift": shift.grad,
        "weight": weight.grad, "bias": bias.grad, "mean": mean, "variance": variance,
    }


def optimizers():
    """50 steps on a least-squares problem; the normalization scale has no weight decay."""
    inputs, target = tensor([30], [16, 6]), tensor([31], [16, 3])
    results = {}
    for name, make in {
        "adam": lambda groups: torch.optim.Adam(groups, lr=0.01),
        "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95)),
        "sgd": lambda groups: torch.optim.SGD(groups, lr=0.01),
        "momentum": lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.9),
        "nesterov": lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True),
    }.items():
        weight = tensor([32], [3, 6]).requires_grad_()
        bias = tensor([33], [3]).requires_grad_()
        scale = tensor([34], [3], 0.5, 1.5).requires_grad_()
        optimizer = make([{"params": [weight, bias], "weight_decay": 0.05}, {"params": [scale], "weight_decay": 0}])
        for step in range(50):
            for group in optimizer.param_groups:
                group["lr"] = 0.02 * (1 - step / 100)
            optimizer.zero_grad()
            ((F.linear(inputs, weight, bias) * scale - target) ** 2).mean().backward()
            optimizer.step()
        results[name] = {"weight": dump(weight), "bias": dump(bias), "scale": dump(scale)}
    return results


def averages():
    """20 steps of a linear map with a batch normalization under it, averaged with the warmed-up decay 0.6."""
    inputs, target = tensor([40], [16, 6, 1, 1, 1], -1, 3), tensor([41], [16, 3])
    model = torch.nn.Sequential(torch.nn.BatchNorm3d(6), torch.nn.Flatten(), torch.nn.Linear(6, 3))
    with torch.no_grad():
        model[2].weight.copy_(tensor([42], [3, 6]))
        model[2].bias.copy_(tensor([43], [3]))

    def average(kept, own, number):  # PyTorch's first update, number 0, copies: the numbers here begin at 1
        decay = min(0.6, int(number) / (9 + int(number)))
        return decay * kept + (1 - decay) * own if own.is_floating_point() else own

    averaged = torch.optim.swa_utils.AveragedModel(model, avg_fn=average, use_buffers=True)
    averaged.update_parameters(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(50):
        optimizer.zero_grad()
        ((model(inputs) - target) ** 2).mean().backward()
        optimizer.step()
        averaged.update_parameters(model)
    names = {"0": "first", "2": "second"}
    state = averaged.module.state_dict()
    return {names[name[0]] + name[1:]: dump(t) for name, t in state.items()}


def clipping():
    results = {}
    for name, limit in {"above": 100.0, "below": 0.5, "zero": 0.0}.items():
        parameters = [torch.nn.Parameter(torch.zeros(3, 4)), torch.nn.Parameter(torch.zeros(5))]
        for place, parameter in enumerate(parameters):
            parameter.grad = tensor([44, place], list(parameter.shape), -2, 2)
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
        results[name] = {"norm": dump(norm), "matrix": dump(parameters[0].grad), "vector": dump(parameters[1].grad)}
    return results


def schedule(base, start, warmup, total):
    """The paper's appendix by PyTorch's schedulers: linear warm-up to the cosine's value at the warm-up's end, then the
    cosine over all steps."""

    def rates(make, steps):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
        scheduler = make(optimizer)
        found = []
        for _ in range(steps):
            found.append(scheduler.get_last_lr()[0])
            optimizer.step()
            scheduler.step()
        return found

    cosine = rates(lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total), total + 1)
    linear = rates(
        lambda optimizer: torch.optim.lr_scheduler.LinearLR(optimizer, start / base, cosine[warmup] / base, warmup), warmup)
    return {"base": base, "start": start, "warmup": warmup, "total": total, "rates": linear + cosine[warmup:]}


def schedules():
    """A short schedule, and the paper's with 9, 50 and 3 steps per epoch: pre-training for 100 epochs with 10 of warm-up, on
    Kinetics for 20 with 2, fine-tuning for 300 with 10."""
    return {
        "short": schedule(1e-3, 1e-4, 7, 40), "pre-training": schedule(1e-3, 1e-4, 90, 900),
        "Kinetics": schedule(1e-3, 1e-4, 100, 1000), "fine-tuning": schedule(2e-3, 2e-4, 30, 900),
    }


write("operators.json", {name: dump(t) for name, t in operators().items()})
write("random.json", {name: dump(t) for name, t in random().items()})
write("gradients.json", {name: dump(t) for name, t in network().items()})
write("optimizers.json", optimizers())
write("averages.json", averages())
write("clipping.json", clipping())
write("schedule.json", schedules())
