"""What share of a baseline's mean a method keeps: the ratio of two means, with seeds and examples both random.

Fieller's idea (1954, Journal of the Royal Statistical Society B 16:175): a ratio R is compatible with the results when
the mean of x - R y does not differ from 0, x and y the values of method and baseline. Here the test is the crossed one
(`hbench.statistics.crossed`), at 1 - level:

    D(R)[s, i] = x[s, i] - R y[s, i];  |m(R)| <= t(df(R)) se(R)   with m, se and df of `crossed_test` on D(R)

The interval runs from the smallest to the largest such R; with two seeds there can be rejected ratios in between. All
sums of squares are quadratic in R: with the ratio r = mean(x) / mean(y) found, e = x - r y and R = r + h,

    SS(R) = SS(e, e) - 2 h SS(e, y) + h^2 SS(y, y)                                for seeds, cases and the rest alike

so that the values are summed up once and a test takes microseconds. `two_t_ratio` puts the two-t test in its place
(`hbench.statistics.two_t`). The ends are found by search, since the test's own error changes with R. r itself is never
rejected: the interval is never empty. It is unbounded, and none is given, where y itself does not differ from 0 by the
same test: then no ratio is too large. Values that are proportional have a single ratio, whatever was sampled: r is the
whole interval; for identical values it is exactly 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.crossed import Variance, crossed_mean, linearised, rounding_of
from hbench.statistics.student import quantile, two_sided_p
from hbench.statistics.tables import Values, paired
from hbench.statistics.two_t import TwoT, two_t_p

#: Ratios looked at on either side before the search between the last two.
_GRID = 8


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A ratio of means and its interval; low and high are None with one seed or case, and where it is unbounded."""

    value: float
    low: float | None = None
    high: float | None = None
    seeds: int
    level: float = 0.95


def crossed_ratio(
    method: npt.ArrayLike, baseline: npt.ArrayLike, cases: npt.ArrayLike | None = None, *, level: float = 0.95
) -> Ratio | None:
    """Return mean(method) / mean(baseline) with its interval; 1 = as good. None unless the baseline's mean is above 0.

    method, baseline: values [seed, example], paired by seed and by example; cases: passage of each example. The
    interval is not cut at 0 or 1. Raises UsageError on shapes that do not fit, a value that is not finite, or a level
    outside (0, 1). Source: Fieller 1954 and Hillis 2007, see the module's docstring.
    """
    return _ratio(method, baseline, cases, level, _Tests)


def two_t_ratio(
    method: npt.ArrayLike, baseline: npt.ArrayLike, cases: npt.ArrayLike | None = None, *, level: float = 0.95
) -> Ratio | None:
    """Return mean(method) / mean(baseline) as `crossed_ratio` does, with the interval of the two-t test."""
    return _ratio(method, baseline, cases, level, _TwoTTests)


def _ratio(
    method: npt.ArrayLike, baseline: npt.ArrayLike, cases: npt.ArrayLike | None, level: float, kind: type[_Tests]
) -> Ratio | None:
    if not 0 < level < 1:
        raise UsageError(f"level = {level}: use a share between 0 and 1, such as 0.95")
    x, y = paired(method, baseline)
    if not y.mean() > 0:
        return None
    tests = kind.of(x, y, cases)
    value, seeds = tests.ratio, len(x)
    if tests.seeds < 2 or tests.cases < 2:
        return Ratio(value=value, seeds=seeds, level=level)
    at_ratio = tests.variance(0.0)
    if at_ratio.se == 0:
        return Ratio(value=value, low=value, high=value, seeds=seeds, level=level)
    against_nothing = tests.against_nothing(y, cases)
    if against_nothing is None or against_nothing > 1 - level:
        return Ratio(value=value, seeds=seeds, level=level)
    width = tests.half_width(at_ratio, level) / tests.mean
    low, high = (_last(tests, math.copysign(width, side), 1 - level) for side in (-1, 1))
    return Ratio(value=value, low=value + low, high=value + high, seeds=seeds, level=level)


@dataclass(frozen=True)
class _Tests:
    """The crossed test of x - R y for any R = ratio + h."""

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

    @classmethod
    def of(cls, x: Values, y: Values, cases: npt.ArrayLike | None) -> _Tests:
        mean = float(y.mean())
        ratio = float(x.mean()) / mean
        of_e, size = _deviations(x - ratio * y, cases)
        of_y, _ = _deviations(y, cases)
        sums = tuple(_products(e, other) for e, other in zip(of_e, of_y, strict=True))
        largest = float(np.abs(x).max()), float(np.abs(y).max())
        return cls(ratio, mean, sums, len(x), len(size), largest, rounding_of(1.0, size))

    def rounding(self, h: float) -> float:
        scale = max(self.largest[0], abs(self.ratio + h) * self.largest[1])
        return self.unit * scale * scale

    def variance(self, h: float) -> Variance:
        squares = (max(ee - 2 * h * ey + h * h * yy, 0.0) for ee, ey, yy in self.sums)
        return Variance.of(*squares, seeds=self.seeds, cases=self.cases, rounding=self.rounding(h))

    def p(self, h: float) -> float:
        found = self.variance(h)
        return two_sided_p(found.t(-h * self.mean, self.rounding(h)), found.df)

    def half_width(self, variance: Variance, level: float) -> float:
        return quantile((1 + level) / 2, variance.df) * variance.se

    @staticmethod
    def against_nothing(y: Values, cases: npt.ArrayLike | None) -> float | None:
        return crossed_mean(y, cases).p


class _TwoTTests(_Tests):
    """The two-t test of x - R y for any R = ratio + h."""

    def p(self, h: float) -> float:
        distance = abs(h * self.mean)
        error = TwoT.of(self.variance(h), self.seeds, self.cases)
        return error.tail(distance if distance > math.sqrt(self.rounding(h)) else 0.0)

    def half_width(self, variance: Variance, level: float) -> float:
        return TwoT.of(variance, self.seeds, self.cases).half_width(level)

    @staticmethod
    def against_nothing(y: Values, cases: npt.ArrayLike | None) -> float | None:
        return two_t_p(y, np.zeros_like(y), cases)


def _deviations(d: Values, cases: npt.ArrayLike | None) -> tuple[tuple[Values, Values, Values], Values]:
    """Return the deviations of seed means, of case means, and what is left of linearised values; examples per case."""
    of_seed, linear, size = linearised(d, cases)
    mean = d.mean()
    of_case = linear.mean(axis=0) - mean
    return (of_seed - mean, of_case, linear - of_seed[:, None] - of_case), size


def _products(e: Values, y: Values) -> tuple[float, float, float]:
    return float((e * e).sum()), float((e * y).sum()), float((y * y).sum())


def _last(tests: _Tests, width: float, alpha: float) -> float:
    """Return the h of the last ratio that is not rejected, on the side that the sign of `width` says.

    Searched along an angle, h = width * tan(angle): every ratio up to infinity lies on the way, and where it ends
    by the delta method lies in the middle.
    """

    from scipy import optimize

    def beyond(angle: float) -> float:
        return tests.p(width * math.tan(angle)) - alpha

    angles = [math.pi / 2 * k / _GRID for k in range(_GRID + 1)]
    inside = next((k for k in range(_GRID - 1, 0, -1) if beyond(angles[k]) > 0), 0)
    return width * math.tan(float(optimize.brentq(beyond, angles[inside], angles[inside + 1], xtol=1e-13)))
