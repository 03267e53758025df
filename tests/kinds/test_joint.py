"""Intents and slots: usable rows, losses and signals, decisions and metrics."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from support import paths
from support.joint_examples import KIND, NUMBER, ROWS, TASK, Small, batch_of, encode, examples

from hbench import metrics
from hbench.errors import DataError, UsageError
from hbench.kinds import Batch
from hbench.kinds.text.tokens import NO_VALUE
from hbench.plugins import Task

GOLDEN = json.loads((paths.GOLDEN / "joint_el2n.json").read_text())

# --- rows


def check_rows(task: Task = TASK, **changes: Any) -> Any:
    row = {"words": ["red", "cat"], "tags": ["O", "B-day"], "intent": "ask", **changes}
    columns = {"words": [["cat"], row["words"]], "tags": [["O"], row["tags"]], "intent": [0, row["intent"]]}
    return KIND.check_rows(task, columns, lambda row: f"file.jsonl, row {row + 1}, id {'ab'[row]}")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"words": None}, r"column 'words' holds None, which is neither a string nor a list of strings; fix or remove"),
        ({"words": ["red", 3]}, r"column 'words' holds \['red', 3\], which is neither a string nor a list of strings"),
        ({"words": []}, r"column 'words' is empty; give it a word or remove the row"),
        ({"words": [" ", ""]}, r"column 'words' is empty"),
        ({"words": " \n"}, r"column 'words' is empty"),
        ({"tags": 7}, r"column 'tags' holds 7, which is neither a string nor a list of strings"),
        ({"tags": ["O", None]}, r"column 'tags' holds \['O', None\], which is neither"),
        ({"tags": ["O"]}, r"there are 2 words in column 'words' and 1 tags in column 'tags'; give one tag for each"),
        ({"words": "red cat on", "tags": "O O"}, r"there are 3 words in .* and 2 tags"),
        (
            {"tags": ["O", "B-dya"]},
            r"'tags' holds 'B-dya' for word 2, .* not a tag of the task; did you mean 'B-day'\?; w",
        ),
        (
            {"tags": ["day", "O"]},
            r"'tags' holds 'day' for word 1, .*; write O, or B- or I- and a slot type of the task",
        ),
        ({"tags": ["o", "O"]}, r"holds 'o' for word 1"),
        (
            {"intent": "plya"},
            r"'intent' holds 'plya', which is not an intent of the task; did you mean 'play'\?; write one",
        ),
        ({"intent": 3}, r"'intent' holds 3, .*write one of them, its number from 0 to 2, or -1 to leave the row out$"),
        ({"intent": -2}, r"'intent' holds -2"),
        ({"intent": True}, r"'intent' holds True"),
        ({"intent": None}, r"'intent' holds None"),
        ({"intent": "x" * 90}, r"'intent' holds 'x{56}\.\.\., which"),
    ],
)
def test_bad_rows_are_named_with_the_fix(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"^file\.jsonl, row 2, id b: .*{message}") as caught:
        check_rows(**row)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_rows_without_an_intent_are_left_out_whatever_else_they_hold() -> None:
    assert check_rows().tolist() == [0, 1]
    assert check_rows(words="red cat", tags="O I-day").tolist() == [0, 1]
    assert check_rows(intent=-1, tags=["O"]).tolist() == [0]


def test_another_metric_is_refused() -> None:
    class Other(Small):
        metric = "accuracy"

    with pytest.raises(UsageError, match=r"'accuracy' does not fit .*frame_accuracy, intent_accuracy, slot_f1"):
        check_rows(task=Other())


# --- losses and signals


def random_case(seed: int, scale: float) -> tuple[Batch, torch.Tensor, np.ndarray[Any, Any]]:
    """Return a batch of the rows with logits, and what they were made from, float64."""
    logits = np.random.default_rng(seed).normal(0, scale, (4, 10, 8)).astype(np.float32)
    batch = batch_of(encode())
    output = SimpleNamespace(logits=torch.from_numpy(logits))
    return batch, KIND.logits(output, batch), logits.astype(np.float64)


def parts(batch: Batch, logits: np.ndarray[Any, Any]) -> list[list[tuple[np.ndarray[Any, Any], int]]]:
    """Return the logits and the gold class of each softmax of each utterance, the intent's first."""
    found = []
    for row in range(4):
        whole = [(logits[row, int(batch.gold["read"][row]), :3], int(batch.labels[row]))]
        tags = [(logits[row, i, 3:], int(tag)) for i, tag in enumerate(batch.gold["tag"][row]) if tag != NO_VALUE]
        found.append(whole + tags)
    return found


@pytest.mark.parametrize(("seed", "scale"), [(0, 1.0), (1, 4.0), (2, 0.1)])
def test_losses_and_signals_are_those_of_the_softmaxes(seed: int, scale: float) -> None:
    batch, logits, raw = random_case(seed, scale)
    batch.gold["read"] = torch.tensor([4, 2, 1, 9])
    kept = KIND.observe(logits, batch)
    assert kept.shape == (4, KIND.width(TASK))
    signals = KIND.signals(kept.numpy()[None], encode())
    losses = KIND.losses(logits, batch)
    assert losses.dtype == torch.float32
    for row, softmaxes in enumerate(parts(batch, raw)):
        logs = [log_softmax(x) for x, _ in softmaxes]
        each = [-log[gold] for log, (_, gold) in zip(logs, softmaxes, strict=True)]
        errors = [
            np.linalg.norm(np.exp(log) - np.eye(len(log))[g]) for log, (_, g) in zip(logs, softmaxes, strict=True)
        ]
        wanted = {
            "loss": (each[0] + np.mean(each[1:])) / 2,
            "gold_prob": np.exp(-sum(each)),
            "el2n": np.sqrt(sum(error**2 for error in errors)),
            "el2n_sum": sum(errors),
            "el2n_mean": (errors[0] + np.mean(errors[1:])) / 2,
            "entropy": -sum((np.exp(log) * log).sum() for log in logs),
        }
        for name, value in wanted.items():
            assert signals[name][0, row] == pytest.approx(value, rel=1e-5, abs=1e-7), (name, row)
        assert float(losses[row]) == pytest.approx(wanted["loss"], rel=1e-5)
        assert signals["correct"][0, row] == all(x.argmax() == gold for x, gold in softmaxes)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.3, 2.0]))
def test_margin_is_that_to_the_best_other_labelling(seed: int, gold_lead: float) -> None:
    """All labellings of three words are tried."""
    rows = examples((["red", "cat", "on"], ["B-name", "O", "I-day"], "book"))
    found = encode(rows)
    batch = batch_of(found)
    logits = np.random.default_rng(seed).normal(0, 1, (1, 5, 8)).astype(np.float32)
    gold = (1, 1, 0, 4)
    softmaxes = [logits[0, 0, :3], *logits[0, 1:4, 3:]]
    for softmax, place in zip(softmaxes, gold, strict=True):
        softmax[place] += gold_lead
    total = {
        places: sum(float(x[p]) for x, p in zip(softmaxes, places, strict=True))
        for places in itertools.product(*(range(len(x)) for x in softmaxes))
    }
    best = max(value for places, value in total.items() if places != gold)
    kept = KIND.observe(torch.from_numpy(logits), batch)
    margin = float(KIND.signals(kept.numpy(), found)["margin"][0])
    assert margin == pytest.approx(total[gold] - best, abs=1e-5)


def test_confident_utterances_keep_small_values_and_nan_is_wrong() -> None:
    batch, logits, _ = random_case(0, 1.0)
    for row, softmaxes in enumerate(parts(batch, np.zeros((4, 10, 8)))):
        logits[row, 0, softmaxes[0][1]] = 40.0
        for i, tag in enumerate(batch.gold["tag"][row]):
            if tag != NO_VALUE:
                logits[row, i, 3 + tag] = 40.0
    logits[2, 1, 5] = torch.nan
    signals = KIND.signals(KIND.observe(logits, batch).numpy(), encode())
    assert signals["correct"].tolist() == [True, True, False, True]
    assert np.isnan(signals["loss"]).tolist() == [False, False, True, False]
    for name in ("loss", "el2n", "el2n_sum", "el2n_mean"):
        assert (signals[name][[0, 1, 3]] > 0).all(), name
        assert (signals[name][[0, 1, 3]] < 1e-13).all(), name


def test_padding_and_neighbours_change_nothing() -> None:
    batch, logits, _ = random_case(3, 2.0)
    together = torch.cat([KIND.observe(logits, batch), KIND.losses(logits, batch)[:, None]], dim=1)
    for row in range(4):
        alone = batch_of(encode(), row)
        mine = logits[row : row + 1, : alone.inputs["input_ids"].shape[1]]
        apart = torch.cat([KIND.observe(mine, alone), KIND.losses(mine, alone)[:, None]], dim=1)
        torch.testing.assert_close(together[row : row + 1], apart)


def test_without_a_tagged_word_only_the_intent_counts() -> None:
    found = encode(examples((["\x00"], ["B-day"], "ask")))
    logits = torch.tensor([[[0.5, -0.25, 2.0, *[9.0] * 5]] * 2])
    batch = batch_of(found)
    loss = -log_softmax([0.5, -0.25, 2.0])[2]
    signals = KIND.signals(KIND.observe(logits, batch).numpy(), found)
    assert float(KIND.losses(logits, batch)) == pytest.approx(loss / 2, rel=1e-6)
    assert signals["gold_prob"][0] == pytest.approx(np.exp(-loss), rel=1e-6)
    assert signals["el2n_mean"][0] == pytest.approx(signals["el2n"][0] / 2, rel=1e-6)
    assert signals["margin"][0] == pytest.approx(1.5)
    assert signals["correct"][0]


def test_el2n_is_that_of_the_authors_code() -> None:
    tags = torch.tensor(GOLDEN["slots"])
    logits = torch.cat(
        [torch.tensor(GOLDEN["intent_logits"])[:, None].expand(-1, 7, -1), torch.tensor(GOLDEN["slot_logits"])], dim=-1
    )
    batch = Batch(
        inputs={},
        labels=torch.tensor(GOLDEN["intent"]),
        owner=torch.arange(6),
        gold={"read": torch.zeros(6, dtype=torch.long), "tag": tags},
        sizes={"intents": 4},
    )
    signals = KIND.signals(KIND.observe(logits, batch).numpy(), encode())
    for name, signal in (("norm", "el2n"), ("sum", "el2n_sum"), ("mean", "el2n_mean")):
        np.testing.assert_allclose(signals[signal], GOLDEN["expected"][name], rtol=1e-6, err_msg=name)


# --- decisions


def said(batch: Batch, intents: list[int], tags: list[list[str]]) -> torch.Tensor:
    """Return logits that say these intents and tags."""
    logits = torch.zeros(4, 10, 8)
    for row in range(4):
        logits[row, 0, intents[row]] = 1.0
        for i, word in enumerate(batch.gold["word"][row].tolist()):
            if word != NO_VALUE:
                logits[row, i, 3 + NUMBER[tags[row][word]]] = 1.0
    return logits


GOLD_TAGS = [row.split() if isinstance(row, str) else row for row in ROWS.columns["tags"]]


@pytest.mark.parametrize("metric", ["frame_accuracy", "intent_accuracy", "slot_f1"])
def test_metrics_and_values(metric: str) -> None:
    task = type("Chosen", (Small,), {"metric": metric})()
    found = encode()
    batch = batch_of(found)
    tags = [list(row) for row in GOLD_TAGS]
    tags[1][0] = "B-day"  # a slot that is not there
    kept = KIND.predict(said(batch, [0, 1, 1, 1], tags), batch)
    assert kept.shape == (4, KIND.predict_width(task, found))
    assert kept.dtype == torch.float32
    # the loop keeps more where another split has longer utterances
    wide = np.pad(kept.numpy(), ((0, 0), (0, 3)), constant_values=-1)
    for values in (kept.numpy(), wide):
        result = KIND.evaluate(task, values, ROWS, found)
        assert result.metric == pytest.approx({"frame_accuracy": 0.5, "intent_accuracy": 0.75, "slot_f1": 12 / 13})
        assert next(iter(result.metric)) == metric
        assert result.values.tolist() == ([1, 1, 0, 1] if metric == "intent_accuracy" else [1, 0, 0, 1])
        assert result.values.dtype == np.float64
        assert result.prediction.dtype == np.int64
        assert result.prediction[2].tolist() == [1, 1, *[-1] * 7]
        assert result.prediction[0].tolist() == [0, 0, 0, 1, 2, *[-1] * 4]
    expected = metrics.compute_records("slot_f1", tags, GOLD_TAGS)["slot_f1"]
    assert result.metric["slot_f1"] == pytest.approx(expected)


def test_the_trivial_answer_is_one_intent_and_no_slot() -> None:
    found = encode()
    # the first and the last two utterances have no slot, the second has one
    untagged = np.where(found.notes > 0, 0, found.notes)
    untagged[1] = found.notes[1]
    found = replace(found, label=np.array([1, 2, 2, 2]), notes=untagged)
    assert (untagged[1] > 0).any()
    wanted = {"frame_accuracy": [0, 0, 1, 1], "slot_f1": [0, 0, 1, 1], "intent_accuracy": [0, 1, 1, 1]}
    for metric, values in wanted.items():
        trivial = KIND.trivial(type("Chosen", (Small,), {"metric": metric})(), ROWS, found)
        assert trivial.answer == f"always {Small.labels[2]} and no slot"
        assert trivial.values.tolist() == values
    # of two intents the one that is right more often with no slot, not the more frequent one
    found = replace(found, label=np.array([1, 0, 0, 1]), notes=np.where(untagged < 0, -1, [[0], [1], [1], [0]]))
    for metric, values in (("frame_accuracy", [1, 0, 0, 1]), ("intent_accuracy", [0, 1, 1, 0])):
        trivial = KIND.trivial(type("Chosen", (Small,), {"metric": metric})(), ROWS, found)
        assert trivial.values.tolist() == values


def test_logits_that_are_not_finite_are_no_decision() -> None:
    found = encode()
    batch = batch_of(found)
    logits = said(batch, [0, 1, 2, 1], GOLD_TAGS)
    logits[1, 3, 7] = torch.inf
    logits[2, 7] = torch.nan  # padding
    kept = KIND.predict(logits, batch)
    assert kept.isnan().all(dim=1).tolist() == [False, True, False, False]
    assert not kept[[0, 2, 3]].isnan().any()
    # the intent is that of the token at which it is read
    batch.gold["read"][0] = 5
    logits[0, 5, 1] = 1.0
    assert (kept[0, 0], KIND.predict(logits, batch)[0, 0]) == (0, 1)
