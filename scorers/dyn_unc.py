"""Dynamic uncertainty: how much the gold label's probability varies within windows of epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import Scorer, observe
from hbench_scorers._windows import check_window, windows

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class DynUnc(Scorer):
    """Standard deviation (ddof 1) of the gold probability in a window of J epochs, mean over windows and runs.

    0..0.71, higher = less settled; the highest are kept. He et al. 2024, arXiv 2306.05175, with J = 10 of
    many epochs and one run. A fine-tuning has few epochs: with one window over all of them the order is that of
    cartography's variability.

    window: J, at least 2; none for all epochs.
    """

    window: int | None = None

    needs = observe("gold_prob", at="train")
    cite = "he2024large"
    per_example = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_window("dyn-unc", self.window, least=2)

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean deviation, float64, dims (example,). Raises UsageError for fewer epochs than a window."""
        import xarray as xr

        prob = dynamics["gold_prob"].astype("float64")
        spread = [part.std("epoch", ddof=1, skipna=False) for part in windows("dyn-unc", prob, self.window, least=2)]
        return xr.concat(spread, "window").mean("window", skipna=False).mean("run", skipna=False)
