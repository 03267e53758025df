"""Observers: per-example values of the training step, or of a pass after an epoch, in preallocated arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from hbench import dynamics

if TYPE_CHECKING:
    import xarray as xr

    from hbench.jobs.observe import Observed
    from hbench.kinds import Encoded, Kind

Floats = npt.NDArray[np.float32]


class Observer:
    """Keeps a few numbers per example and epoch at one capture point, and turns them into signals at the end.

    One row is written per example and epoch, straight from the step's own output: nothing is computed twice, nothing
    grows. Signals are derived once, vectorised over all epochs.
    """

    def __init__(
        self, capture: str, epochs: tuple[int, ...], gradients: tuple[str, ...], size: int, width: int
    ) -> None:
        self.capture = capture
        self.epochs = epochs
        self.gradients = gradients
        self._slot = {epoch: i for i, epoch in enumerate(epochs)}
        self._kept = torch.full((len(epochs), size, width), torch.nan)
        self._norms = {scope: torch.full((len(epochs), size), torch.nan) for scope in gradients}

    def wants(self, epoch: int) -> bool:
        """Return whether this epoch, counted from 1, is observed."""
        return epoch in self._slot

    def keep(self, epoch: int, members: npt.NDArray[np.int64], values: torch.Tensor) -> None:
        """Write what `Kind.observe` gave for a batch: float32 (batch, width)."""
        self._kept[self._slot[epoch], torch.from_numpy(members)] = values.to("cpu", non_blocking=False)

    def keep_norms(self, epoch: int, members: npt.NDArray[np.int64], norms: dict[str, torch.Tensor]) -> None:
        """Write the gradient norms of a batch: one float32 (batch,) for every scope."""
        for scope, values in norms.items():
            self._norms[scope][self._slot[epoch], torch.from_numpy(members)] = values.float().cpu()

    def dataset(self, kind: Kind, encoded: Encoded, seed: int) -> xr.Dataset:
        """Return the dynamics of this run, dims (run=1, epoch, example)."""
        signals: dict[str, Any] = kind.signals(self._kept.numpy(), encoded)
        names = {"all": "grad_norm", "head": "grad_norm_head", "last": "grad_norm_last"}
        signals |= {names[scope]: values.numpy() for scope, values in self._norms.items()}
        return dynamics.from_arrays(
            ids=encoded.ids,
            runs=[seed],
            epochs=list(self.epochs),
            capture=self.capture,
            label=encoded.label,
            length=encoded.length,
            **{name: values[None] for name, values in signals.items()},
        )


def observers(observe: Observed | None, epochs: int, size: int, width: int) -> dict[str, Observer]:
    """Return an observer for every capture point that a job's `observe` names."""
    return {
        capture: Observer(capture, watch.at(epochs), watch.gradients, size, width)
        for capture, watch in (observe or {}).items()
    }
