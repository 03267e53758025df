"""Values per seed and example taken apart into seeds, cases and the rest: what every test is made of.

With d[s, i] the values, S seeds, N examples, d_s. and d_.i means, m the mean of all, a value is

    d[s, i] = m + (d_s. - m) + (d_.i - m) + (d_si - d_s. - d_.i + m)

and the sums of squares of these parts give the mean squares

    MS_s  = N sum_s (d_s. - m)^2 / (S - 1)           seeds
    MS_i  = S sum_i (d_.i - m)^2 / (N - 1)           examples
    MS_si = sum (d_si - d_s. - d_.i + m)^2 / ((S - 1)(N - 1))

Cases. Examples that share a passage enter as one case c, their mean D[s, c] weighted by their number w_c, so that m
stays the mean over all examples. That mean is a ratio of sums over C cases; its linearised values

    L[s, c] = d_s. + (w_c / mean(w)) (D[s, c] - d_s.)        with d_s. = sum_c w_c D[s, c] / sum_c w_c

have the same row means d_s. and the same m, and the formulas above, with L for d and C for N, are the weighted form:

    MS_s  = C sum_s (d_s. - m)^2 / (S - 1)
    MS_i  = S sum_c (w_c / mean(w))^2 (D_.c - m)^2 / (C - 1)
    MS_si = sum_sc (w_c / mean(w))^2 (D_sc - d_s. - D_.c + m)^2 / ((S - 1)(C - 1))

Equal weights give L = D, the plain formula over cases. As in a cluster bootstrap, large and small passages may vary
differently: no variance is assumed equal between cases (linearised ratio estimate: Cochran 1977, Sampling Techniques,
chapter 6, and chapter 9A for clusters of unequal size).

All parts are linear in the values. So a row is taken apart once, and the parts of a difference of two rows, or of
x - R y, are differences of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.tables import Values, as_table, sum_by_case

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Parts:
    """The values of one row, or a combination of rows, taken apart."""

    mean: float
    #: Deviations of the seed means, [seed].
    seed: Values
    #: Deviations of the means of the linearised values of a case, [case].
    case: Values
    #: What is left of the linearised values, [seed, case].
    rest: Values
    examples: int
    #: Examples of the largest case / those of the mean one.
    spread: float
    #: Bound of the values' size, from which rounding errors follow.
    largest: float

    @classmethod
    def of(cls, values: npt.ArrayLike, cases: npt.ArrayLike | None = None) -> Parts:
        """Take values [seed, example] apart; cases: the passage or article of each example, None for one each.

        Raises UsageError on another shape, a value that is not finite, or when there is not one case per example.
        """
        table = as_table(values, "values")
        of_seed, linear, size = linearised(table, cases)
        mean = float(table.mean())
        of_case = linear.mean(axis=0) - mean
        rest = linear - of_seed[:, None] - of_case
        spread = float(size.max() / size.mean())
        return cls(mean, of_seed - mean, of_case, rest, table.shape[1], spread, float(np.abs(table).max()))

    def minus(self, other: Parts, times: float = 1.0) -> Parts:
        """Return the parts of these values minus `times` others', which share seeds and cases.

        Raises UsageError on another number of seeds, examples or cases.
        """
        if self.rest.shape != other.rest.shape or self.examples != other.examples:
            ours, theirs = ((len(of.seed), of.examples, len(of.case)) for of in (self, other))
            raise UsageError(
                f"rows of {ours} and {theirs} seeds, examples and cases: give both the same seeds and examples"
            )
        return Parts(
            self.mean - times * other.mean,
            self.seed - times * other.seed,
            self.case - times * other.case,
            self.rest - (other.rest if times == 1.0 else times * other.rest),
            self.examples,
            self.spread,
            max(self.largest, abs(times) * other.largest),
        )

    def products(self, other: Parts) -> tuple[float, float, float]:
        """Return the sums of products with another row's parts: of seeds, of cases, and of the rest."""
        # einsum adds in one order however many processors there are
        return (
            float(np.einsum("s,s->", self.seed, other.seed)),
            float(np.einsum("c,c->", self.case, other.case)),
            float(np.einsum("sc,sc->", self.rest, other.rest)),
        )

    @property
    def rounding(self) -> float:
        """Return the square below which deviations do not count as variation."""
        return rounding_of(self.largest, self.spread)


def mean_squares(sums: npt.ArrayLike, seeds: npt.ArrayLike, cases: npt.ArrayLike, rounding: npt.ArrayLike) -> Values:
    """Return the mean squares of seeds, of cases and of the rest, [3, ...], from their sums of squares [3, ...].

    seeds, cases: their numbers. rounding: as `rounding_of` gives it; where every term of a sum could be a rounding
    error its mean square is exactly 0, as it is with a single seed or case.
    """
    squares, count_s, count_c = (np.asarray(given, dtype=np.float64) for given in (sums, seeds, cases))
    terms = np.stack(np.broadcast_arrays(count_s, count_c, count_s * count_c))
    repeats = np.stack(np.broadcast_arrays(count_c, count_s, np.ones_like(terms[0])))
    degrees = np.stack(np.broadcast_arrays(count_s - 1, count_c - 1, (count_s - 1) * (count_c - 1)))
    varies = (squares > terms * np.asarray(rounding)) & (degrees > 0)
    return np.where(varies, repeats * squares / np.maximum(degrees, 1), 0.0)


def linearised(d: Values, cases: npt.ArrayLike | None) -> tuple[Values, Values, Values]:
    """Return seed means [seed], linearised values L [seed, case] and examples per case [case]; all are linear in d."""
    of_seed = d.mean(axis=1)
    above, size = sum_by_case(d - of_seed[:, None], cases)
    return of_seed, d if cases is None else of_seed[:, None] + above / size.mean(), size


def rounding_of(scale: float, spread: float) -> float:
    """Return the square below which deviations of values up to `scale` do not count as variation.

    Values that are equal on paper differ by a few rounding errors of `scale`, weighted by `spread`, the size of the
    largest case over that of the mean one.
    """
    return (32 * _EPS * scale * spread) ** 2
