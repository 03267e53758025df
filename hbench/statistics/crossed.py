"""The crossed seeds x examples test: training seeds and evaluation examples are both samples.

A test over examples only ignores that one unlucky seed moves many examples together; a test over seeds only ignores
that the evaluation set is a sample. Here both are random and crossed, as readers and cases are in multi-reader
multi-case studies (Dorfman, Berbaum, Metz 1992; degrees of freedom of Hillis 2007, Statistics in Medicine 26:596).

With the mean squares of the differences of method and baseline (`hbench.statistics.parts`; passages are cases there),
S seeds, N cases, and m the mean difference:

    Q = MS_s + max(MS_i - MS_si, 0);  se = sqrt(Q / (S N));  df = Q^2 / (MS_s^2 / (S - 1));  t = m / se
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.parts import Parts, mean_squares
from hbench.statistics.student import quantile, two_sided_p
from hbench.statistics.tables import paired


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
    d = Parts.of(first, cases).minus(Parts.of(second, cases))
    (seeds, count), examples, mean = d.rest.shape, d.examples, d.mean
    if seeds < 2 or count < 2:
        return CrossedTest(mean=mean, seeds=seeds, examples=examples, cases=count, level=level)
    variance = Variance.of(*d.products(d), seeds=seeds, cases=count, rounding=d.rounding)
    t = variance.t(mean, d.rounding)
    half = quantile((1 + level) / 2, variance.df) * variance.se
    return CrossedTest(
        mean=mean,
        se=variance.se,
        df=variance.df,
        t=t,
        p=float(two_sided_p(t, variance.df)),
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
        squares = mean_squares((seed, example, rest), seeds, cases, rounding)
        ms_seed, ms_example, ms_interaction = squares.tolist()
        q, df = _q_and_df(ms_seed, ms_example, ms_interaction, seeds, cases)
        return cls(ms_seed, ms_example, ms_interaction, math.sqrt(q / (seeds * cases)), df)

    def t(self, mean: float, rounding: float) -> float:
        """Return the test statistic of a mean; infinite where nothing varies, 0 where the mean is rounding."""
        if abs(mean) <= math.sqrt(rounding):
            return 0.0
        return mean / self.se if self.se > 0 else math.copysign(math.inf, mean)


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
