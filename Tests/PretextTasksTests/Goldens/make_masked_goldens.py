"""Writes masked.json: python make_masked_goldens.py (PyTorch 2.13).

The network of masked modeling in ../../VideoModelsTests/Goldens/videomae_networks.py at width 12, with weights and clips from keyed
streams. All is computed in float64."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "VideoModelsTests" / "Goldens"))
from make_videomae_goldens import dump, fill, gradients, shapes, tensor  # noqa: E402
from videomae_networks import Masked, targets  # noqa: E402


def masked():
    model = fill(Masked(12))
    # 2 x 2 x 3 cubes. Places are in another order in each clip; tubes are not needed here.
    clips = tensor([55], [2, 3, 4, 16, 24], 0, 1).double()
    hidden = [[1, 2, 4, 5, 7, 8, 10, 11], [0, 1, 2, 5, 6, 7, 8, 11]]
    kept = [sorted(set(range(12)) - set(places)) for places in hidden]
    prediction, truth = model((clips - 0.45) / 0.225, kept, hidden), targets(clips, hidden)
    loss = ((prediction - truth) ** 2).mean()
    loss.backward()
    return {
        "state": shapes(model), "kept": kept, "masked": hidden, "prediction": dump(prediction[:, ::3, ::7]),
        "targets": dump(truth[:, ::3, ::7]), "loss": loss.item(), "gradients": gradients(model),
    }


(HERE / "masked.json").write_text(json.dumps(masked(), sort_keys=True) + "\n")
