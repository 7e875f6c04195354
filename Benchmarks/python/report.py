"""From measured seconds to results: medians and ratios, a table, a plot, and the history. Needs only Python."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

Entry = dict[str, Any]


def entry(
    job: str, opponent: str, ours: list[float], theirs: list[float], unit: str = "s", items: int = 0,
    shape: str | None = None, processor: tuple[list[float], list[float]] | None = None,
) -> Entry:
    """The comparison of values of rounds, smaller ones being better: seconds, or MiB. With `items`, values become items a
    second. `ratio` is above 1 if ours is better; `low` and `high` are the extremes of the rounds.

    `processor` has the processor seconds of both sides, over all threads. Their ratio hardly depends on other processes of the
    machine, but does not see how well threads are used."""
    rounds = [their / our for our, their in zip(ours, theirs)]
    our, their = median(ours), median(theirs)
    found: Entry = {
        "job": job,
        "opponent": opponent,
        "ours": items / our if items else our,
        "theirs": items / their if items else their,
        "unit": unit,
        "ratio": their / our,
        "low": min(rounds),
        "high": max(rounds),
        "rounds": len(rounds),
    }
    if processor:
        found["processor_ratio"] = median(processor[1]) / median(processor[0])
    if shape:
        found["shape"] = shape
    return found


def write_results(path: Path, entries: list[Entry]) -> None:
    path.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def append_history(path: Path, about: dict[str, Any], entries: list[Entry]) -> None:
    """Adds a line with the ratios of a run: only they can be compared between machines."""
    ratios: dict[str, dict[str, float]] = {}
    for one in entries:
        ratios.setdefault(one["job"], {})[one["opponent"]] = round(one["ratio"], 3)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**about, "ratios": ratios}) + "\n")


def last_recorded(path: Path) -> dict[str, Any]:
    """The last line of a history; an empty one if there is none."""
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    lines = [line for line in lines if line]
    return dict(json.loads(lines[-1])) if lines else {}


def number(value: float) -> str:
    """Three digits."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3 if value >= 0.1 else 4
    return f"{value:.{digits}f}"


def table(entries: list[Entry], earlier: dict[str, Any]) -> str:
    """The results in columns, with the ratios of an earlier run."""
    rows = [["job", "against", "ours", "theirs", "", "ratio", "in rounds", "of CPU", "earlier"]]
    for one in entries:
        before = earlier.get("ratios", {}).get(one["job"], {}).get(one["opponent"])
        rows.append([
            one["job"], one["opponent"], number(one["ours"]), number(one["theirs"]), one["unit"], f"{one['ratio']:.2f}",
            f"{one['low']:.2f} to {one['high']:.2f}",
            f"{one['processor_ratio']:.2f}" if "processor_ratio" in one else "", "" if before is None else f"{before:.2f}",
        ])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if column in (2, 3, 5, 6, 7, 8) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


COLORS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377"]


def plot(entries: list[Entry], title: str) -> str:
    """The ratios as bars, SVG: a group for each job, a bar for each opponent, a line at 1."""
    jobs: dict[str, list[Entry]] = {}
    for one in entries:
        jobs.setdefault(one["job"], []).append(one)
    opponents = list(dict.fromkeys(one["opponent"] for one in entries))
    left, bar, gap, width = 230, 14, 10, 560
    longest = max([2.0, *(one["ratio"] for one in entries)])
    scale = width / longest
    parts, y = [], 70
    for job, group in jobs.items():
        middle = y + bar * len(group) / 2 + 4
        parts.append(f'<text x="{left - 8}" y="{middle:.0f}" text-anchor="end">{escape(job)}</text>')
        for one in group:
            color = COLORS[opponents.index(one["opponent"]) % len(COLORS)]
            length = max(1, one["ratio"] * scale)
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 2}" fill="{color}"/>')
            label = f"{one['ratio']:.2f} {one['opponent']}"
            parts.append(f'<text x="{left + length + 5:.1f}" y="{y + bar - 4}" class="small">{escape(label)}</text>')
            y += bar
        y += gap
    one_at = left + scale
    parts.append(f'<line x1="{one_at:.1f}" y1="60" x2="{one_at:.1f}" y2="{y}" stroke="#333" stroke-dasharray="4 3"/>')
    head = (
        f'<text x="{left}" y="24" class="title">{escape(title)}</text>'
        f'<text x="{left}" y="46" class="small">times as good as the opponent; right of the line at 1 ours is better</text>'
    )
    style = "text{font:12px sans-serif;fill:#222} .small{font-size:11px;fill:#555} .title{font-size:15px;font-weight:bold}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 150}" height="{y + 20}">'
        f'<style>{style}</style><rect width="100%" height="100%" fill="white"/>{head}{"".join(parts)}</svg>\n'
    )
