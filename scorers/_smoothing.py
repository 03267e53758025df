"""What the dynamic scorers share: one number per example from its values in all passes so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.errors import UsageError
from hbench.plugins import DynamicScorer

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Smoothed(DynamicScorer):
    """A dynamic scorer of one signal.

    smoothing: `latest`, the value of the last pass; `mean`, an exponentially weighted mean over the passes plus
    `deviations` times the exponentially weighted standard deviation, as used for intents and slots by Attendu and
    Corbeil 2023 (arXiv 2306.03208). newest: weight of the last pass in that mean.
    """

    smoothing: Literal["latest", "mean"] = "latest"
    newest: float = 0.8
    deviations: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.newest <= 1:
            raise UsageError(f"option newest={self.newest}: use a weight above 0 and at most 1")

    def smooth(self, values: xr.DataArray) -> xr.DataArray:
        """Return one number per example, float64, dims (example,), from values (run, epoch, example)."""
        import pandas as pd

        passes = values.astype("float64").mean("run").transpose("epoch", "example")
        last = passes.isel(epoch=-1, drop=True)
        if self.smoothing == "latest" or passes.sizes["epoch"] == 1:
            return last
        weighted = pd.DataFrame(passes.to_numpy()).ewm(alpha=self.newest, adjust=False)
        deviation = weighted.std().iloc[-1].to_numpy()
        return last.copy(data=weighted.mean().iloc[-1].to_numpy() + self.deviations * deviation)
