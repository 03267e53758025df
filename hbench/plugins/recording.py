"""Whether a task records what a scorer reads: not every kind of task records every signal."""

from __future__ import annotations

from hbench.errors import UsageError
from hbench.plugins.observation import KIND_SIGNALS
from hbench.plugins.registry import KINDS, Named
from hbench.plugins.scorer import Scorer
from hbench.plugins.task import Task


def why_unrecorded(scorer: Named[Scorer], task: Named[Task]) -> str | None:
    """Return why a scorer cannot be used for a task, naming the signal and the fix; None when all is recorded.

    Raises UsageError when a signal of some kinds is asked for and the task's kind is unknown.
    """
    reasons = (why_unrecorded(part, task) for part in scorer.parts)
    if (reason := next(filter(None, reasons), None)) is not None:
        return reason
    asked = scorer.plugin.asks()
    if asked is None or not set(asked.signals) & set(KIND_SIGNALS):
        return None  # what every kind records; a plan that asks for no more loads no kind
    kind = KINDS.find(task.plugin.kind)
    for signal in kind.plugin.unrecorded(task.plugin, asked):
        others = ", ".join(f"'{name}'" for name in _recording(signal) if name != kind.name)
        return (
            f"{scorer.ref} reads the signal '{signal}', which task '{task.ref}' of the kind '{kind.name}' does not "
            "record"
            + (f", but tasks of the kind {others} do" if others else "")
            + "; leave the option that asks for it out, or the scorer, or the task"
        )
    return None


def _recording(signal: str) -> list[str]:
    """Return the kinds that record a signal, for some of their tasks at least."""
    found = []
    for name in KINDS.names():
        try:
            cls = KINDS.load(name)
        except UsageError:  # of a package that is broken, and has no part in this
            continue
        if signal in cls.extra_signals:
            found.append(name)
    return found
