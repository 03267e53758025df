"""Last loss: how badly does the model fit an example when training ends?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench import Scorer, observe

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class LastLoss(Scorer):
    """Cross-entropy at the last epoch in nats, averaged over runs; >= 0, higher = harder.

    easiest: keep the lowest instead of the highest.
    """

    easiest: bool = False

    needs = observe("loss", at="train")

    @property
    def keep(self) -> str:
        """Which end of the scores is kept."""
        return "lowest" if self.easiest else "highest"

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the loss, float64, dims (example,)."""
        last = dynamics["loss"].sel(epoch=dynamics["epoch"].max(), drop=True)
        return last.astype("float64").mean("run", skipna=False)
