"""Observers: per-example values of the training step, or of a pass after an epoch, in preallocated arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from hbench import dynamics
from hbench.plugins import EMBEDDING_SIGNALS, GRADIENT_SIGNALS

if TYPE_CHECKING:
    import xarray as xr

    from hbench.jobs.observe import Observed
    from hbench.kinds import Encoded, Kind

Floats = npt.NDArray[np.float32]

#: Scope of a gradient norm, and pooling of an embedding -> name of the signal.
_NORMS = {scope: name for name, scope in GRADIENT_SIGNALS.items()}
_EMBEDDINGS = {pooling: name for name, pooling in EMBEDDING_SIGNALS.items()}


class Observer:
    """Keeps a few numbers per example and epoch at one capture point, and turns them into signals at the end.

    One row is written per example and epoch, straight from the step's own output: nothing is computed twice, nothing
    grows. Signals are derived once, vectorised over all epochs.
    """

    def __init__(
        self,
        capture: str,
        epochs: tuple[int, ...],
        gradients: tuple[str, ...],
        size: int,
        width: int,
        embeddings: tuple[str, ...] = (),
    ) -> None:
        self.capture = capture
        self.epochs = epochs
        self.gradients = gradients
        self.embeddings = embeddings
        self._size = size
        self._slot = {epoch: i for i, epoch in enumerate(epochs)}
        self._kept = torch.full((len(epochs), size, width), torch.nan)
        self._norms = {scope: torch.full((len(epochs), size), torch.nan) for scope in gradients}
        #: Pooling -> (epochs, size, dim), made when the first batch tells `dim`.
        self._embedded: dict[str, torch.Tensor] = {}

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

    def keep_embedding(self, epoch: int, members: npt.NDArray[np.int64], pooling: str, values: torch.Tensor) -> None:
        """Write the embeddings of a batch: float32 (batch, dim)."""
        if pooling not in self._embedded:
            self._embedded[pooling] = torch.full((len(self.epochs), self._size, values.shape[1]), torch.nan)
        self._embedded[pooling][self._slot[epoch], torch.from_numpy(members)] = values.float().cpu()

    def state(self) -> dict[str, Any]:
        """Return all values kept so far, not copied: what a checkpoint holds of an observer."""
        return {"kept": self._kept, "norms": self._norms, "embedded": self._embedded}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned in another run of the same job."""
        self._kept, self._norms, self._embedded = state["kept"], state["norms"], state["embedded"]

    def dataset(self, kind: Kind, encoded: Encoded, seed: int) -> xr.Dataset:
        """Return the dynamics of this run, dims (run=1, epoch, example)."""
        signals: dict[str, npt.NDArray[Any]] = kind.signals(self._kept.numpy(), encoded)
        signals |= {_NORMS[scope]: values.numpy() for scope, values in self._norms.items()}
        signals |= {_EMBEDDINGS[pooling]: values.numpy() for pooling, values in self._embedded.items()}
        return dynamics.assemble(
            {name: values[None] for name, values in signals.items()},
            {"label": encoded.label, "length": encoded.length},
            ids=encoded.ids,
            runs=[seed],
            epochs=list(self.epochs),
            capture=self.capture,
        )


def observers(observe: Observed | None, epochs: int, size: int, width: int) -> dict[str, Observer]:
    """Return an observer for every capture point that a job's `observe` names."""
    return {
        capture: Observer(capture, watch.at(epochs), watch.gradients, size, width, watch.embeddings or ())
        for capture, watch in (observe or {}).items()
    }
