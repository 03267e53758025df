"""hbench: which training examples can be dropped before fine-tuning, and does the scorer beat a random subset?"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hbench.plugins import Choice, Combination, Cycle, DynamicScorer, Hub, Scorer, Selection, Task, observe, texts
from hbench.plugins.registry import scorer, task

if TYPE_CHECKING:
    from hbench import dynamics, statistics
    from hbench.execute.base import Executor
    from hbench.experiment.run import run_suite
    from hbench.experiment.suite_file import load_suite

__all__ = [
    "Choice",
    "Combination",
    "Cycle",
    "DynamicScorer",
    "Executor",
    "Hub",
    "Scorer",
    "Selection",
    "Task",
    "dynamics",
    "load_suite",
    "observe",
    "run_suite",
    "scorer",
    "statistics",
    "task",
    "texts",
]
__version__ = "0.1.0"

#: Imported on first use, so that `import hbench` stays light: public name -> module, and the name in it.
_LAZY = {
    "dynamics": ("hbench.dynamics", None),
    "statistics": ("hbench.statistics", None),
    "Executor": ("hbench.execute.base", "Executor"),
    "load_suite": ("hbench.experiment.suite_file", "load_suite"),
    "run_suite": ("hbench.experiment.run", "run_suite"),
}


def __getattr__(name: str) -> Any:
    """Import a public name on its first use."""
    if name not in _LAZY:
        raise AttributeError(f"module 'hbench' has no attribute '{name}'")
    module, attribute = _LAZY[name]
    found = importlib.import_module(module)
    return found if attribute is None else getattr(found, attribute)
