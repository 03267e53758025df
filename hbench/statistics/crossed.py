"""The crossed seeds x examples test: training seeds and evaluation examples are both samples.

A test over examples only ignores that one unlucky seed moves many examples together; a test over seeds only ignores
that the evaluation set is a sample. Here both are random and crossed, as readers and cases are in multi-reader
multi-case studies (Dorfman, Berbaum, Metz 1992; degrees of freedom of Hillis 2007, Statistics in Medicine 26:596).

With d[s, i] the method's value minus the baseline's, S seeds, N examples, d_s. and d_.i means, m the mean of all:

    MS_s  = N sum_s (d_s. - m)^2 / (S - 1)           seeds
    MS_i  = S sum_i (d_.i - m)^2 / (N - 1)           examples
    MS_si = sum (d_si - d_s. - d_.i + m)^2 / ((S - 1)(N - 1))
    Q = MS_s + max(MS_i - MS_si, 0);  se = sqrt(Q / (S N));  df = Q^2 / (MS_s^2 / (S - 1));  t = m / se

Cases. Examples that share a passage enter as one case c, their mean D[s, c] weighted by their number w_c, so that m
stays the mean over all examples. That mean is a ratio of sums over C cases; its linearised values

    L[s, c] = d_s. + (w_c / mean(w)) (D[s, c] - d_s.)        with d_s. = sum_c w_c D[s, c] / sum_c w_c

have the same row means d_s. and the same m, and the formula above, with L for d and C for N, is the weighted form:

    MS_s  = C sum_s (d_s. - m)^2 / (S - 1)
    MS_i  = S sum_c (w_c / mean(w))^2 (D_.c - m)^2 / (C - 1)
    MS_si = sum_sc (w_c / mean(w))^2 (D_sc - d_s. - D_.c + m)^2 / ((S - 1)(C - 1))

Equal weights give L = D, the plain formula over cases. As in a cluster bootstrap, large and small passages may vary
differently: no variance is assumed equal between cases (linearised ratio estimate: Cochran 1977, Sampling Techniques,
chapter 6, and chapter 9A for clusters of unequal size).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.student import quantile, two_sided_p
from hbench.statistics.tables import Values, paired, sum_by_case


@dataclass(frozen=True, kw_only=True)
class CrossedTest:
    """A mean over seeds and examples with its interval and its test against 0; units are those of the values.

    se, df, t, p, low, high and the mean squares are None where there is no test: one seed, or one case.
    """

    mean: float
    se: float | None = None
    #: Above 0; math.inf when the seeds do not vary.
    df: float | None = None
    t: float | None = None
    #: Two-sided, of a mean of 0.
    p: float | None = None
    low: float | None = None
    high: float | None = None
    ms_seed: float | None = None
    ms_example: float | None = None
    ms_interaction: float | None = None
    seeds: int
    examples: int
    #: Units that were sampled: passages where `cases` was given, else the examples.
    cases: int
    level: float = 0.95

    @property
    def p_better(self) -> float | None:
        """One-sided p of "the mean is above 0", 0..1, as counting the tasks a method wins needs it; None: no test."""
        if self.p is None:
            return None
        return self.p / 2 if self.mean > 0 else 1 - self.p / 2


def crossed_test(
    method: npt.ArrayLike, baseline: npt.ArrayLike, cases: npt.ArrayLike | None = None, *, level: float = 0.95
) -> CrossedTest:
    """Test the mean difference method - baseline with seeds and examples both random; above 0 = method higher.

    method, baseline: values [seed, example], paired by seed and by example; cases: passage of each example.
    Raises UsageError on shapes that do not fit, a value that is not finite, or a level outside (0, 1).
    Source: Hillis 2007, and the module's docstring for cases.
    """
    if not 0 < level < 1:
        raise UsageError(f"level = {level}: use a share between 0 and 1, such as 0.95")
    first, second = paired(method, baseline)
    d, scale = first - second, float(max(np.abs(first).max(), np.abs(second).max()))
    seeds, examples = d.shape
    mean, (variance, count, rounding) = float(d.mean()), variance_of(d, cases, scale)
    if variance is None:
        return CrossedTest(mean=mean, seeds=seeds, examples=examples, cases=count, level=level)
    t = variance.t(mean, rounding)
    half = quantile((1 + level) / 2, variance.df) * variance.se
    return CrossedTest(
        mean=mean,
        se=variance.se,
        df=variance.df,
        t=t,
        p=two_sided_p(t, variance.df),
        low=mean - half,
        high=mean + half,
        ms_seed=variance.ms_seed,
        ms_example=variance.ms_example,
        ms_interaction=variance.ms_interaction,
        seeds=seeds,
        examples=examples,
        cases=count,
        level=level,
    )


class Estimated(NamedTuple):
    """The variance of a mean over seeds and cases, as the values estimate it."""

    #: None where one of the two cannot vary: one seed, or one case.
    variance: Variance | None
    cases: int
    #: As `rounding_of` returns it.
    rounding: float


def variance_of(d: Values, cases: npt.ArrayLike | None, scale: float) -> Estimated:
    """Return the variance of the mean of differences d [seed, example] between values up to `scale`."""
    seeds = len(d)
    of_seed, linear, size = linearised(d, cases)
    count, mean, rounding = len(size), float(d.mean()), rounding_of(scale, size)
    if seeds < 2 or count < 2:
        return Estimated(None, count, rounding)
    of_case = linear.mean(axis=0)
    variance = Variance.of(
        float(np.square(of_seed - mean).sum()),
        float(np.square(of_case - mean).sum()),
        float(np.square(linear - of_seed[:, None] - (of_case - mean)).sum()),
        seeds=seeds,
        cases=count,
        rounding=rounding,
    )
    return Estimated(variance, count, rounding)


def linearised(d: Values, cases: npt.ArrayLike | None) -> tuple[Values, Values, Values]:
    """Return seed means [seed], linearised values L [seed, case] and examples per case [case]; all are linear in d."""
    of_seed = d.mean(axis=1)
    above, size = sum_by_case(d - of_seed[:, None], cases)
    return of_seed, d if cases is None else of_seed[:, None] + above / size.mean(), size


def rounding_of(scale: float, size: Values) -> float:
    """Return the square below which deviations of values up to `scale` do not count as variation.

    Values that are equal on paper differ by a few rounding errors of `scale`.
    """
    return float((32 * np.finfo(np.float64).eps * scale * float(size.max() / size.mean())) ** 2)


@dataclass(frozen=True)
class Variance:
    """The mean squares of a difference, and the standard error and degrees of freedom that follow from them."""

    ms_seed: float
    ms_example: float
    ms_interaction: float
    se: float
    df: float

    @classmethod
    def of(cls, seed: float, example: float, rest: float, *, seeds: int, cases: int, rounding: float) -> Variance:
        """Return them from the sums of squared deviations: of seed means, of case means, and of what is left."""
        ms_seed = _mean_square(seed, seeds, cases, seeds - 1, rounding)
        ms_example = _mean_square(example, cases, seeds, cases - 1, rounding)
        ms_interaction = _mean_square(rest, seeds * cases, 1, (seeds - 1) * (cases - 1), rounding)
        q, df = _q_and_df(ms_seed, ms_example, ms_interaction, seeds, cases)
        return cls(ms_seed, ms_example, ms_interaction, math.sqrt(q / (seeds * cases)), df)

    def t(self, mean: float, rounding: float) -> float:
        """Return the test statistic of a mean; infinite where nothing varies, 0 where the mean is rounding."""
        if abs(mean) <= math.sqrt(rounding):
            return 0.0
        return mean / self.se if self.se > 0 else math.copysign(math.inf, mean)


def _mean_square(square: float, terms: int, repeats: int, df: int, rounding: float) -> float:
    """Return repeats * square / df, exactly 0 when every one of the terms could be a rounding error."""
    return repeats * square / df if square > terms * rounding else 0.0


def _q_and_df(seed: float, example: float, interaction: float, seeds: int, count: int) -> tuple[float, float]:
    """Return Q and its degrees of freedom from the mean squares."""
    excess = example - interaction
    q = seed + (excess if excess > 1e-12 * example else 0.0)  # what is left of two equal numbers is rounding
    if q > 0:
        return q, math.inf if seed == 0 else (seeds - 1) * (q / seed) ** 2
    # The estimated variance is 0 although results differ, as with two seeds and the same net gain on other examples:
    # taken at its word, every such difference would be certain (simulated: 10 % false alarms with two seeds). Both
    # mean squares estimate at least the interaction, so that stands in for them.
    return interaction, math.inf if interaction == 0 else (seeds - 1) * (count - 1)
