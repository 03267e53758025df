"""Questions with spans as answers: what is said, and how it is counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from support.span_examples import (
    CPU,
    EITHER,
    KIND,
    ROWS,
    TASK,
    TOKENIZERS,
    answers,
    encode,
    examples,
)

from hbench.errors import DataError
from hbench.kinds import Encoded
from hbench.plugins.registry import TASKS
from hbench.training.batches import Collator

#: For each question: the span the model believes in, its score, and the score of no answer.
BELIEVED = [("red cat", 8.0, 2.0), ("cat", 6.0, 2.0), ("mat", 3.0, 4.0), ("sat", 4.0, 1.0), ("twelve one", 9.0, 8.5)]


def kept(tokenizer: Any, found: Encoded, believed: list[tuple[str, float, float]]) -> np.ndarray:
    """Return what `predict` keeps of logits that give each span its score in the last window that holds it."""
    texts = [
        (question, context, answers(context, text))
        for (question, context, text) in zip(
            ROWS.columns["question"], ROWS.columns["context"], [text for text, _, _ in believed], strict=True
        )
    ]
    tokens = encode(examples(*texts), tokenizer, 32).gold
    collate = Collator(found, CPU)
    rows = np.zeros((len(found.ids), KIND.predict_width(TASK, found)), dtype=np.float32)
    for members in (np.array([4, 0]), np.array([3, 1, 2])):
        batch = collate(members)
        logits = torch.full((*batch.inputs["input_ids"].shape, 2), -20.0)
        place = 0
        for member in members:
            own = np.flatnonzero(found.owner == member)
            _, score, null = believed[member]
            logits[place : place + len(own), 0] = (null + 1) / 2
            logits[place, 0] = null / 2
            window = max(i for i, w in enumerate(own) if tokens["start"][w])
            at = own[window]
            logits[place + window, tokens["start"][at], 0] = score - 1
            logits[place + window, tokens["end"][at], 1] = 1.0
            place += len(own)
        rows[members] = KIND.predict(logits, batch).numpy()
    return rows


@EITHER
def test_evaluation_of_believed_spans(tokenizer: Any) -> None:
    found = encode(ROWS, tokenizer, 32)
    assert (found.owner == 4).sum() > 1
    done = KIND.evaluate(TASK, kept(tokenizer, found, BELIEVED), ROWS, found)
    said = [ROWS.columns["context"][i][a:b] if a >= 0 else "" for i, (a, b) in enumerate(done.prediction.tolist())]
    assert said == ["red cat", "cat", "", "sat", "twelve one"]
    assert done.prediction.dtype == np.int64
    assert done.prediction[2].tolist() == [-1, -1]
    assert done.values.tolist() == [1, 0, 1, 0, 1]
    assert done.values.dtype == np.float64
    assert done.details["exact"].tolist() == [1, 0, 1, 0, 1]
    assert done.details["null_difference"].tolist() == [-6, -4, 1, -3, -0.5]
    assert done.details["null_difference"].dtype == np.float64
    # in the order of the differences the answers gain 1, 0, -1, 1, -1 on two questions without an answer
    assert done.metric == pytest.approx({"f1": 3 / 5, "exact": 3 / 5, "best_f1": 3 / 5, "best_exact": 3 / 5})


@pytest.mark.parametrize(
    ("threshold", "said"),
    [(1.0, [1, 1, 1, 1, 1]), (0.99, [1, 1, 0, 1, 1]), (-3.5, [1, 1, 0, 0, 0]), (-9.0, [0, 0, 0, 0, 0])],
)
def test_threshold_says_how_much_no_answer_has_to_lead(threshold: float, said: list[int]) -> None:
    found = encode(ROWS, TOKENIZERS["bert"], 32)
    task = TASKS.find(f"squad_v2[threshold={threshold}]").plugin
    done = KIND.evaluate(task, kept(TOKENIZERS["bert"], found, BELIEVED), ROWS, found)
    assert (done.prediction[:, 0] >= 0).astype(int).tolist() == said


def test_values_follow_the_metric_and_partial_answers_count_in_part() -> None:
    found = encode(ROWS, TOKENIZERS["bert"], 32)
    believed = [("the red cat sat on", 8.0, 2.0), ("not the dog", 6.0, 2.0), *BELIEVED[2:]]
    kept_rows = kept(TOKENIZERS["bert"], found, believed)
    f1 = KIND.evaluate(TASK, kept_rows, ROWS, found)
    assert f1.values.tolist() == pytest.approx([6 / 7, 2 / 3, 1, 0, 1])
    assert f1.metric["f1"] == pytest.approx(np.mean(f1.values))
    exact = KIND.evaluate(type("Exact", (type(TASK),), {"metric": "exact"})(), kept_rows, ROWS, found)
    assert exact.values.tolist() == f1.details["exact"].tolist() == [0, 0, 1, 0, 1]
    assert exact.metric == f1.metric


def test_missing_scores_are_no_answer() -> None:
    found = encode(ROWS, TOKENIZERS["bert"], 32)
    rows = kept(TOKENIZERS["bert"], found, BELIEVED)
    rows[0, 4] = np.nan
    assert KIND.evaluate(TASK, rows, ROWS, found).prediction[0].tolist() == [-1, -1]


def test_a_tuned_threshold_is_that_of_the_other_passages() -> None:
    found = encode(ROWS, TOKENIZERS["bert"], 32)
    task = TASKS.find("squad_v2[threshold=tuned]").plugin
    rows = replace(ROWS, cases=[0, 0, 1, 1, 2])
    done = KIND.evaluate(task, kept(TOKENIZERS["bert"], found, BELIEVED), rows, found)
    # Answering gains 1, 0, -1, -1 and 1 at differences of -6, -4, 1, -3 and -0.5. Without the first passage nothing is
    # worth answering, without the second all that is left, without the third the first question alone.
    assert done.details["threshold"].tolist() == [-np.inf, -np.inf, -0.5, -0.5, -6]
    assert (done.prediction[:, 0] >= 0).tolist() == [False, False, False, True, False]
    assert done.values.tolist() == [0, 0, 1, 0, 0]
    assert done.metric["f1"] == pytest.approx(1 / 5)
    # a question without a passage is one of its own
    assert KIND.evaluate(task, kept(TOKENIZERS["bert"], found, BELIEVED), ROWS, found).values.sum() >= 1


def test_a_threshold_cannot_be_tuned_on_one_passage() -> None:
    found = encode(ROWS, TOKENIZERS["bert"], 32)
    task = TASKS.find("squad_v2[threshold=tuned]").plugin
    with pytest.raises(
        DataError, match=r"threshold=tuned: .* one passage; evaluate on more questions, or give a number"
    ):
        KIND.evaluate(task, kept(TOKENIZERS["bert"], found, BELIEVED), replace(ROWS, cases=[3] * 5), found)


def test_never_answering_is_right_where_there_is_no_answer() -> None:
    found = KIND.trivial(TASK, ROWS, encode(ROWS, TOKENIZERS["bert"], 32))
    assert found.answer == "never answering"
    assert found.values.tolist() == [0, 0, 1, 1, 0]
    assert found.values.dtype == np.float64


def test_where_all_questions_have_an_answer_each_is_answered() -> None:
    """The score of no answer is far above the best span's, and it does not matter."""
    task = TASKS.find("squad_v2[answerable=true]").plugin
    rows, believed = replace(ROWS, cases=None), [(text, score, 1000.0) for text, score, _ in BELIEVED]
    encoded = encode(rows, TOKENIZERS["bert"], 32)
    found = KIND.evaluate(task, kept(TOKENIZERS["bert"], encoded, believed), rows, encoded)
    assert (found.prediction[:, 0] >= 0).all()
    assert np.isposinf(found.details["threshold"]).all()


def test_with_answers_to_all_questions_the_trivial_answer_is_the_whole_context() -> None:
    task = TASKS.find("squad_v2[answerable=true]").plugin
    rows = examples(
        ("who", "the red cat sat", answers("the red cat sat", "red cat")),  # 2 of 3 words, "the" is no word
        ("what", "a mat", answers("a mat", "mat")),
    )
    found = KIND.trivial(task, rows, encode(rows, TOKENIZERS["bert"], 32))
    assert found.answer == "the whole context"
    assert found.values.tolist() == pytest.approx([2 * (2 / 3) / (2 / 3 + 1), 1.0])


def test_questions_without_an_answer_are_left_out_on_request() -> None:
    def place(row: int) -> str:
        return f"row {row}"

    everything = KIND.check_rows(TASK, ROWS.columns, place)
    used = KIND.check_rows(TASKS.find("squad_v2[answerable=true]").plugin, ROWS.columns, place)
    assert everything.tolist() == [0, 1, 2, 3, 4]
    assert used.tolist() == [0, 1, 4]
