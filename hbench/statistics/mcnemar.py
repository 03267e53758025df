"""McNemar's test seed by seed: a diagnostic, never the verdict, as it takes one training for the method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError
from hbench.statistics.tables import paired


@dataclass(frozen=True)
class McNemar:
    """One seed's examples that only the method, or only the baseline, gets right, and the exact two-sided p."""

    only_method: int
    only_baseline: int
    p: float


def mcnemar_by_seed(method: npt.ArrayLike, baseline: npt.ArrayLike) -> list[McNemar]:
    """Test each seed's paired results for equal accuracy: 0/1 values [seed, example] -> one exact McNemar per seed.

    Raises UsageError on shapes that do not fit or a value other than 0 and 1. Source: McNemar 1947; statsmodels.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    first, second = paired(method, baseline)
    if not np.isin(np.stack([first, second]), (0.0, 1.0)).all():
        raise UsageError("McNemar's test compares right with wrong: give values of 0 and 1 only")
    results = []
    for mine, other in zip(first == 1, second == 1, strict=True):
        up, down = int((mine & ~other).sum()), int((~mine & other).sum())
        table = [[int((mine & other).sum()), up], [down, int((~mine & ~other).sum())]]
        results.append(McNemar(up, down, float(mcnemar(table, exact=True).pvalue)))
    return results
