"""Dataset cartography: confidence in the gold label, and how much it varies while the model trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.errors import UsageError
from hbench.plugins import Observation, Scorer, at_epochs, observe

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Cartography(Scorer):
    """Variability or confidence of the gold label's probability p over epochs, averaged over runs.

    confidence mu_i = mean over epochs of p, 0..1; variability sigma_i = population standard deviation (ddof 0) of p
    over epochs, 0..0.5. Swayamdipta et al. 2020, arXiv 2009.10795, section 2; there one run, so averaging over runs
    is ours. After a single epoch every variability is 0 and the examples tie.

    region: `ambiguous` keeps the highest variability, `hard` the lowest confidence, `easy` the highest confidence.
    burn_out: use the first so many epochs only; none for all.
    pooled: one standard deviation with ddof 1 over all S*E values at once, the baseline of the H-score authors; acts
    on `ambiguous` alone.
    """

    region: Literal["ambiguous", "hard", "easy"] = "ambiguous"
    burn_out: int | None = None
    pooled: bool = False

    cite = "swayamdipta2020dataset"
    per_example = True

    def __post_init__(self) -> None:
        if self.burn_out is not None and self.burn_out < 1:
            raise UsageError(f"cartography[burn_out={self.burn_out}]: use at least 1, the first epoch alone")
        super().__post_init__()

    @property
    def needs(self) -> Observation:
        """The gold label's probability at the epochs in use."""
        return observe("gold_prob", at="train", epochs=self._epochs())

    @property
    def keep(self) -> str:
        """Lowest confidence for `hard`; the highest value for the other regions."""
        return "lowest" if self.region == "hard" else "highest"

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the variability (ambiguous) or the confidence (hard, easy), float64, dims (example,).

        Raises UsageError when an epoch is absent, or when `pooled` meets a single value per example.
        """
        epochs = self._epochs()
        prob = (dynamics if epochs is None else at_epochs(dynamics, *epochs))["gold_prob"].astype("float64")
        # skipna=False: a probability that is not a number has to reach the engine, which refuses the score.
        if self.region != "ambiguous":
            return prob.mean("epoch", skipna=False).mean("run", skipna=False)
        if not self.pooled:
            return prob.std("epoch", ddof=0, skipna=False).mean("run", skipna=False)
        if prob.sizes["run"] * prob.sizes["epoch"] < 2:
            raise UsageError("cartography[pooled=true]: one run of one epoch has no spread; use more runs or epochs")
        return prob.std(("run", "epoch"), ddof=1, skipna=False)

    def _epochs(self) -> tuple[int, ...] | None:
        return None if self.burn_out is None else tuple(range(1, self.burn_out + 1))
