"""Many comparisons at once: adjusted p values, and the tasks on which a method wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Adjust p values for the probability of any false claim among them (Holm 1979); 0..1, in the order given.

    None (no test) stays None and is not counted. Raises UsageError on a value outside 0..1.
    """
    return _put_back(p, holm_adjusted(_tested(p)))


def holm_adjusted(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return Holm's adjusted p values of an array [comparison], every one a test."""
    # Written out, as every board column needs it: statsmodels takes a second to import and collects garbage per call.
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def benjamini_hochberg(p: Sequence[float | None]) -> list[float | None]:
    """Adjust p values for the expected share of false claims (Benjamini, Hochberg 1995); 0..1, in the order given.

    None (no test) stays None and is not counted. Raises UsageError on a value outside 0..1.
    """
    from scipy import stats

    tested = _tested(p)
    return _put_back(p, stats.false_discovery_control(tested, method="bh") if tested.size else tested)


@dataclass(frozen=True)
class PartialConjunction:
    """On how many tasks a method wins, and on which."""

    #: With confidence 1 - alpha the method wins on at least this many tasks.
    count: int
    #: Tasks that had a test.
    tested: int
    #: The tasks on which it wins, sorted by p, then name.
    tasks: tuple[str, ...]
    #: Holm-adjusted p of every task; None where there was no test.
    adjusted: dict[str, float | None]


def partial_conjunction(p_values: Mapping[str, float | None], alpha: float = 0.05) -> PartialConjunction:
    """Count and name the tasks on which a method wins, from one one-sided p per task (`CrossedTest.p_better`).

    count: the largest u with (n - v + 1) p_(v) <= alpha for every v <= u, the Bonferroni partial conjunction of Dror
    et al. 2017 (TACL 5:471, K-Bonferroni), valid under any dependence between tasks. tasks: those Holm
    rejects at alpha. The running maximum of (n - v + 1) p_(v) is Holm's adjusted p, so there are exactly `count`.
    Tasks with p None are not counted. Raises UsageError on a p outside 0..1.
    """
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    wins = sorted((p_values[task], task) for task, p in adjusted.items() if p is not None and p <= alpha)
    tested = sum(p is not None for p in p_values.values())
    return PartialConjunction(len(wins), tested, tuple(task for _, task in wins), adjusted)


def _tested(p: Sequence[float | None]) -> npt.NDArray[np.float64]:
    tested = np.array([value for value in p if value is not None], dtype=np.float64)
    wrong = tested[~((tested >= 0) & (tested <= 1))]
    if wrong.size:
        raise UsageError(f"p = {wrong[0]}: a p value lies between 0 and 1; give None where there was no test")
    return tested


def _put_back(p: Sequence[float | None], adjusted: npt.NDArray[np.float64]) -> list[float | None]:
    values = iter(adjusted.tolist())
    return [None if value is None else next(values) for value in p]
