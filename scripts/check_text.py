#!/usr/bin/env python3
"""Checks the files that git tracks, and prints a line for each problem:

- links of Markdown pages to files and headings of this repository lead somewhere,
- Swift in README.md and docs/ is part of an example, which CI compiles,
- no line of Swift has more than 130 columns (swift-format wraps code at 100, but neither comments nor strings),
- no file is larger than 1 MB,
- docs/reproduce.md is what scripts/reproduce_page.py writes.
"""

import re
import subprocess
import sys
from pathlib import Path

import reproduce_page

COLUMNS = 130
BYTES = 1_000_000
root = Path(__file__).resolve().parent.parent


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    names = re.findall(r"^#{1,6} +(.+?) *$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in names}


def check_links(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        target = target[0] or target[1]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if not file.exists():
            yield f"{page.relative_to(root)}: {target} does not exist"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{page.relative_to(root)}: {target} is not a heading"


def check_snippets(page, examples):
    """Checks that each paragraph of a block of Swift is in an example, apart from indentation."""
    for block in re.findall(r"```swift\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S):
        for paragraph in block.strip().split("\n\n"):
            if dedented(paragraph) not in examples:
                yield f"{page.relative_to(root)}: not in Examples: {paragraph.splitlines()[0]}"


def dedented(text):
    return "\n".join(line.strip() for line in text.splitlines())


def problems():
    examples = "\n".join(dedented(file.read_text(encoding="utf-8")) for file in root.glob("Examples/*/Sources/*.swift"))
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        file = root / name
        if not file.is_file() or file.is_symlink():
            continue
        if file.stat().st_size > BYTES:
            yield f"{name} is larger than 1 MB"
        if file.suffix == ".md" and ".docc/" not in name:
            yield from check_links(file)
            yield from check_snippets(file, examples)
        if file.suffix == ".swift" and not name.endswith(".pb.swift"):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                if len(line) > COLUMNS:
                    yield f"{name}:{number}: {len(line)} columns, at most {COLUMNS}"
    if not reproduce_page.is_current():
        yield "docs/reproduce.md is not current: run python3 scripts/reproduce_page.py"


found = list(problems())
print("\n".join(found), end="\n" if found else "")
sys.exit(1 if found else 0)
