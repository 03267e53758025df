"""Extractive question answering: the answer is a span of the context, or there is none.

An example is a question. A context that does not fit into one sequence is read in overlapping windows, all of which
belong to the question. The model scores every token as the start and as the end of the answer, independently; where a
window does not hold the whole answer, both are the sequence's first token. All real tokens of a window, the question's
too, are classes of its two distributions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hbench import metrics
from hbench.errors import DataError, UsageError
from hbench.kinds.answers import contradiction_in, fault_of, first_answer, with_marks
from hbench.kinds.base import Batch, Encoded, Evaluation, Kind, Trivial
from hbench.kinds.softmax import LOWEST, compare
from hbench.kinds.text.windows import Windows, cut_windows
from hbench.kinds.threshold import cross_fitted
from hbench.plugins import Head

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from hbench.data.examples import Examples
    from hbench.plugins import Task

#: Best starts and ends of a window that are tried with each other, and the longest answer in tokens.
_BEST, _LONGEST = 20, 30
_METRICS = ("f1", "exact")
#: What `observe` keeps, in its order.
_SIGNALS = ("correct", "gold_prob", "el2n", "loss", "margin", "entropy")


@dataclass(frozen=True)
class Span(Kind):
    """A start and an end in each window.

    `task.columns` is {"id", "question", "context", "answers"}, and usually {"passage"}, what questions that are one
    case share: the title of the article that their contexts come from, or the context again. Answers are {"text": list
    of texts, "answer_start": list of their first characters in the context}, both empty for none.
    A task may have an option `threshold`: how much the score of no answer must exceed the best span's to be believed,
    or `tuned`. And an option `answerable`, true to use only the questions with an answer, all of which are answered.
    """

    means = ("accuracy", "f1", "exact")
    roles = ("question", "context", "answers")

    def attributes_of(self, rows: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Return the two classes of questions, and F1."""
        return {"labels": ("answerable", "unanswerable"), "metric": "f1"}

    def check_rows(
        self, task: Task, columns: Mapping[str, list[Any]], place: Callable[[int], str]
    ) -> npt.NDArray[np.int64]:
        """Check that texts are strings and that every answer is where it says; return the positions of those in use."""
        _metric(task)
        for role in ("question", "context"):
            name = task.columns[role]
            for row, text in enumerate(columns[name]):
                if not isinstance(text, str):
                    raise DataError(
                        f"{place(row)}: column '{name}' holds {text!r}, which is not a string; fix or remove the row"
                    )
                if not text.strip():
                    raise DataError(f"{place(row)}: column '{name}' is empty; write it or remove the row")
        name = task.columns["answers"]
        for row, (answers, context) in enumerate(zip(columns[name], columns[task.columns["context"]], strict=True)):
            fault = fault_of(answers, context)
            if fault:
                raise DataError(f"{place(row)}: {fault} (column '{name}')")
        used = [row for row, answers in enumerate(columns[name]) if answers["text"] or not _all_answered(task)]
        return np.array(used, dtype=np.int64)

    def check_file(self, task: Task, file: Path) -> None:
        """Check a file in the form of SQuAD v2's authors, whose questions are marked as answerable or not.

        Raises DataError naming a question that is marked impossible and has an answer, or is not and has none.
        """
        fault = contradiction_in(file)
        if fault:
            raise DataError(f"{file}: {fault}")

    def texts(self, task: Task, examples: Examples) -> Iterable[str]:
        """Return all questions, then all contexts."""
        for role in ("question", "context"):
            yield from examples.columns[task.columns[role]]

    def example_texts(self, task: Task, examples: Examples) -> list[str]:
        """Return the question and the context."""
        columns = (examples.columns[task.columns[role]] for role in ("question", "context"))
        return [" ".join(row) for row in zip(*columns, strict=True)]

    def head(self, task: Task) -> Head:
        """Return a model that gives every token two logits."""
        return Head(auto="AutoModelForQuestionAnswering", config={"num_labels": 2})

    def encode(self, task: Task, examples: Examples, tokenizer: Any, max_length: int) -> Encoded:
        """Return the windows of every question: at most `max_length` tokens, a third of them shared with the next.

        At the published 384 that is an overlap of 128. A question is cut to 64 tokens. The first gold answer is the
        one trained on. `label` is 0 with an answer, 1 without; `gold` has the tokens `start` and `end` of the answer in
        its window, both 0 where not all of it is there, and `first` and `last` of the context. `notes` are the Windows.
        Raises DataError naming an example whose question leaves no room for the context.
        """
        question, context, answers = (
            examples.columns[task.columns[role]] for role in ("question", "context", "answers")
        )
        spans = np.array([first_answer(found) for found in answers], dtype=np.int64)
        parts: list[Windows] = []
        gold: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        for part in cut_windows(tokenizer, examples.ids, question, context, max_length):
            parts.append(part)
            gold.append(part.locate(spans[:, 0], spans[:, 1]))
        windows = Windows.joined(parts)
        return Encoded(
            ids=examples.ids,
            sequences=windows.sequences,
            owner=windows.owner,
            label=np.array([not found["text"] for found in answers], dtype=np.int64),
            length=np.bincount(windows.owner, weights=windows.sequences.lengths).astype(np.int64),
            gold={
                "start": np.concatenate([start for start, _ in gold]),
                "end": np.concatenate([end for _, end in gold]),
                "first": windows.first,
                "last": windows.last,
            },
            notes=windows,
        )

    def logits(self, output: Any, batch: Batch) -> torch.Tensor:
        """Return the logits of start and end, float32 (s, T, 2); -1e30 at the padding, whatever the batch's length."""
        import torch

        logits = torch.stack([output.start_logits, output.end_logits], dim=-1).float()
        return logits.masked_fill(batch.inputs["attention_mask"][..., None] == 0, LOWEST)

    def losses(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the loss of each example in nats, float32 (b,), from logits (s, T, 2).

        It is the mean over its windows of the mean of two cross-entropies, that of the start and that of the end.
        """
        from torch.nn.functional import cross_entropy

        start = cross_entropy(logits[..., 0], batch.gold["start"], reduction="none")
        end = cross_entropy(logits[..., 1], batch.gold["end"], reduction="none")
        return _mean(((start + end) / 2)[:, None], batch)[:, 0]

    def width(self, task: Task) -> int:
        """Return the number of signals."""
        return len(_SIGNALS)

    def observe(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return correct, gold_prob, el2n, loss, margin and entropy of each example, float32 (b, 6).

        correct is 1 where start and end have their highest logits at the gold tokens in every window, else 0; the
        others are means over the windows. gold_prob: of both gold tokens together. el2n: the norm of p - y over start
        and end. loss: as in `losses`. margin: the gold pair's sum of logits minus that of the best other pair of
        tokens. entropy: of start and end together, in nats.
        Everything is computed in float64 from the differences to the gold logit, so that a confident example keeps its
        small loss and EL2N. NaN logits give NaN values, and 0 for correct.
        """
        import torch

        both = compare(logits, torch.stack([batch.gold["start"], batch.gold["end"]], dim=-1), dim=1)  # each (s, 2)
        loss, best = both.loss.sum(dim=-1), both.rival
        values = [
            (both.hit.all(dim=-1) & ~loss.isnan()).to(loss.dtype),
            (-loss).exp(),
            both.error.sum(dim=-1).sqrt(),
            loss / 2,
            # The best other pair keeps the gold start, the gold end, or neither.
            -torch.maximum(best.amax(dim=-1), best.sum(dim=-1)),
            both.entropy.sum(dim=-1),
        ]
        means = _mean(torch.stack(values, dim=-1), batch)
        means[:, 0] = (means[:, 0] == 1).to(loss.dtype)
        return means.float()

    def signals(self, kept: npt.NDArray[np.float32], encoded: Encoded) -> dict[str, npt.NDArray[Any]]:
        """Return the signals (..., n) that `observe` kept; `correct` as booleans, false where nothing was kept."""
        signals: dict[str, npt.NDArray[Any]] = {name: kept[..., i] for i, name in enumerate(_SIGNALS)}
        return signals | {"correct": signals["correct"] == 1}

    def predict_width(self, task: Task, encoded: Encoded) -> int:
        """Return 5: score, window, start and end of the best span, and the score of no answer."""
        return 5

    def predict(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the best span of each example and the score of no answer, float32 (b, 5).

        The columns are the span's score, start logit plus end logit; the number of its window within the example; its
        start and its end token; and the lowest sum of both logits at the first token over the windows. Tried are the 20
        best starts with the 20 best ends among the tokens of a window's context; a span has at most 30 tokens. Of equal
        ones the earlier window is taken, then the better start, then the earlier token. The score is -1e30 where no
        span is possible.
        """
        import torch

        position = torch.arange(logits.shape[1], device=logits.device)
        inside = (position >= batch.gold["first"][:, None]) & (position <= batch.gold["last"][:, None])
        scores = logits.masked_fill(~inside[..., None], -torch.inf)
        # Sorting is stable, which `topk` is not: equal logits keep the order of their tokens on every device.
        score, token = (found[:, :_BEST] for found in scores.sort(dim=1, descending=True, stable=True))
        start, end = token[:, :, None, 0], token[:, None, :, 1]
        sums = score[:, :, None, 0] + score[:, None, :, 1]
        sums = sums.masked_fill((end < start) | (end - start >= _LONGEST), -torch.inf).flatten(1)
        best, which = sums.nan_to_num(LOWEST, neginf=LOWEST).max(dim=1)
        tried = score.shape[1]
        start = token[..., 0].gather(1, which[:, None] // tried)[:, 0]
        end = token[..., 1].gather(1, which[:, None] % tried)[:, 0]

        # One row per example, filled up where it has fewer windows than another.
        examples = len(batch.labels)
        begins = torch.searchsorted(batch.owner, torch.arange(examples, device=logits.device))
        window = torch.arange(len(best), device=logits.device) - begins[batch.owner]
        grid = best.new_full((examples, int(window.max()) + 1), -torch.inf)
        grid[batch.owner, window] = best
        chosen = grid.argmax(dim=1)
        null = grid.new_full(grid.shape, torch.inf)
        null[batch.owner, window] = logits[:, 0].sum(dim=-1)
        at = begins + chosen
        return torch.stack([best[at], chosen.float(), start[at].float(), end[at].float(), null.amin(dim=1)], dim=1)

    def evaluate(self, task: Task, kept: npt.NDArray[np.float32], examples: Examples, encoded: Encoded) -> Evaluation:
        """Return F1 and exact match by the rules of SQuAD v2, per question and over all, shares of 1.

        A question is left unanswered where the score of no answer exceeds the best span's by more than the task's
        `threshold`; where that is `tuned`, by more than is best for the metric on the questions of other passages
        (`cross_fitted`). best_f1 and best_exact are what the best threshold would reach: it is chosen on these very
        questions, so they flatter. prediction is int64 (n, 2), the answer's characters in the context, from and up to
        but not including, -1 and -1 for none. details: exact match of each question, and float64 null_difference, the
        score of no answer minus the best span's, and threshold, what it was held against.
        Raises UsageError when the task's metric is neither f1 nor exact, and DataError when a threshold cannot be
        tuned, since there is one passage only.
        """
        main = _metric(task)
        found = _best_spans(kept, encoded, examples.columns[task.columns["context"]])
        difference = kept[:, 4].astype(np.float64) - kept[:, 0]
        threshold = np.inf if _all_answered(task) else getattr(task, "threshold", 0.0)
        if threshold == "tuned":
            always = _compare(task, found, np.zeros(len(found)), examples).each[main]
            thresholds = _tuned(difference, always - encoded.label, examples)
        else:
            thresholds = np.full(len(found), threshold)
        # Also where the difference is NaN there is no answer.
        answered = (difference <= thresholds) & (found[:, 0] >= 0)
        prediction = np.where(answered[:, None], found, -1)
        told = _compare(task, prediction, np.zeros(len(found)), examples)
        tuned = _compare(task, found, difference, examples)
        return Evaluation(
            metric=told.mean | tuned.best,
            values=told.each[main],
            prediction=prediction,
            details={"exact": told.each["exact"], "null_difference": difference, "threshold": thresholds},
        )

    def trivial(self, task: Task, examples: Examples, encoded: Encoded) -> Trivial:
        """Return what never answering reaches: 1 where there is no answer.

        Where all questions have one, what answering each with the whole context reaches.
        """
        if not _all_answered(task):
            return Trivial("never answering", encoded.label.astype(np.float64))
        whole = np.array([(0, len(context)) for context in examples.columns[task.columns["context"]]], dtype=np.int64)
        told = _compare(task, whole, np.zeros(len(whole)), examples)
        return Trivial("the whole context", told.each[_metric(task)])


@dataclass(frozen=True)
class _Agreement:
    """How predicted answers agree with the gold ones, shares of 1, by `f1` and `exact`."""

    #: Over all questions.
    mean: dict[str, float]
    #: At the best threshold for these questions, by `best_f1` and `best_exact`.
    best: dict[str, float]
    #: Of each question, float64 (n,).
    each: dict[str, npt.NDArray[np.float64]]


def _all_answered(task: Task) -> bool:
    return bool(getattr(task, "answerable", False))


def _metric(task: Task) -> str:
    if task.metric not in _METRICS:
        raise UsageError(f"metric '{task.metric}' does not fit questions with spans as answers; use 'f1' or 'exact'")
    return task.metric


def _tuned(
    difference: npt.NDArray[np.float64], gain: npt.NDArray[np.float64], examples: Examples
) -> npt.NDArray[np.float64]:
    """Return each question's threshold. Raises DataError when all questions are about one passage."""
    cases = range(len(gain)) if examples.cases is None else examples.cases
    try:
        return cross_fitted(difference, gain, np.array(cases, dtype=np.int64))
    except ValueError as error:
        raise DataError(f"threshold=tuned: {error}; evaluate on more questions, or give a number") from None


def _mean(values: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the means (b, k) over the windows of each example of values (s, k)."""
    sums = values.new_zeros(len(batch.labels), values.shape[1]).index_add(0, batch.owner, values)
    # bincount would wait for the GPU
    counts = values.new_zeros(len(batch.labels)).index_add(0, batch.owner, values.new_ones(len(values)))
    return sums / counts[:, None]


def _best_spans(kept: npt.NDArray[np.float32], encoded: Encoded, contexts: list[str]) -> npt.NDArray[np.int64]:
    """Return the characters of every example's best span, without white space at its ends; -1 and -1 for none."""
    windows: Windows = encoded.notes
    rows = np.flatnonzero(kept[:, 0] > LOWEST)
    window, start, end = kept[rows, 1:4].astype(np.int64).T
    window += np.searchsorted(encoded.owner, rows)
    spans = np.full((len(kept), 2), -1, dtype=np.int64)
    for row, (a, b) in zip(rows.tolist(), windows.characters(window, start, end).tolist(), strict=True):
        b = with_marks(contexts[row], b)
        text = contexts[row][a:b]
        if text.strip():
            spans[row] = a + len(text) - len(text.lstrip()), a + len(text.rstrip())
    return spans


def _compare(task: Task, spans: npt.NDArray[np.int64], odds: npt.NDArray[np.float64], examples: Examples) -> _Agreement:
    """Return how the texts at these characters agree with the gold answers; `odds` are those of there being none."""
    contexts, answers = (examples.columns[task.columns[role]] for role in ("context", "answers"))
    predictions = [
        {"id": name, "prediction_text": context[max(begin, 0) : max(end, 0)], "no_answer_probability": odd}
        for name, context, (begin, end), odd in zip(examples.ids, contexts, spans.tolist(), odds.tolist(), strict=True)
    ]
    references = [
        {"id": name, "answers": {key: gold[key] for key in ("text", "answer_start")}}
        for name, gold in zip(examples.ids, answers, strict=True)
    ]
    told = metrics.compute_records("squad_v2", predictions, references)
    return _Agreement(
        mean={name: told[name] for name in _METRICS},
        best={f"best_{name}": told[f"best_{name}"] for name in _METRICS},
        each={name: np.array(told["per_question"][name], dtype=np.float64) for name in _METRICS},
    )
