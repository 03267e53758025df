"""What every kind of task answers to the engine, and the values that pass between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hbench.plugins import Head, KindDeclaration

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import torch

    from hbench.data.examples import Examples
    from hbench.kinds.text.tokens import Sequences
    from hbench.plugins import Row, Task


@dataclass(frozen=True)
class Encoded:
    """`n` examples as token ids. An example may own several of the `s` sequences; those of one are adjacent."""

    ids: list[str]
    #: The `s` sequences, cut to the maximum length, not padded.
    sequences: Sequences
    #: int64 (s,), non-decreasing: the position of the example that owns the sequence.
    owner: npt.NDArray[np.int64]
    #: int64 (n,): the gold class.
    label: npt.NDArray[np.int64]
    #: int64 (n,): tokens of all sequences of the example, special tokens included.
    length: npt.NDArray[np.int64]
    #: Name -> int64 (s,): what the kind's loss needs besides the classes, for each sequence.
    gold: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    #: Name -> int32 (tokens of all sequences,): the same for each token, -100 where it has none.
    token_gold: Mapping[str, npt.NDArray[np.int32]] = field(default_factory=dict)
    #: Name -> a number that holds for the whole split.
    sizes: Mapping[str, int] = field(default_factory=dict)
    #: What the kind keeps for itself, to turn predictions into answers.
    notes: Any = None


@dataclass(frozen=True)
class Batch:
    """`b` examples and their `s` sequences, padded at the end to the longest one, `T` tokens."""

    #: What the model's forward takes, each int64 (s, T).
    inputs: dict[str, torch.Tensor]
    #: int64 (b,): the gold class.
    labels: torch.Tensor
    #: int64 (s,), non-decreasing: the position in the batch of the example that owns the sequence.
    owner: torch.Tensor
    #: Of these sequences `Encoded.gold`, each int64 (s,), and `token_gold`, each int64 (s, T), -100 at the padding.
    gold: dict[str, torch.Tensor] = field(default_factory=dict)
    #: `Encoded.sizes`.
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """How a model did on an evaluation split."""

    #: Name -> value, a share in 0..1 (a correlation in -1..1); the task's metric, and others shown beside it.
    metric: dict[str, float]
    #: float64 (n,): what the paired tests compare, 1 where the example counts as correct and 0 else, or a share (F1).
    values: npt.NDArray[np.float64]
    #: int64 (n,) or (n, k): what was predicted, as the kind says.
    prediction: npt.NDArray[np.int64]
    #: Name -> (n,): further numbers of each example, stored beside the values.
    details: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Trivial:
    """What an answer that needs no reading reaches on an evaluation split; a model below it is of no use."""

    #: What it does, such as "never answering".
    answer: str
    #: float64 (n,): as `Evaluation.values`.
    values: npt.NDArray[np.float64]


class Kind(KindDeclaration, ABC):
    """One kind of task, for every architecture; its class is registered by an entry point of `hbench.kinds`.

    `n` are examples, `b` examples of a batch, `s` its sequences, `T` tokens, `C` classes.
    """

    @abstractmethod
    def check_rows(
        self, task: Task, columns: Mapping[str, list[Any]], place: Callable[[int], str]
    ) -> npt.NDArray[np.int64]:
        """Check all rows and return the positions of those that have a gold answer, in their order.

        columns: those the task declares; place: turns the position of a row into words for an error message.
        Raises DataError naming the first row that is not what the task says, and the fix.
        """

    def prepare(self, task: Task, row: Row) -> Row:
        """Return a row of the source as it goes into `Task.convert`, of a task that defines that; here, unchanged."""
        return row

    def check_file(self, task: Task, file: Path) -> None:
        """Raise DataError for a file of the data's authors that contradicts itself where the rows no longer tell."""
        return

    @abstractmethod
    def texts(self, task: Task, examples: Examples) -> Iterable[str]:
        """Return every text of the examples, from which a model without a vocabulary takes one."""

    @abstractmethod
    def head(self, task: Task) -> Head:
        """Return which model to load for the task."""

    @abstractmethod
    def encode(self, task: Task, examples: Examples, tokenizer: Any, max_length: int) -> Encoded:
        """Turn examples into sequences of at most `max_length` tokens. Raises DataError naming one that fails."""

    @abstractmethod
    def logits(self, output: Any, batch: Batch) -> torch.Tensor:
        """Return the scores that a model's output holds, float32, in the shape that the other methods take."""

    @abstractmethod
    def losses(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the loss of each example, float32 (b,), in nats."""

    @abstractmethod
    def width(self, task: Task) -> int:
        """Return how many numbers `observe` keeps of an example."""

    @abstractmethod
    def observe(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return what is kept of a training batch until the run ends: float32 (b, width)."""

    @abstractmethod
    def signals(self, kept: npt.NDArray[np.float32], encoded: Encoded) -> dict[str, npt.NDArray[Any]]:
        """Turn what `observe` kept, float32 (..., n, width), into signals (..., n): see `hbench.dynamics.signals`."""

    @abstractmethod
    def predict_width(self, task: Task, encoded: Encoded) -> int:
        """Return how many numbers `predict` keeps of an example of a split."""

    @abstractmethod
    def predict(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return what is kept of an evaluation batch, so that memory follows the batch alone.

        float32 (b, k), not finite where the logits are not. Where k is less than `predict_width`, the rest is -1.
        """

    @abstractmethod
    def evaluate(self, task: Task, kept: npt.NDArray[np.float32], examples: Examples, encoded: Encoded) -> Evaluation:
        """Turn what `predict` kept of a split, float32 (n, predict_width), into its metric and per-example results."""

    @abstractmethod
    def trivial(self, task: Task, examples: Examples, encoded: Encoded) -> Trivial:
        """Return what a fixed answer, or a guess, reaches on a split; of several the best one."""
