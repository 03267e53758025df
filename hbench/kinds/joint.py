"""Intent classification and slot filling at once: what an utterance wants, and a tag for each of its words.

An example is an utterance. One linear layer over the tokens gives the logits of the intents and those of the tags. The
intent is read at one token of the sequence, the tag of a word at its first token. Correct means that the intent and all
tags are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hbench import metrics
from hbench.errors import DataError, UsageError
from hbench.kinds.base import Batch, Encoded, Evaluation, Kind, Trivial
from hbench.kinds.slots import NO_INTENT, fault_of, number_of, split_row, tags_of, unknown_intent
from hbench.kinds.softmax import compare
from hbench.kinds.text.tokens import NO_VALUE
from hbench.kinds.text.words import tokenize_words
from hbench.plugins import Head

if TYPE_CHECKING:
    import torch

    from hbench.data.examples import Examples
    from hbench.plugins import Row, Task

#: Fills the rows of utterances with fewer words than the longest.
_NO_WORD = -1
_METRICS = ("frame_accuracy", "intent_accuracy", "slot_f1")
#: What `observe` keeps, in its order.
_SIGNALS = ("correct", "gold_prob", "el2n", "loss", "margin", "entropy", "el2n_sum", "el2n_mean")


@dataclass(frozen=True)
class Joint(Kind):
    """A softmax over the intents, and one over the tags for each word.

    `task.columns` is {"tokens", "tags", "intent"}. Words and tags are a list of texts each, or one text that is split
    at white space; at plain spaces alone where only that gives one tag for each word. The tags are O, and B-x and I-x
    for each x of `task.slots`. The intent is one of the task's labels, its place among them as an integer, or -1.
    """

    class_roles = ("intent",)
    takes_label_noise = True
    extra_signals = ("el2n_sum", "el2n_mean")
    means = ("accuracy", "frame_accuracy", "intent_accuracy")
    #: `slots`: the slot types, without B- and I-; the tags are O, and B- and I- of each.
    task_attributes = ("slots",)
    roles = ("tokens", "tags", "intent")

    def attributes_of(self, rows: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Return the slot types that occur, sorted, and the share of utterances with all right."""
        marks = (tag for tags in rows["tags"] for tag in (tags.split() if isinstance(tags, str) else tags or ()))
        slots = {tag[2:] for tag in marks if isinstance(tag, str) and tag[:2] in ("B-", "I-")}
        return {"slots": tuple(sorted(slots)), "metric": "frame_accuracy"}

    def check_rows(
        self, task: Task, columns: Mapping[str, list[Any]], place: Callable[[int], str]
    ) -> npt.NDArray[np.int64]:
        """Check all rows but those whose intent is -1, and return the positions of the others."""
        _metric(task)
        names = [task.columns[role] for role in ("intent", "tokens", "tags")]
        intents = {name: i for i, name in enumerate(task.labels)}
        tags = set(tags_of(task))
        used = []
        for row, (intent, words, marks) in enumerate(zip(*(columns[name] for name in names), strict=True)):
            gold = number_of(intent, intents)
            if gold == NO_INTENT:
                continue
            fault = fault_of(words, marks, tags, names[1], names[2])
            if gold is None:
                fault = f"column '{names[0]}' holds {unknown_intent(intent, intents)}"
            if fault:
                raise DataError(f"{place(row)}: {fault}")
            used.append(row)
        return np.array(used, dtype=np.int64)

    def prepare(self, task: Task, row: Row) -> Row:
        """Return a row with words and tags as lists where only splitting at plain spaces gives one tag for each word.

        A task that splits texts itself does it at all white space, and would part a word with a no-break space in it.
        """
        names = [task.columns[role] for role in ("tokens", "tags")]
        words, marks = (row.get(name) for name in names)
        if not (isinstance(words, str) and isinstance(marks, str)):
            return row
        split, tags = split_row(words, marks)
        if split == words.split() or len(split) != len(tags) or not set(tags) <= set(tags_of(task)):
            return row
        return row | dict(zip(names, (split, tags), strict=True))

    def texts(self, task: Task, examples: Examples) -> Iterable[str]:
        """Return the utterances, their words joined by spaces."""
        return (" ".join(words) for words, _ in _rows(task, examples))

    def example_texts(self, task: Task, examples: Examples) -> list[str]:
        """Return the utterances."""
        return list(self.texts(task, examples))

    def head(self, task: Task) -> Head:
        """Return a token classifier with one logit for each intent and each tag."""
        config = {"num_labels": len(task.labels) + len(tags_of(task))}
        return Head(auto="AutoModelForTokenClassification", config=config)

    def encode(self, task: Task, examples: Examples, tokenizer: Any, max_length: int) -> Encoded:
        """Return one sequence per utterance, cut at its end; see `hbench.kinds.text.words` for which tokens are read.

        `gold` has the token `read` for the intent; `token_gold` the `word` that begins with a token, and its `tag`;
        `sizes` the number of `intents`, and the `words` of the longest utterance. `notes` are the gold tags of all
        words, int64 (n, words), -1 where there is none. Raises DataError naming an utterance without a token.
        """
        pairs = _rows(task, examples)
        rows = [words for words, _ in pairs]
        number = {tag: i for i, tag in enumerate(tags_of(task))}
        marks = [[number[tag] for tag in tags] for _, tags in pairs]
        tags = np.full((len(rows), max(map(len, rows))), _NO_WORD, dtype=np.int64)
        for row, found in zip(tags, marks, strict=True):
            row[: len(found)] = found
        words = tokenize_words(tokenizer, rows, max_length)
        lengths = words.sequences.lengths
        if not lengths.all():
            raise DataError(
                f"example {examples.ids[int(lengths.argmin())]}: the tokenizer makes no token of its words; "
                "fix or remove the row"
            )
        first = words.begins != NO_VALUE
        tag = np.full(len(words.begins), NO_VALUE, dtype=np.int32)
        tag[first] = tags[np.repeat(np.arange(len(rows)), lengths)[first], words.begins[first]]
        intents = {name: i for i, name in enumerate(task.labels)}
        return Encoded(
            ids=examples.ids,
            sequences=words.sequences,
            owner=np.arange(len(rows), dtype=np.int64),
            label=np.array([number_of(i, intents) for i in examples.columns[task.columns["intent"]]], dtype=np.int64),
            length=lengths,
            gold={"read": words.whole, "words": (tags != _NO_WORD).sum(axis=1)},
            token_gold={"word": words.begins, "tag": tag},
            sizes={"intents": len(intents), "words": tags.shape[1]},
            notes=tags,
        )

    def logits(self, output: Any, batch: Batch) -> torch.Tensor:
        """Return the logits of intents and tags at all tokens, float32 (b, T, intents + tags)."""
        logits: torch.Tensor = output.logits
        return logits.float()

    def losses(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the loss of each utterance in nats, float32 (b,).

        It is the mean of two cross-entropies: that of the intent, and that of the tags, which is their mean over the
        words that have a token, and 0 where none has.
        """
        from torch.nn.functional import cross_entropy

        intents, tags = _parts(logits, batch)
        gold = batch.gold["tag"]
        # as one row of words: the form for a grid is not deterministic on GPUs
        each = cross_entropy(tags.flatten(0, 1), gold.flatten(), ignore_index=NO_VALUE, reduction="none").view_as(gold)
        count = (gold != NO_VALUE).sum(dim=1).clamp(min=1)
        return (cross_entropy(intents, batch.labels, reduction="none") + each.sum(dim=1) / count) / 2

    def width(self, task: Task) -> int:
        """Return the number of signals."""
        return len(_SIGNALS)

    def observe(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return correct, gold_prob, el2n, loss, margin, entropy, el2n_sum and el2n_mean, float32 (b, 8).

        correct is 1 where the intent and all tags have their highest logits at the gold ones, else 0. gold_prob: of the
        gold intent and all gold tags together, their product. loss: as in `losses`. margin: the gold labelling's sum of
        logits minus that of the best other labelling, which differs from it in at least one place. entropy: of the
        labelling, in nats, the sum over its parts. Words without a token count in none of them.

        With e_I the length of p - y of the intent, and e_t that of the word t: el2n is sqrt(e_I^2 + sum_t e_t^2),
        el2n_sum is e_I + sum_t e_t, and el2n_mean is (e_I + mean_t e_t) / 2. Attendu and Corbeil 2023, arXiv
        2306.03208, section 3; the variants are those of the authors' code.
        """
        import torch

        intents, tags = _parts(logits, batch)
        gold = batch.gold["tag"]
        absent = gold == NO_VALUE
        intent, word = compare(intents, batch.labels, dim=-1), compare(tags, gold.clamp(min=0), dim=-1)

        def total(values: torch.Tensor) -> torch.Tensor:
            return values.masked_fill(absent, 0.0).sum(dim=1)

        count = (~absent).sum(dim=1).clamp(min=1)
        slots, lengths = total(word.loss), total(word.error.sqrt())
        loss = intent.loss + slots
        # The best other labelling takes every better rival there is, and else the one closest to the gold.
        rivals = torch.cat([intent.rival[:, None], word.rival.masked_fill(absent, -torch.inf)], dim=1)
        best = rivals.amax(dim=1)
        values = [
            (intent.hit & (word.hit | absent).all(dim=1) & ~loss.isnan()).to(loss.dtype),
            (-loss).exp(),
            (intent.error + total(word.error)).sqrt(),
            (intent.loss + slots / count) / 2,
            -torch.where(best > 0, rivals.clamp(min=0).sum(dim=1), best),
            intent.entropy + total(word.entropy),
            intent.error.sqrt() + lengths,
            (intent.error.sqrt() + lengths / count) / 2,
        ]
        return torch.stack(values, dim=-1).float()

    def signals(self, kept: npt.NDArray[np.float32], encoded: Encoded) -> dict[str, npt.NDArray[Any]]:
        """Return the signals (..., n) that `observe` kept; `correct` as booleans, false where nothing was kept."""
        signals: dict[str, npt.NDArray[Any]] = {name: kept[..., i] for i, name in enumerate(_SIGNALS)}
        return signals | {"correct": signals["correct"] == 1}

    def predict_width(self, task: Task, encoded: Encoded) -> int:
        """Return 1 for the intent, and the words of the longest utterance."""
        return 1 + encoded.sizes["words"]

    def predict(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the intent and the tag of each word with the highest logits, as positions, float32 (b, 1 + words).

        A word without a token gets O. -1 is where an utterance has no further word, NaN for everything where one of
        its logits is not finite.
        """
        import torch

        intents, tags = _parts(logits, batch)
        place = torch.arange(batch.sizes["words"], device=logits.device)
        found = torch.full((len(logits), len(place)), float(_NO_WORD), device=logits.device)
        found[place < batch.gold["words"][:, None]] = 0.0  # O
        row, token = (batch.gold["word"] != NO_VALUE).nonzero(as_tuple=True)
        found[row, batch.gold["word"][row, token]] = tags.argmax(dim=-1)[row, token].float()
        said = torch.cat([intents.argmax(dim=-1).float()[:, None], found], dim=1)
        broken = ~logits.isfinite().all(dim=-1) & (batch.inputs["attention_mask"] == 1)
        return said.masked_fill(broken.any(dim=1)[:, None], torch.nan)

    def evaluate(self, task: Task, kept: npt.NDArray[np.float32], examples: Examples, encoded: Encoded) -> Evaluation:
        """Return frame accuracy, intent accuracy and slot F1, the task's metric first.

        The frame of an utterance is right where its intent and all its tags are. prediction: int64 (n, 1 + words), as
        `predict` gives it. values: 1 where the frame is right, or the intent where the metric is intent_accuracy; slot
        F1 is not a mean over utterances, so that with it too the tests compare frames.
        Raises UsageError for another metric.
        """
        main = _metric(task)
        gold: npt.NDArray[np.int64] = encoded.notes
        prediction = kept[:, : 1 + gold.shape[1]].astype(np.int64)
        intent = prediction[:, 0] == encoded.label
        frame = intent & (prediction[:, 1:] == gold).all(axis=1)
        names = np.array(tags_of(task))
        said, wanted = ([names[tags[tags != _NO_WORD]].tolist() for tags in rows] for rows in (prediction[:, 1:], gold))
        found = {
            "frame_accuracy": float(frame.mean()),
            "intent_accuracy": float(intent.mean()),
            "slot_f1": float(metrics.compute_records("slot_f1", said, wanted)["slot_f1"]),
        }
        return Evaluation(
            metric={main: found[main], **found},
            values=(intent if main == "intent_accuracy" else frame).astype(np.float64),
            prediction=prediction,
        )

    def trivial(self, task: Task, examples: Examples, encoded: Encoded) -> Trivial:
        """Return what always naming one intent and no slot reaches, with the intent that makes it right most often."""
        right = np.ones(len(encoded.label), dtype=bool)
        if _metric(task) != "intent_accuracy":
            right = (encoded.notes <= 0).all(axis=1)  # the number of O is 0
        most = int(np.bincount(encoded.label[right], minlength=1).argmax())
        answer = f"always {task.labels[most]} and no slot"
        return Trivial(answer, (right & (encoded.label == most)).astype(np.float64))


def _parts(logits: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits of the intents (b, intents), where they are read, and of the tags (b, T, tags)."""
    import torch

    intents = batch.sizes["intents"]
    rows = torch.arange(len(logits), device=logits.device)
    return logits[rows, batch.gold["read"], :intents], logits[..., intents:]


def _metric(task: Task) -> str:
    if task.metric not in _METRICS:
        raise UsageError(f"metric '{task.metric}' does not fit intents and slots; use one of {', '.join(_METRICS)}")
    return task.metric


def _rows(task: Task, examples: Examples) -> list[tuple[list[str], list[str]]]:
    """Return the words and the tags of every utterance."""
    tokens, tags = (examples.columns[task.columns[role]] for role in ("tokens", "tags"))
    return [split_row(words, marks) for words, marks in zip(tokens, tags, strict=True)]
