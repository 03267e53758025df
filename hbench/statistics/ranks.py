"""The rank of each method over blocks, with its interval, and the groups of methods that it does not separate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.across import as_matrix, can_reach
from hbench.statistics.student import quantile


@dataclass(frozen=True)
class RankInterval:
    """Mean rank of one method, 1 = best, with its bootstrap interval over blocks."""

    mean: float
    low: float
    high: float
    #: Numbers of the tie groups it belongs to, from 1 = best; methods without a common group are told apart.
    groups: tuple[int, ...]


def rank_intervals(
    matrix: npt.ArrayLike, seed: int = 0, *, draws: int = 10_000, level: float = 0.95
) -> list[RankInterval]:
    """Rank methods in every block and bootstrap the mean ranks over blocks: values [method, block], higher = better.

    One result per row of the matrix. Equal values share their mean rank. Percentile intervals, their tails widened
    for few blocks (Hesterberg 2015, American Statistician 69:371, expanded percentile). A tie group is a largest set
    of methods whose intervals all overlap; with so few blocks that no test could tell two methods apart (fewer than
    6 at 95 %), all methods are one group. The order of blocks does not matter. Raises UsageError on fewer than 2
    methods or blocks, or a value not finite.
    """
    from scipy import special

    values = as_matrix(matrix, methods=2)
    methods, blocks = values.shape
    if blocks < 2:
        raise UsageError("matrix has one block: ranks over one block have no interval")
    # Ties share their mean rank. Written out: scipy.stats takes most of a second to import.
    above, same = (compare(values[None], values[:, None]).sum(1) for compare in (np.greater, np.equal))
    ranks = above + (same + 1) / 2
    ranks = ranks[:, np.lexsort(ranks)]
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=draws) @ ranks.T / blocks
    tail = float(special.ndtr(-math.sqrt(blocks / (blocks - 1)) * quantile((1 + level) / 2, blocks - 1)))
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    groups = [tuple(range(methods))]
    if can_reach(blocks, 1 - level):
        groups = tie_groups(low.tolist(), high.tolist())
    return [
        RankInterval(
            float(ranks[method].mean()),
            float(low[method]),
            float(high[method]),
            tuple(number for number, members in enumerate(groups, start=1) if method in members),
        )
        for method in range(methods)
    ]


def tie_groups(low: list[float], high: list[float]) -> list[tuple[int, ...]]:
    """Return the largest sets of intervals that all overlap, by position in the list, from the lowest set upwards.

    Intervals that overlap pairwise have a point in common, so each set is what holds some interval's lower end.
    """
    found: list[tuple[int, ...]] = []
    for point in sorted(low):
        members = tuple(i for i in range(len(low)) if low[i] <= point <= high[i])
        if found and set(found[-1]) <= set(members):
            found[-1] = members
        elif not any(set(members) <= set(group) for group in found):
            found.append(members)
    return found
