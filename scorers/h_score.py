"""H-score: in how many runs was the model right about an example at every epoch?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.errors import UsageError
from hbench.plugins import Scorer, observe

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class HScore(Scorer):
    """H_i = sum over runs s of prod over epochs e of r[s,e,i], an integer 0..S; higher = easier.

    r[s,e,i] is 1 where run s predicts the gold label of example i at epoch e. H = S: right at every epoch of every
    run; H = 0: in every run wrong at least once. Tayaranian et al. 2024, arXiv 2407.08887, Eq. 1; there S = 6, E = 3.

    remove: the levels of H that the natural subset leaves out (Eq. 2), digits and the letter S for the number of
    runs: `0S` is the paper's winning ticket, and 016, 0126, 01236, 0156, 012346, 012356 its other sets for S = 6.
    order: which levels a chosen keep-fraction keeps first; our extension of the paper, which chooses no fraction.
    `nested` follows the paper's nested subsets: S-1, S-2, ..., 1, then S, then 0. `middle`: closest to S/2 first.
    """

    remove: str = "0S"
    order: Literal["nested", "middle"] = "nested"

    needs = observe("correct", at="train")
    cite = "tayaranian2024automatic"
    per_example = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.remove or set(self.remove) - set("0123456789S"):
            raise UsageError(f"h-score[remove={self.remove}]: write digits and the letter S only, such as 0S or 016")

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return H, int64, 0..S, dims (example,)."""
        return dynamics["correct"].astype("int64").prod("epoch").sum("run")

    def prefer(self, scores: xr.DataArray, runs: int) -> xr.DataArray:
        """Return the order of keeping that the option `order` names; equal H are ties."""
        h = scores.astype("float64")
        if self.order == "middle":
            return -abs(h - runs / 2)
        return h.where(h < runs, 0.5).where(h > 0, 0.0)

    def natural(self, scores: xr.DataArray, runs: int) -> xr.DataArray:
        """Return where H is outside the removal set; with one run the default set leaves nothing.

        Raises UsageError when the set names a level above the number of runs.
        """
        removed = {runs if level == "S" else int(level) for level in self.remove}
        if max(removed) > runs:
            raise UsageError(
                f"h-score[remove={self.remove}]: H runs from 0 to {runs}, the number of scoring runs, "
                f"so there is no level {max(removed)}; leave it out, or write S for the highest level"
            )
        return ~scores.isin(sorted(removed))
