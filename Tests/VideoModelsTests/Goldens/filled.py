"""Networks whose weights are drawn from keyed streams, so that none is stored: the tensor at place k of the sorted names is drawn
from the key (50, k). All is computed in float64."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "KeyedRandomTests" / "Goldens"))
from keyed_random import tensor  # noqa: E402


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
