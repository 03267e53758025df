"""The two-t test: seeds and cases are both random, and each variance is estimated from its own few values.

With the mean squares of `hbench.statistics.parts` (S seeds, C cases, m the mean difference), the variance of m has
two estimated parts, MS_s with S - 1 degrees of freedom and max(MS_i - MS_si, 0) with C - 1. Hillis' test replaces their
sum by one t with matched degrees of freedom, which errs with few seeds: a lucky small MS_s raises the degrees of
freedom with it. Here both keep a t of their own, as in the Behrens-Fisher problem (Fisher 1935; Welch 1938):

    p = P(|sqrt(MS_s) T + sqrt(max(MS_i - MS_si, 0)) U| > sqrt(S C) |m|)      T ~ t(S - 1), U ~ t(C - 1), independent

The interval holds the differences that this test does not reject at 1 - level. `two_t_test` and `two_t_mean` do one
test; `two_t_tests` and `two_t_ps` do those of a table together, from rows that have been taken apart once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.parts import Parts, mean_squares
from hbench.statistics.sum_of_ts import Errors, Floats, TwoT
from hbench.statistics.tables import paired

#: Where an outcome never differed in C cases, its rate may still be up to 3 / C (95 %: the rule of three).
_RULE_OF_THREE = 3.0

#: A row and what it is compared with; None is nothing, so that the test is of the row's mean.
Pair = tuple[Parts, Parts | None]


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
        return p_of([self], [value])[0]

    def lower_bound(self, level: float) -> float | None:
        """Return the lower end of the two-sided interval at another level; None: no test."""
        return lower_bounds([self], level)[0]

    @property
    def p_better(self) -> float | None:
        """One-sided p of "the mean is above 0", 0..1; None: no test."""
        if self.p is None:
            return None
        return self.p / 2 if self.mean > 0 else 1 - self.p / 2


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
    return two_t_tests([(Parts.of(first, cases), Parts.of(second, cases))], inflations=[inflation], level=level)[0]


def two_t_mean(
    values: npt.ArrayLike, cases: npt.ArrayLike | None = None, *, level: float = 0.95, inflation: float = 1.0
) -> TwoTTest:
    """Return the mean of values [seed, example] with its interval: the one-sample form of `two_t_test`.

    Its p is of a mean of 0. The interval is symmetric and not cut at 0 or 1.
    """
    return two_t_tests([(Parts.of(values, cases), None)], inflations=[inflation], level=level)[0]


def two_t_p(
    method: npt.ArrayLike, baseline: npt.ArrayLike, cases: npt.ArrayLike | None = None, *, inflation: float = 1.0
) -> float | None:
    """Return the p of `two_t_test` alone, in half the time: None with one seed or one case."""
    first, second = paired(method, baseline)
    return two_t_ps([(Parts.of(first, cases), Parts.of(second, cases))], inflations=[inflation])[0]


def two_t_tests(
    pairs: Sequence[Pair], *, inflations: Sequence[float] | None = None, level: float = 0.95
) -> list[TwoTTest]:
    """Return `two_t_test` of every pair, and `two_t_mean` of a row without another; each as it is alone.

    inflations: of each pair, 1 where not given. Raises UsageError for rows that do not share seeds and cases, or a
    level outside (0, 1).
    """
    if not 0 < level < 1:
        raise UsageError(f"level = {level}: use a share between 0 and 1, such as 0.95")
    found = _Means.of(pairs, inflations)
    half = found.errors.half_width(level)
    # values that are all 0 are shares of 1
    floor = np.where(found.scale > 0, found.scale, 1.0) * _RULE_OF_THREE / found.cases
    half = np.where(half > 0, half, floor)
    columns = (found.mean, found.p(), half, *found.squares)
    numbers = zip(*(column.tolist() for column in columns), strict=True)
    tests = []
    for (row, _), (mean, p, width, *squares), error in zip(pairs, numbers, found.errors.split(), strict=True):
        seeds, cases = row.rest.shape
        test = TwoTTest(mean=mean, seeds=seeds, examples=row.examples, cases=cases, level=level)
        if seeds > 1 and cases > 1:
            ms_seed, ms_example, ms_interaction = squares
            test = replace(
                test,
                p=p,
                low=mean - width,
                high=mean + width,
                ms_seed=ms_seed,
                ms_example=ms_example,
                ms_interaction=ms_interaction,
                error=error,
            )
        tests.append(test)
    return tests


def two_t_ps(pairs: Sequence[Pair], *, inflations: Sequence[float] | None = None) -> list[float | None]:
    """Return the p of every pair as `two_t_tests` does, alone."""
    found = _Means.of(pairs, inflations)
    return [
        p if seeds > 1 and cases > 1 else None
        for p, seeds, cases in zip(found.p().tolist(), found.seeds, found.cases, strict=True)
    ]


def p_of(tests: Sequence[TwoTTest | None], values: Sequence[float]) -> list[float | None]:
    """Return of each test the two-sided p of a mean of its value, 0..1; None: no test."""
    known = [
        (test.error, abs(test.mean - value))
        for test, value in zip(tests, values, strict=True)
        if test is not None and test.error is not None
    ]
    distances = np.array([distance for _, distance in known], dtype=np.float64)
    tails = iter(Errors.each_of([error for error, _ in known]).tail(distances).tolist())
    return [
        None if test is None or test.error is None else _p_of(test, value, next(tails))
        for test, value in zip(tests, values, strict=True)
    ]


def _p_of(test: TwoTTest, value: float, tail: float) -> float:
    """Return the tail, but where results do not vary whether the interval holds the value."""
    if test.error is None or test.error.seed > 0 or test.error.case > 0 or test.low is None or test.high is None:
        return tail
    return 1.0 if test.low <= value <= test.high else 0.0


def lower_bounds(tests: Sequence[TwoTTest | None], level: float) -> list[float | None]:
    """Return of each test the lower end of the two-sided interval at another level; None: no test."""
    errors = [test.error for test in tests if test is not None and test.error is not None]
    widths = iter(Errors.each_of(errors).half_width(level).tolist())
    bounds: list[float | None] = []
    for test in tests:
        if test is None or test.error is None:
            bounds.append(None)
        else:
            width = next(widths)
            bounds.append(test.mean - width if width > 0 else test.low)
    return bounds


@dataclass(frozen=True, eq=False)
class _Means:
    """The mean differences of some pairs and their errors; arrays [pair]."""

    mean: Floats
    #: Mean squares of seeds, of cases and of the rest, [3, pair].
    squares: Floats
    errors: Errors
    seeds: Floats
    cases: Floats
    #: Bound of the values' size, and the square below which a mean is rounding.
    scale: Floats
    rounding: Floats

    @classmethod
    def of(cls, pairs: Sequence[Pair], inflations: Sequence[float] | None) -> _Means:
        differences = [row if other is None else row.minus(other) for row, other in pairs]
        table = np.array([(d.mean, *d.rest.shape, d.largest, d.rounding) for d in differences], dtype=np.float64)
        mean, seeds, cases, scale, rounding = table.reshape(-1, 5).T
        sums = np.array([d.products(d) for d in differences], dtype=np.float64).reshape(-1, 3).T
        squares = mean_squares(sums, seeds, cases, rounding)
        factors = np.ones_like(mean) if inflations is None else np.array(inflations, dtype=np.float64)
        return cls(mean, squares, Errors.of(squares, seeds, cases, factors), seeds, cases, scale, rounding)

    def p(self) -> Floats:
        """Return the p of a mean of 0; a mean that may be rounding is 0."""
        return self.errors.tail(np.where(np.abs(self.mean) > np.sqrt(self.rounding), np.abs(self.mean), 0.0))
