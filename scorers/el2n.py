"""EL2N: the length of the error vector, early in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.plugins import Observation, Scorer, at_epochs, observe, signal_of
from hbench_scorers._joint import SIGNALS

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class El2n(Scorer):
    """|| p - y ||_2 after a named epoch, averaged over runs; 0..sqrt(2) for one softmax, higher = harder.

    p: softmax probabilities, y: one-hot gold label. The highest are kept. Paul et al. 2021, arXiv 2107.07075,
    section 2. For fine-tuning, Fayyaz et al. 2022 (arXiv 2211.05610) find the score unreliable before one full
    epoch, and that dropping the top few percent first (option `offset`) helps: those are often mislabelled.

    epoch: the epoch after which the model is asked, counted from 1. joint: of intents and slots, the norm over all
    errors, the sum of the norms, or the mean of that of the intent and the mean over the words.
    """

    epoch: int = 1
    joint: Literal["norm", "sum", "mean"] = "norm"

    cite = "paul2021deep"
    per_example = True

    @property
    def needs(self) -> Observation:
        """The norm at the one epoch in use."""
        return observe(SIGNALS[self.joint], at="epoch_end", epochs=(self.epoch,))

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean norm, float64, dims (example,). Raises UsageError when the epoch or the signal is absent."""
        norms = signal_of(at_epochs(dynamics, self.epoch), SIGNALS[self.joint], f"joint={self.joint}")
        return norms.astype("float64").mean(("run", "epoch"), skipna=False)
