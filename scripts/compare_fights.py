"""The helper of compare-fights.sh: records finished runs as small files, and prints the table of all starts.

Standard library only.
"""

import json
import os
import sys
from statistics import mean, stdev

MEASURES = ("top1", "mean_class_accuracy")


def record(start, seed, weights, run, path):
    """Writes the accuracies of a finished fine-tuning to `path`, as a whole or not at all."""
    with open(os.path.join(run, "metrics.jsonl")) as lines:
        summary = [event for event in map(json.loads, lines) if event["event"] == "summary"][-1]
    result = {
        "start": start,
        "seed": int(seed),
        # The name of the pre-training is enough, and folders of this machine help nobody.
        "weights": None if weights == "none" else os.path.basename(weights.rstrip("/")),
        "videos": summary["evaluation"]["videos"],
        "training_videos": summary["training_sources"],
        "steps": summary["step"],
        "seconds": round(summary["seconds"]),
    }
    result.update((measure, summary["evaluation"][measure]) for measure in MEASURES)
    with open(path + ".new", "w") as file:
        json.dump(result, file, indent=2, sort_keys=True)
        file.write("\n")
    os.replace(path + ".new", path)


def shown(values):
    deviation = f" +- {100 * stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * mean(values):.1f}{deviation}"


def table(folder, starts):
    """Prints mean and deviation over the seeds in %, and the difference to the first start, seed by seed."""
    results = {}
    for start in starts:
        prefix = f"{start}-"
        for name in sorted(os.listdir(folder)):
            if name.startswith(prefix) and name[len(prefix):-len(".json")].isdigit():
                with open(os.path.join(folder, name)) as file:
                    result = json.load(file)
                results.setdefault(start, {})[result["seed"]] = result
    print(f"| start | seeds | top-1 | mean class accuracy | its difference to {starts[0]} |")
    print("|---|---|---|---|---|")
    first = results.get(starts[0], {})
    for start in starts:
        runs = results.get(start, {})
        if not runs:
            continue
        measures = [shown([run[measure] for run in runs.values()]) for measure in MEASURES]
        differences = [
            runs[seed][MEASURES[1]] - first[seed][MEASURES[1]] for seed in runs if seed in first
        ]
        paired = shown(differences) if differences and start != starts[0] else ""
        print(f"| {start} | {len(runs)} | {measures[0]} | {measures[1]} | {paired} |")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "record":
        record(*arguments)
    else:
        table(arguments[0], arguments[1:])
