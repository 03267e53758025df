"""One scorer on the dynamics of several runs: what it gives from some of the runs and epochs, beside all of them.

Sets of S of the R runs are cyclic: runs i, i + 1, ..., i + S - 1 for every i (one set where S = R), so that every run
is in equally many. Epochs are the first E of each run: a shorter history of the same training, not a shorter training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.plugins import Scorer
from hbench.plugins.scoring import choose
from hbench.selection import count_for

if TYPE_CHECKING:
    import xarray as xr

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Measured:
    """What a scorer gives from sets of some runs, and the first of their epochs; see `results.sensitivity`."""

    runs: int
    epochs: int
    #: Share kept, None for the scorer's own subset.
    keep: float | None
    sets: int
    share: float
    correlation: float | None
    lowest_correlation: float | None
    overlap: float
    lowest_overlap: float
    pairs: int
    pair_correlation: float | None
    pair_overlap: float | None


@dataclass(frozen=True)
class _Given:
    """What one set of runs gives: which runs, ranks of the scores, and the subset for each share kept."""

    runs: frozenset[int]
    ranks: npt.NDArray[np.float64]
    subsets: dict[float | None, Mask]


def measure(
    scorer: Scorer, dynamics: xr.Dataset, keeps: Sequence[float], *, selection_seed: int = 0
) -> Iterator[Measured]:
    """Yield what a scorer gives from 1, 2, ... of the runs and epochs, for every share kept and its own subset.

    dynamics: of R >= 1 runs, with ids and labels, what the scorer declared and no more. selection_seed: of the order in
    which ties are broken, the same for all sets, so that it adds no difference. Where the scorer refuses so few runs or
    epochs, nothing is yielded. Raises UsageError where it refuses all of them.
    """
    epochs, everything = sorted(dynamics["epoch"].values.tolist()), dynamics.sizes["run"]
    whole = _given(scorer, dynamics, range(everything), keeps, selection_seed)
    for last in epochs:
        part = dynamics.sel(epoch=[epoch for epoch in epochs if epoch <= last])
        for size in range(1, everything + 1):
            try:
                sets = [_given(scorer, part, runs, keeps, selection_seed) for runs in _sets(everything, size)]
            except UsageError:
                continue
            yield from (_compared(sets, whole, size, last, keep) for keep in whole.subsets)


def _sets(everything: int, size: int) -> list[tuple[int, ...]]:
    starts = range(everything if size < everything else 1)
    return [tuple((start + step) % everything for step in range(size)) for start in starts]


def _given(
    scorer: Scorer, dynamics: xr.Dataset, runs: Sequence[int], keeps: Sequence[float], selection_seed: int
) -> _Given:
    from scipy.stats import rankdata

    part = dynamics.isel(run=sorted(runs))
    scores = scorer.score(part)
    preference = scorer.prefer(scores, len(runs)).values.astype(np.float64)
    ids, labels = part["example"].values.astype(str), part["label"].values
    subsets: dict[float | None, Mask] = {
        keep: choose(scorer, preference, ids, labels, count=count_for(keep, len(ids)), seed=selection_seed)
        for keep in keeps
    }
    natural = scorer.natural(scores, len(runs))
    if natural is not None:
        subsets[None] = natural.values.astype(bool)
    return _Given(frozenset(runs), np.asarray(rankdata(scores.values), dtype=np.float64), subsets)


def _compared(sets: Sequence[_Given], whole: _Given, size: int, last: int, keep: float | None) -> Measured:
    correlations = [_correlation(one.ranks, whole.ranks) for one in sets]
    known = [value for value in correlations if value is not None]
    overlaps = [_overlap(one.subsets[keep], whole.subsets[keep]) for one in sets]
    apart = [(one, other) for one, other in combinations(sets, 2) if not one.runs & other.runs]
    between = [value for one, other in apart if (value := _correlation(one.ranks, other.ranks)) is not None]
    return Measured(
        runs=size,
        epochs=last,
        keep=keep,
        sets=len(sets),
        share=fmean(float(one.subsets[keep].mean()) for one in sets),
        correlation=fmean(known) if known else None,
        lowest_correlation=min(known, default=None),
        overlap=fmean(overlaps),
        lowest_overlap=min(overlaps),
        pairs=len(apart),
        pair_correlation=fmean(between) if between else None,
        pair_overlap=fmean(_overlap(one.subsets[keep], other.subsets[keep]) for one, other in apart) if apart else None,
    )


def _correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float | None:
    """Return the correlation of ranks; None where all of one side are equal."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def _overlap(one: Mask, other: Mask) -> float:
    """Return common examples by examples in either; 1 for two empty subsets."""
    either = int((one | other).sum())
    return float((one & other).sum()) / either if either else 1.0
