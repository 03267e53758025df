"""Forgetting events: how often does the model get an example wrong that it had right one epoch before?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.plugins import Scorer, observe

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Forgetting(Scorer):
    """Number of times an example goes from right to wrong between consecutive epochs, summed over runs.

    Higher = harder; the highest are kept. Toneva et al. 2019, arXiv 1812.05159. An example that a run never has right
    has no event to count, and the published codes disagree on what it is worth; `never` chooses:

    epochs    E in that run: above every reachable count, which is E/2 at most (Toneva et al.'s code).
    infinite  S*E for the example, in place of infinity, when any run never has it right: above every reachable sum,
              finite, and all such examples tie (the paper; Paul et al.'s code).
    1000      1000 in that run (the dataset cartography code).
    0         nothing, which makes it look unforgettable (the DeepCore and CCS codes; for comparison only).
    """

    never: Literal["epochs", "infinite", "1000", "0"] = "epochs"

    needs = observe("correct", at="train")
    cite = "toneva2019empirical"
    per_example = True

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the events, int64, >= 0, dims (example,)."""
        correct = dynamics["correct"].sortby("epoch").astype("int64")
        runs, epochs = correct.sizes["run"], correct.sizes["epoch"]
        events = (correct.diff("epoch") < 0).sum("epoch")
        unlearnt = ~correct.any("epoch")
        if self.never == "infinite":
            return events.sum("run").where(~unlearnt.any("run"), runs * epochs)
        return events.where(~unlearnt, epochs if self.never == "epochs" else int(self.never)).sum("run")
