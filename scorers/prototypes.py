"""Prototypes: how far an example lies from the centre of its cluster, without looking at its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.errors import UsageError
from hbench.plugins import Observation, Scorer
from hbench_scorers._embeddings import Pooling, by_run, check_epoch, embeddings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr

#: Starts of k-means, of which the best is used, and their seed.
_STARTS, _SEED = 5, 0


@dataclass(frozen=True)
class Prototypes(Scorer):
    """Euclidean distance to the nearest of k centres (k-means of the embeddings), mean over runs; higher = harder.

    Sorscher et al. 2022, arXiv 2206.14486, section 5 (self-supervised prototypes), where the embeddings come from a
    model trained without labels; here they are the hidden states of the scoring runs. Their rule: with much data keep
    the hard end, with little the easy one.

    clusters: k, at least 1; none for the number of classes among the labels. end: `hard` keeps the highest distances,
    `easy` the lowest. pooling: `mean` over the tokens, or `cls`. epoch: after which the model is asked.
    """

    clusters: int | None = None
    end: Literal["hard", "easy"] = "hard"
    pooling: Pooling = "mean"
    epoch: int = 1

    cite = "sorscher2022beyond"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_epoch("prototypes", self.epoch)
        if self.clusters is not None and self.clusters < 1:
            raise UsageError(f"prototypes[clusters={self.clusters}]: use at least 1")

    @property
    def needs(self) -> Observation:
        """The embeddings at the one epoch in use."""
        return embeddings(self.pooling, self.epoch)

    @property
    def keep(self) -> str:
        """Highest distance for `hard`, lowest for `easy`."""
        return "highest" if self.end == "hard" else "lowest"

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean distance, float64, dims (example,). Raises UsageError for fewer examples than k."""
        return by_run(dynamics, self.pooling, self.epoch, self._distance)

    def _distance(self, vectors: npt.NDArray[np.float64], dynamics: xr.Dataset) -> npt.NDArray[np.float64]:
        import numpy as np
        from sklearn.cluster import KMeans

        k = len(np.unique(dynamics["label"].values)) if self.clusters is None else self.clusters
        if k > len(vectors):
            raise UsageError(f"prototypes[clusters={k}]: there are {len(vectors)} examples; use at most that many")
        centres = KMeans(k, n_init=_STARTS, random_state=_SEED).fit(vectors).cluster_centers_
        squares = np.stack([np.square(vectors - centre).sum(axis=1) for centre in centres])
        return np.asarray(np.sqrt(squares.min(axis=0)), dtype=np.float64)
