"""A kind of task as a third party would write it, with a task of its own: true or false, from a single logit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hbench import Task
from hbench.data.examples import Examples
from hbench.errors import DataError
from hbench.kinds import Batch, Encoded, Evaluation, Head, Kind, Trivial
from hbench.kinds.text.tokens import tokenize


@dataclass(frozen=True)
class OneLogit(Kind):
    """The probability that a statement is true is the sigmoid of one logit."""

    means = ("accuracy", "truths_found")
    task_attributes = ("moods",)

    def check_rows(
        self, task: Task, columns: Mapping[str, list[Any]], place: Callable[[int], str]
    ) -> npt.NDArray[np.int64]:
        """Return the positions of all rows. Raises DataError for a value that is neither true nor false."""
        for row, value in enumerate(columns[task.columns["truth"]]):
            if not isinstance(value, bool):
                raise DataError(f"{place(row)}: {value!r} is neither true nor false; fix the row")
        return np.arange(len(columns[task.columns["truth"]]), dtype=np.int64)

    def texts(self, task: Task, examples: Examples) -> Iterable[str]:
        """Return the statements."""
        return iter(examples.columns[task.columns["statement"]])

    def head(self, task: Task) -> Head:
        """Return a sequence classifier with one logit."""
        return Head("AutoModelForSequenceClassification", {"num_labels": 1})

    def encode(self, task: Task, examples: Examples, tokenizer: Any, max_length: int) -> Encoded:
        """Return one sequence per statement."""
        statements = examples.columns[task.columns["statement"]]
        sequences = tokenize(tokenizer, statements, truncation=True, max_length=max_length)
        return Encoded(
            ids=examples.ids,
            sequences=sequences,
            owner=np.arange(len(sequences), dtype=np.int64),
            label=np.array(examples.columns[task.columns["truth"]], dtype=np.int64),
            length=sequences.lengths,
        )

    def logits(self, output: Any, batch: Batch) -> torch.Tensor:
        """Return float32 (b,)."""
        logits: torch.Tensor = output.logits
        return logits.float()[:, 0]

    def losses(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the cross-entropy in nats."""
        return torch.nn.functional.softplus(-self.observe(logits, batch)[:, 0])

    def width(self, task: Task) -> int:
        """Return 1."""
        return 1

    def observe(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the logit of the gold answer."""
        return (logits * (2 * batch.labels - 1))[:, None]

    def signals(self, kept: npt.NDArray[np.float32], encoded: Encoded) -> dict[str, npt.NDArray[Any]]:
        """Return the standard signals."""
        margin = kept[..., 0]
        prob = 1 / (1 + np.exp(-margin))
        rest = 1 - prob
        with np.errstate(divide="ignore", invalid="ignore"):
            loss = np.logaddexp(np.float32(0), -margin)
            entropy = np.nan_to_num(-prob * np.log(prob)) - np.nan_to_num(rest * np.log(rest))
        return {
            "correct": margin > 0,
            "gold_prob": prob,
            "el2n": np.float32(np.sqrt(2)) * rest,
            "loss": loss,
            "margin": margin,
            "entropy": np.where(np.isnan(margin), np.nan, entropy).astype(np.float32),
        }

    def predict_width(self, task: Task, encoded: Encoded) -> int:
        """Return 1."""
        return 1

    def predict(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the logits."""
        return logits[:, None]

    def evaluate(self, task: Task, kept: npt.NDArray[np.float32], examples: Examples, encoded: Encoded) -> Evaluation:
        """Return accuracy."""
        said = (kept[:, 0] > 0).astype(np.int64)
        right = (said == encoded.label).astype(np.float64)
        return Evaluation({"accuracy": float(right.mean())}, right, said)

    def trivial(self, task: Task, examples: Examples, encoded: Encoded) -> Trivial:
        """Return what always saying true reaches."""
        return Trivial("always true", encoded.label.astype(np.float64))


@dataclass(frozen=True)
class Statements(Task):
    """Statements that are true where they name a bird."""

    kind = "one-logit"
    columns = {"statement": "statement", "truth": "truth"}
    labels = ("false", "true")
    moods = ("calm", "loud")
    recipe = {"max_length": 16}

    def rows(self, split: str) -> dict[str, list[Any]] | None:
        """Return 16 statements."""
        animals = ["robin", "wren", "heron", "stork", "wolf", "otter", "badger", "hare"] * 2
        return {
            "statement": [f"a {animal} seen {i} times" for i, animal in enumerate(animals)],
            "truth": [i % 8 < 4 for i in range(16)],
        }
