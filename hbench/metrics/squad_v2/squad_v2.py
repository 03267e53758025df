"""Exact match and F1 of answers to questions, some of which have none, by the rules of SQuAD v2; shares in 0..1.

A question is answerable when its list of gold answers is not empty. Texts are compared in lower case, without
punctuation, without the articles a, an and the, and with single spaces. F1 is that of the words, as bags, of the
prediction and of the gold answer it agrees with best; an empty prediction is right where there is no gold answer, or
where no gold answer has a word left. Rajpurkar et al. (2018), and the evaluation script that comes with the data.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import TypedDict

import datasets
import evaluate
import numpy as np
import numpy.typing as npt

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)

Floats = npt.NDArray[np.float64]


class Prediction(TypedDict):
    """What is said of one question: the text of its answer, empty for none, and a number, higher for less belief."""

    id: str
    prediction_text: str
    no_answer_probability: float


class Answers(TypedDict):
    """The gold answers to one question, none of which is an empty list: their texts and first characters."""

    text: list[str]
    answer_start: list[int]


class Reference(TypedDict):
    """The gold answers to the question with this id."""

    id: str
    answers: Answers


class SquadV2(evaluate.Metric):
    """Exact match and F1 by the rules of SQuAD v2, per question and over all, and at the best no-answer threshold."""

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        prediction = {"id": text, "prediction_text": text, "no_answer_probability": datasets.Value("float64")}
        answers = datasets.Sequence({"text": text, "answer_start": datasets.Value("int64")})
        return evaluate.MetricInfo(
            description=__doc__ or "",
            citation="",
            inputs_description=(
                "predictions: one {id, prediction_text, no_answer_probability} per question, the last any number that "
                "is higher where an answer is less likely; references: {id, answers: {text, answer_start}} of the same "
                "questions in any order; no_answer_threshold: above this probability a question counts as unanswered"
            ),
            features=datasets.Features({"predictions": prediction, "references": {"id": text, "answers": answers}}),
        )

    def _compute(
        self,
        predictions: list[Prediction],
        references: list[Reference],
        no_answer_threshold: float = 1.0,
    ) -> dict[str, object]:
        """Return the values under the names of the official script, and `per_question`, in the predictions' order.

        HasAns_ and NoAns_ are over the questions with and without an answer, left out where there are none. best_exact
        and best_f1 are the highest values that any threshold reaches on these very questions; each is beside its
        threshold. As in the script, those two count every text that is not empty as an answer, so that an odd
        prediction such as "the" is right for `exact` and wrong for `best_exact`.
        Raises ValueError when the ids are not distinct, or not the same on both sides.
        """
        golds = _golds(predictions, references)
        texts = [p["prediction_text"] for p in predictions]
        odds = np.array([p["no_answer_probability"] for p in predictions], dtype=np.float64)
        answerable = np.array([bool(gold) for gold in golds])
        found = np.array([agreement(text, gold) for text, gold in zip(texts, golds, strict=True)])
        raw = {"exact": found[:, 0], "f1": found[:, 1]}
        unanswered = odds > no_answer_threshold
        each = {name: np.where(unanswered, ~answerable, values) for name, values in raw.items()}
        result: dict[str, object] = {name: float(values.mean()) for name, values in each.items()}
        result["total"] = len(texts)
        for group, members in (("HasAns", answerable), ("NoAns", ~answerable)):
            if members.any():
                result |= {f"{group}_{name}": float(values[members].mean()) for name, values in each.items()}
                result[f"{group}_total"] = int(members.sum())
        said = np.array([bool(text) for text in texts])
        for name, values in raw.items():
            best, threshold = _best(values, odds, answerable, said)
            result |= {f"best_{name}": best, f"best_{name}_thresh": threshold}
        return result | {"per_question": {name: values.tolist() for name, values in each.items()}}


def normalise(text: str) -> str:
    """Return the text in lower case, without punctuation and articles, its words parted by single spaces."""
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def agreement(text: str, golds: list[str]) -> tuple[float, float]:
    """Return exact match, 0.0 or 1.0, and F1, 0..1, of a prediction with the gold answer it agrees with best."""
    said = normalise(text)
    normal = [gold for gold in map(normalise, golds) if gold] or [""]
    return float(said in normal), max(_f1(said.split(), gold.split()) for gold in normal)


def _f1(words: list[str], gold: list[str]) -> float:
    if not words or not gold:
        return float(words == gold)
    shared = (Counter(words) & Counter(gold)).total()
    if not shared:
        return 0.0
    precision, recall = shared / len(words), shared / len(gold)
    return 2 * precision * recall / (precision + recall)


def _golds(predictions: list[Prediction], references: list[Reference]) -> list[list[str]]:
    """Return the gold answers of each prediction's question."""
    golds = {reference["id"]: list(reference["answers"]["text"]) for reference in references}
    ids = [prediction["id"] for prediction in predictions]
    if not ids:
        raise ValueError("there is no prediction")
    if len(set(ids)) != len(ids) or len(golds) != len(references):
        raise ValueError("an id is listed twice; make the ids distinct")
    if set(ids) != set(golds):
        odd = min(set(ids) ^ set(golds))
        raise ValueError(f"id {odd!r} is not on both sides; give one prediction and one reference for each")
    return [golds[name] for name in ids]


def _best(
    values: Floats, odds: Floats, answerable: npt.NDArray[np.bool_], said: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Return the highest mean value when the questions are answered in the order of their odds, and where it stops."""
    order = np.argsort(odds, kind="stable")
    nothing_said = float((~answerable).sum())
    gain = np.where(answerable, values, -said.astype(np.float64))[order]
    reached = np.cumsum(np.concatenate([[nothing_said], gain]))
    stop = int(reached.argmax())
    threshold = 0.0 if stop == 0 else float(odds[order[stop - 1]])
    return float(reached[stop]) / len(values), threshold
