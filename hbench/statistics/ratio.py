"""What share of a baseline's mean a method keeps: the ratio of two means, with seeds and examples both random.

Fieller's idea (1954, Journal of the Royal Statistical Society B 16:175): a ratio R is compatible with the results when
the mean of x - R y does not differ from 0, x and y the values of method and baseline. Here the test is the two-t one
(`hbench.statistics.two_t`) of D(R)[s, i] = x[s, i] - R y[s, i], at 1 - level. The interval runs from the smallest to
the largest such R; with two seeds there can be rejected ratios in between. All sums of squares are quadratic in R: with
the ratio r = mean(x) / mean(y) found, e = x - r y and R = r + h,

    SS(R) = SS(e, e) - 2 h SS(e, y) + h^2 SS(y, y)                                for seeds, cases and the rest alike

so that the values are summed up once and a test takes microseconds. The ends are found by search, since the test's own
error changes with R; those of many pairs are searched for together. r itself is never rejected: the interval is never
empty. It is unbounded, and none is given, where y itself does not differ from 0 by the same test: then no ratio is too
large. Values that are proportional have a single ratio, whatever was sampled: r is the whole interval; for identical
values it is exactly 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.parts import Parts, mean_squares, rounding_of
from hbench.statistics.sum_of_ts import Errors, Floats
from hbench.statistics.tables import paired
from hbench.statistics.two_t import two_t_ps

#: Ratios looked at on either side before the search between the last two.
_GRID = 8
#: Steps of the search at most, and its precision as an angle.
_SEARCH_STEPS, _CLOSE = 100, 1e-7
#: Angle to either side of the end found on the curve, over which its slope is taken.
_STEP = 1e-5


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio of means and its interval; low and high are None with one seed or case, and where it is unbounded."""

    value: float
    low: float | None = None
    high: float | None = None
    seeds: int
    level: float = 0.95


def two_t_ratio(
    method: npt.ArrayLike,
    baseline: npt.ArrayLike,
    cases: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    inflation: float = 1.0,
) -> Ratio | None:
    """Return mean(method) / mean(baseline) with its interval; 1 = as good. None unless the baseline's mean is above 0.

    method, baseline: values [seed, example], paired by seed and by example; cases: passage or article of each example.
    inflation: what MS_s of method - R baseline is multiplied by where seeds share sets of scores. The interval is not
    cut at 0 or 1. Raises UsageError on shapes that do not fit, a value that is not finite, or a level outside (0, 1).
    Source: Fieller 1954 with the two-t test, see the module's docstring.
    """
    x, y = paired(method, baseline)
    return two_t_ratios([(Parts.of(x, cases), Parts.of(y, cases))], inflations=[inflation], level=level)[0]


def two_t_ratios(
    pairs: Sequence[tuple[Parts, Parts]], *, inflations: Sequence[float] | None = None, level: float = 0.95
) -> list[Ratio | None]:
    """Return `two_t_ratio` of every pair of rows, each as it is alone.

    inflations: of each pair, 1 where not given. Raises UsageError for rows that do not share seeds and cases, or a
    level outside (0, 1).
    """
    if not 0 < level < 1:
        raise UsageError(f"level = {level}: use a share between 0 and 1, such as 0.95")
    factors = [1.0] * len(pairs) if inflations is None else list(inflations)
    known = [i for i, (_, y) in enumerate(pairs) if y.mean > 0]
    tests = _Tests.of([pairs[i] for i in known], [factors[i] for i in known])
    found: list[Ratio | None] = [None] * len(pairs)
    for i, value, low, high in zip(known, tests.ratio.tolist(), *tests.ends(level), strict=True):
        found[i] = Ratio(value=value, low=low, high=high, seeds=len(pairs[i][0].seed), level=level)
    return found


@dataclass(frozen=True, eq=False)
class _Tests:
    """The two-t tests of x - R y for any R = ratio + h, of several pairs; arrays [pair]."""

    ratio: Floats
    #: Mean of y, and the p of its being 0.
    mean: Floats
    alone: Floats
    #: Sums of squares (e, e), (e, y), (y, y), [3, 3, pair]: the second index is that of seeds, of cases, of the rest.
    sums: Floats
    seeds: Floats
    cases: Floats
    #: Largest |x| and |y|, and `rounding_of` values up to 1.
    largest_x: Floats
    largest_y: Floats
    unit: Floats
    #: What the mean square of seeds is multiplied by.
    inflation: Floats

    @classmethod
    def of(cls, pairs: Sequence[tuple[Parts, Parts]], inflations: Sequence[float]) -> _Tests:
        baselines = {id(y): y for _, y in pairs}
        p = dict(zip(baselines, two_t_ps([(y, None) for y in baselines.values()]), strict=True))
        of_y = {key: y.products(y) for key, y in baselines.items()}
        rows, sums = [], []
        for (x, y), factor in zip(pairs, inflations, strict=True):
            share, of_nothing = x.mean / y.mean, p[id(y)]
            e = x.minus(y, share)
            sums.append((e.products(e), e.products(y), of_y[id(y)]))
            of_test = (share, y.mean, 1.0 if of_nothing is None else of_nothing, *x.rest.shape)
            rows.append((*of_test, x.largest, y.largest, rounding_of(1.0, x.spread), factor))
        ratio, mean, alone, seeds, cases, largest_x, largest_y, unit, factors = (
            np.array(rows, dtype=np.float64).reshape(-1, 9).T
        )
        of_sums = np.moveaxis(np.array(sums, dtype=np.float64).reshape(-1, 3, 3), 0, 2)
        return cls(ratio, mean, alone, of_sums, seeds, cases, largest_x, largest_y, unit, factors)

    def chosen(self, at: npt.NDArray[np.int64]) -> _Tests:
        """Return the tests of some of the pairs."""
        return _Tests(*(getattr(self, field.name)[..., at] for field in fields(self)))

    def errors(self, h: Floats) -> Errors:
        """Return the errors of the means of x - (ratio + h) y."""
        ee, ey, yy = self.sums
        scale = np.maximum(self.largest_x, np.abs(self.ratio + h) * self.largest_y)
        squares = mean_squares(
            np.maximum(ee - 2 * h * ey + h * h * yy, 0.0), self.seeds, self.cases, self.unit * np.square(scale)
        )
        return Errors.of(squares, self.seeds, self.cases, self.inflation)

    def room(self, h: Floats, level: float, *, exact: bool) -> Floats:
        """Return by how much x - (ratio + h) y may lie further from 0 before it is rejected; below 0: it is."""
        errors = self.errors(h)
        return (errors.half_width(level) if exact else errors.about_half_width(level)) - np.abs(h * self.mean)

    def ends(self, level: float) -> tuple[list[float | None], list[float | None]]:
        """Return the smallest and the largest ratio of each pair that is not rejected; None: there is no interval."""
        errors = self.errors(np.zeros_like(self.ratio))
        tested = (self.seeds > 1) & (self.cases > 1)
        varies = (errors.seed > 0) | (errors.case > 0)
        bounded = np.flatnonzero(tested & varies & (self.alone <= 1 - level))
        some = self.chosen(bounded)
        width = errors.half_width(level)[bounded] / some.mean
        ends = []
        for side in (-1, 1):
            found: list[float | None] = [
                ratio if fixed else None
                for ratio, fixed in zip(self.ratio.tolist(), (tested & ~varies).tolist(), strict=True)
            ]
            for i, end in zip(bounded.tolist(), (some.ratio + _last(some, side * width, level)).tolist(), strict=True):
                found[i] = end
            ends.append(found)
        return ends[0], ends[1]


def _last(tests: _Tests, width: Floats, level: float) -> Floats:
    """Return the h of the last ratio of each pair that is not rejected, on the side that the sign of `width` says.

    Searched along an angle, h = width * tan(angle): every ratio up to infinity lies on the way, and where it ends
    by the delta method lies in the middle. Half widths are first read off a curve; the last step, which is linear over
    so short a way, takes exact ones.
    """
    if not len(width):
        return width

    def room(angle: Floats, at: npt.NDArray[np.int64]) -> Floats:
        # times the cosine, which bounds it
        some = tests.chosen(at)
        return some.room(width[at] * np.tan(angle), level, exact=False) * np.cos(angle)

    every = np.arange(len(width))
    angles = math.pi / 2 * np.arange(_GRID + 1) / _GRID
    inner = room(np.repeat(angles[1:-1], len(width)), np.tile(every, _GRID - 1)).reshape(_GRID - 1, -1)
    inside = (np.arange(1, _GRID)[:, None] * (inner > 0)).max(axis=0)
    near = _root(room, angles[inside], angles[inside + 1])
    ends = near - _STEP, near + _STEP
    before, behind = (tests.room(width * np.tan(angle), level, exact=True) for angle in ends)
    return width * np.tan(ends[0] + 2 * _STEP * before / (before - behind))


def _root(f: Callable[[Floats, npt.NDArray[np.int64]], Floats], low: Floats, high: Floats) -> Floats:
    """Return about where functions, which are above 0 at `low` and not at `high`, are 0; f(x, which of them).

    Regula falsi, where the end that stays twice counts half (Dowell, Jarratt 1971: the Illinois method).
    """
    every = np.arange(len(low))
    ends, values = np.stack([low, high]), np.stack([f(low, every), f(high, every)])
    root, left, stayed = low.copy(), every, np.full(len(low), -1)
    for _ in range(_SEARCH_STEPS):
        (a, b), (of_a, of_b) = ends[:, left], values[:, left]
        x = (a * of_b - b * of_a) / (of_b - of_a)
        of_x = f(x, left)
        side = np.where(of_x > 0, 0, 1)
        moved = np.abs(x - root[left])
        root[left] = x
        ends[side, left], values[side, left] = x, of_x
        twice = stayed[left] == 1 - side
        values[1 - side[twice], left[twice]] /= 2
        stayed[left] = 1 - side
        left = left[(moved > _CLOSE) & (of_x != 0)]
        if not len(left):
            break
    return root
