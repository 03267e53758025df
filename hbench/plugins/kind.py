"""Kinds of task: what a kind declares, without what it needs to train; `hbench.kinds.Kind` builds on it.

A kind is registered by an entry point of the group `hbench.kinds`, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hbench.files import JsonObject
from hbench.plugins.observation import KIND_SIGNALS

if TYPE_CHECKING:
    from hbench.plugins.observation import Observation
    from hbench.plugins.task import Task


@dataclass(frozen=True)
class Head:
    """What to load: the name of a class of transformers, and the configuration its head needs."""

    auto: str
    config: Mapping[str, object]


@dataclass(frozen=True)
class KindDeclaration:
    """What a kind of task says of itself to those who plan trainings and read results."""

    #: Signals that it records besides those of every kind: names that `hbench.dynamics.signals` marks as not of every
    #: kind.
    extra_signals: ClassVar[tuple[str, ...]] = ()
    #: Metrics that are the mean of the values of the examples, so that they can be recomputed from these.
    means: ClassVar[tuple[str, ...]] = ("accuracy",)
    #: Whether an example's value is 1 where the class predicted is the gold one, and 0 else: of a task of two classes
    #: the predictions then follow from values and gold classes, and with them `hbench.statistics.confusion.METRICS`.
    values_tell_classes: ClassVar[bool] = False
    #: Class attributes of a task, each a tuple of strings, that only this kind reads; they decide what the examples
    #: are, and are part of the key of a job where they are not empty.
    task_attributes: ClassVar[tuple[str, ...]] = ()

    #: Roles whose column holds classes: integers, or names of the task's labels.
    class_roles: ClassVar[tuple[str, ...]] = ()
    #: Roles of the columns that a task names, by which a user's own rows are read; empty for a kind that cannot.
    roles: ClassVar[tuple[str, ...]] = ()
    #: Those of them that may have two columns, read one after the other; several columns of another role are a list.
    pair_roles: ClassVar[tuple[str, ...]] = ()
    #: Whether an example is trained on by its class, a position among the task's labels, which another one can replace:
    #: what `label_noise` does.
    takes_label_noise: ClassVar[bool] = False

    def attributes_of(self, rows: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Return the class attributes of a task that follow from a user's own training rows, given by role.

        Without `labels` among them, the classes are those that occur in the column of the class role. Here, none.
        """
        return {}

    def records(self, task: Task) -> tuple[str, ...]:
        """Return which of `extra_signals` are recorded for a task; a kind overrides it where that depends on it."""
        return self.extra_signals

    def unrecorded(self, task: Task, observation: Observation | None) -> tuple[str, ...]:
        """Return the signals asked for that are not recorded for a task."""
        asked = () if observation is None else observation.signals
        recorded = self.records(task)
        return tuple(name for name in asked if name in KIND_SIGNALS and name not in recorded)

    def judges(self, task: Task, other: Task) -> bool:
        """Return whether a model trained on a task can be judged on another one of this kind: the classes are the same.

        They are the same by their names, in their order; where one of the tasks only numbers its classes, by number.
        """
        declared = ("labels", *self.task_attributes)
        return all(_same_classes(getattr(task, name, ()), getattr(other, name, ())) for name in declared)

    def declaration(self, task: Task) -> JsonObject:
        """Return everything that a task of this kind declares and that decides what the examples are."""
        own = {name: list(getattr(task, name, ())) for name in self.task_attributes}
        return task.declaration() | {name: values for name, values in own.items() if values}


def _same_classes(own: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether two tasks name the same classes, or have as many where one of them only numbers them."""
    numbers = [str(number) for number in range(len(own))]
    return len(own) == len(other) and (list(own) == list(other) or numbers in (list(own), list(other)))
