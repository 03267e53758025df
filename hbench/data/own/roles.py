"""Which column of the user's rows plays which role, and the values in the form that every kind of task reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hbench.data.own import classes
from hbench.data.own.table import Table
from hbench.data.own.task import task_class
from hbench.data.values import check_encoding, check_names
from hbench.errors import DataError, UsageError, suggest
from hbench.files import short_repr
from hbench.plugins import KindDeclaration, Task

#: Roles of every kind of task that need not be named.
_OPTIONAL = ("passage",)


class RowRules(Protocol):
    """What a kind of task asks of rows; every `hbench.kinds.Kind` answers it."""

    def check_rows(self, task: Task, columns: Mapping[str, list[Any]], place: Callable[[int], str]) -> Any:
        """Check all rows and return the positions of those with a gold answer. Raises DataError naming a row."""


@dataclass(frozen=True)
class OwnSplit:
    """The rows of a split as they were read and checked."""

    table: Table
    #: By role: the column, or columns, of the table.
    layout: Mapping[str, Any]
    #: Roles whose two columns are read as a pair.
    pairs: tuple[str, ...]
    #: Role of the gold answer.
    gold_role: str
    #: The same where its values are classes as integers, None where the kind reads them as they are.
    class_role: str | None
    #: One text for each row of the table, all distinct.
    ids: tuple[str, ...]
    #: Positions in the table of the rows with a gold answer: the examples.
    examples: tuple[int, ...]
    #: By role: the values of all rows.
    values: Mapping[str, list[Any]]
    #: Names of the classes in the order of their integers.
    labels: tuple[str, ...]

    def example_ids(self) -> list[str]:
        """Return the ids of the examples."""
        return [self.ids[row] for row in self.examples]

    def own_layout(self) -> dict[str, Any]:
        """Return the columns of the task that these rows make: named by role, whatever the user calls them."""
        return {"id": "id"} | {role: names[0] if len(names) == 1 else names for role, names in self._named().items()}

    def own_columns(self) -> dict[str, list[Any]]:
        """Return the examples in the columns of `own_layout`."""
        columns: dict[str, list[Any]] = {"id": self.example_ids()}
        for role, names in self._named().items():
            values = [self.values[role][row] for row in self.examples]
            if len(names) == 1:
                columns[names[0]] = values
            else:
                columns |= {name: [pair[at] for pair in values] for at, name in enumerate(names)}
        return columns

    def texts(self) -> list[str]:
        """Return a text for each example that is equal where all but its gold answer is."""
        read = [self.values[role] for role in self.layout if role != self.gold_role]
        return [json.dumps([values[row] for values in read], default=repr) for row in self.examples]

    def golds(self) -> list[str]:
        """Return a text for each example that is equal where its gold answer is."""
        return [json.dumps(self.values[self.gold_role][row], default=repr) for row in self.examples]

    def counts(self) -> Counter[int] | None:
        """Return how many examples each class has, None where the rows do not tell."""
        return None if self.class_role is None else Counter(self.values[self.class_role][row] for row in self.examples)

    def _named(self) -> dict[str, tuple[str, ...]]:
        return {
            role: (f"{role}1", f"{role}2") if role in self.pairs and not isinstance(names, str) else (role,)
            for role, names in self.layout.items()
        }


class Roles:
    """The roles of one task, by which all of its splits are read."""

    def __init__(
        self,
        kind: KindDeclaration,
        kind_name: str,
        columns: Mapping[str, str | tuple[str, ...]],
        id: str | None,
        unlabelled: str | None,
    ) -> None:
        """Raise UsageError for a kind that names no roles, and for a role that it does not read."""
        if not kind.roles:
            raise UsageError(f"kind of task '{kind_name}' does not say which columns it reads; let it declare `roles`")
        known = (*kind.roles, *_OPTIONAL)
        for role, names in columns.items():
            if role not in known:
                raise UsageError(f"kind of task '{kind_name}' reads no '{role}'{suggest(role, known)}")
            if role in kind.pair_roles and not isinstance(names, str) and len(names) != 2:
                raise UsageError(f"{role} {','.join(names)}: name one column, or two that are read as a pair")
        self._kind, self._columns, self._id, self._unlabelled = kind, columns, id, unlabelled
        self._class_role: str | None = None

    def attributes(self, table: Table) -> dict[str, Any]:
        """Return the class attributes that follow from the training rows, the names of the classes among them."""
        layout = self._layout(table)
        found = self._kind.attributes_of({role: _values(table, layout[role]) for role in self._kind.roles})
        if "labels" not in found:
            self._class_role = self._kind.class_roles[0]
            column = layout[self._class_role]
            named = table.classes(column)
            found["labels"] = tuple(named) or classes.names_of_classes(self._labels(table, column), table.place, column)
        return found

    def split(self, table: Table, attributes: Mapping[str, Any], rules: RowRules) -> OwnSplit:
        """Return the rows of a split, checked; the training split's attributes are known. Raises DataError."""
        layout = self._layout(table)
        values = {role: _values(table, names) for role, names in layout.items()}
        role = self._class_role
        if role is not None:
            labels, column = attributes["labels"], layout[role]
            trained = f"the training rows ({classes.listed(labels)})"
            values[role] = classes.as_integers(self._labels(table, column), labels, table.row, column, trained)
        columns, named = self._by_name(layout, values)
        if self._id is not None:
            columns[self._id], named["id"] = table.column(self._id), self._id
        stand_in = task_class({**attributes, "columns": named})()
        check_encoding(columns, table.row)
        examples = tuple(int(row) for row in rules.check_rows(stand_in, columns, table.row))
        check_names(stand_in, columns, table.row)
        if not examples:
            raise DataError(f"{table.place}: no row has a label; give some a label")
        ids = _ids(table, columns.get(self._id or ""), self._id)
        return OwnSplit(
            table=table,
            layout=layout,
            pairs=self._kind.pair_roles,
            gold_role=self._kind.roles[-1],
            class_role=role,
            ids=ids,
            examples=examples,
            values=values,
            labels=tuple(attributes["labels"]),
        )

    def _layout(self, table: Table) -> dict[str, Any]:
        layout: dict[str, Any] = {role: self._columns.get(role, role) for role in self._kind.roles}
        layout |= {role: self._columns[role] for role in _OPTIONAL if role in self._columns}
        for role, names in layout.items():
            option = f"--{role}" if role in ("text", "label") else f"--column {role}=NAME"
            for name in (names,) if isinstance(names, str) else names:
                table.require(name, option)
        if self._id is not None:
            table.require(self._id, "--id")
        return layout

    def _by_name(self, layout: Mapping[str, Any], values: Mapping[str, list[Any]]) -> tuple[Any, dict[str, Any]]:
        """Return the values by the user's names of the columns, and these names by role."""
        columns: dict[str, list[Any]] = {}
        named: dict[str, Any] = {}
        for role, names in layout.items():
            if role in self._kind.pair_roles and not isinstance(names, str):
                columns |= {name: list(of) for name, of in zip(names, zip(*values[role], strict=True), strict=True)}
                named[role] = tuple(names)
            else:
                named[role] = names if isinstance(names, str) else ",".join(names)
                columns[named[role]] = values[role]
        return columns, named

    def _labels(self, table: Table, column: str) -> list[Any]:
        return classes.plain_labels(table.column(column), table.row, column, table.classes(column), self._unlabelled)


def split_by_ids(table: Table, id: str | None, label: str | None, unlabelled: str | None) -> OwnSplit:
    """Return the rows of a table by their ids alone, with their classes where a column of labels is named.

    Raises DataError for ids or labels at fault.
    """
    for name, option in ((id, "--id"), (label, "--label")):
        if name is not None:
            table.require(name, option)
    given = None if id is None else table.column(id)
    check_names(
        task_class({"kind": "", "columns": {} if id is None else {"id": id}})(), {id or "": given or []}, table.row
    )
    values: dict[str, list[Any]] = {}
    labels: tuple[str, ...] = ()
    examples = tuple(range(table.size))
    if label is not None:
        named = table.classes(label)
        found = classes.plain_labels(table.column(label), table.row, label, named, unlabelled)
        labels = tuple(named) or classes.names_of_classes(found, table.place, label)
        values["label"] = list(classes.as_integers(found, labels, table.row, label, table.place))
        examples = tuple(row for row, value in enumerate(values["label"]) if value != classes.NO_GOLD)
    return OwnSplit(
        table=table,
        layout={} if label is None else {"label": label},
        pairs=(),
        gold_role="label",
        class_role=None if label is None else "label",
        ids=_ids(table, given, id),
        examples=examples,
        values=values,
        labels=labels,
    )


def _values(table: Table, names: Any) -> list[Any]:
    if isinstance(names, str):
        return table.column(names)
    return [list(row) for row in zip(*(table.column(name) for name in names), strict=True)]


def _ids(table: Table, given: list[Any] | None, column: str | None) -> tuple[str, ...]:
    """Return the ids of all rows. Raises DataError naming two rows with the same."""
    if given is None:
        return tuple(str(row) for row in range(table.size))
    first: dict[str, int] = {}
    for row, value in enumerate(map(str, given)):
        if (other := first.setdefault(value, row)) != row:
            raise DataError(
                f"{table.row(row)}: the same {column} {short_repr(value)} as in {table.row(other)}; make it unique"
            )
    return tuple(first)
