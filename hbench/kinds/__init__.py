"""The kinds of task: what an example is, its loss, the signals it gives, and when it counts as correct.

A task names its kind; `find` returns the `Problem` that does the rest for every architecture.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from hbench.data.examples import Examples
from hbench.errors import UsageError, suggest
from hbench.kinds.base import Batch, Encoded, Evaluation, Head, Problem, Trivial
from hbench.plugins import Task
from hbench.plugins.registry import Named

__all__ = ["Batch", "Encoded", "Evaluation", "Head", "Problem", "Trivial", "find"]

#: Kind -> "module:class", imported when a task of that kind is used.
_KINDS = {
    "choice": "hbench.kinds.choice:Choice",
    "classification": "hbench.kinds.classification:Classification",
    "joint": "hbench.kinds.joint:Joint",
    "span": "hbench.kinds.span:Span",
}


def find(kind: str) -> Problem:
    """Return the problem behind a task's `kind`. Raises UsageError for an unknown kind, naming the known ones."""
    if kind not in _KINDS:
        raise UsageError(f"unknown kind of task '{kind}'{suggest(kind, _KINDS)}")
    module, _, name = _KINDS[kind].partition(":")
    problem: Problem = getattr(importlib.import_module(module), name)()
    return problem


def load_examples(
    task: Named[Task] | Task,
    split: str,
    *,
    source: dict[str, Any],
    data_dir: Path | None,
    size: int | None,
    seed: int,
) -> Examples:
    """Read a split as `hbench.data.load.load_examples` does, its rows checked by the task's kind."""
    from hbench.data import load

    plugin = task.plugin if isinstance(task, Named) else task
    usable = find(plugin.kind).usable
    return load.load_examples(task, split, source=source, data_dir=data_dir, size=size, seed=seed, usable=usable)
