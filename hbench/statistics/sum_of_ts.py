"""The error of a mean with two estimated variances: the sum of two t variates, each with a scale of its own.

Many are worked out together, as a table has dozens of tests: what an array holds for one of them does not depend on
the others.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hbench.statistics.student import quantile, two_sided_p

Floats = npt.NDArray[np.float64]

#: The quadrature's reach and spacing, finer below three degrees of freedom. p is right to nine digits where it is above
#: 0.01, to five at 0.001, and to two at 0.00001.
_REACH, _STEP, _FINE_STEP = 3.2, 0.04, 0.005
#: How much rarer the wider part reaches a distance where the other counts as alone.
_ALONE = 1e-6
#: Weights of the quadrature that no sum of doubles would notice; most nodes have one unless the degrees are few.
_NO_WEIGHT = 1e-18
#: Newton's method doubles the digits with each step: after one of this relative size the next would change nothing.
_NEWTON_STEPS, _CLOSE = 60, 1e-7
#: Integrals worked out at once, which bounds the memory.
_TOGETHER = 2048
#: Ratios of the two scales at which half widths are known; between them the search starts from a cubic spline.
_RATIOS = 65


@dataclass(frozen=True)
class TwoT:
    """The distribution of the error of a mean: seed * T + case * U, both t variates independent.

    seed, case: scales >= 0 in the units of the mean. seed_df, case_df: degrees of freedom, at least 1.
    """

    seed: float
    case: float
    seed_df: float
    case_df: float

    def tail(self, distance: float) -> float:
        """Return P(|error| >= distance), 0..1; 1 at a distance of 0, also where there is no error."""
        return float(Errors.each_of([self]).tail(np.array([distance]))[0])

    def half_width(self, level: float) -> float:
        """Return the distance within which the error lies with probability `level`."""
        return float(Errors.each_of([self]).half_width(level)[0])


class _Like(NamedTuple):
    """Errors whose larger and smaller part have the same degrees of freedom."""

    at: npt.NDArray[np.int64]
    inner_df: float
    outer_df: float


@dataclass(frozen=True, eq=False)
class Errors:
    """The distributions of the errors of many means; arrays [mean], as the fields of `TwoT`."""

    seed: Floats
    case: Floats
    seed_df: Floats
    case_df: Floats

    @classmethod
    def of(cls, squares: Floats, seeds: Floats, cases: Floats, inflation: Floats) -> Errors:
        """Return them from mean squares [3, mean] of seeds, of cases and of the rest; the others [mean].

        inflation: multiplies MS_s, as sets of scores do that several seeds share.
        """
        ms_seed, ms_case, ms_rest = squares
        excess = ms_case - ms_rest
        excess = np.where(excess > 1e-12 * ms_case, excess, 0.0)  # what is left of two equal numbers is rounding
        # Nothing is left of either part although results differ: both estimate at least the interaction.
        nothing = (ms_seed == 0) & (ms_case <= ms_rest)
        count, seed_df, case_df = seeds * cases, seeds - 1, cases - 1
        return cls(
            np.sqrt(np.where(nothing, ms_rest, ms_seed) * inflation / count),
            np.sqrt(excess / count),
            np.where(nothing, seed_df * case_df, seed_df),
            case_df,
        )

    @classmethod
    def each_of(cls, errors: Sequence[TwoT]) -> Errors:
        """Return some distributions as arrays."""
        table = np.array([(e.seed, e.case, e.seed_df, e.case_df) for e in errors], dtype=np.float64).reshape(-1, 4)
        return cls(*table.T)

    def split(self) -> list[TwoT]:
        """Return them one by one."""
        columns = (self.seed, self.case, self.seed_df, self.case_df)
        return [TwoT(*each) for each in zip(*(column.tolist() for column in columns), strict=True)]

    def tail(self, distances: Floats) -> Floats:
        """Return P(|error| >= distance) of each, 0..1; 1 at a distance of 0, also where there is no error."""
        beyond = np.where(distances > 0, 0.0, 1.0)
        large, small = self._large, self._small
        for at, df in self._alone(distances > 0):
            beyond[at] = two_sided_p(distances[at] / large[at], df)
        for at, inner_df, outer_df in self._alike(distances > 0):
            above = _above(distances[at] / large[at], small[at] / large[at], inner_df, outer_df)
            beyond[at] = np.minimum(1.0, 2 * above)
        return beyond

    def half_width(self, level: float) -> Floats:
        """Return of each the distance within which the error lies with probability `level`."""
        return self._half_width(level, exact=True)

    def about_half_width(self, level: float) -> Floats:
        """Return `half_width` to about seven digits, in a small part of its time."""
        return self._half_width(level, exact=False)

    def _half_width(self, level: float, *, exact: bool) -> Floats:
        large, small = self._large, self._small
        widths = np.zeros_like(large)
        for at, df in self._alone(large > 0):
            widths[at] = large[at] * quantile((1 + level) / 2, df)
        for at, inner_df, outer_df in self._alike(large > 0):
            ratio = small[at] / large[at]
            start = _half_widths(inner_df, outer_df, level)(ratio)
            widths[at] = large[at] * (_search(start, ratio, inner_df, outer_df, level) if exact else start)
        return widths

    @functools.cached_property
    def _large(self) -> Floats:
        return np.maximum(self.seed, self.case)

    @functools.cached_property
    def _small(self) -> Floats:
        return np.minimum(self.seed, self.case)

    @functools.cached_property
    def _outer_df(self) -> Floats:
        return np.where(self.seed >= self.case, self.seed_df, self.case_df)

    def _alone(self, wanted: npt.NDArray[np.bool_]) -> Iterator[tuple[npt.NDArray[np.int64], float]]:
        """Yield those that are wanted and have one part, by its degrees of freedom."""
        one = wanted & (self._large > 0) & (self._small == 0)
        for df in sorted(set(self._outer_df[one].tolist())):
            yield np.flatnonzero(one & (self._outer_df == df)), df

    def _alike(self, wanted: npt.NDArray[np.bool_]) -> Iterator[_Like]:
        """Yield those that are wanted and have two parts, by their degrees of freedom."""
        inner_df = np.where(self.seed >= self.case, self.case_df, self.seed_df)
        both = wanted & (self._small > 0)
        for inner, outer in sorted(set(zip(inner_df[both].tolist(), self._outer_df[both].tolist(), strict=True))):
            alike = np.flatnonzero(both & (inner_df == inner) & (self._outer_df == outer))
            for start in range(0, len(alike), _TOGETHER):
                yield _Like(alike[start : start + _TOGETHER], inner, outer)


@functools.lru_cache(maxsize=1024)
def _half_widths(inner_df: float, outer_df: float, level: float) -> Callable[[Floats], Floats]:
    """Return a function of 0 <= ratio <= 1: about the half width of T + ratio U, T ~ t(outer_df), U ~ t(inner_df)."""
    from scipy import interpolate

    ratios = np.linspace(0, 1, _RATIOS)
    # From below, where the tail is convex, so that no step of Newton's method goes too far.
    widths = np.full(_RATIOS, quantile((1 + level) / 2, outer_df))
    widths[1:] = _search(widths[1:], ratios[1:], inner_df, outer_df, level)
    spline: Callable[[Floats], Floats] = interpolate.CubicSpline(ratios, widths)
    return spline


def _search(start: Floats, ratio: Floats, inner_df: float, outer_df: float, level: float) -> Floats:
    """Return x with P(|T + ratio U| <= x) = level by Newton's method, each on its own."""
    x, wanted = start.copy(), (1 - level) / 2
    left = np.arange(len(x))
    for _ in range(_NEWTON_STEPS):
        at, of = x[left], ratio[left]
        step = (_above(at, of, inner_df, outer_df) - wanted) / _density_at(at, of, inner_df, outer_df)
        x[left] = at + step
        left = left[np.abs(step) > _CLOSE * x[left]]
        if not len(left):
            break
    return x


def _above(x: Floats, ratio: Floats, inner_df: float, outer_df: float) -> Floats:
    """Return P(T + ratio U > x) for T ~ t(outer_df), U ~ t(inner_df), 0 < ratio <= 1."""
    from scipy import special

    def over_inner(at: Floats, of: Floats) -> Floats:
        nodes, weights = _quadrature(inner_df)
        return _weighted(special.stdtr(outer_df, of[:, None] * nodes - at[:, None]), weights)

    def over_outer(at: Floats, of: Floats) -> Floats:
        nodes, weights = _quadrature(outer_df)
        return _weighted(special.stdtr(inner_df, (nodes - at[:, None]) / of[:, None]), weights)

    return _by_reach(x, ratio, inner_df, outer_df, over_inner, over_outer)


def _density_at(x: Floats, ratio: Floats, inner_df: float, outer_df: float) -> Floats:
    """Return the density of T + ratio U at x."""

    def over_inner(at: Floats, of: Floats) -> Floats:
        nodes, weights = _quadrature(inner_df)
        return _weighted(_density(of[:, None] * nodes - at[:, None], outer_df), weights)

    def over_outer(at: Floats, of: Floats) -> Floats:
        nodes, weights = _quadrature(outer_df)
        return _weighted(_density((nodes - at[:, None]) / of[:, None], inner_df), weights) / of

    return _by_reach(x, ratio, inner_df, outer_df, over_inner, over_outer)


def _weighted(values: npt.NDArray[np.floating], weights: Floats) -> Floats:
    # not a matrix product, which adds in another order for another number of rows
    return np.asarray((values * weights).sum(axis=1), dtype=np.float64)


def _by_reach(
    x: Floats,
    ratio: Floats,
    inner_df: float,
    outer_df: float,
    over_inner: Callable[[Floats, Floats], Floats],
    over_outer: Callable[[Floats, Floats], Floats],
) -> Floats:
    """Integrate over U, but where only U reaches x over T: so far out the nodes of U are too wide apart."""
    from scipy import special

    alone = special.stdtr(outer_df, -x) < _ALONE * special.stdtr(inner_df, -x / ratio)
    if not alone.any():
        return over_inner(x, ratio)
    found = np.empty_like(x)
    found[~alone] = over_inner(x[~alone], ratio[~alone])
    found[alone] = over_outer(x[alone], ratio[alone])
    return found


@functools.lru_cache(maxsize=256)
def _quadrature(df: float) -> tuple[Floats, Floats]:
    """Return nodes and weights of an integral over the density of t(df): the double exponential rule.

    Substituting sinh(pi/2 sinh(s)) makes the integrand vanish so fast that equal steps converge exponentially
    (Takahasi, Mori 1974), with one degree of freedom too.
    """
    step = _STEP if df >= 3 else _FINE_STEP
    s = np.arange(-round(_REACH / step), round(_REACH / step) + 1) * step
    inner = math.pi / 2 * np.sinh(s)
    nodes = np.sinh(inner)
    weights = step * math.pi / 2 * np.cosh(s) * np.cosh(inner) * _density(nodes, df)
    kept = weights > _NO_WEIGHT
    return nodes[kept], weights[kept] / weights[kept].sum()


def _density(t: Floats, df: float) -> Floats:
    from scipy import special

    constant = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - math.log(df * math.pi) / 2
    return np.asarray(np.exp(constant - (df + 1) / 2 * np.log1p(np.square(t) / df)), dtype=np.float64)
