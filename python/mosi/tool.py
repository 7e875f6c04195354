"""Starts the binary `mosi`."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


class ToolError(Exception):
    """The tool failed; the text is its error message."""


def path() -> str:
    """The binary: the wheel's, or the one that the environment variable MOSI_TOOL names."""
    return os.environ.get("MOSI_TOOL") or str(FOLDER / "bin" / "mosi")


def environment() -> dict[str, str]:
    """The environment in which the binary finds PyTorch's libraries and a font.

    Raises `ToolError` if PyTorch is missing, or is not the version that the wheel was built for.
    """
    result = dict(os.environ)
    if "MOSI_TOOL" in os.environ:
        return result
    # Lists the wheel's font first, then those of the system, which may have none.
    result.setdefault("FONTCONFIG_FILE", str(FOLDER / "fonts" / "fonts.conf"))
    spec = importlib.util.find_spec("torch")  # imports nothing
    needed = (FOLDER / "bin" / "torch-version").read_text().strip()
    if spec is None or spec.origin is None:
        raise ToolError(f"PyTorch is missing: pip install 'torch=={needed}.*'")
    torch = Path(spec.origin).parent
    found = re.search(r"__version__ = '(\d+\.\d+)", (torch / "version.py").read_text())
    if found is None or found[1] != needed:
        version = found[1] if found else "unknown"
        raise ToolError(f"mosi was built for PyTorch {needed}, but {version} is installed: pip install 'torch=={needed}.*'")
    # The binary's run path finds PyTorch next to this package.
    if torch != FOLDER.parent / "torch":
        paths = [str(torch / "lib"), result.get("LD_LIBRARY_PATH", "")]
        result["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, paths))
    return result


def run(*arguments: str) -> None:
    """Runs the tool and waits for it. Raises `ToolError` if it fails."""
    result = subprocess.run(
        [path(), *arguments], env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise ToolError(message(result.stderr.splitlines(), result.returncode))


def message(lines: list[str], status: int) -> str:
    """The error message among the lines that the tool wrote to stderr."""
    marks = ("mosi: error: ", "Error: ")
    for line in reversed(lines):
        for mark in marks:
            if line.startswith(mark):
                return line.removeprefix(mark)
    return "\n".join(lines[-5:]) or f"mosi ended with status {status}"


def main() -> None:
    """The command `mosi`."""
    try:
        os.execve(path(), ["mosi", *sys.argv[1:]], environment())
    except (ToolError, OSError) as error:
        sys.exit(f"mosi: error: {error}")
