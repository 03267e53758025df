"""D2: hard examples whose neighbours are hard too, but not several that are close to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench.errors import UsageError
from hbench.plugins import Observation, Scorer
from hbench_scorers._embeddings import Pooling, by_run, check_epoch, embeddings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr


@dataclass(frozen=True)
class D2(Scorer):
    """Difficulty (EL2N) passed between neighbours in a graph of embeddings, at the time of choice; mean over runs.

    Forward, an example adds its k neighbours' difficulties, each times exp(-gamma d^2), d being their Euclidean
    distance in units of the mean distance to a neighbour. Then, again and again, the example with the highest value is
    chosen, and its neighbours' values fall by it times exp(-reverse d^2). A choice never has a higher value than the
    one before it, so that with one run the highest scores are the first choices. Maharana et al. 2024, arXiv
    2310.07931, section 3, with another difficulty; the unit of distance, which makes gamma comparable between models,
    is ours. Time grows with the square of the number of examples.

    neighbours: k, at least 1; gamma, reverse: >= 0. pooling: `mean` over the tokens, or `cls`. epoch: after which the
    model is asked.
    """

    neighbours: int = 10
    gamma: float = 1.0
    reverse: float = 1.0
    pooling: Pooling = "mean"
    epoch: int = 1

    cite = "maharana2024pruning"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_epoch("d2", self.epoch)
        if self.neighbours < 1:
            raise UsageError(f"d2[neighbours={self.neighbours}]: use at least 1")
        for option in ("gamma", "reverse"):
            if getattr(self, option) < 0:
                raise UsageError(f"d2[{option}={getattr(self, option)}]: use 0 or more")

    @property
    def needs(self) -> Observation:
        """The embeddings and the difficulty at the one epoch in use."""
        return embeddings(self.pooling, self.epoch, "el2n")

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the mean value at the time of choice, float64, dims (example,)."""
        return by_run(dynamics, self.pooling, self.epoch, self._values)

    def _values(self, vectors: npt.NDArray[np.float64], dynamics: xr.Dataset) -> npt.NDArray[np.float64]:
        import numpy as np
        from sklearn.neighbors import NearestNeighbors

        difficulty = dynamics["el2n"].values.astype(np.float64)
        if len(vectors) < 2:
            return difficulty
        graph = NearestNeighbors(n_neighbors=min(self.neighbours, len(vectors) - 1), algorithm="brute").fit(vectors)
        distance, neighbour = graph.kneighbors()
        unit = distance.mean() or 1.0
        square = np.square(distance / unit)
        values = difficulty + (np.exp(-self.gamma * square) * difficulty[neighbour]).sum(axis=1)
        fall = np.exp(-self.reverse * square)
        return _chosen(values, neighbour, fall)


def _chosen(
    values: npt.NDArray[np.float64], neighbour: npt.NDArray[np.int64], fall: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the value of every example when it is the highest of those left."""
    import numpy as np

    left, scores = values.copy(), np.zeros_like(values)
    for _ in range(len(values)):
        best = int(np.argmax(left))
        scores[best] = left[best]
        # a value below 0 has nothing left to pass on
        left[neighbour[best]] -= fall[best] * max(left[best], 0.0)
        left[best] = -np.inf
    return scores
