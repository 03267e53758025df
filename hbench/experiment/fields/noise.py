"""Label noise in a suite: it becomes an option of the tasks, and is refused where a task has no labels to replace."""

from __future__ import annotations

from typing import Any

from hbench.errors import UsageError
from hbench.files import short_repr
from hbench.plugins import Task
from hbench.plugins.references import join_reference
from hbench.plugins.registry import KINDS, TASKS, Named

FIELD = "label_noise"


def check_share(value: Any) -> None:
    """Raise UsageError, its message starting with the field's name, for anything but None or a share."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, float) or not 0 < value < 1):
        raise UsageError(f"{FIELD} {short_repr(value)}: use a share above 0 and below 1, such as 0.1")


def noisy_ref(reference: str, share: float | None) -> str:
    """Return the reference of a task with this share of label noise; with None, as the reference says."""
    task = TASKS.find(reference)
    return task.ref if share is None else TASKS.find(join_reference(task.name, {**task.options, FIELD: share})).ref


def planted_ref(reference: str, share: float | None) -> str:
    """Return the reference of a task of which it is known which training labels are wrong.

    An embedded task keeps its own planted examples; another one gets the label noise. Raises UsageError without any.
    """
    task = TASKS.find(noisy_ref(reference, None if TASKS.find(reference).plugin.planted is not None else share))
    if task.plugin.planted is None and task.plugin.label_noise is None:
        raise UsageError(f"'{task.ref}' has no planted examples to find; name it in tasks instead, or give it {FIELD}")
    return task.ref


def check_noise(task: Named[Task]) -> None:
    """Raise UsageError naming a task whose kind has no labels to replace."""
    if task.plugin.label_noise is not None and not KINDS.find(task.plugin.kind).plugin.takes_label_noise:
        raise UsageError(
            f"{FIELD}: task '{task.ref}' is of the kind '{task.plugin.kind}', whose examples have no class that "
            "another one could replace; leave the task out, or its label noise"
        )
