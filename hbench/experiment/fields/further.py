"""The further sets of a suite, and which of them the models of a task are evaluated on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hbench.errors import UsageError
from hbench.experiment.fields.entries import checked_text, distinct, naming
from hbench.plugins.further import check_judges, further_label, further_sets, is_own
from hbench.plugins.registry import TASKS, Named

if TYPE_CHECKING:
    from hbench.plugins import Task

FIELD = "also_evaluate"


def further_refs(values: Sequence[Any]) -> tuple[str, ...]:
    """Return the references of a suite's further sets, one for each split of the tasks that it names.

    Raises UsageError that starts with the name of the field.
    """
    refs = []
    for value in values:
        text = checked_text(FIELD, value)
        with naming(FIELD):
            refs += [found.ref for found in further_sets(text)]
    return distinct(FIELD, refs, lambda ref: ref)


def further_of(task: Named[Task], refs: Sequence[str]) -> tuple[Named[Task], ...]:
    """Return the further sets that a task's models are evaluated on, in the order of their labels.

    A set that is one of the task's own splits is left out. Raises UsageError naming the task and a set that its models
    cannot be judged on, or two sets of one label.
    """
    found: dict[str, Named[Task]] = {}
    for ref in refs:
        other = TASKS.find(ref)
        with naming(FIELD):
            check_judges(task, other)
        if is_own(task, other):
            continue
        first = found.setdefault(further_label(other), other)
        if first is not other:
            raise UsageError(f"{FIELD}: '{first.ref}' and '{other.ref}' are the same set; name it once")
    return tuple(found[label] for label in sorted(found))
