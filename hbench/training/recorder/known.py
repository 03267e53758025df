"""What is known of the examples before they are trained on: their ids and gold classes, read from a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hbench.dynamics.checks import whole_numbers
from hbench.errors import DataError
from hbench.files import short_repr
from hbench.kinds import Encoded
from hbench.kinds.text.tokens import Sequences

#: Columns that hold the gold class, by the names that transformers gives them.
_LABELS = ("labels", "label")


@dataclass(frozen=True)
class Known:
    """The examples of a training set, in its order."""

    #: Distinct, one for each example.
    ids: list[str]
    #: int64 (n,): the gold class of each, from 0.
    label: npt.NDArray[np.int64]

    def encoded(self, length: npt.NDArray[np.int64]) -> Encoded:
        """Return the examples as hbench's own trainings have them, without the tokens, which nothing here reads."""
        none = Sequences({}, np.zeros(1, dtype=np.int64), {})
        return Encoded(self.ids, none, owner=np.arange(len(self.ids)), label=self.label, length=length)


def know(dataset: Any, ids: str | Sequence[Any] | None, labels: str | Sequence[int] | None) -> Known:
    """Return the ids and gold classes of a map-style data set.

    ids, labels: name of its column, or one value for each example; None for positions from 0, and for the column
    `labels` or `label`. Raises DataError for a data set without a length or that column, for labels that are not
    classes from 0, and for ids that repeat.
    """
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise DataError(
            f"a {type(dataset).__name__} has no positions by which its examples could be told apart; "
            "give a data set with a length"
        )
    size = len(dataset)
    if not size:
        raise DataError("the data set has no examples; give the one that is trained on")
    found = _labels(dataset) if labels is None else _column(dataset, labels) if isinstance(labels, str) else labels
    label = whole_numbers("labels", np.asarray(found))
    if label.shape != (size,):
        raise DataError(f"labels have shape {label.shape}; give one class to each of the {size} examples")
    if label.min() < 0:
        raise DataError(f"labels hold the class {label.min()}; classes count from 0: leave such examples out")
    if ids is None:
        names = [str(position) for position in range(size)]
    else:
        names = [str(name) for name in (_column(dataset, ids) if isinstance(ids, str) else ids)]
    if len(names) != size:
        raise DataError(f"there are {len(names)} ids for {size} examples; give one to each")
    if len(set(names)) < size:
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"example id {short_repr(twice)} is there twice; every id has to be distinct")
    return Known(names, label)


def _labels(dataset: Any) -> Sequence[Any]:
    held = getattr(dataset, "column_names", None)
    if held is None:
        first = dataset[0]
        held = list(first) if isinstance(first, Mapping) else []
    for name in _LABELS:
        if name in held:
            return _column(dataset, name)
    raise DataError(
        f"the data set has no column {' or '.join(map(repr, _LABELS))}, but {', '.join(held) or 'no named columns'}; "
        "name the column of the gold class, or give a class for each example, as `labels`"
    )


def _column(dataset: Any, name: str) -> Sequence[Any]:
    columns = getattr(dataset, "column_names", None)
    try:
        values: Sequence[Any] = dataset[name][:] if columns is not None else [row[name] for row in _rows(dataset)]
    except (KeyError, IndexError, TypeError):
        held = f", but {', '.join(columns)}" if columns else ""
        raise DataError(f"the data set has no column '{name}'{held}; name one that it has") from None
    return values


def _rows(dataset: Any) -> Any:
    return (dataset[position] for position in range(len(dataset)))
