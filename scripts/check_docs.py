#!/usr/bin/env python3
"""Checks the comments of the libraries' public declarations, and prints a line for each problem:

- every public declaration has a comment, except conformances whose meaning is that of the standard library's protocol,
- the comment of a public function that throws says what it throws, or refers to another declaration.
"""

import re
import subprocess
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent

ATTRIBUTES = r"(?:@\w+(?:\([^)]*\))? )*"
MODIFIERS = r"(?:(?:static|class|final|mutating|convenience|required|indirect|lazy|override|prefix|(?:private|fileprivate|internal)\(set\)) )*"
KINDS = r"(func|var|let|init|struct|class|enum|protocol|typealias|subscript|associatedtype|actor|extension)\b"
PUBLIC = re.compile(r"\s*" + ATTRIBUTES + r"(?:public|open) (" + MODIFIERS + ")" + KINDS)
MEMBER = re.compile(r"\s*" + ATTRIBUTES + "(" + MODIFIERS + ")" + KINDS)
CASE = re.compile(r"\s*(?:indirect )?case \w")
SCOPE = re.compile(r"\s*" + ATTRIBUTES + r"(?:\w+(?:\(set\))? )*(?:struct|class|enum|protocol|extension|actor|func|init|var|subscript)\b")
STANDARD = re.compile(
    r"var (?:description|debugDescription)\b|init\(from decoder|func encode\(to|func (?:==|<) ?\(|func hash\(into"
    r"|var (?:startIndex|endIndex)\b|subscript\((?:position|index): Int\)|init\(arrayLiteral")


def indentation(line):
    return len(line) - len(line.lstrip())


def comment(lines, index):
    """The comment above a declaration, attributes skipped."""
    index -= 1
    while re.match(r"\s*@\w", lines[index]):
        index -= 1
    text = []
    while index >= 0 and lines[index].lstrip().startswith("///"):
        text.insert(0, lines[index])
        index -= 1
    return "\n".join(text)


def throws(lines, index):
    """True if the function whose signature begins at `index` throws itself, not only its arguments."""
    text = " ".join(line.strip() for line in lines[index:index + 16])
    start = text.find("(")
    depth = 0
    for end in range(start, len(text)):
        depth += (text[end] == "(") - (text[end] == ")")
        if depth == 0:
            return re.match(r"\s*(?:async )?throws\b", text[end + 1:]) is not None
    return False


def problems(name, lines):
    scopes = []  # the kind and the indentation of each enclosing declaration: a public enum, protocol, or another
    for index, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith(("//", ")", "}", "where ", "->")):
            continue
        depth = indentation(line)
        while scopes and depth <= scopes[-1][1]:
            scopes.pop()
        inside = scopes[-1][0] if scopes and depth == scopes[-1][1] + 2 else None
        public = PUBLIC.match(line)
        declared = public
        if inside == "enum" and CASE.match(line):
            kind = "case"
        elif inside in ("protocol", "extension") and MEMBER.match(line) and not re.match(r"\s*(?:private|fileprivate|internal)\b", line):
            declared = declared or MEMBER.match(line)
            kind = declared[2]
        else:
            kind = public[2] if public else None
        if line.rstrip().endswith("{") and SCOPE.match(line):
            scopes.append((kind if public and kind in ("enum", "protocol", "extension") else None, depth))
        if kind in (None, "extension") or declared and "override" in declared[1] or STANDARD.search(line):
            continue
        text = comment(lines, index)
        if not text:
            yield f"{name}:{index + 1}: no comment: {line.strip()}"
        elif kind in ("func", "init") and "Throws:" not in text and "``" not in text and throws(lines, index):
            yield f"{name}:{index + 1}: the comment lacks “- Throws:”: {line.strip()}"


listed = subprocess.run(["git", "ls-files", "-z", "Sources"], cwd=root, check=True, capture_output=True, text=True)
found = []
for name in filter(None, listed.stdout.split("\0")):
    file = root / name
    if name.endswith(".swift") and not name.endswith(".pb.swift") and "/CommandLineTool/" not in name and file.is_file():
        found += problems(name, file.read_text(encoding="utf-8").splitlines())
print("\n".join(found), end="\n" if found else "")
sys.exit(1 if found else 0)
