"""Dynamic loss: before every cycle keep the examples with the highest loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import observe
from hbench_scorers._smoothing import Smoothed

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class DynamicLoss(Smoothed):
    """Cross-entropy in a pass before every cycle, in nats, >= 0; the highest are trained on.

    The plain rival of dynamic EL2N: the same cycles and passes, another signal.
    """

    needs = observe("loss", at="epoch_end")

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the loss in the last pass, or the smoothed one, float64, dims (example,)."""
        return self.smooth(dynamics["loss"])
