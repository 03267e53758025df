"""What scorers of probabilities over time share: sliding windows over the epochs of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr


def check_window(name: str, window: int | None, least: int) -> None:
    """Raise UsageError for a window of fewer epochs than `least`, which a spread takes."""
    if window is not None and window < least:
        raise UsageError(f"{name}[window={window}]: a window takes at least {least} epochs; use {least} or more")


def windows(name: str, values: xr.DataArray, window: int | None, least: int) -> Iterator[xr.DataArray]:
    """Yield the values of every so many consecutive epochs, the first ones first.

    window: epochs of each; None for a single window over all. Raises UsageError when the values have fewer epochs than
    the window, or than `least`.
    """
    epochs = values.sizes["epoch"]
    length = max(epochs, least) if window is None else window
    if epochs < length:
        shorter = "" if window is None or epochs < least else ", or a shorter window"
        raise UsageError(f"{name}: a window takes {length} epochs, {epochs} were observed; use more epochs{shorter}")
    for start in range(epochs - length + 1):
        yield values.isel(epoch=slice(start, start + length))
