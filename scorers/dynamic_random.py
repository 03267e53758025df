"""Dynamic random: a fresh random subset for every cycle, the chance baseline of pruning while training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import DynamicScorer
from hbench_scorers.random import Random

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class DynamicRandom(DynamicScorer):
    """A uniform number in [0, 1) per example, drawn anew for every cycle and training; needs no pass.

    Repeated sampling of random subsets (RS2), Okanovic et al. 2023, arXiv 2305.18424, here with a full warm-up like the
    methods it is compared with.
    """

    cite = "okanovic2023repeated"

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the draws of this cycle, float64, dims (example,)."""
        return Random().score(dynamics)
