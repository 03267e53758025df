"""hbench: which training examples can be dropped before fine-tuning, and does the scorer beat a random subset?"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hbench.plugins import (
    Choice,
    Combination,
    Cycle,
    DynamicScorer,
    GivenScorer,
    Hub,
    Scorer,
    Selection,
    Task,
    observe,
    texts,
)
from hbench.plugins.registry import scorer, task
from hbench.version import VERSION

if TYPE_CHECKING:
    from hbench import dynamics, statistics
    from hbench.execute.base import Executor
    from hbench.experiment.run import run_suite
    from hbench.experiment.suite_file import load_suite
    from hbench.own.api import prune, score
    from hbench.selection import select
    from hbench.training.recorder.callback import DynamicsCallback
    from hbench.training.recorder.loop import record

__all__ = [
    "Choice",
    "Combination",
    "Cycle",
    "DynamicScorer",
    "DynamicsCallback",
    "Executor",
    "GivenScorer",
    "Hub",
    "Scorer",
    "Selection",
    "Task",
    "dynamics",
    "load_suite",
    "observe",
    "prune",
    "record",
    "run_suite",
    "score",
    "scorer",
    "select",
    "statistics",
    "task",
    "texts",
]
__version__ = VERSION

#: Imported on first use, so that `import hbench` stays light: public name -> module, and the name in it.
_LAZY = {
    "dynamics": ("hbench.dynamics", None),
    "statistics": ("hbench.statistics", None),
    "DynamicsCallback": ("hbench.training.recorder.callback", "DynamicsCallback"),
    "Executor": ("hbench.execute.base", "Executor"),
    "load_suite": ("hbench.experiment.suite_file", "load_suite"),
    "record": ("hbench.training.recorder.loop", "record"),
    "prune": ("hbench.own.api", "prune"),
    "run_suite": ("hbench.experiment.run", "run_suite"),
    "score": ("hbench.own.api", "score"),
    "select": ("hbench.selection", "select"),
}


def __getattr__(name: str) -> Any:
    """Import a public name on its first use."""
    if name not in _LAZY:
        raise AttributeError(f"module 'hbench' has no attribute '{name}'")
    module, attribute = _LAZY[name]
    found = importlib.import_module(module)
    return found if attribute is None else getattr(found, attribute)
