"""What share of a baseline's mean a method keeps: the ratio of two means, with seeds and examples both random.

Fieller's idea (1954, Journal of the Royal Statistical Society B 16:175): a ratio R is compatible with the results when
the mean of x - R y does not differ from 0, x and y the values of method and baseline. Here the test is the two-t one
(`hbench.statistics.two_t`) of D(R)[s, i] = x[s, i] - R y[s, i], at 1 - level. The interval runs from the smallest to
the largest such R; with two seeds there can be rejected ratios in between. All sums of squares are quadratic in R: with
the ratio r = mean(x) / mean(y) found, e = x - r y and R = r + h,

    SS(R) = SS(e, e) - 2 h SS(e, y) + h^2 SS(y, y)                                for seeds, cases and the rest alike

so that the values are summed up once and a test takes microseconds. The ends are found by search, since the test's own
error changes with R. r itself is never rejected: the interval is never empty. It is unbounded, and none is given, where
y itself does not differ from 0 by the same test: then no ratio is too large. Values that are proportional have a single
ratio, whatever was sampled: r is the whole interval; for identical values it is exactly 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.crossed import Variance, linearised, rounding_of
from hbench.statistics.tables import Values, paired
from hbench.statistics.two_t import TwoT, two_t_p

#: Ratios looked at on either side before the search between the last two.
_GRID = 8
#: Angle to either side of the end found on the curve.
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
    if not 0 < level < 1:
        raise UsageError(f"level = {level}: use a share between 0 and 1, such as 0.95")
    x, y = paired(method, baseline)
    if not y.mean() > 0:
        return None
    tests = _Tests.of(x, y, cases, inflation)
    value, seeds = tests.ratio, len(x)
    if tests.seeds < 2 or tests.cases < 2:
        return Ratio(value=value, seeds=seeds, level=level)
    at_ratio = tests.variance(0.0)
    if at_ratio.se == 0:
        return Ratio(value=value, low=value, high=value, seeds=seeds, level=level)
    against_nothing = two_t_p(y, np.zeros_like(y), cases)
    if against_nothing is None or against_nothing > 1 - level:
        return Ratio(value=value, seeds=seeds, level=level)
    width = tests.error(0.0).half_width(level) / tests.mean
    low, high = (_last(tests, math.copysign(width, side), level) for side in (-1, 1))
    return Ratio(value=value, low=value + low, high=value + high, seeds=seeds, level=level)


@dataclass(frozen=True)
class _Tests:
    """The two-t test of x - R y for any R = ratio + h."""

    ratio: float
    #: Mean of y.
    mean: float
    #: Sums of squares (e, e), (e, y), (y, y) of seeds, of cases, and of the rest.
    sums: tuple[tuple[float, float, float], ...]
    seeds: int
    cases: int
    #: Largest |x| and |y|, and `rounding_of` values up to 1.
    largest: tuple[float, float]
    unit: float
    #: What the mean square of seeds is multiplied by.
    inflation: float

    @classmethod
    def of(cls, x: Values, y: Values, cases: npt.ArrayLike | None, inflation: float) -> _Tests:
        mean = float(y.mean())
        ratio = float(x.mean()) / mean
        of_e, size = _deviations(x - ratio * y, cases)
        of_y, _ = _deviations(y, cases)
        sums = tuple(_products(e, other) for e, other in zip(of_e, of_y, strict=True))
        largest = float(np.abs(x).max()), float(np.abs(y).max())
        return cls(ratio, mean, sums, len(x), len(size), largest, rounding_of(1.0, size), inflation)

    def rounding(self, h: float) -> float:
        scale = max(self.largest[0], abs(self.ratio + h) * self.largest[1])
        return self.unit * scale * scale

    def variance(self, h: float) -> Variance:
        squares = (max(ee - 2 * h * ey + h * h * yy, 0.0) for ee, ey, yy in self.sums)
        return Variance.of(*squares, seeds=self.seeds, cases=self.cases, rounding=self.rounding(h))

    def error(self, h: float) -> TwoT:
        return TwoT.of(self.variance(h), self.seeds, self.cases, self.inflation)

    def room(self, h: float, level: float, *, exact: bool) -> float:
        """Return by how much x - (ratio + h) y may lie further from 0 before it is rejected; below 0: it is."""
        error = self.error(h)
        return (error.half_width(level) if exact else error.about_half_width(level)) - abs(h * self.mean)


def _deviations(d: Values, cases: npt.ArrayLike | None) -> tuple[tuple[Values, Values, Values], Values]:
    """Return the deviations of seed means, of case means, and what is left of linearised values; examples per case."""
    of_seed, linear, size = linearised(d, cases)
    mean = d.mean()
    of_case = linear.mean(axis=0) - mean
    return (of_seed - mean, of_case, linear - of_seed[:, None] - of_case), size


def _products(e: Values, y: Values) -> tuple[float, float, float]:
    return float((e * e).sum()), float((e * y).sum()), float((y * y).sum())


def _last(tests: _Tests, width: float, level: float) -> float:
    """Return the h of the last ratio that is not rejected, on the side that the sign of `width` says.

    Searched along an angle, h = width * tan(angle): every ratio up to infinity lies on the way, and where it ends
    by the delta method lies in the middle. Half widths are first read off a curve; the last step, which is linear over
    so short a way, takes exact ones.
    """
    from scipy import optimize

    def room(angle: float, exact: bool = False) -> float:
        return tests.room(width * math.tan(angle), level, exact=exact)

    angles = [math.pi / 2 * k / _GRID for k in range(_GRID + 1)]
    inside = next((k for k in range(_GRID - 1, 0, -1) if room(angles[k]) > 0), 0)
    near = float(optimize.brentq(room, angles[inside], angles[inside + 1], xtol=1e-7))
    ends = near - _STEP, near + _STEP
    before, behind = (room(angle, exact=True) for angle in ends)
    return width * math.tan(ends[0] + 2 * _STEP * before / (before - behind))
