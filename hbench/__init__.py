"""hbench: which training examples can be dropped before fine-tuning, and does the scorer beat a random subset?"""

from __future__ import annotations

import importlib
from types import ModuleType

from hbench.plugins import Choice, Cycle, DynamicScorer, Hub, Scorer, Task, observe
from hbench.plugins.registry import scorer, task

__all__ = [
    "Choice",
    "Cycle",
    "DynamicScorer",
    "Hub",
    "Scorer",
    "Task",
    "dynamics",
    "observe",
    "scorer",
    "statistics",
    "task",
]
__version__ = "0.1.0"

_LAZY = ("dynamics", "statistics")


def __getattr__(name: str) -> ModuleType:
    """Import `hbench.dynamics` and `hbench.statistics` on first use: both pull in heavy libraries."""
    if name in _LAZY:
        return importlib.import_module(f"hbench.{name}")
    raise AttributeError(f"module 'hbench' has no attribute '{name}'")
