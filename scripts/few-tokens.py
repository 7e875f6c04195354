"""From how few tokens does a transformer read MoSI's label? Prints its accuracy on unseen sources if it sees only some places.

    PYTHONPATH=python MOSI_TOOL=.build/release/mosi python3 scripts/few-tokens.py RUN SOURCES

RUN is a pre-training of MoSI with a transformer. Clips are made of SOURCES as in the run, without color jitter and with the mask's
final sizes. Places are random, for each clip others, and the same at all times; the network was not trained with hidden tokens.
"""

import sys

import torch

import mosi

CLIPS = 900


def main(run, sources):
    model = mosi.load(run)
    backbone, (head,) = model.backbone, model.head.values()
    configuration = f"{run}/config.yaml"
    jitter = {f"jitter.{name}": 0 for name in ("brightness", "contrast", "saturation", "hue", "grayscale_probability")}
    settings = {**jitter, "task.mosi.mask.curriculum.enabled": False, "sources.validation_paths": "[]"}
    clips_of_sources = mosi.PseudoMotion([sources], config=configuration, settings=settings, seed=1, epochs=1)
    generator = torch.Generator().manual_seed(0)
    correct, count, places = {}, 0, 0
    for clips, labels, *_ in clips_of_sources:
        tokens, (times, rows, columns) = backbone.tokens(clips)
        places = rows * columns
        for seen in sorted({1, 2, 4, 9, 16, 25, places}):
            chosen = torch.stack([torch.randperm(places, generator=generator)[:seen] for _ in clips])
            numbers = torch.cat([chosen + places * time for time in range(times)], 1)
            x = tokens.gather(1, numbers[..., None].expand(-1, -1, tokens.shape[-1]))
            guesses = head(backbone.fc_norm(backbone.mixed(x).mean(1))).argmax(1)
            correct[seen] = correct.get(seen, 0) + (guesses == labels).sum().item()
        count += len(labels)
        if count >= CLIPS:
            break
    for seen, right in correct.items():
        print(f"{seen:4} of {places} places: {100 * right / count:.1f}% of {count} clips")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with torch.no_grad():
        main(*sys.argv[1:])
