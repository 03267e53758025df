"""Which columns a task reads of a source, and what each of them holds: texts, names or classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hbench.errors import DataError
from hbench.files import short_repr, shorten
from hbench.plugins import Task

Columns = dict[str, list[Any]]
#: Role -> column, or several columns: what a task declares, or the source's own names for it.
Layout = Mapping[str, Any]

#: Roles of every kind whose values are only held against each other.
_NAME_ROLES = ("id", "passage")


class Holds(Enum):
    """What a column holds, by the roles it plays; a source is never asked to guess it."""

    #: Texts, or what a kind makes of them; kept as they are written.
    TEXTS = "texts"
    #: Ids, or names of passages; kept as they are written.
    NAMES = "names"
    #: Classes: their integers, or their names.
    CLASSES = "classes"


@dataclass(frozen=True)
class Declaration:
    """What a task declares of its columns, for whoever reads them."""

    #: The task's own names first, then the other ones it knows.
    layouts: tuple[Layout, ...]
    #: Roles whose column holds classes.
    class_roles: tuple[str, ...]
    #: Names of the classes in the order of their integers.
    labels: tuple[str, ...]

    @classmethod
    def of(cls, task: Task, class_roles: Sequence[str]) -> Declaration:
        """Return what a task declares; `class_roles` are those of its kind."""
        return cls((task.columns, *task.layouts), tuple(class_roles), tuple(task.labels))

    def choose(self, there: Sequence[str], place: str) -> Layout:
        """Return the first layout whose columns are all there.

        Raises DataError naming the place, and the column that the task's own layout lacks, when there is none.
        """
        for layout in self.layouts:
            if set(names_of(layout)) <= set(there):
                return layout
        missing = next(name for name in names_of(self.layouts[0]) if name not in there)
        found = ", ".join(name if name.isprintable() else short_repr(name) for name in there)
        raise DataError(f"{place}: column '{missing}' is missing; the columns are: {shorten(found, 400) or 'none'}")

    def holds(self, layout: Layout) -> dict[str, Holds]:
        """Return what each column of a layout holds; texts where one of its roles is neither a name's nor a class's."""
        found: dict[str, Holds] = {}
        for role, value in layout.items():
            what = Holds.NAMES if role in _NAME_ROLES else Holds.TEXTS
            if role in self.class_roles and isinstance(value, str):
                what = Holds.CLASSES
            for name in names_of({role: value}):
                if found.get(name, Holds.NAMES) is Holds.NAMES:
                    found[name] = what
        return found

    def by_name(self, values: list[Any], names: Sequence[str], place: str, column: str) -> list[Any]:
        """Return the task's integers for classes that a source numbers in the order of its own names.

        Negative integers, by which sources mark a row without a class, and values that are not integers stay as they
        are. Names that are nothing but the numbers from 0 say nothing. Raises DataError naming both lists when a class
        that occurs is not one of the task's, and the value when it has no name.
        """
        if tuple(names) == self.labels or list(names) == [str(number) for number in range(len(names))]:
            return values
        number = {name: i for i, name in enumerate(self.labels)}
        used = {value for value in values if type(value) is int and value >= 0}
        lists = f"the source's classes are {_listed(names)}, the task's are {_listed(self.labels)}"
        for value in sorted(used):
            if value >= len(names):
                raise DataError(f"{place}: column '{column}' holds {value}, which names no class; {lists}")
            if names[value] not in number:
                raise DataError(
                    f"{place}: column '{column}' holds the class '{names[value]}', which the task does not have; "
                    f"{lists}; give the source's classes the task's names"
                )
        mapped = {value: number[names[value]] for value in used}
        return [mapped.get(value, value) if type(value) is int else value for value in values]


def names_of(layout: Layout) -> list[str]:
    """Return the columns of a layout, each once."""
    names: list[str] = []
    for value in layout.values():
        names += [value] if isinstance(value, str) else list(value)
    return list(dict.fromkeys(names))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"{i} {name}" for i, name in enumerate(names))
