"""Length: keep the longest or the shortest texts, a cheap check on methods that only follow length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.plugins import Scorer

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Length(Scorer):
    """Number of tokens of an example; needs no training.

    keep: `longest` or `shortest` texts first.
    """

    keep: Literal["longest", "shortest"] = "longest"

    per_example = True

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the number of tokens, int64, dims (example,)."""
        return dynamics["length"]

    def prefer(self, scores: xr.DataArray, runs: int) -> xr.DataArray:
        """Return the order of keeping that the option `keep` names."""
        signed = scores.astype("float64")
        return -signed if self.keep == "shortest" else signed
