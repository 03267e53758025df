"""Dynamics of a model of word counts on a task with planted examples: every signal there is, in less than a second.

A softmax over the counts of an example's words, trained by Adam in numpy. It learns what such tasks say, and is unsure
of the planted examples as a transformer is, so that a scorer meets what it will be given without waiting for one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hbench import dynamics
from hbench.dynamics.logits import signals_of
from hbench.errors import UsageError
from hbench.plugins import EMBEDDING_SIGNALS, GRADIENT_SIGNALS

if TYPE_CHECKING:
    import xarray as xr

    from hbench.plugins import Capture, Task

Floats = npt.NDArray[np.float64]

#: Seeds of the runs, and epochs of each.
SEEDS, EPOCHS = (11, 5, 23), 3
_BATCH, _RATE, _DROPOUT = 16, 0.03, 0.1
#: Numbers of an embedding.
_DIM = 8
#: Adam's means, and what keeps it from dividing by 0.
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class WordCounts:
    """A task's training examples as counts of their words."""

    ids: list[str]
    texts: list[str]
    #: (n, words + 1): the last column is 1.
    counts: Floats
    label: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    #: What each example was planted as.
    planted: npt.NDArray[np.str_]


def count_words(task: Task) -> WordCounts:
    """Return the training examples of an embedded classification task. Raises UsageError for any other task."""
    rows = task.rows(task.training()) if task.kind == "classification" and task.planted is not None else None
    if rows is None or task.planted is None:
        raise UsageError(f"task {type(task).__name__} is no embedded classification with planted examples")
    columns = [task.columns["text"]] if isinstance(task.columns["text"], str) else list(task.columns["text"])
    texts = [" ".join(parts) for parts in zip(*(rows[column] for column in columns), strict=True)]
    bags = [Counter(re.findall(r"\w+", text.lower())) for text in texts]
    places = {word: place for place, word in enumerate(sorted({word for bag in bags for word in bag}))}
    counts = np.zeros((len(bags), len(places) + 1))
    counts[:, -1] = 1.0
    for row, bag in enumerate(bags):
        for word, count in bag.items():
            counts[row, places[word]] = count
    return WordCounts(
        ids=[f"example-{row}" for row in range(len(bags))],
        texts=texts,
        counts=counts,
        label=np.asarray(rows[task.columns["label"]], dtype=np.int64),
        length=counts[:, :-1].sum(axis=1).astype(np.int64),
        planted=np.asarray(rows[task.planted]),
    )


def observe(words: WordCounts, capture: Capture) -> xr.Dataset:
    """Return the dynamics of a training for each of `SEEDS`, dims (run, epoch, example), with every signal.

    The gradients are those of the whole model, which is its head and last layer too; an example has one part.
    """
    runs = [_train(words, seed) for seed in SEEDS]
    logits = np.stack([run[capture == "epoch_end"] for run in runs])
    signals: dict[str, Any] = signals_of(logits, words.label)
    signals |= {"el2n_sum": signals["el2n"], "el2n_mean": signals["el2n"]}
    if capture == "epoch_end":
        norms = signals["el2n"] * np.linalg.norm(words.counts, axis=1)
        signals |= dict.fromkeys(GRADIENT_SIGNALS, norms.astype(np.float32))
        signals |= {name: _embeddings(words, place) for place, name in enumerate(EMBEDDING_SIGNALS)}
    return dynamics.from_arrays(
        ids=words.ids, runs=SEEDS, capture=capture, draw=1, label=words.label, length=words.length, **signals
    )


def _train(words: WordCounts, seed: int) -> tuple[Floats, Floats]:
    """Return the logits of the training steps and of a pass after every epoch, each (epochs, n, classes)."""
    rng = np.random.default_rng(seed)
    size, classes = len(words.label), int(words.label.max()) + 1
    gold = np.eye(classes)[words.label]
    weights = np.zeros((words.counts.shape[1], classes))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    steps, passes = np.empty((2, EPOCHS, size, classes))
    step = 0
    for epoch in range(EPOCHS):
        order = rng.permutation(size)
        for start in range(0, size, _BATCH):
            members, step = order[start : start + _BATCH], step + 1
            seen = words.counts[members] * (rng.random((len(members), len(weights))) >= _DROPOUT) / (1 - _DROPOUT)
            steps[epoch, members] = logits = seen @ weights
            prob = np.exp(logits - logits.max(axis=1, keepdims=True))
            prob /= prob.sum(axis=1, keepdims=True)
            gradient = seen.T @ (prob - gold[members]) / len(members)
            first = _BETA1 * first + (1 - _BETA1) * gradient
            second = _BETA2 * second + (1 - _BETA2) * gradient**2
            scale = np.sqrt(second / (1 - _BETA2**step)) + _EPSILON
            weights = weights - _RATE * first / (1 - _BETA1**step) / scale
        passes[epoch] = words.counts @ weights
    return steps, passes


def _embeddings(words: WordCounts, number: int) -> npt.NDArray[np.float32]:
    """Return the counts projected to a few numbers, anew for every run and epoch."""
    rng = np.random.default_rng(number)
    projections = rng.normal(size=(len(SEEDS), EPOCHS, words.counts.shape[1], _DIM))
    return np.asarray(words.counts @ projections / np.sqrt(_DIM), dtype=np.float32)
