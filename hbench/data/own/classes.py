"""From the labels of the user's rows, texts or numbers, to classes with names and integers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hbench.errors import DataError, suggest
from hbench.files import short_repr, shorten

#: How a kind of task knows a row without a gold answer.
NO_GOLD = -1
#: Classes that one message names.
_SHOWN = 8
#: A column that tells more rows apart than this holds values, not classes.
_MOST_CLASSES = 1000
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")


def names_of_classes(values: Sequence[Any], where: str, column: str) -> tuple[str, ...]:
    """Return the names of the classes that occur: numbers in their order, texts sorted.

    values: as `plain_labels` returns them. where: words for the table. Raises DataError for one class alone, and for a
    column of values that are no classes.
    """
    found = {value for value in values if value is not None}
    numbers = sorted(value for value in found if isinstance(value, int))
    names = [str(value) for value in numbers] + sorted(value for value in found if isinstance(value, str))
    if len(names) < 2:
        raise DataError(
            f"{where}: column '{column}' holds {short_repr(names[0]) if names else 'no label'} in every row; "
            "name the column of the labels, which has two classes or more"
        )
    if len(names) > _MOST_CLASSES or (len(names) > len(values) / 2 and len(names) > _SHOWN):
        raise DataError(
            f"{where}: column '{column}' holds {len(names)} different values in {len(values)} rows, which are no "
            "classes; name the column of the labels"
        )
    return tuple(names)


def plain_labels(
    values: Sequence[Any], place: Callable[[int], str], column: str, names: Sequence[str], unlabelled: str | None
) -> list[Any]:
    """Return labels as integers or texts alone, None for a row without one.

    names: of the classes that the source numbers, empty where it does not: then -1 is a row without a label.
    unlabelled: the value that says so elsewhere, as text. Raises DataError naming a row whose label is blank, of
    another type than those before, or the same as another but for white space, and a -1 that may be either.
    """
    found = [_plain(value, place(row), column, names) for row, value in enumerate(values)]
    if unlabelled is not None:
        found = [None if value is not None and str(value) == unlabelled else value for value in found]
    _check_alike(found, place, column)
    if all(value is None or _INTEGER.fullmatch(str(value)) for value in found):  # a table of texts may hold numbers
        found = [None if value is None else int(value) for value in found]
    if not names and unlabelled is None and NO_GOLD in found and 0 in found:
        raise DataError(
            f"{place(found.index(NO_GOLD))}: column '{column}' holds {NO_GOLD}, which may be a class or stand for no "
            "label; write names for the classes, or say with --unlabelled=-1 that such rows have none"
        )
    return found


def as_integers(
    values: Sequence[Any], labels: Sequence[str], place: Callable[[int], str], column: str, trained: str
) -> list[int]:
    """Return the place of each label among the classes, -1 for a row without one.

    trained: where the classes were found, for the message. Raises DataError naming a row whose class is not among them.
    """
    number = {name: i for i, name in enumerate(labels)}
    integers = []
    for row, value in enumerate(values):
        if value is not None and str(value) not in number:
            raise DataError(
                f"{place(row)}: column '{column}' holds the class {short_repr(str(value))}, which does not occur in "
                f"{trained}{suggest(str(value), labels)}"
            )
        integers.append(NO_GOLD if value is None else number[str(value)])
    return integers


def listed(labels: Sequence[str], counts: Mapping[int, int] | None = None) -> str:
    """Return the classes in words, such as `0 negative (412), 1 positive (388)`, the first ones of many."""
    shown = [
        f"{i} {shorten(name, 40)}{'' if counts is None else f' ({counts.get(i, 0):,})'}"
        for i, name in enumerate(labels[:_SHOWN])
    ]
    return ", ".join(shown) + (f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else "")


def _plain(value: Any, place: str, column: str, names: Sequence[str]) -> int | str | None:
    if value is None or (isinstance(value, str) and not value.strip()) or value != value:
        raise DataError(f"{place}: column '{column}' is empty; write the label, or remove the row")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is int and names:
        if value == NO_GOLD:
            return None
        if not 0 <= value < len(names):
            raise DataError(f"{place}: column '{column}' holds {value}, which names none of its {len(names)} classes")
        return names[value]
    if isinstance(value, int | str):
        return value
    raise DataError(
        f"{place}: column '{column}' holds {short_repr(value)}, which is no class; write an integer or a name"
    )


def _check_alike(found: Sequence[Any], place: Callable[[int], str], column: str) -> None:
    first: dict[str, tuple[int, Any]] = {}
    kinds: dict[type, int] = {}
    for row, value in enumerate(found):
        if value is None:
            continue
        kinds.setdefault(type(value), row)
        if len(kinds) > 1:
            other = found[min(kinds.values())]
            raise DataError(
                f"{place(row)}: column '{column}' holds {short_repr(value)}, and {short_repr(other)} in "
                f"{place(min(kinds.values()))}; write all labels as numbers, or all as names"
            )
        if isinstance(value, str):
            before = first.setdefault(" ".join(value.split()), (row, value))
            if before[1] != value:
                raise DataError(
                    f"{place(row)}: column '{column}' holds {short_repr(value)}, which differs from "
                    f"{short_repr(before[1])} in {place(before[0])} by white space alone; write both alike"
                )
