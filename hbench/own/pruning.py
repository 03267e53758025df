"""From scores to the part of a user's own rows that is kept: matched by id, and told class by class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hbench.cost.net import break_even
from hbench.data.own.roles import OwnSplit
from hbench.errors import DataError, UsageError, suggest
from hbench.experiment.seeds import PUBLISHED_SEEDS, tie_seed
from hbench.files import short_repr, shorten
from hbench.own.scores import ID, Scores, cell, shown_column
from hbench.plugins import Scorer
from hbench.plugins.registry import SCORERS
from hbench.selection import count_for, select

if TYPE_CHECKING:
    import numpy.typing as npt

#: Ids that a message names of those that do not match.
_NAMED = 3


@dataclass(frozen=True)
class Choice:
    """How the rows to keep are chosen."""

    #: The column of scores: that of a scorer, or any other with `order`.
    by: str
    #: Share of the examples that is kept; None where the scorer's own subset is.
    keep: float | None = None
    #: Which end of the scores is kept, where the column is not a scorer's.
    order: Literal["highest", "lowest"] | None = None
    #: Select within each class, in the classes' own proportions; None for what the scorer's reference says.
    balance: bool | None = None
    #: Share of the examples dropped from the preferred end first; None for what the scorer's reference says.
    offset: float | None = None
    #: Training seed whose order breaks ties, so that the rows are those that a board trains on with it.
    seed: int = PUBLISHED_SEEDS[0]
    #: Full-data runs behind the scores, where no provenance says it.
    runs: int | None = None


@dataclass(frozen=True)
class Pruned:
    """Which rows are kept, and what can be said of the others."""

    #: Bool over the rows of the table, those without a label included.
    rows: npt.NDArray[np.bool_]
    #: Bool over the examples, and the order of keeping, highest first.
    kept: npt.NDArray[np.bool_]
    preference: npt.NDArray[np.float64]
    #: By class: examples, and those kept; a single entry without a name where the classes are not known.
    classes: Mapping[str, tuple[int, int]]
    #: What scoring cost, in trainings on all examples; None where it is not known.
    cost: float | None

    @property
    def size(self) -> int:
        """Number of examples kept."""
        return int(self.kept.sum())

    @property
    def share(self) -> float:
        """Share of the examples kept."""
        return self.size / len(self.kept)

    def pays_after(self) -> int | None:
        """Return after how many trainings on the subset its scoring has paid; None for never, or not known."""
        return None if self.cost is None else break_even(self.cost, self.share, 1.0)

    def dropped(self, count: int) -> list[int]:
        """Return the places of examples to read: the first of those that are dropped, in the order of the rows."""
        gone = np.flatnonzero(~self.kept)
        step = max(1, len(gone) // max(1, count))
        return [int(place) for place in gone[::step][:count]]


def prune_examples(train: OwnSplit, scores: Scores, choice: Choice) -> Pruned:
    """Choose the rows of a table that are kept, in the table's order.

    Raises DataError naming ids that only the rows or only the scores have, and rows whose text is another than when
    they were scored; UsageError for a choice that cannot be made.
    """
    ids = train.example_ids()
    places = _matched(train, ids, scores)
    values = scores.column(choice.by)[places]
    preference, natural, scorer = _preferred(scores, choice, values, ids)
    if choice.keep is None:
        if natural is None:
            raise UsageError(f"'{choice.by}' has no subset of its own; give the share to keep with --keep")
        if not natural.any():
            raise UsageError(f"the subset of '{choice.by}' is empty with these runs; score with more --runs")
        kept = natural
    else:
        balance = choice.balance if choice.balance is not None else scorer is not None and scorer.balance
        offset = choice.offset if choice.offset is not None else 0.0 if scorer is None else scorer.offset
        labels = _labels(train)
        if balance and labels is None:
            raise UsageError("--balance: the classes of these rows are not known; name their column with --label")
        kept = select(
            preference,
            ids,
            count=count_for(choice.keep, len(ids)),
            offset=offset,
            balance=labels if balance else None,
            seed=tie_seed(0, choice.seed),
            pick=None if scorer is None or type(scorer).pick is Scorer.pick else scorer.pick,
        )
    rows = np.zeros(train.table.size, dtype=bool)
    rows[np.array(train.examples)[kept]] = True
    used = None if scores.provenance is None else scores.provenance.scorers.get(choice.by)
    return Pruned(rows, kept, preference, _by_class(train, kept), None if used is None else used.cost)


def _matched(train: OwnSplit, ids: Sequence[str], scores: Scores) -> npt.NDArray[np.int64]:
    """Return where in the scores each example is."""
    place = {name: at for at, name in enumerate(scores.ids)}
    if absent := [name for name in ids if name not in place]:
        raise DataError(
            f"{scores.place}: no scores for {_some(absent)} of {train.table.place}; score the rows again, or name the "
            f"column of ids with --{ID}"
        )
    there = set(ids)
    if foreign := [name for name in scores.ids if name not in there]:
        raise DataError(
            f"{scores.place}: scores of {_some(foreign)}, which {train.table.place} does not have; score the rows "
            f"again, or name the column of ids with --{ID}"
        )
    places = np.array([place[name] for name in ids], dtype=np.int64)
    for name in [name for name in scores.shown if name in train.table.names]:
        column, held = shown_column(train, name), scores.shown[name]
        for row, at, own in zip(train.examples, places.tolist(), ids, strict=True):
            if cell(column[row]) != cell(held[at]):
                raise DataError(
                    f"{train.table.row(row)}: column '{name}' holds {short_repr(column[row])}, and "
                    f"{short_repr(held[at])} when {ID} {own} was scored; score the rows again"
                )
    return places


def _preferred(
    scores: Scores, choice: Choice, values: npt.NDArray[np.float64], ids: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_] | None, Scorer | None]:
    """Return the order of keeping, highest first, the scorer's own subset, and the scorer."""
    if choice.order is not None:
        return (values if choice.order == "highest" else -values), None, None
    name = re.split(r"[\[(]", choice.by)[0]
    if name not in SCORERS.names():
        raise UsageError(
            f"'{shorten(choice.by)}' is not a scorer{suggest(name, SCORERS.names())}; say which end of the column is "
            "kept with --order highest or --order lowest"
        )
    import xarray as xr

    used = None if scores.provenance is None else scores.provenance.scorers.get(choice.by)
    scorer = SCORERS.find(choice.by).plugin
    runs = choice.runs if used is None else used.runs
    if runs is None and scorer.observations():
        raise UsageError(
            f"{scores.place}: the provenance beside it is missing, so how many runs '{choice.by}' was scored by is not "
            "known; restore the file, or say it with --runs"
        )
    given = xr.DataArray(values, coords={"example": list(ids)}, dims="example")
    natural = scorer.natural(given, runs or 0)
    return (
        scorer.prefer(given, runs or 0).to_numpy().astype(np.float64),
        None if natural is None else natural.to_numpy().astype(bool),
        scorer,
    )


def _labels(train: OwnSplit) -> npt.NDArray[np.int64] | None:
    if train.class_role is None:
        return None
    values = train.values[train.class_role]
    return np.array([values[row] for row in train.examples], dtype=np.int64)


def _by_class(train: OwnSplit, kept: npt.NDArray[np.bool_]) -> dict[str, tuple[int, int]]:
    labels = _labels(train)
    if labels is None:
        return {"": (len(kept), int(kept.sum()))}
    return {name: (int((labels == i).sum()), int((kept & (labels == i)).sum())) for i, name in enumerate(train.labels)}


def _some(names: Sequence[Any]) -> str:
    shown = ", ".join(short_repr(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{'id' if len(names) == 1 else 'ids'} {shown}{more}"
