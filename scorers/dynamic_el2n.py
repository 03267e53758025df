"""Dynamic EL2N: before every cycle keep what the model is now most wrong about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.plugins import Observation, observe, signal_of
from hbench_scorers._joint import SIGNALS
from hbench_scorers._smoothing import Smoothed

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class DynamicEl2n(Smoothed):
    """EL2N, || p - y ||_2, in a pass before every cycle; the highest are trained on, 0..sqrt(2) for one softmax.

    Attendu and Corbeil 2023, arXiv 2306.03208, Algorithm 1: warm-up on everything, then cycles. Theirs leave dropout on
    in the pass (option `dropout`); the latest value is used for sentences, a smoothed one for intents and slots.

    joint: of intents and slots, the norm over all errors, the sum of the norms, or the mean of that of the intent and
    the mean over the words.
    """

    joint: Literal["norm", "sum", "mean"] = "norm"

    cite = "attendu2023nlu"

    @property
    def needs(self) -> Observation:
        """The norm in every pass."""
        return observe(SIGNALS[self.joint], at="epoch_end")

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the norm of the last pass, or the smoothed one, float64, dims (example,)."""
        return self.smooth(signal_of(dynamics, SIGNALS[self.joint], f"joint={self.joint}"))
