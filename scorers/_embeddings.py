"""What scorers of embeddings share: the vectors of a run in an order that does not depend on the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hbench.errors import UsageError
from hbench.plugins import Observation, at_epochs, observe

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    import xarray as xr

#: How the hidden states of the tokens become one vector, and the signal that holds it.
Pooling = Literal["mean", "cls"]
_SIGNALS = {"mean": "embedding", "cls": "embedding_cls"}


def check_epoch(name: str, epoch: int) -> None:
    """Raise UsageError for an epoch before the first."""
    if epoch < 1:
        raise UsageError(f"{name}[epoch={epoch}]: epochs count from 1; use 1 or more")


def embeddings(pooling: Pooling, epoch: int, *more: str) -> Observation:
    """Return the observation of embeddings, and of further signals, in the pass after an epoch."""
    return observe(_SIGNALS[pooling], *more, at="epoch_end", epochs=(epoch,))


def by_run(
    dynamics: xr.Dataset,
    pooling: Pooling,
    epoch: int,
    value: Callable[[npt.NDArray[np.float64], xr.Dataset], npt.NDArray[np.float64]],
) -> xr.DataArray:
    """Return the mean over runs of a value of each example among all, float64, dims (example,).

    value: gets the vectors (n, dim) of one run and its dynamics, both sorted by id, so that no choice between equals
    follows the order of the file; returns one number per example. Raises UsageError when the epoch is absent.
    """
    import numpy as np
    import xarray as xr

    ids = dynamics["example"]
    order = np.argsort(ids.values.astype(str))
    held = at_epochs(dynamics, epoch).isel(epoch=0, drop=True).isel(example=order)
    total = np.zeros(ids.size)
    for run in range(held.sizes["run"]):
        one = held.isel(run=run, drop=True)
        vectors = one[_SIGNALS[pooling]].transpose("example", "dim").values.astype(np.float64)
        total[order] += value(vectors, one)
    return xr.DataArray(total / held.sizes["run"], coords={"example": ids}, dims="example")
