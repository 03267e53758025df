"""The kinds of task: what an example is, its loss, the signals it gives, and when it counts as correct.

A task names its kind; `find_kind` returns the `Kind` that does the rest for every architecture.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from hbench.data.examples import Examples
from hbench.errors import UsageError, suggest
from hbench.kinds.base import Batch, Encoded, Evaluation, Head, Kind, Trivial
from hbench.plugins import Task
from hbench.plugins.registry import Named

__all__ = ["Batch", "Encoded", "Evaluation", "Head", "Kind", "Trivial", "find_kind"]

#: Kind -> "module:class", imported when a task of that kind is used.
_KINDS = {
    "choice": "hbench.kinds.choice:MultipleChoice",
    "classification": "hbench.kinds.classification:Classification",
    "joint": "hbench.kinds.joint:Joint",
    "span": "hbench.kinds.span:Span",
}


def find_kind(name: str) -> Kind:
    """Return the kind that a task names. Raises UsageError for an unknown kind, naming the known ones."""
    if name not in _KINDS:
        raise UsageError(f"unknown kind of task '{name}'{suggest(name, _KINDS)}")
    module, _, cls = _KINDS[name].partition(":")
    kind: Kind = getattr(importlib.import_module(module), cls)()
    return kind


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
    kind = find_kind(plugin.kind)
    return load.load_examples(
        task,
        split,
        source=source,
        data_dir=data_dir,
        size=size,
        seed=seed,
        check_rows=kind.check_rows,
        class_roles=kind.class_roles,
    )
