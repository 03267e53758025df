"""Entropy: how unsure the model is of an example late in training, whatever its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import Observation, Scorer, observe
from hbench_scorers._late import check_epoch, late

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Entropy(Scorer):
    """-sum over classes of p log p at one epoch, in nats, 0..log C, mean over runs; higher = less certain.

    The highest are kept; labels play no part. Coleman et al. 2020, arXiv 1906.11829, where it ranks examples
    after training; at `train` the predictions are those of the last epoch's own steps, which cost nothing.

    epoch: the epoch whose value is used, counted from 1; none for the last one.
    """

    epoch: int | None = None

    cite = "coleman2020selection"
    per_example = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_epoch("entropy", self.epoch)

    @property
    def needs(self) -> Observation:
        """The entropy at the epoch in use, or at every one where that is the last."""
        return observe("entropy", at="train", epochs=None if self.epoch is None else (self.epoch,))

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean entropy, float64, dims (example,). Raises UsageError when the epoch is absent."""
        return late(dynamics, "entropy", self.epoch).mean("run", skipna=False)
