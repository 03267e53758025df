"""AUM: by how much the gold label wins, over the whole of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import Scorer, observe

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Aum(Scorer):
    """Area under the margin: mean over epochs of the gold logit minus the best other logit, mean over runs.

    In logits, higher = easier; the lowest are kept. Pleiss et al. 2020, arXiv 2001.10528, Eq. 1 and 2, where one run's
    lowest values tell mislabelled examples: the option `offset` drops these first. As a score of difficulty that
    pruning keeps from the hard end, it is that of Zheng et al. 2023 (arXiv 2210.15809). Averaging over runs is ours.
    """

    needs = observe("margin", at="train")
    keep = "lowest"
    cite = "pleiss2020identifying"
    per_example = True

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean margin, float64, dims (example,)."""
        margins: xr.DataArray = dynamics["margin"].astype("float64")
        return margins.mean("epoch", skipna=False).mean("run", skipna=False)
