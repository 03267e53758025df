"""Random: the baseline every other scorer has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import Scorer

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Random(Scorer):
    """A uniform number in [0, 1) per example, drawn anew for every evaluation seed.

    The numbers are dealt out over the sorted ids, so that an example's number follows from the seed
    `dynamics.attrs["draw"]` and the set of ids, never from the order of the file.
    """

    fresh = True

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the draws, float64, dims (example,)."""
        import numpy as np
        import xarray as xr

        ids = dynamics["example"]
        values = np.empty(ids.size)
        values[np.argsort(ids.values.astype(str))] = np.random.default_rng(dynamics.attrs["draw"]).random(ids.size)
        return xr.DataArray(values, coords={"example": ids}, dims="example")
