"""A task that the user's own rows declare: known to no entry point, and made again from what a job says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hbench.data.own.saved import save_rows
from hbench.errors import UsageError
from hbench.files import JsonObject
from hbench.plugins import Task
from hbench.plugins.registry import TASKS

#: Marks the declaration of such a task in the specification of a job.
_MARK = "own"


@dataclass(frozen=True)
class OwnTask(Task):
    """The user's own rows as a task; every declaration follows from them and from what the user says."""

    #: By split, its rows as JSON Lines, where this process has read them; a worker reads what was saved.
    texts: ClassVar[Mapping[str, str]] = {}
    #: Training examples, and sequences that a model reads for each.
    examples: ClassVar[int] = 0
    sequences: ClassVar[int] = 1
    #: What is good to know before anything is trained, a line each.
    notes: ClassVar[tuple[str, ...]] = ()

    def declaration(self) -> JsonObject:
        """Return the declaration with the mark by which a worker knows that it has to make this task."""
        return super().declaration() | {_MARK: True}


def own_task(name: str, attributes: Mapping[str, Any]) -> type[OwnTask]:
    """Return the class of a task with these class attributes, registered under a name for this process.

    Raises UsageError for a name that an installed task has, or that cannot be one.
    """
    cls = task_class(attributes)
    TASKS.add(name, cls)
    return cls


def task_class(attributes: Mapping[str, Any]) -> type[OwnTask]:
    """Return the class of a task with these class attributes, registered nowhere."""
    members = {**attributes, "__module__": __name__, "__doc__": "Rows of the user's own."}
    return dataclass(frozen=True)(type("Own", (OwnTask,), members))


def make_known(reference: str, declaration: JsonObject) -> None:
    """Register the task of a job that the user's own rows declare, unless this process knows it; no other task."""
    if not declaration.get(_MARK):
        return
    name = reference.partition("[")[0]
    if name in TASKS.names():
        there = TASKS.load(name)
        if not issubclass(there, OwnTask):
            raise UsageError(f"task '{name}' is installed, and the job is of own data of this name; name the data anew")
        if there.texts:
            return
    attributes = {key: _fixed(value) for key, value in declaration.items() if key not in (_MARK, "hub", "layouts")}
    own_task(name, attributes)


def own_folder(task: Task, name: str, store: Path) -> Path | None:
    """Return the folder in a store that holds a task's own rows, saving them; None for a task that has none."""
    return save_rows(task.texts, name, store) if isinstance(task, OwnTask) and task.texts else None


def notes_of(task: Task) -> tuple[str, ...]:
    """Return what is good to know of a user's own rows, nothing of other tasks."""
    return task.notes if isinstance(task, OwnTask) else ()


def _fixed(value: Any) -> Any:
    """Return a value of JSON as a class declares it: lists as tuples."""
    if isinstance(value, list):
        return tuple(map(_fixed, value))
    return {key: _fixed(inner) for key, inner in value.items()} if isinstance(value, dict) else value
