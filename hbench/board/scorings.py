"""Rows in which several training seeds share a set of scores: what the luck of a set adds, pooled over the board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hbench.board.values import CellValues
from hbench.results.cell import CellKey
from hbench.statistics import GroupedMeans, pooled_lambda

#: Variance between sets of scores, in units of that between seeds, where no row of the board tells it.
_UNKNOWN = 1.0


@dataclass(frozen=True)
class SharedScores:
    """What the rows with several sets of scores, each for several seeds, have in common."""

    #: Variance between sets of scores / variance between seeds of one set, pooled by likelihood.
    ratio: float
    #: Rows that it is estimated from; 0 where none tells it, and the ratio is taken to be 1.
    rows: int
    #: The methods of all such rows, sorted.
    methods: tuple[str, ...]

    @classmethod
    def of(cls, evaluations: Iterable[Mapping[CellKey, CellValues]]) -> SharedScores | None:
        """Return it for the cells of each task, split and model; None where no seeds share one of several sets.

        A row contributes once, on the primary split, by its differences to the random subset of the same seeds, where
        that is missing to the full data. Rows that are unstable, or compared with one that is, are left out.
        """
        found, methods = [], set()
        for values in evaluations:
            for key, cell in values.items():
                if not cell.sets:
                    continue
                methods.add(key.method)
                if cell.cell.primary and (means := _means(key, cell, values)):
                    found.append(means)
        if not methods:
            return None
        ratio, names = pooled_lambda(found), tuple(sorted(methods))
        return cls(_UNKNOWN, 0, names) if ratio is None else cls(ratio, len(found), names)


def with_shared_scores(values: Mapping[CellKey, CellValues], shared: SharedScores | None) -> dict[CellKey, CellValues]:
    """Return the cells, those whose seeds share sets of scores with the ratio that their tests need."""
    if shared is None:
        return dict(values)
    return {key: replace(cell, between=shared.ratio) if cell.sets else cell for key, cell in values.items()}


def _means(key: CellKey, cell: CellValues, values: Mapping[CellKey, CellValues]) -> GroupedMeans | None:
    if cell.unstable:
        return None
    for baseline in _baselines(key, cell, values):
        differences = cell.seed_differences(baseline)
        if differences and not baseline.unstable:
            return GroupedMeans(list(differences.values()), [cell.sets[seed] for seed in differences])
    return None


def _baselines(key: CellKey, cell: CellValues, values: Mapping[CellKey, CellValues]) -> Iterable[CellValues]:
    keys = key._replace(method=cell.cell.baseline), CellKey.full_data(key.task, key.split, key.model)
    return (values[baseline] for baseline in keys if baseline in values and baseline != key)
