"""The kinds of task: what an example is, its loss, the signals it gives, and when it counts as correct.

A task names its kind; `find` returns the `Problem` that does the rest for every architecture.
"""

from __future__ import annotations

import importlib

from hbench.errors import UsageError, suggest
from hbench.problems.base import Batch, Encoded, Evaluation, Head, Problem, Trivial

__all__ = ["Batch", "Encoded", "Evaluation", "Head", "Problem", "Trivial", "find"]

#: Kind -> "module:class", imported when a task of that kind is used.
_KINDS = {
    "choice": "hbench.problems.choice:Choice",
    "classification": "hbench.problems.classification:Classification",
    "joint": "hbench.problems.joint:Joint",
    "span": "hbench.problems.span:Span",
}


def find(kind: str) -> Problem:
    """Return the problem behind a task's `kind`. Raises UsageError for an unknown kind, naming the known ones."""
    if kind not in _KINDS:
        raise UsageError(f"unknown kind of task '{kind}'{suggest(kind, _KINDS)}")
    module, _, name = _KINDS[kind].partition(":")
    problem: Problem = getattr(importlib.import_module(module), name)()
    return problem
