"""The two-t test: seeds and cases are both random, and each variance is estimated from its own few values.

With the mean squares of `hbench.statistics.crossed` (S seeds, C cases, m the mean difference), the variance of m has
two estimated parts, MS_s with S - 1 degrees of freedom and max(MS_i - MS_si, 0) with C - 1. Hillis' test replaces their
sum by one t with matched degrees of freedom, which errs with few seeds: a lucky small MS_s raises the degrees of
freedom with it. Here both keep a t of their own, as in the Behrens-Fisher problem (Fisher 1935; Welch 1938):

    p = P(|sqrt(MS_s) T + sqrt(max(MS_i - MS_si, 0)) U| > sqrt(S C) |m|)      T ~ t(S - 1), U ~ t(C - 1), independent

The interval holds the differences that this test does not reject at 1 - level.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.crossed import Variance, variance_of
from hbench.statistics.student import quantile, two_sided_p
from hbench.statistics.tables import Values, as_table, paired

#: Where an outcome never differed in C cases, its rate may still be up to 3 / C (95 %: the rule of three).
_RULE_OF_THREE = 3.0
#: The quadrature's reach and spacing, finer below three degrees of freedom. p is right to nine digits where it is above
#: 0.01, to five at 0.001, and to two at 0.00001.
_REACH, _STEP, _FINE_STEP = 3.2, 0.04, 0.005
#: How much rarer the wider part reaches a distance where the other counts as alone.
_ALONE = 1e-6
#: Weights of the quadrature that no sum of doubles would notice; most nodes have one unless the degrees are few.
_NO_WEIGHT = 1e-18
#: Newton's method doubles the digits with each step: after one of this relative size the next would change nothing.
_NEWTON_STEPS, _CLOSE = 60, 1e-7
#: Ratios of the two scales at which half widths are known; between them the search starts from a cubic spline.
_RATIOS = 33


@dataclass(frozen=True, kw_only=True)
class TwoTTest:
    """A mean over seeds and cases with its interval and its test against 0; units are those of the values.

    p, low, high and the mean squares are None where there is no test: one seed, or one case.
    """

    mean: float
    #: Two-sided, of a mean of 0.
    p: float | None = None
    low: float | None = None
    high: float | None = None
    ms_seed: float | None = None
    ms_example: float | None = None
    ms_interaction: float | None = None
    seeds: int
    examples: int
    #: Units that were sampled: passages or articles where `cases` was given, else the examples.
    cases: int
    level: float = 0.95
    #: The distribution of the mean's error; None where there is no test.
    error: TwoT | None = None

    def p_of(self, value: float) -> float | None:
        """Return the two-sided p of a mean of `value`, 0..1; None: no test. That of 0 is `p`."""
        if self.error is None or self.low is None or self.high is None:
            return None
        if self.error.seed == 0 and self.error.case == 0:
            return 1.0 if self.low <= value <= self.high else 0.0
        return self.error.tail(abs(self.mean - value))

    def lower_bound(self, level: float) -> float | None:
        """Return the lower end of the two-sided interval at another level; None: no test."""
        if self.error is None or self.low is None:
            return None
        half = self.error.half_width(level)
        return self.mean - half if half > 0 else self.low

    @property
    def p_better(self) -> float | None:
        """One-sided p of "the mean is above 0", 0..1; None: no test."""
        if self.p is None:
            return None
        return self.p / 2 if self.mean > 0 else 1 - self.p / 2


@dataclass(frozen=True)
class TwoT:
    """The distribution of the error of a mean: seed * T + case * U, both t variates independent.

    seed, case: scales >= 0 in the units of the mean. seed_df, case_df: degrees of freedom, at least 1.
    """

    seed: float
    case: float
    seed_df: float
    case_df: float

    @classmethod
    def of(cls, variance: Variance, seeds: int, cases: int, inflation: float = 1.0) -> TwoT:
        """Return it from mean squares; `inflation` multiplies MS_s, as scorings shared by several seeds do."""
        if variance.ms_seed == 0 and variance.ms_example <= variance.ms_interaction:
            # Nothing is left of either part although results differ: both estimate at least the interaction.
            scale = math.sqrt(variance.ms_interaction * inflation / (seeds * cases))
            return cls(scale, 0.0, (seeds - 1) * (cases - 1), cases - 1)
        excess = variance.ms_example - variance.ms_interaction
        excess = (
            excess if excess > 1e-12 * variance.ms_example else 0.0
        )  # what is left of two equal numbers is rounding
        count = seeds * cases
        return cls(math.sqrt(variance.ms_seed * inflation / count), math.sqrt(excess / count), seeds - 1, cases - 1)

    def tail(self, distance: float) -> float:
        """Return P(|error| >= distance), 0..1; 1 at a distance of 0, also where there is no error."""
        if distance <= 0:
            return 1.0
        large, small = self._ordered()
        if large[0] == 0:
            return 0.0
        if small[0] == 0:
            return two_sided_p(distance / large[0], large[1])
        return min(1.0, 2 * _above(distance / large[0], small[0] / large[0], small[1], large[1]))

    def half_width(self, level: float) -> float:
        """Return the distance within which the error lies with probability `level`."""
        large, small = self._ordered()
        if large[0] == 0:
            return 0.0
        if small[0] == 0:
            return large[0] * quantile((1 + level) / 2, large[1])
        ratio = small[0] / large[0]
        start = float(_half_widths(small[1], large[1], level)(ratio))
        return large[0] * _search(start, ratio, small[1], large[1], level)

    def about_half_width(self, level: float) -> float:
        """Return `half_width` to about seven digits, in a fifth of its time."""
        large, small = self._ordered()
        if small[0] == 0:
            return self.half_width(level)
        return large[0] * float(_half_widths(small[1], large[1], level)(small[0] / large[0]))

    def _ordered(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return scale and degrees of freedom of the larger part, then of the smaller one."""
        parts = (self.seed, self.seed_df), (self.case, self.case_df)
        return parts if self.seed >= self.case else parts[::-1]


def two_t_test(
    method: npt.ArrayLike,
    baseline: npt.ArrayLike,
    cases: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    inflation: float = 1.0,
) -> TwoTTest:
    """Test the mean difference method - baseline with seeds and cases both random; above 0 = method higher.

    method, baseline: values [seed, example], paired by seed and by example; cases: passage or article of each example.
    inflation: what MS_s is multiplied by where seeds share sets of scores (`hbench.statistics.groups`).
    Raises UsageError on shapes that do not fit, a value that is not finite, or a level outside (0, 1).
    """
    first, second = paired(method, baseline)
    return _two_t(first - second, cases, level, float(max(np.abs(first).max(), np.abs(second).max())), inflation)


def two_t_mean(
    values: npt.ArrayLike, cases: npt.ArrayLike | None = None, *, level: float = 0.95, inflation: float = 1.0
) -> TwoTTest:
    """Return the mean of values [seed, example] with its interval: the one-sample form of `two_t_test`.

    Its p is of a mean of 0. The interval is symmetric and not cut at 0 or 1.
    """
    table = as_table(values, "values")
    return _two_t(table, cases, level, float(np.abs(table).max()), inflation)


def two_t_p(
    method: npt.ArrayLike, baseline: npt.ArrayLike, cases: npt.ArrayLike | None = None, *, inflation: float = 1.0
) -> float | None:
    """Return the p of `two_t_test` alone, in half the time: None with one seed or one case."""
    first, second = paired(method, baseline)
    d = first - second
    variance, count, rounding = variance_of(d, cases, float(max(np.abs(first).max(), np.abs(second).max())))
    if variance is None:
        return None
    mean = abs(float(d.mean()))
    return TwoT.of(variance, len(d), count, inflation).tail(mean if mean > math.sqrt(rounding) else 0.0)


def _two_t(d: Values, cases: npt.ArrayLike | None, level: float, scale: float, inflation: float) -> TwoTTest:
    if not 0 < level < 1:
        raise UsageError(f"level = {level}: use a share between 0 and 1, such as 0.95")
    seeds, examples = d.shape
    mean, (variance, count, rounding) = float(d.mean()), variance_of(d, cases, scale)
    if variance is None:
        return TwoTTest(mean=mean, seeds=seeds, examples=examples, cases=count, level=level)
    error = TwoT.of(variance, seeds, count, inflation)
    half = error.half_width(level)
    if half == 0:
        half = (scale or 1.0) * _RULE_OF_THREE / count  # values that are all 0 are shares of 1
    return TwoTTest(
        mean=mean,
        p=error.tail(abs(mean) if abs(mean) > math.sqrt(rounding) else 0.0),
        low=mean - half,
        high=mean + half,
        ms_seed=variance.ms_seed,
        ms_example=variance.ms_example,
        ms_interaction=variance.ms_interaction,
        seeds=seeds,
        examples=examples,
        cases=count,
        level=level,
        error=error,
    )


@functools.lru_cache(maxsize=1024)
def _half_widths(inner_df: float, outer_df: float, level: float) -> Callable[[float], npt.NDArray[np.float64]]:
    """Return a function of 0 <= ratio <= 1: about the half width of T + ratio U, T ~ t(outer_df), U ~ t(inner_df)."""
    from scipy import interpolate

    # From below, where the tail is convex, so that no step of Newton's method goes too far.
    widths = [quantile((1 + level) / 2, outer_df)]
    ratios = np.linspace(0, 1, _RATIOS)
    for ratio in ratios[1:].tolist():
        widths.append(_search(widths[-1], ratio, inner_df, outer_df, level))
    spline: Callable[[float], npt.NDArray[np.float64]] = interpolate.CubicSpline(ratios, widths)
    return spline


def _search(start: float, ratio: float, inner_df: float, outer_df: float, level: float) -> float:
    """Return x with P(|T + ratio U| <= x) = level by Newton's method."""
    x, wanted = start, (1 - level) / 2
    for _ in range(_NEWTON_STEPS):
        step = (_above(x, ratio, inner_df, outer_df) - wanted) / _density_at(x, ratio, inner_df, outer_df)
        x += step
        if abs(step) <= _CLOSE * x:
            break
    return x


def _above(x: float, ratio: float, inner_df: float, outer_df: float) -> float:
    """Return P(T + ratio U > x) for T ~ t(outer_df), U ~ t(inner_df), 0 < ratio <= 1."""
    from scipy import special

    if _inner_alone(x, ratio, inner_df, outer_df):
        nodes, weights = _quadrature(outer_df)
        return float(weights @ special.stdtr(inner_df, (nodes - x) / ratio))
    nodes, weights = _quadrature(inner_df)
    return float(weights @ special.stdtr(outer_df, ratio * nodes - x))


def _density_at(x: float, ratio: float, inner_df: float, outer_df: float) -> float:
    """Return the density of T + ratio U at x."""
    if _inner_alone(x, ratio, inner_df, outer_df):
        nodes, weights = _quadrature(outer_df)
        return float(weights @ _density((nodes - x) / ratio, inner_df)) / ratio
    nodes, weights = _quadrature(inner_df)
    return float(weights @ _density(ratio * nodes - x, outer_df))


def _inner_alone(x: float, ratio: float, inner_df: float, outer_df: float) -> bool:
    """Return whether only U reaches x: so far out its nodes are too wide apart, and the integral is taken over T."""
    from scipy import special

    return bool(special.stdtr(outer_df, -x) < _ALONE * special.stdtr(inner_df, -float(x) / float(ratio)))


@functools.lru_cache(maxsize=256)
def _quadrature(df: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
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


def _density(t: npt.NDArray[np.float64], df: float) -> npt.NDArray[np.float64]:
    from scipy import special

    constant = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - math.log(df * math.pi) / 2
    return np.asarray(np.exp(constant - (df + 1) / 2 * np.log1p(np.square(t) / df)), dtype=np.float64)
