"""DUAL: examples that are both hard and unsettled early in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import Scorer, observe
from hbench_scorers._windows import check_window, windows

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Dual(Scorer):
    """(1 - mean) times the standard deviation (ddof 1) of the gold probability in a window, mean over windows and runs.

    >= 0, higher = harder and less settled; the highest are kept. Cho et al. 2025, arXiv 2502.06905, with windows of J =
    10 in the first 30 of 200 epochs and one run. Their draw from a Beta distribution, which moves small subsets towards
    easy examples, is a selection of its own and is not part of this score.

    window: J, at least 2; none for all epochs.
    """

    window: int | None = None

    needs = observe("gold_prob", at="train")
    cite = "cho2025lightweight"
    per_example = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_window("dual", self.window, least=2)

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean product, float64, dims (example,). Raises UsageError for fewer epochs than a window."""
        import xarray as xr

        prob = dynamics["gold_prob"].astype("float64")
        products = [
            (1 - part.mean("epoch", skipna=False)) * part.std("epoch", ddof=1, skipna=False)
            for part in windows("dual", prob, self.window, least=2)
        ]
        return xr.concat(products, "window").mean("window", skipna=False).mean("run", skipna=False)
