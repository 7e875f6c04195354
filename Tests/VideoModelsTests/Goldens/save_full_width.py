"""Saves checkpoints of the paper's two networks at full width, as the released code does, with random weights and
statistics, and what PyTorch makes of random clips: python save_full_width.py FOLDER [FRAMES SIZE] (PyTorch 2.13).

FOLDER/NAME.pyth, FOLDER/clips.safetensors with clips, and FOLDER/NAME.safetensors with features and logits. A test of
`mosi features` runs it."""

import json
import pathlib
import struct
import sys

import torch
from released_networks import Network

folder = pathlib.Path(sys.argv[1])
frames, size = map(int, sys.argv[2:] or (8, 56))
torch.manual_seed(0)


def write(path, tensors):
    """float32 tensors as safetensors."""
    header, start = {}, 0
    for name, tensor in tensors.items():
        end = start + 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    data = b"".join(struct.pack(f"<{t.numel()}f", *t.flatten().tolist()) for t in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def randomize(model):
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            value.fill_(1000)
        elif value.dim() == 5:
            value.uniform_(-1, 1).mul_((3 / value[0].numel()) ** 0.5)
        elif value.dim() == 1 and name.endswith((".weight", ".running_var")):
            value.uniform_(0.5, 1.5)
        else:
            value.uniform_(-0.5, 0.5)


clips = torch.randn(2, 3, frames, size, size)
write(folder / "clips.safetensors", {"clips": clips})
for name, factored, parameters in (("r2d3d-18", False, 14_059_849), ("r2plus1d-10", True, 14_370_094)):
    model = Network(factored, 64, "out_joint", 9).eval()
    assert sum(p.numel() for p in model.parameters()) == parameters
    with torch.no_grad():
        randomize(model)
        features = model.features(clips)
        write(folder / f"{name}.safetensors", {"features": features, "logits": model(clips)})
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    torch.save(
        {"epoch": 99, "model_state": model.state_dict(), "optimizer_state": optimizer.state_dict(), "cfg": "PRETRAIN:\n"},
        folder / f"{name}.pyth")
