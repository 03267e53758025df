"""Seeds that share a set of scores: how much the luck of the set adds to the variance of their mean.

With R sets of scores for S seeds, the seed means of a difference follow d_s = m + b_g(s) + e_s, var(e) = v,
var(b) = lambda v. The mean square of seeds misses most of what the sets add to the variance of the mean: with n_g seeds
in set g, k = sum n_g^2 / S of them in a set (S / R where all are equal),

    var(mean d) = (v / S) (1 + k lambda)        E[variance between seeds] = v (1 + lambda (S - k) / (S - 1))

so that MS_s has to be multiplied by

    (1 + k lambda) / (1 + lambda (S - k) / (S - 1))

which is (1 + k lambda) / (1 + k lambda (R - 1) / (S - 1)) for equal n_g, and lambda has to be known. Two sets of three
seeds cannot tell it; many rows can, if it is the same in all of them. `pooled_lambda` maximises the restricted
likelihood (Patterson, Thompson 1971, Biometrika 58:545) over lambda >= 0, with a mean and a variance v of its own for
every row. For one row, with w_g = n_g / (1 + n_g lambda), d_g. the means of the sets and m their mean weighted by w_g,
up to a constant

    l(lambda) = -1/2 sum_g log(1 + n_g lambda) - 1/2 log sum_g w_g
                - (S - 1)/2 log(sum_s (d_s - d_g(s).)^2 + sum_g w_g (d_g. - m)^2)
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError

Floats = npt.NDArray[np.float64]

#: Largest ratio that is looked at: beyond it the sets are all there is, and the factor changes no more.
LARGEST = 100.0
#: Values of log(1 + lambda) looked at before the search around the best of them.
_GRID = 100


@dataclass(frozen=True)
class GroupedMeans:
    """The differences of one row: its mean for every training seed, and the set of scores behind each."""

    means: Sequence[float]
    groups: Sequence[Hashable]


def inflation(ratio: float, groups: Sequence[Hashable]) -> float:
    """Return what the mean square of seeds is multiplied by, at least 1, where seeds share sets of scores.

    ratio: lambda, the variance between sets over that between seeds of one set, >= 0. groups: the set of each seed.
    With one set for all S seeds it is 1 + S lambda. Raises UsageError for fewer than two seeds or a ratio out of range.
    """
    seeds = len(groups)
    if seeds < 2 or not 0 <= ratio < math.inf:
        raise UsageError(f"ratio = {ratio} with {seeds} seeds: use a ratio of at least 0, and at least 2 seeds")
    shared = float(np.square(_sizes(groups)).sum()) / seeds
    return (1 + shared * ratio) / (1 + ratio * (seeds - shared) / (seeds - 1))


def pooled_lambda(rows: Sequence[GroupedMeans]) -> float | None:
    """Return the variance between sets of scores over that between seeds of one set, 0..`LARGEST`, over all rows.

    A row says nothing, and is passed over, when it has fewer than two sets, or no two seeds of one set differ; None
    where all are. Raises UsageError when means and groups differ in number or a mean is not finite.
    """
    known = [parts for row in rows if (parts := _Parts.of(row)) is not None]
    if not known:
        return None
    from scipy import optimize

    likelihood = _Likelihood.of(known)

    def loss(log_ratio: float) -> float:
        return -likelihood.at(math.expm1(log_ratio))

    grid = np.linspace(0.0, math.log1p(LARGEST), _GRID + 1)
    best = int(np.argmin([loss(x) for x in grid]))
    around = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, _GRID)])
    found = float(optimize.minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-10}).x)
    # the search never quite reaches the ends, where the maximum often is
    return math.expm1(min((found, float(grid[best])), key=loss))


@dataclass(frozen=True)
class _Parts:
    """What the likelihood of one row needs."""

    #: Seeds and mean of each set.
    sizes: Floats
    means: Floats
    #: Sum of squares of the seeds within their sets.
    within: float

    @classmethod
    def of(cls, row: GroupedMeans) -> _Parts | None:
        """Return them, None where the row says nothing."""
        values = np.asarray(row.means, dtype=np.float64)
        if values.ndim != 1 or len(values) != len(row.groups) or not np.isfinite(values).all():
            raise UsageError(f"{values.size} means for {len(row.groups)} groups: give one finite mean for each seed")
        places = _places(row.groups)
        if not len(values) or places.max() < 1:
            return None
        sizes = np.bincount(places).astype(np.float64)
        means = np.bincount(places, weights=values) / sizes
        within = float(np.square(values - means[places]).sum())
        # equal means differ by rounding
        rounding = len(values) * (32 * np.finfo(np.float64).eps * float(np.abs(values).max())) ** 2
        return cls(sizes, means, within) if within > rounding else None


@dataclass(frozen=True)
class _Likelihood:
    """The restricted log-likelihood of all rows together; arrays [row, set], a row with fewer sets has empty ones."""

    sizes: Floats
    means: Floats
    within: Floats

    @classmethod
    def of(cls, rows: Sequence[_Parts]) -> _Likelihood:
        sets = max(len(row.sizes) for row in rows)
        sizes, means = (
            np.array([np.pad(values, (0, sets - len(values))) for values in of_row])
            for of_row in ([row.sizes for row in rows], [row.means for row in rows])
        )
        return cls(sizes, means, np.array([row.within for row in rows]))

    def at(self, ratio: float) -> float:
        """Return its value at a ratio, up to a constant."""
        spread = 1 + self.sizes * ratio
        weights = self.sizes / spread
        mean = (weights * self.means).sum(axis=1) / weights.sum(axis=1)
        squares = self.within + (weights * np.square(self.means - mean[:, None])).sum(axis=1)
        freedom = self.sizes.sum(axis=1) - 1
        of_rows = np.log(spread).sum(axis=1) + np.log(weights.sum(axis=1)) + freedom * np.log(squares)
        return -0.5 * float(of_rows.sum())


def _places(groups: Sequence[Hashable]) -> npt.NDArray[np.int64]:
    """Return the number of each seed's group, counted in the order in which they come."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)


def _sizes(groups: Sequence[Hashable]) -> npt.NDArray[np.int64]:
    return np.bincount(_places(groups))
