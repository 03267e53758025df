"""Classification of one text or a pair of texts: an example is a row, correct means argmax = gold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from hbench import metrics
from hbench.dynamics.logits import EXTRA, extra_of, signals_of
from hbench.errors import DataError
from hbench.kinds.base import Batch, Encoded, Evaluation, Kind, Trivial
from hbench.kinds.text.tokens import separator, tokenize
from hbench.plugins import Head
from hbench.statistics.confusion import METRICS

if TYPE_CHECKING:
    import torch

    from hbench.data.examples import Examples
    from hbench.plugins import Task

#: How data sets of the hub mark a row on which the annotators did not agree.
_NO_GOLD = -1


@dataclass(frozen=True)
class Classification(Kind):
    """Softmax over the classes. `task.columns` is {"text": one or two columns, "label": column of class integers}."""

    values_tell_classes = True
    class_roles = ("label",)
    roles: ClassVar[tuple[str, ...]] = ("text", "label")
    pair_roles: ClassVar[tuple[str, ...]] = ("text",)
    takes_label_noise = True
    extra_signals = tuple(EXTRA)

    def records(self, task: Task) -> tuple[str, ...]:
        """Return the signals that one softmax over the task's classes gives besides the standard ones."""
        return extra_of(len(task.labels))

    def check_rows(
        self, task: Task, columns: Mapping[str, list[Any]], place: Callable[[int], str]
    ) -> npt.NDArray[np.int64]:
        """Check texts and labels; return the positions of the rows whose label is not -1."""
        for column in _texts(task):
            for row, text in enumerate(columns[column]):
                if not isinstance(text, str):
                    raise DataError(
                        f"{place(row)}: column '{column}' holds {text!r}, which is not a string; fix or remove the row"
                    )
        name = task.columns["label"]
        labels = columns[name]
        for row, label in enumerate(labels):
            # bool is a subclass of int, and a task of two classes may well have been saved with true and false
            if type(label) is not int or not (label == _NO_GOLD or 0 <= label < len(task.labels)):
                meaning = ", ".join(f"{i} ({text})" for i, text in enumerate(task.labels))
                raise DataError(
                    f"{place(row)}: column '{name}' holds {label!r}; write the class as an integer: {meaning}, "
                    f"or {_NO_GOLD} to leave the row out"
                )
        return np.flatnonzero(np.asarray(labels, dtype=np.int64) != _NO_GOLD)

    def texts(self, task: Task, examples: Examples) -> Iterable[str]:
        """Return the texts, one column after the other."""
        for column in _texts(task):
            yield from examples.columns[column]

    def example_texts(self, task: Task, examples: Examples) -> list[str]:
        """Return the text of each row, or its two texts."""
        return [" ".join(row) for row in zip(*(examples.columns[column] for column in _texts(task)), strict=True)]

    def head(self, task: Task) -> Head:
        """Return a sequence classifier with one logit per class."""
        names = dict(enumerate(task.labels))
        config = {"num_labels": len(names), "id2label": names, "label2id": {v: k for k, v in names.items()}}
        return Head(auto="AutoModelForSequenceClassification", config=config)

    def encode(self, task: Task, examples: Examples, tokenizer: Any, max_length: int) -> Encoded:
        """Return one sequence per example; of a pair that is too long, the longer text is cut first."""
        texts = [examples.columns[column] for column in _texts(task)]
        if len(texts) == 2 and separator(tokenizer):
            texts[1] = [separator(tokenizer) + text for text in texts[1]]
        sequences = tokenize(tokenizer, *texts, truncation=True, max_length=max_length)
        return Encoded(
            ids=examples.ids,
            sequences=sequences,
            owner=np.arange(len(sequences), dtype=np.int64),
            label=np.asarray(examples.columns[task.columns["label"]], dtype=np.int64),
            length=sequences.lengths,
        )

    def logits(self, output: Any, batch: Batch) -> torch.Tensor:
        """Return the logits, float32 (b, C)."""
        logits: torch.Tensor = output.logits
        return logits.float()

    def losses(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the cross-entropy of each example in nats, float32 (b,), from logits (b, C)."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, batch.labels, reduction="none")

    def width(self, task: Task) -> int:
        """Return the number of classes: the logits are kept."""
        return len(task.labels)

    def observe(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the logits, float32 (b, C)."""
        return logits

    def signals(self, kept: npt.NDArray[np.float32], encoded: Encoded) -> dict[str, npt.NDArray[Any]]:
        """Return the standard signals (..., n) of logits (..., n, C), and those that `records` names.

        A value is NaN where its logits are, and `correct` is false there: see `hbench.dynamics.logits`.
        """
        return signals_of(kept, encoded.label)

    def predict_width(self, task: Task, encoded: Encoded) -> int:
        """Return the number of classes: the logits are kept."""
        return len(task.labels)

    def predict(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the logits, float32 (b, C)."""
        return logits

    def evaluate(self, task: Task, kept: npt.NDArray[np.float32], examples: Examples, encoded: Encoded) -> Evaluation:
        """Return the task's metric, and per example whether the class of the highest logit is the gold one."""
        prediction = kept.argmax(axis=-1).astype(np.int64)
        return Evaluation(
            metric=metrics.compute(task.metric, prediction, encoded.label, classes=len(task.labels)),
            values=(prediction == encoded.label).astype(np.float64),
            prediction=prediction,
        )

    def trivial(self, task: Task, examples: Examples, encoded: Encoded) -> Trivial:
        """Return what always naming one class reaches: the one best by the task's metric, else the most frequent.

        By F1 of two classes that is class 1, however rare; by accuracy, and where no fixed answer is better than
        another, the split's most frequent class.
        """
        frequency = np.bincount(encoded.label, minlength=len(task.labels))
        metric = METRICS.get(task.metric)
        # what naming the class of each row would reach: all examples in one column of the counts
        always = frequency[None, :, None] * np.eye(len(frequency))[:, None, :]
        reached = frequency if metric is None else metric(always)
        best = int(np.lexsort((frequency, reached))[-1]) if metric is not None else int(frequency.argmax())
        return Trivial(f"always {task.labels[best]}", (encoded.label == best).astype(np.float64))


def _texts(task: Task) -> tuple[str, ...]:
    text = task.columns["text"]
    return (text,) if isinstance(text, str) else tuple(text)
