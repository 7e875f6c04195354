"""Writes released.json, torchvision.json, vcop.json, gradcam.json and training.pth: python make_goldens.py (PyTorch 2.13).

The networks of released_networks.py at width 8, of torchvision_networks.py and vcop_networks.py at width 4, with weights and clips from
keyed streams, so that none is stored: the tensor at place k of the sorted names is drawn from the key (50, k). All is
computed in float64."""

import json
import math
import pathlib

import torch
import torch.nn.functional as F
from filled import dump, fill, tensor
from released_networks import Network
from torchvision_networks import VideoResNet
from vcop_networks import C3D

HERE = pathlib.Path(__file__).parent
torch.set_num_threads(1)


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


def train(model, clips, stem, last):
    """The results of a training step: logits, loss, the gradient of `stem` and the running mean of `last`."""
    model.train()
    logits = model(clips)
    loss = F.cross_entropy(logits, torch.tensor([2, 7, 0]))
    loss.backward()
    return {
        "training": {
            "logits": dump(logits), "loss": dump(loss), "stem gradient": dump(stem.weight.grad),
            "running mean": dump(last.running_mean),
        }
    }


def released():
    clips = tensor([51], [3, 3, 8, 56, 56]).double()
    for name, factored in (("r2d3d-18", False), ("r2plus1d-10", True)):
        for head, classes in (("out_joint", 9), ("out", 51)):
            model = fill(Network(factored, 8, head, classes))
            golden = evaluation(model, clips)
            stem = getattr(model.backbone.conv1, "a1" if factored else "a")
            last = getattr(model.backbone.conv5.res_1.conv_branch, ("b2" if factored else "b") + "_bn")
            yield f"{name} {head}", golden | train(model, clips, stem, last)


def torchvision():
    clips = tensor([52], [2, 3, 7, 36, 29]).double()
    for name, own in (("r3d_18", "r3d-18"), ("mc3_18", "mc3-18"), ("r2plus1d_18", "r2plus1d-18-torchvision")):
        yield own, evaluation(fill(VideoResNet(name, width=4, classes=11)), clips)


def vcop():
    clips = tensor([51], [3, 3, 8, 56, 56]).double()
    model = fill(C3D(width=4, classes=11))
    golden = evaluation(model, clips)
    yield "c3d", golden | train(model, clips, model.conv1, model.bn5b)


def sampled(t):
    """At most 500 numbers, evenly spread."""
    return dump(t.flatten()[:: 1 + (t.numel() - 1) // 500])


def grad_cam(model, stages, clips, labels):
    """Grad-CAM with hooks: a forward and a backward pass per stage."""
    golden = {"state": {key: list(value.shape) for key, value in model.state_dict().items()}, "stages": {}}
    for name, (module, is_input) in stages.items():
        kept = []

        def keep(_, inputs, output=None, kept=kept):
            kept.append(inputs[0] if is_input else output)
            kept[0].retain_grad()

        hook = module.register_forward_pre_hook(keep) if is_input else module.register_forward_hook(keep)
        logits = model(clips)
        chosen = torch.tensor(labels) if labels else logits.argmax(1)
        logits[torch.arange(len(clips)), chosen].sum().backward()
        hook.remove()
        weights = kept[0].grad.mean((2, 3, 4), keepdim=True)
        coarse = F.relu((weights * kept[0]).sum(1, keepdim=True))
        maps = F.interpolate(coarse, size=clips.shape[2:], mode="trilinear", align_corners=False)
        maps = (maps / maps.amax((1, 2, 3, 4), keepdim=True)).nan_to_num(0)
        golden["stages"][name] = {"labels": chosen.tolist(), "coarse": sampled(coarse), "maps": sampled(maps)}
    return golden


def grad_cams():
    clips = tensor([53], [2, 3, 8, 32, 40]).double()
    for name, factored in (("r2d3d-18", False), ("r2plus1d-10", True)):
        model = fill(Network(factored, 8, "out_joint", 9)).eval()
        blocks = {f"conv{i}": list(getattr(model.backbone, f"conv{i}").children())[-1] for i in range(2, 6)}
        stages = {"conv1": (model.backbone.conv2.res_1, True)} | {i: (block, False) for i, block in blocks.items()}
        for kind, labels in (("given", [3, 7]), ("predicted", None)):
            yield f"{name} {kind}", grad_cam(model, stages, clips, labels)
    model = fill(VideoResNet("r3d_18", width=4, classes=11)).eval()
    stages = {"conv1": (model.stem, False)} | {f"conv{i + 1}": (getattr(model, f"layer{i}"), False) for i in range(1, 5)}
    yield "r3d-18 given", grad_cam(model, stages, clips, [10, 0])
    model = fill(C3D(width=4, classes=11)).eval()
    names = {"conv1": "pool1", "conv2": "pool2", "conv3": "pool3", "conv4": "pool4", "conv5": "relu5b"}
    yield "c3d given", grad_cam(model, {i: (getattr(model, name), False) for i, name in names.items()}, clips, [10, 0])


def schedule(base, start, step, warmup=10, total=50):
    def cosine(step):
        return base * 0.5 * (1 + math.cos(math.pi * step / total))

    return start + (cosine(warmup) - start) * step / warmup if step < warmup else cosine(step)


def flat(state):
    """All tensors except the counts of batches, concatenated in the order of their names."""
    names = [name for name in sorted(state) if not name.endswith("num_batches_tracked")]
    return torch.cat([state[name].detach().flatten() for name in names]).float()


def training(factored, make, base, clip=None, decay=None):
    """50 steps at width 2: the state at the end, the average with EMA's warm-up, the loss and the norm of the gradient
    at every step."""
    model = fill(Network(factored, 2, "out_joint", 9)).train()

    def average(kept, own, number):  # PyTorch's first update, number 0, copies: the numbers here begin at 1
        share = min(decay, int(number) / (9 + int(number)))
        return share * kept + (1 - share) * own if own.is_floating_point() else own

    averaged = torch.optim.swa_utils.AveragedModel(model, avg_fn=average, use_buffers=True)
    averaged.update_parameters(model)
    spared = {id(p) for m in model.modules() if isinstance(m, torch.nn.BatchNorm3d) for p in m.parameters()}
    optimizer = make([
        {"params": [p for p in model.parameters() if id(p) not in spared], "weight_decay": 0.01},
        {"params": [p for p in model.parameters() if id(p) in spared], "weight_decay": 0.0},
    ])
    batches = [tensor([53, k], [4, 3, 8, 32, 32]).double() for k in range(5)]
    losses, norms = [], []
    for step in range(50):
        for group in optimizer.param_groups:
            group["lr"] = schedule(base, base / 10, step)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(batches[step % 5]), torch.tensor([step % 9, 7, 2, (step + 3) % 9]))
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), clip or math.inf).item())
        losses.append(loss.item())
        optimizer.step()
        if decay:
            averaged.update_parameters(model)
    result = {"state": flat(model.state_dict()), "losses": torch.tensor(losses, dtype=torch.float64)}
    if clip:
        result["norms"] = torch.tensor(norms, dtype=torch.float64)
    if decay:
        result["average"] = flat(averaged.module.state_dict())
    return result


def trainings():
    def sgd(groups):
        return torch.optim.SGD(groups, lr=1, momentum=0.9)

    runs = {
        "r2d3d-18 adam": training(False, torch.optim.Adam, 1e-3, decay=0.8),
        "r2plus1d-10 adam": training(True, torch.optim.Adam, 1e-3),
        "r2d3d-18 sgd": training(False, sgd, 2e-3),
        "r2d3d-18 clipped sgd": training(False, sgd, 2e-3, clip=CLIP),
    }
    return {f"{run} {key}": value for run, values in runs.items() for key, value in values.items()}


CLIP = 12.0
write("released.json", dict(released()))
write("torchvision.json", dict(torchvision()))
write("vcop.json", dict(vcop()))
write("gradcam.json", dict(grad_cams()))
torch.save(trainings(), HERE / "training.pth")
