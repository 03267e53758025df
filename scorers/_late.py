"""What scorers of a single epoch share: the last one, unless one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.plugins import at_epochs

if TYPE_CHECKING:
    import xarray as xr


def check_epoch(name: str, epoch: int | None) -> None:
    """Raise UsageError for an epoch before the first."""
    if epoch is not None and epoch < 1:
        raise UsageError(f"{name}[epoch={epoch}]: epochs count from 1; use 1 or more")


def late(dynamics: xr.Dataset, signal: str, epoch: int | None) -> xr.DataArray:
    """Return a signal at a named epoch, or at the last one observed, float64, dims (run, example).

    Raises UsageError when the dynamics do not hold the epoch.
    """
    last = int(dynamics["epoch"].values.max()) if epoch is None else epoch
    return at_epochs(dynamics, last)[signal].isel(epoch=0, drop=True).astype("float64")
