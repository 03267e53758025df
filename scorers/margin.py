"""Margin: how close an example is to the boundary between its gold label and the strongest other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import Observation, Scorer, observe
from hbench_scorers._late import check_epoch, late

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Margin(Scorer):
    """|gold logit - best other logit| at one epoch, >= 0, mean over runs; 0 = on the boundary.

    The lowest are kept. Margin sampling as active learning has it (Settles 2009, section 3.1) takes the two best
    classes; here one of the two is the gold one, since labels are known. With two classes both are the same.

    epoch: the epoch whose value is used, counted from 1; none for the last one. signed: the difference itself, so that
    the examples which the model gets wrong by the most are kept first.
    """

    epoch: int | None = None
    signed: bool = False

    keep = "lowest"
    cite = "settles2009active"
    per_example = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_epoch("margin", self.epoch)

    @property
    def needs(self) -> Observation:
        """The margin at the epoch in use, or at every one where that is the last."""
        return observe("margin", at="train", epochs=None if self.epoch is None else (self.epoch,))

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean distance, or difference, float64, dims (example,). Raises UsageError for an absent epoch."""
        margins = late(dynamics, "margin", self.epoch)
        return (margins if self.signed else abs(margins)).mean("run", skipna=False)
