"""Rank mean: one order of keeping out of several, each scorer with the same say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import Combination

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr


@dataclass(frozen=True)
class RankMean(Combination):
    """Mean over the scorers in the parentheses of an example's rank in their order of keeping, divided by n.

    Written `rank-mean(el2n,forgetting)`; 0..1, the highest are kept, those that the scorers keep first on average.
    Ranks count from 1, and equal values share the mean of theirs. Borda's count; no paper that we know of prunes by it.
    """

    def combine(self, preferences: Sequence[xr.DataArray]) -> xr.DataArray:
        """Return the mean rank, float64, dims (example,)."""
        from scipy.stats import rankdata

        first = preferences[0]
        ranks = sum(rankdata(preference.values) for preference in preferences)
        return first.copy(data=ranks / (len(preferences) * max(first.size, 1)))
