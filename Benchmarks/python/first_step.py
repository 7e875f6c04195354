"""Start-up: imports PyTorch, makes a network, reads pictures and trains one step of `mosi pretrain --config tiny`."""

from __future__ import annotations

import json
import sys

import torch
from pretraining import pictures_in, still
from pseudo_motion import MOTIONS, make_clips
from steps import Step

settings = json.loads(sys.argv[1])
shape = settings["network"]
training = Step({**shape, "clips": 1}, "channels-last")
files = pictures_in(settings["paths"])[: settings["sources"]]
stills = torch.stack([still(file, settings["sourceSize"]) for file in files])
clips = make_clips(stills, shape["frames"], shape["size"], frame_by_frame=False)
training.step(clips, torch.arange(len(MOTIONS)).repeat(settings["sources"]))
