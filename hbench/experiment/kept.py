"""What the trainings of a cell were trained on: how many examples, and the share of each class among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hbench.experiment.prune import PrunedRun, Unavailable
from hbench.results.cell import Subset
from hbench.selection import class_shares

if TYPE_CHECKING:
    import numpy.typing as npt

    from hbench.experiment.finished import Finished
    from hbench.jobs.result import CurriculumSummary


class _Kept(NamedTuple):
    """Examples of one training, and the share of each class among them; of a curriculum, their means over cycles."""

    size: int
    shares: dict[str, float]


def subset_of(
    runs: Sequence[PrunedRun | Unavailable],
    finished: Finished,
    labels: npt.NDArray[np.int64] | None,
    names: Sequence[str],
) -> Subset | None:
    """Return what the trainings of a cell kept, None where none of them is known.

    labels: gold class of every training example, None when no full training finished. names: of the classes.
    """
    if labels is None:
        return None
    kept = [_kept(run, finished, labels, names) for run in runs]
    known = [one for one in kept if one is not None]
    if not known:
        return None
    return Subset(
        sizes=tuple(None if one is None else one.size for one in kept),
        share=float(np.mean([one.size / len(labels) for one in known])),
        classes={name: float(np.mean([one.shares[name] for one in known])) for name in known[0].shares},
    )


def _kept(
    run: PrunedRun | Unavailable, finished: Finished, labels: npt.NDArray[np.int64], names: Sequence[str]
) -> _Kept | None:
    if isinstance(run, Unavailable):
        return None
    if run.mask is not None:
        return _Kept(int(run.mask.sum()), class_shares(run.mask, labels, names))
    result = finished.training(run.job)
    if result is None or result.curriculum is None:
        return None
    return _Kept(result.curriculum.count, _mean_shares(result.curriculum, labels, names))


def _mean_shares(
    curriculum: CurriculumSummary, labels: npt.NDArray[np.int64], names: Sequence[str]
) -> dict[str, float]:
    # without a choice, everything was trained on
    chosen = curriculum.classes or [np.bincount(labels, minlength=len(names))]
    counts = np.array(chosen, dtype=np.float64)
    shares = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    return dict(zip(names, map(float, shares), strict=True))
