"""GraNd: the norm of the gradient of an example's loss, early in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.plugins import GRADIENT_SIGNALS, Observation, Scorer, at_epochs, observe

if TYPE_CHECKING:
    import xarray as xr

_SIGNAL = {scope: signal for signal, scope in GRADIENT_SIGNALS.items()}


@dataclass(frozen=True)
class Grand(Scorer):
    """|| gradient of the example's loss ||_2 after a named epoch, averaged over runs; >= 0, higher = harder.

    The highest are kept. Paul et al. 2021, arXiv 2107.07075, section 2. At initialisation the score does not
    reproduce (Kirsch 2023, arXiv 2303.14753); for fine-tuning it is unreliable before one full epoch (Fayyaz et al.
    2022, arXiv 2211.05610).

    epoch: the epoch after which the gradient is taken, counted from 1.
    scope: the parameters in the norm. `all` (Paul et al.), `head`: everything after the encoder (Fayyaz et al.),
    `last`: the final linear layer, which ranks almost like EL2N.
    """

    epoch: int = 1
    scope: Literal["all", "head", "last"] = "all"

    cite = "paul2021deep"
    per_example = True

    @property
    def needs(self) -> Observation:
        """The gradient norm of the scope at the one epoch in use."""
        return observe(_SIGNAL[self.scope], at="epoch_end", epochs=(self.epoch,))

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean norm, float64, dims (example,). Raises UsageError when the epoch is absent."""
        norms = at_epochs(dynamics, self.epoch)[_SIGNAL[self.scope]].astype("float64")
        return norms.mean(("run", "epoch"), skipna=False)
