"""Comparisons across tasks: what p value n blocks can reach at all, and rank tests once they can.

A block is one task (with its model): keep-fractions and seeds are never extra blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.multiplicity import holm_adjusted

#: Below this many blocks rank tests over tasks are refused.
BLOCKS = 10

Matrix = npt.NDArray[np.float64]


class TooFewBlocks(UsageError):
    """A test across tasks was asked for that its number of blocks cannot carry."""


def reachable_p(n_blocks: int, test: Literal["sign-flip", "wilcoxon"] = "sign-flip") -> float:
    """Return the smallest two-sided p that a test over n paired blocks can give: 2 / 2^n, at most 1.

    Sign-flip and Wilcoxon's signed ranks share it: both put all 2^n sign patterns at equal odds, and the two that
    agree in every block are the most extreme. Raises UsageError on fewer than one block or another test.
    """
    if test not in ("sign-flip", "wilcoxon"):
        raise UsageError(f"test = {test!r}: use 'sign-flip' or 'wilcoxon'")
    if n_blocks < 1:
        raise UsageError(f"n_blocks = {n_blocks}: use at least 1")
    return 2.0 ** (1 - n_blocks)


def can_reach(n_blocks: int, alpha: float = 0.05, comparisons: int = 1) -> bool:
    """Say whether n blocks could give p <= alpha after Holm over `comparisons`, were every block to agree."""
    return reachable_p(n_blocks) * comparisons <= alpha


@dataclass(frozen=True)
class Friedman:
    """Friedman's test that no method ranks differently from another; statistic is chi-squared with k - 1 df."""

    statistic: float
    p: float
    methods: int
    blocks: int


def friedman(matrix: npt.ArrayLike) -> Friedman:
    """Test whether methods rank equally: values [method, block], at least 3 methods (Friedman 1937; scipy).

    Raises TooFewBlocks under 10 blocks, UsageError on another shape or a value not finite.
    """
    values = as_matrix(matrix, methods=3)
    _require_blocks(values.shape[1])
    if (values == values[0]).all():  # scipy divides by the variance of the ranks
        return Friedman(0.0, 1.0, *values.shape)
    from scipy import stats

    result = stats.friedmanchisquare(*values)
    return Friedman(float(result.statistic), float(result.pvalue), *values.shape)


@dataclass(frozen=True)
class PairedRanks:
    """Wilcoxon's signed-rank test of two methods, by their row in the matrix."""

    first: int
    second: int
    #: Sum of the ranks of blocks where `first` is higher, less those where it is lower; above 0 = first is higher.
    statistic: float
    p: float
    #: Adjusted by Holm over all pairs.
    p_adjusted: float


def wilcoxon_holm(matrix: npt.ArrayLike, alpha: float = 0.05) -> list[PairedRanks]:
    """Compare every pair of methods by exact signed ranks, Holm-adjusted: values [method, block] -> pairs in row order.

    Equal values are ranked but carry no sign (Pratt 1959); tied ranks are averaged and the p value stays exact.
    Preferred to mean-rank post-hocs, where the verdict on two methods depends on the others (Benavoli et al. 2016,
    JMLR 17:5). Raises TooFewBlocks under 10 blocks, or when no pair could get under alpha after Holm.
    """
    values = as_matrix(matrix, methods=2)
    methods, blocks = values.shape
    _require_blocks(blocks)
    pairs = list(combinations(range(methods), 2))
    if not can_reach(blocks, alpha, len(pairs)):
        raise TooFewBlocks(
            f"cannot reach alpha = {alpha:g} with {blocks} blocks: the smallest p is {reachable_p(blocks):.2g}, after "
            f"Holm over {len(pairs)} comparisons {reachable_p(blocks) * len(pairs):.2g}; compare fewer methods"
        )
    tests = [_signed_ranks(values[a] - values[b]) for a, b in pairs]
    adjusted = holm_adjusted(np.array([p for _, p in tests]))
    return [
        PairedRanks(first, second, statistic, p, float(corrected))
        for (first, second), (statistic, p), corrected in zip(pairs, tests, adjusted, strict=True)
    ]


def _signed_ranks(difference: Matrix) -> tuple[float, float]:
    """Return Wilcoxon's statistic and its exact two-sided p, with ties and zeros (scipy's exact p knows neither)."""
    from scipy import stats

    d = np.round(difference, 12)  # 0.3 - 0.2 and 0.2 - 0.1 tie
    doubled = np.rint(2 * stats.rankdata(np.abs(d))).astype(np.int64)
    signed = doubled[d != 0] * np.sign(d[d != 0]).astype(np.int64)
    total = int(np.abs(signed).sum())
    # Distribution of the sum of ranks with a plus sign, all signs equally likely, one rank at a time
    # (the shift algorithm of Streitberg, Roehmel 1986).
    odds = np.zeros(total + 1)
    odds[0] = 1.0
    for rank in np.abs(signed):
        moved = np.zeros_like(odds)
        moved[rank:] = odds[: total + 1 - rank]
        odds = (odds + moved) / 2
    plus = int(signed[signed > 0].sum())
    tail = min(odds[: plus + 1].sum(), odds[plus:].sum())
    return float(signed.sum()) / 2, min(1.0, 2.0 * float(tail))


def critical_difference(k: int, n: int, alpha: float = 0.05) -> float:
    """Return Nemenyi's critical difference of mean ranks for k methods over n blocks, for display only.

    CD = q sqrt(k (k + 1) / (6 n)), q the studentized range's upper alpha quantile for k groups and infinite degrees
    of freedom over sqrt(2) (Demsar 2006, JMLR 7:1, section 3.2.2). Raises UsageError on k < 2 or n < 1.
    """
    if k < 2 or n < 1:
        raise UsageError(f"k = {k}, n = {n}: use at least 2 methods and 1 block")
    from scipy import stats

    q = float(stats.studentized_range.ppf(1 - alpha, k, np.inf)) / math.sqrt(2)
    return q * math.sqrt(k * (k + 1) / (6 * n))


def as_matrix(values: npt.ArrayLike, methods: int) -> Matrix:
    """Return values as float64 [method, block]; UsageError on another shape, too few methods, a value not finite."""
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] < methods or matrix.shape[1] < 1:
        raise UsageError(f"matrix has shape {matrix.shape}: give [method, block] with at least {methods} methods")
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0].tolist()
        raise UsageError(f"matrix has no finite value for method {row} in block {column}: drop the method or the block")
    return matrix


def _require_blocks(blocks: int) -> None:
    if blocks < BLOCKS:
        raise TooFewBlocks(f"a rank test across tasks needs at least {BLOCKS} blocks, got {blocks}: add tasks")
