"""TF-IDF: how far an example's words are from the middle of all examples, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hbench.plugins import Scorer, texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr
    from scipy.sparse import csr_array

#: The median is reached when a step is shorter than this, as in the authors' code; the most steps taken.
_STEP, _MOST = 1e-5, 1000
#: Distances below this count as none: those of equal vectors are not exactly 0.
_SAME = 1e-6


@dataclass(frozen=True)
class Tfidf(Scorer):
    """Frequency distance: Euclidean distance of an example's TF-IDF vector to the geometric median of all; >= 0.

    The highest are kept, those far from the middle. Nguyen and He 2025, arXiv 2501.02432 (SCDP). Their subset depends
    on its size: the farthest examples while it has at most 1,500 (so in their code), else one drawn from strata of the
    distance, which is `ccs(tfidf)[offset=0.0]` here. Needs no training and no labels.

    formula: `code` has the weights of the authors' code: counts times ln((1 + n) / (1 + df)) + 1, vectors of length 1.
    `paper` those of the paper's text as a review reports it, which we could not read ourselves: a word's share of the
    text times ln(n / (1 + df)), lengths as they are. Words have two letters or digits at least, in small letters.
    """

    formula: Literal["code", "paper"] = "code"

    needs = texts()
    cite = "nguyen2025swift"

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the distance, float64, dims (example,); 0 everywhere where no text has a word."""
        import numpy as np
        import xarray as xr

        ids = dynamics["example"]
        order = np.argsort(ids.values.astype(str))  # sums follow the ids, not the file
        distances = np.zeros(ids.size)
        vectors = self._vectors(dynamics["text"].values[order].tolist())
        if vectors is not None:
            distances[order] = _distances(vectors, _median(vectors))
        return xr.DataArray(distances, coords={"example": ids}, dims="example")

    def _vectors(self, documents: list[str]) -> csr_array | None:
        """Return a row for each document and a column for each word; None where there is no word."""
        import numpy as np
        from scipy.sparse import csr_array, diags_array
        from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

        words = CountVectorizer().build_analyzer()
        if not any(words(document) for document in documents):
            return None
        if self.formula == "code":
            return csr_array(TfidfVectorizer().fit_transform(documents))
        counts = csr_array(CountVectorizer(dtype=np.float64).fit_transform(documents))
        within = np.bincount(counts.indices, minlength=counts.shape[1])
        shares = diags_array(1 / np.maximum(counts.sum(axis=1), 1)) @ counts
        return csr_array(shares @ diags_array(np.log(len(documents) / (1 + within))))


def _distances(vectors: csr_array, point: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the distance of every row to a point, without making the rows dense."""
    import numpy as np

    squares = vectors.multiply(vectors).sum(axis=1) - 2 * (vectors @ point) + point @ point
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), dtype=np.float64)


def _median(vectors: csr_array) -> npt.NDArray[np.float64]:
    """Return the point with the least sum of distances to the rows, by the iteration of Vardi and Zhang 2000."""
    import numpy as np

    point: npt.NDArray[np.float64] = np.asarray(vectors.mean(axis=0), dtype=np.float64)
    for _ in range(_MOST):
        distances = _distances(vectors, point)
        apart = distances > _SAME
        if not apart.any():
            return point
        weights = np.where(apart, 1 / np.where(apart, distances, 1.0), 0.0)
        target = (vectors.T @ weights) / weights.sum()
        here = len(distances) - int(apart.sum())
        if here:  # rows at the point itself hold it back
            pull = float(np.linalg.norm((target - point) * weights.sum()))
            stay = min(1.0, here / pull) if pull else 1.0
            target = (1 - stay) * target + stay * point
        step = float(np.linalg.norm(target - point))
        point = target
        if step < _STEP:
            break
    return point
