"""What every kind of task answers to the engine, and the values that pass between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from hbench.data import Examples
    from hbench.plugins import Task


@dataclass(frozen=True)
class Head:
    """What to load: the name of a class of transformers, and the configuration its head needs."""

    auto: str
    config: dict[str, Any]


@dataclass(frozen=True)
class Encoded:
    """Examples as token ids. An example may own several sequences; those of one example stand together."""

    ids: list[str]
    #: The tokenizer's fields of each sequence, cut to the maximum length, not padded.
    sequences: list[dict[str, list[int]]]
    #: int64, one per sequence, non-decreasing: the position of the example that owns it.
    owner: npt.NDArray[np.int64]
    #: int64 (n,): the gold class.
    label: npt.NDArray[np.int64]
    #: int64 (n,): tokens of all sequences of the example, special tokens included.
    length: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Evaluation:
    """How a model did on an evaluation split."""

    #: Name of the task's metric -> its value, a share in 0..1 (a correlation in -1..1).
    metric: dict[str, float]
    #: float64 (n,): 1 where the example counts as correct, else 0; what the paired tests compare.
    values: npt.NDArray[np.float64]
    #: int64 (n,): the class predicted.
    prediction: npt.NDArray[np.int64]


class Problem(Protocol):
    """One kind of task. `n` are examples, `b` examples of a batch, `C` classes."""

    def usable(
        self, task: Task, columns: Mapping[str, list[Any]], place: Callable[[int], str]
    ) -> npt.NDArray[np.int64]:
        """Check all rows and return the positions of those that have a gold answer, in their order.

        columns: those the task declares; place: turns the position of a row into words for an error message.
        Raises DataError naming the first row that is not what the task says, and the fix.
        """
        ...

    def head(self, task: Task) -> Head:
        """Return which model to load for the task."""
        ...

    def encode(self, task: Task, examples: Examples, tokenizer: Any, max_length: int) -> Encoded:
        """Turn examples into sequences of at most `max_length` tokens."""
        ...

    def losses(self, logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the loss of each example, float32 (b,), in nats; `batch["labels"]` holds the gold classes, int64."""
        ...

    def width(self, task: Task) -> int:
        """Return how many numbers `observe` keeps of an example."""
        ...

    def observe(self, logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return what is kept of a batch until the epoch ends: float32 (b, width)."""
        ...

    def signals(self, kept: npt.NDArray[np.float32], encoded: Encoded) -> dict[str, npt.NDArray[Any]]:
        """Turn what was kept, float32 (..., n, width), into the standard signals of `hbench.dynamics`, (..., n)."""
        ...

    def evaluate(self, task: Task, kept: npt.NDArray[np.float32], encoded: Encoded) -> Evaluation:
        """Turn what was kept of an evaluation split, float32 (n, width), into its metric and per-example results."""
        ...
