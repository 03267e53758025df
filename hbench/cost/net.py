"""When pruning pays: every method is charged for all it used, in one unit (FLOPs, tokens, examples or seconds)."""

from __future__ import annotations

import math

from hbench.errors import UsageError


def net_cost(scoring: float, train: float, full: float) -> float:
    """Return (scoring + one training on the subset) / one full training; below 1 = cheaper already the first time.

    scoring: scoring runs, scoring passes and selection, >= 0; train >= 0; full > 0; all in the same unit.
    Raises UsageError on a cost out of range.
    """
    _require(scoring, train, full)
    return (scoring + train) / full


def break_even(scoring: float, train: float, full: float) -> int | None:
    """Return after how many later trainings pruning has paid: the smallest n >= 0 with scoring + n train <= n full.

    0 when scoring was free; None (never) when a training on the subset costs no less than a full one.
    Raises UsageError on a cost out of range.
    """
    _require(scoring, train, full)
    if train >= full:
        return None
    trainings = scoring / (full - train)
    whole = round(trainings)
    return whole if math.isclose(trainings, whole, rel_tol=1e-9) else math.ceil(trainings)


def _require(scoring: float, train: float, full: float) -> None:
    for name, cost in (("scoring", scoring), ("train", train), ("full", full)):
        if not math.isfinite(cost) or cost < 0 or (name == "full" and cost == 0):
            raise UsageError(f"{name} = {cost}: a cost is a finite number of at least 0, and a full training above 0")
