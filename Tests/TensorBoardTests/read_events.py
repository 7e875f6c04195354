"""Prints as JSON what TensorBoard's own reader finds in a folder of event files.

  python read_events.py FOLDER        (needs: pip install tensorboard)
"""

import base64
import json
import sys

from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0})
events.Reload()
tags = events.Tags()
found = {"scalars": {}, "images": {}, "histograms": {}}
for tag in tags["scalars"]:
    found["scalars"][tag] = [{"step": e.step, "value": e.value} for e in events.Scalars(tag)]
for tag in tags["images"]:
    found["images"][tag] = [
        {
            "step": e.step,
            "width": e.width,
            "height": e.height,
            "png": base64.b64encode(e.encoded_image_string).decode(),
        }
        for e in events.Images(tag)
    ]
for tag in tags["histograms"]:
    found["histograms"][tag] = [
        {
            "step": e.step,
            "min": e.histogram_value.min,
            "max": e.histogram_value.max,
            "num": e.histogram_value.num,
            "limits": list(e.histogram_value.bucket_limit),
            "buckets": list(e.histogram_value.bucket),
        }
        for e in events.Histograms(tag)
    ]
# The newer reader, behind the server, has other rules for restarts: these are the steps that it would show.
events = plugin_event_accumulator.EventAccumulator(sys.argv[1])
events.Reload()
found["shown"] = {tag: [e.step for e in events.Tensors(tag)] for tag in events.Tags()["tensors"]}
json.dump(found, sys.stdout)
