"""Metrics of predicted against gold classes, as functions of how often each class was taken for each.

This is the one home of their formulas: the `evaluate` modules of `hbench.metrics` count and ask here, and a board
recomputes them from the values of the examples. All take counts [..., gold class, predicted class] and return [...],
so that one call does many runs, or one run without each of its examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: What turns counts [..., gold class, predicted class] into values [...].
Metric = Callable[[Floats], Floats]


def f1(counts: Floats) -> Floats:
    """Return F1, 0..1: of class 1 for two classes, for more the unweighted mean over the classes that occur.

    A class's F1 is 2 TP / (2 TP + FP + FN), and 0 where it is neither predicted nor gold.
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    named = counts.sum(axis=-1) + counts.sum(axis=-2)
    each = _ratio(2 * hits, named)
    if counts.shape[-1] == 2:
        return each[..., 1]
    return _ratio(each.sum(axis=-1), (named > 0).sum(axis=-1).astype(np.float64))


def matthews(counts: Floats) -> Floats:
    """Return the Matthews correlation coefficient, -1..1; 0 where the predictions, or the gold classes, are constant.

    For more than two classes that of Gorodkin (2004), Computational Biology and Chemistry 28:367, equation 8.
    """
    total = counts.sum(axis=(-1, -2))
    gold, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    both = np.diagonal(counts, axis1=-2, axis2=-1).sum(axis=-1) * total - (gold * predicted).sum(axis=-1)
    spread = (total**2 - (gold**2).sum(axis=-1)) * (total**2 - (predicted**2).sum(axis=-1))
    return _ratio(both, np.sqrt(spread))


#: Metrics that follow from these counts, by the names that tasks use. A metric that is added here is recomputed on
#: boards, and tested as itself, for tasks of two classes.
METRICS: Mapping[str, Metric] = {"f1": f1, "matthews": matthews}


def counts_of(prediction: npt.ArrayLike, gold: npt.ArrayLike, classes: int) -> Floats:
    """Return the counts [gold class, predicted class] of two rows of class integers from 0 to `classes` - 1."""
    at = np.asarray(gold, dtype=np.int64) * classes + np.asarray(prediction, dtype=np.int64)
    return np.bincount(at, minlength=classes * classes).reshape(classes, classes).astype(np.float64)


def counts_by_example(correct: npt.ArrayLike, gold: npt.NDArray[np.bool_]) -> Floats:
    """Return what each example adds to the counts of two classes: float64 [..., example, gold class, predicted class].

    correct: [..., example], 1 where the predicted class is the gold one, else 0. gold: [example], true for class 1.
    """
    right = np.asarray(correct, dtype=bool)
    predicted = np.where(right, gold, ~gold)
    each = np.stack([~gold & ~predicted, ~gold & predicted, gold & ~predicted, gold & predicted], axis=-1)
    return each.reshape(*right.shape, 2, 2).astype(np.float64)


def _ratio(above: Floats, below: Floats) -> Floats:
    """Return above / below, 0 where `below` is 0."""
    made: npt.NDArray[Any] = np.divide(above, below, out=np.zeros_like(below), where=below > 0)
    return made
