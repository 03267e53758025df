"""TDDS: how unevenly an example's prediction moves from epoch to epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.plugins import Scorer, observe, signal_of
from hbench_scorers._windows import check_window, windows

if TYPE_CHECKING:
    import xarray as xr

#: Added to probabilities before the logarithm, as in the authors' code.
_FLOOR = 1e-8


@dataclass(frozen=True)
class Tdds(Scorer):
    """Temporal dual-depth score: spread of the steps that a prediction takes, later windows weighted up, mean over
    runs.

    A step from epoch t to t + 1 is sum over classes of |p_{t+1} log(p_{t+1} / p_t)|; of a window of J epochs the score
    is the norm of its J - 1 steps minus their mean, and the windows, from the first to the last, are summed with
    weights decay (1 - decay)^(windows behind). >= 0; the highest are kept. Zhang et al. 2024, arXiv 2311.13613, in the
    form of the authors' code (absolute terms inside the sum), with J = 10 and one run.

    window: J, at least 3, as two steps are the least that can differ; none for all epochs. decay: weight of the newest
    window against the ones before, above 0 and at most 1.
    """

    window: int | None = None
    decay: float = 0.9

    needs = observe("prob", at="train")
    cite = "zhang2024spanning"
    per_example = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_window("tdds", self.window, least=3)
        if not 0 < self.decay <= 1:
            raise UsageError(f"tdds[decay={self.decay}]: use a weight above 0 and at most 1")

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the weighted spread, float64, dims (example,). Raises UsageError for fewer epochs than a window."""
        prob = signal_of(dynamics, "prob", "tdds").astype("float64")
        total = None
        for part in windows("tdds", prob, self.window, least=3):
            spread = _spread(part)
            total = self.decay * spread if total is None else (1 - self.decay) * total + self.decay * spread
        assert total is not None  # a window fits, or it was refused
        return total.mean("run", skipna=False)


def _spread(prob: xr.DataArray) -> xr.DataArray:
    """Return the norm of the steps of a window minus their mean, dims (run, example)."""
    import numpy as np

    before, after = prob.isel(epoch=slice(None, -1)), prob.isel(epoch=slice(1, None))
    before = before.assign_coords(epoch=after["epoch"])
    change = np.log(after + _FLOOR) - np.log(before + _FLOOR)
    steps = abs(after * change).sum("class", skipna=False)
    return ((steps - steps.mean("epoch", skipna=False)) ** 2).sum("epoch", skipna=False) ** 0.5
