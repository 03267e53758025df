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
#: What `Kind.observe` gives, among scopes and poolings.
_VALUES = "values"
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
        #: Pooling -> (epochs, size, dim), made when the first values tell `dim`.
        self._embedded: dict[str, torch.Tensor] = {}
        #: Values of the epoch in work, on the device that computed them: what they are, their examples, the values.
        self._waiting: dict[str, list[tuple[npt.NDArray[np.int64], torch.Tensor]]] = {}

    def wants(self, epoch: int) -> bool:
        """Return whether this epoch, counted from 1, is observed."""
        return epoch in self._slot

    def keep(self, members: npt.NDArray[np.int64], values: torch.Tensor) -> None:
        """Note what `Kind.observe` gave for a batch: float32 (batch, width)."""
        self._note(_VALUES, members, values)

    def keep_norms(self, members: npt.NDArray[np.int64], norms: dict[str, torch.Tensor]) -> None:
        """Note the gradient norms of a batch: one float32 (batch,) for every scope."""
        for scope, values in norms.items():
            self._note(scope, members, values)

    def keep_embedding(self, members: npt.NDArray[np.int64], pooling: str, values: torch.Tensor) -> None:
        """Note the embeddings of a batch: float32 (batch, dim)."""
        self._note(pooling, members, values)

    def finish(self, epoch: int) -> None:
        """Write what was noted into the arrays of an epoch; a GPU is waited for here alone, once for each array."""
        for what, parts in self._waiting.items():
            members = np.concatenate([some for some, _ in parts])
            values = torch.cat([found for _, found in parts]).float().cpu()
            self._array(what, values)[self._slot[epoch], torch.from_numpy(members)] = values
        self._waiting.clear()

    def _note(self, what: str, members: npt.NDArray[np.int64], values: torch.Tensor) -> None:
        self._waiting.setdefault(what, []).append((members, values))

    def _array(self, what: str, values: torch.Tensor) -> torch.Tensor:
        if what == _VALUES:
            return self._kept
        if what in self._norms:
            return self._norms[what]
        if what not in self._embedded:
            self._embedded[what] = torch.full((len(self.epochs), self._size, values.shape[1]), torch.nan)
        return self._embedded[what]

    def state(self, epoch: int) -> dict[str, Any]:
        """Return all values kept so far, not copied: what a checkpoint holds of an observer.

        epoch: the one in work, whose values so far are written first.
        """
        self.finish(epoch)
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
