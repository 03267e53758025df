"""Loss: how badly an example is fitted late in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import Observation, Scorer, observe
from hbench_scorers._late import check_epoch, late

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Loss(Scorer):
    """Cross-entropy of the gold label at one epoch, in nats, >= 0, mean over runs; higher = harder.

    The highest are kept. The order in which Loshchilov and Hutter 2015 (arXiv 1511.06343) choose their batches,
    here once and for all of training.

    epoch: the epoch whose value is used, counted from 1; none for the last one.
    """

    epoch: int | None = None

    cite = "loshchilov2015online"
    per_example = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_epoch("loss", self.epoch)

    @property
    def needs(self) -> Observation:
        """The loss at the epoch in use, or at every one where that is the last."""
        return observe("loss", at="train", epochs=None if self.epoch is None else (self.epoch,))

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean loss, float64, dims (example,). Raises UsageError when the epoch is absent."""
        return late(dynamics, "loss", self.epoch).mean("run", skipna=False)
