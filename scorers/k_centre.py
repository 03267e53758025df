"""k-centre: examples that cover the embeddings, each as far as possible from those chosen before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.plugins import Observation, Scorer
from hbench_scorers._embeddings import Pooling, by_run, check_epoch, embeddings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr


@dataclass(frozen=True)
class KCentre(Scorer):
    """Distance of an example to the nearest one chosen before it, in the greedy order that covers the embeddings.

    >= 0, mean over runs; the highest are kept. The first choice is the example nearest to the mean of all; then always
    the one farthest from all chosen so far, whose distance never grows, so that with one run the highest scores are
    the first choices. Sener and Savarese 2018, arXiv 1708.00489, Algorithm 1 (k-Center-Greedy), who start from a
    random pool. Time grows with the square of the number of examples.

    pooling: `mean` over the tokens, or `cls`. epoch: after which the model is asked.
    """

    pooling: Pooling = "mean"
    epoch: int = 1

    cite = "sener2018active"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_epoch("k-centre", self.epoch)

    @property
    def needs(self) -> Observation:
        """The embeddings at the one epoch in use."""
        return embeddings(self.pooling, self.epoch)

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean distance at the time of choice, float64, dims (example,)."""
        return by_run(dynamics, self.pooling, self.epoch, _distances)


def _distances(vectors: npt.NDArray[np.float64], dynamics: xr.Dataset) -> npt.NDArray[np.float64]:
    import numpy as np

    scores = np.zeros(len(vectors))
    nearest = np.square(vectors - vectors.mean(axis=0)).sum(axis=1)
    chosen = int(np.argmin(nearest))
    nearest = np.full(len(vectors), np.inf)
    for step in range(len(vectors)):
        scores[chosen] = nearest[chosen]
        np.minimum(nearest, np.square(vectors - vectors[chosen]).sum(axis=1), out=nearest)
        nearest[chosen] = -np.inf
        if step == 0 and len(vectors) > 1:  # nothing was chosen before the first: it counts as the farthest
            scores[chosen] = nearest.max()
        chosen = int(np.argmax(nearest))
    return np.asarray(np.sqrt(np.where(np.isfinite(scores), scores, 0.0)), dtype=np.float64)
