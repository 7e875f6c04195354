"""Writes streams.json: python make_goldens.py (no packages needed)."""

import json
import math
import pathlib

from keyed_random import KeyedGenerator

KEYS = [[], [0], [0, 0], [1, 2, 3], [2**64 - 1], [42, 7]]

streams = []
for key in KEYS:
    words = KeyedGenerator(*key)
    uniforms = KeyedGenerator(*key)
    integers = KeyedGenerator(*key)
    normals = KeyedGenerator(*key)
    normal = []
    for _ in range(4):
        radius = math.sqrt(-2 * math.log(1 - normals.uniform()))
        normal.append(radius * math.cos(2 * math.pi * normals.uniform()))
    streams.append({
        "key": [str(part) for part in key],
        "words": [str(words.next()) for _ in range(4)],
        "uniforms": [uniforms.uniform() for _ in range(4)],
        # 3 * 2^61 rejects a quarter of all words: the rejection itself is in the golden.
        "integers": [integers.integer(bound) for bound in (10, 1, 3 * 2**61, 3 * 2**61, 3 * 2**61, 1000)],
        "permutation": KeyedGenerator(*key).permutation(9),
        "normals": normal,
    })
folder = pathlib.Path(__file__).parent
(folder / "streams.json").write_text(json.dumps(streams, indent=1) + "\n")
