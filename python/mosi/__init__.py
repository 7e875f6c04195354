"""mosi in Python: its networks in PyTorch, and its clips for your own training loop.

    model = mosi.load("run")                     # a torch.nn.Module with the weights of a run or a file
    clips = mosi.PseudoMotion(["photos/"])       # a torch.utils.data.IterableDataset
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .clips import Batch, PseudoMotion
    from .networks import Clip, Normalization, VideoModel, WeightsError
    from .tool import ToolError
    from .weights import load

__version__ = "0.2.0"
__all__ = [
    "Batch", "Clip", "Normalization", "PseudoMotion", "ToolError", "VideoModel", "WeightsError", "load",
]

_MODULES = {
    "Batch": "clips", "PseudoMotion": "clips", "Clip": "networks", "Normalization": "networks",
    "VideoModel": "networks", "WeightsError": "networks", "ToolError": "tool", "load": "weights",
}


def __getattr__(name: str) -> Any:
    # Imported on first use: the command `mosi` imports this package but does not need PyTorch's Python modules.
    if name not in _MODULES:
        raise AttributeError(f"module 'mosi' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
