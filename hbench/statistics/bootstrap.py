"""The crossed (pigeonhole) bootstrap, a check on the closed form that assumes no distribution."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.tables import paired, sum_by_case

#: Counts drawn at once, which bounds the memory.
_CHUNK = 4_000_000


class Interval(NamedTuple):
    """Lower and upper end, in the units of the values."""

    low: float
    high: float


def crossed_bootstrap(
    method: npt.ArrayLike,
    baseline: npt.ArrayLike,
    draws: int = 2000,
    seed: int = 0,
    cases: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> Interval:
    """Return the percentile interval of the mean difference, with seeds and cases each drawn anew and crossed.

    method, baseline: values [seed, example]; cases: passage of each example, drawn as a whole. Wider than
    `crossed_test` when the interaction dominates, which this bootstrap counts three times (Owen 2007, Annals of
    Applied Statistics 1:386), and narrower with few seeds. Raises UsageError on shapes that do not fit, fewer than
    one draw, or a level outside (0, 1).
    """
    if draws < 1 or not 0 < level < 1:
        raise UsageError(f"draws = {draws}, level = {level}: use at least 1 draw, and a level between 0 and 1")
    first, second = paired(method, baseline)
    sums, size = sum_by_case(first - second, cases)
    seeds, count = sums.shape
    rng = np.random.default_rng(seed)
    means = []
    for start in range(0, draws, max(1, _CHUNK // count)):
        rows = min(max(1, _CHUNK // count), draws - start)
        times = rng.multinomial(count, np.full(count, 1 / count), size=rows).astype(np.float64)
        of_seed = (times @ sums.T) / (times @ size)[:, None]
        weight = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=rows)
        means.append((weight * of_seed).sum(axis=1) / seeds)
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
