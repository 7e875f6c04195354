#!/usr/bin/env python3
"""Writes the part of docs/reproduce.md below its marker from the headers of configs/paper/*.yaml."""

import re
from pathlib import Path

root = Path(__file__).resolve().parent.parent
page = root / "docs/reproduce.md"
MARKER = "<!-- Below: written by scripts/reproduce_page.py from the headers of configs/paper. -->\n"
# The order of the page; what follows the paper's own tables and figures is ours.
ORDER = ["effect", "table1", "table2ab", "table2cd", "table3", "table4", "table5", "table5-equal", "successors", "fig4", "fig5", "fig6", "fig7", "fig8",
         "limits", "sprites-range", "scratch-tuning"]  # fmt: skip
SHARED = ["tiny", "sprites"]


def header(name):
    """The comment that opens a recipe, without its marks."""
    lines = (root / f"configs/paper/{name}.yaml").read_text(encoding="utf-8").splitlines()
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line[2:])
    return "\n".join(comment)


def value(name, key):
    text = (root / f"configs/paper/{name}.yaml").read_text(encoding="utf-8")
    return re.search(rf'^{key}: "(.*)"$', text, flags=re.M).group(1)


def section(name):
    # Commands are indented as code; Expected and Cost are paragraphs of their own.
    text = re.sub(r"^  ", "    ", header(name), flags=re.M)
    text = re.sub(r"\n+(Expected|Cost of one seed):", r"\n\n**\1:**", text)
    return f"### {value(name, 'title')}\n\n> {value(name, 'question')}\n\n{text}\n"


def generated():
    known = {file.stem for file in (root / "configs/paper").glob("*.yaml")}
    if known != set(ORDER + SHARED):
        raise SystemExit(f"scripts/reproduce_page.py has no place for {sorted(known ^ set(ORDER + SHARED))}")
    rows = [f"| `{name}` | {value(name, 'title')} |" for name in ORDER]
    parts = ["", "| experiment | what |", "|---|---|", *rows, "", *map(section, ORDER), "## What all experiments share\n"]
    parts += [f"`{name}.yaml`: {header(name)}\n" for name in SHARED]
    return "\n".join(parts)


def is_current():
    return page.read_text(encoding="utf-8").partition(MARKER)[2] == generated()


if __name__ == "__main__":
    written = page.read_text(encoding="utf-8").partition(MARKER)[0]
    page.write_text(written + MARKER + generated(), encoding="utf-8")
