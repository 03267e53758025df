"""Dynamic EL2N: before every cycle keep what the model is now most wrong about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import observe
from hbench_scorers._smoothing import Smoothed

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class DynamicEl2n(Smoothed):
    """EL2N, || p - y ||_2, in a pass before every cycle; the highest are trained on, 0..sqrt(2) for one softmax.

    Attendu and Corbeil 2023, arXiv 2306.03208, Algorithm 1: warm-up on everything, then cycles. Theirs leave dropout on
    in the pass (option `dropout`); the latest value is used for sentences, a smoothed one for intents and slots.
    """

    needs = observe("el2n", at="epoch_end")
    cite = "attendu2023nlu"

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the norm of the last pass, or the smoothed one, float64, dims (example,)."""
        return self.smooth(dynamics["el2n"])
