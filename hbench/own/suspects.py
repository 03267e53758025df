"""Rows that look mislabelled: what training said of each label while it learnt, and what it answers instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr


@dataclass(frozen=True)
class Suspect:
    """An example whose label the model doubts."""

    id: str
    #: Its place among the examples, from 0.
    position: int
    #: Mean probability of its label over all epochs and runs, 0..1, lower = more doubtful (Swayamdipta et al. 2020).
    confidence: float
    #: Mean margin of its label in logits, lower = more doubtful (area under the margin, Pleiss et al. 2020).
    aum: float
    #: The class that is most probable on average, as an integer, and its probability; None where the kind of task does
    #: not record the probabilities of all classes.
    answer: int | None
    answer_prob: float | None


@dataclass(frozen=True)
class Doubts:
    """How the models saw the labels while they were trained, means over epochs and runs."""

    #: float64 (n,): probability of the gold label, and its margin.
    confidence: npt.NDArray[np.float64]
    aum: npt.NDArray[np.float64]
    #: float64 (n, classes): probabilities; None where they were not recorded.
    prob: npt.NDArray[np.float64] | None
    #: int64 (n,): the gold class.
    label: npt.NDArray[np.int64]

    @classmethod
    def of(cls, dynamics: xr.Dataset) -> Doubts:
        """Return it from dynamics captured at `train`, dims (run, epoch, example)."""

        def mean(name: str) -> npt.NDArray[np.float64]:
            return dynamics[name].astype("float64").mean(("run", "epoch")).to_numpy()

        return cls(
            mean("gold_prob"),
            mean("margin"),
            mean("prob") if "prob" in dynamics else None,
            dynamics["label"].to_numpy(),
        )

    @classmethod
    def mean(cls, runs: Sequence[Doubts]) -> Doubts:
        """Return the mean of several runs."""
        prob = [run.prob for run in runs if run.prob is not None]
        return cls(
            np.mean([run.confidence for run in runs], axis=0),
            np.mean([run.aum for run in runs], axis=0),
            np.mean(prob, axis=0) if len(prob) == len(runs) else None,
            runs[0].label,
        )

    def lowest(self, ids: Sequence[str], count: int) -> list[Suspect]:
        """Return the examples of the lowest confidence, equal ones by their margin.

        Those whose label is the most probable class are left out, where the probabilities of all classes are known.
        """
        order = np.lexsort((self.aum, self.confidence))
        if self.prob is not None:
            order = order[(self.prob.argmax(axis=1) != self.label)[order]]
        return [self._suspect(ids[position], int(position)) for position in order[:count]]

    def _suspect(self, name: str, position: int) -> Suspect:
        prob = None if self.prob is None else self.prob[position]
        return Suspect(
            id=name,
            position=position,
            confidence=float(self.confidence[position]),
            aum=float(self.aum[position]),
            answer=None if prob is None else int(prob.argmax()),
            answer_prob=None if prob is None else float(prob.max()),
        )
