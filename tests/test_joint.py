"""Intents and slots: words as tokens, usable rows, losses and signals, decisions and metrics."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from random_dynamics import random_dynamics
from scipy.special import log_softmax
from test_choice import byte_level
from test_flops import CONFIGS
from tokenizers import processors
from torch.utils.flop_counter import FlopCounterMode

from hbench import metrics, problems
from hbench.data import Examples, describe_source, load_examples
from hbench.dynamics import join_runs
from hbench.errors import DataError, TrainingFailed, UsageError
from hbench.models import find_model
from hbench.plugins import Task, at_epochs
from hbench.problems import Batch, Encoded
from hbench.problems.base import NO_VALUE
from hbench.problems.joint import tags_of
from hbench.problems.words import tokenize_words
from hbench.registry import SCORERS, TASKS, scorer
from hbench.spec import Recipe
from hbench.training.batches import Collator
from hbench.training.curriculum import Curriculum
from hbench.training.flops import FlopCount, count_flops
from hbench.training.loop import Run, Setting
from hbench.training.model import load_config, load_model, load_tokenizer

GOLDEN = json.loads((Path(__file__).parent / "golden" / "joint_el2n.json").read_text())
PROBLEM = problems.find("joint")
CPU = torch.device("cpu")


@dataclasses.dataclass(frozen=True)
class Small(Task):
    """Three intents, two types of slots."""

    kind = "joint"
    columns = {"tokens": "words", "tags": "tags", "intent": "intent"}
    labels = ("play", "book", "ask")
    slots = ("name", "day")
    metric = "frame_accuracy"


TASK = Small()
COLUMNS = ("words", "tags", "intent")
WORDS = "play the red cat don't on monday"


def examples(*rows: tuple[Any, Any, Any]) -> Examples:
    columns = {name: list(column) for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True)}
    return Examples([f"u{i}" for i in range(len(rows))], columns, "")


ROWS = examples(
    (["play", "the", "red", "cat"], ["O", "O", "B-name", "I-name"], "play"),
    ("don't play on monday", "O O O B-day", 1),
    (["cat"], ["B-name"], "ask"),
    ("play the red cat on monday on monday", "O B-name I-name I-name O B-day O I-day", "book"),
)
NUMBER = {tag: i for i, tag in enumerate(("O", "B-name", "I-name", "B-day", "I-day"))}
BERT = load_tokenizer(find_model("tiny"), [f"{WORDS} ' t"])


def ends(single: str, **named: str) -> Any:
    """Return a byte-level tokenizer that puts these special tokens at the ends of a text."""
    tokenizer = byte_level("$A", "$A $B", **named)
    ids = [(token, tokenizer.convert_tokens_to_ids(token)) for token in tokenizer.all_special_tokens]
    core = tokenizer.backend_tokenizer
    core.post_processor = processors.TemplateProcessing(single=single, pair=f"{single} $B", special_tokens=ids)
    tokenizer.padding_side = "right"
    return tokenizer


#: As on the hub: RoBERTa's classification token is the first, XLNet's the last; GPT-2 and Llama have none.
TOKENIZERS: dict[str, tuple[Callable[[], Any], int]] = {
    "bert": (lambda: BERT, 0),
    "roberta": (lambda: ends("<s> $A </s>", pad_token="<pad>", eos_token="</s>", cls_token="<s>"), 0),
    "xlnet": (lambda: ends("$A </s> <c>", pad_token="<pad>", eos_token="</s>", cls_token="<c>"), -1),
    "gpt2": (lambda: ends("$A", eos_token="</s>", pad_token="</s>"), -1),
    "llama": (lambda: ends("<s> $A", bos_token="<s>", eos_token="</s>", pad_token="</s>"), -1),
}


def encode(rows: Examples = ROWS, tokenizer: Any = BERT, max_length: int = 32) -> Encoded:
    return PROBLEM.encode(TASK, rows, tokenizer, max_length)


def batch_of(encoded: Encoded, *members: int) -> Batch:
    chosen = np.array(members) if members else np.arange(len(encoded.ids))
    return Collator(encoded, CPU)(chosen)


# --- words and tokens


def test_a_tag_stands_on_the_first_token_of_its_word() -> None:
    found = encode()
    batch = batch_of(found)
    shown = [BERT.convert_ids_to_tokens(row["input_ids"]) for row in found.sequences]
    assert shown[1] == ["[CLS]", "don", "'", "t", "play", "on", "monday", "[SEP]"]
    assert batch.gold["word"][1].tolist() == [-100, 0, -100, -100, 1, 2, 3, *[-100] * 3]
    assert batch.gold["tag"].tolist() == [
        [-100, 0, 0, 1, 2, *[-100] * 5],
        [-100, 0, -100, -100, 0, 0, 3, *[-100] * 3],
        [-100, 1, *[-100] * 8],
        [-100, 0, 1, 2, 2, 0, 3, 0, 4, -100],
    ]
    assert batch.gold["tag"].dtype == torch.int64
    assert batch.labels.tolist() == found.label.tolist() == [0, 1, 2, 1]
    assert batch.gold["words"].tolist() == [4, 4, 1, 8]
    assert found.notes.tolist()[2] == [1, *[-1] * 7]
    assert found.length.tolist() == [6, 8, 3, 10]
    assert found.sizes == {"intents": 3, "words": 8}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_intent_is_read_where_the_whole_text_was_read(name: str) -> None:
    make, place = TOKENIZERS[name]
    tokenizer = make()
    found = encode(tokenizer=tokenizer)
    assert found.gold["read"].tolist() == [place % length for length in found.sequences.lengths]
    for row in range(4):
        ids = found.sequences[row]["input_ids"]
        begins = found.token_gold["word"][found.sequences.starts[row] : found.sequences.starts[row + 1]].tolist()
        words = ROWS.columns["words"][row]
        words = words.split() if isinstance(words, str) else words
        # each piece from the beginning of one word to that of the next is the word, and all words have one
        first = [i for i, word in enumerate(begins) if word != NO_VALUE]
        assert [begins[i] for i in first] == list(range(len(words)))
        stops = [*first[1:], len(ids)]
        pieces = [tokenizer.decode(ids[a:b], skip_special_tokens=True) for a, b in zip(first, stops, strict=True)]
        assert [piece.replace(" ", "") for piece in pieces] == words


def test_cut_at_the_end_the_intent_is_still_read() -> None:
    for name, (make, place) in TOKENIZERS.items():
        found = encode(tokenizer=make(), max_length=5)
        assert found.sequences.lengths.max() == 5, name
        assert found.gold["read"][3] == place % 5, name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("adno'tplay.é漢\x00-"), min_size=1, max_size=6), min_size=1, max_size=8))
def test_words_are_those_of_the_librarys_own_way(words: list[str]) -> None:
    found = tokenize_words(BERT, [words], 64)
    theirs = BERT([words], is_split_into_words=True)
    seen: set[int] = set()
    expected = []
    for word in theirs.word_ids(0):
        expected.append(NO_VALUE if word is None or word in seen else word)
        seen |= set() if word is None else {word}
    assert found.sequences[0]["input_ids"] == theirs["input_ids"][0]
    assert found.begins.tolist() == expected


def test_words_with_spaces_and_words_without_a_token() -> None:
    rows = examples((["\x00", "red cat", "", "on"], ["B-day", "B-name", "O", "I-name"], "ask"))
    found = encode(rows)
    assert found.token_gold["word"].tolist() == [-100, 1, -100, 3, -100]
    assert found.token_gold["tag"].tolist() == [-100, 1, -100, 2, -100]
    # the words without a token are predicted as O
    batch = batch_of(found)
    logits = torch.zeros(1, 5, 8)
    logits[0, 0, 2] = 1.0
    logits[0, :, 3 + NUMBER["I-day"]] = 1.0
    assert PROBLEM.decide(logits, batch).tolist() == [[2, 0, 4, 0, 4]]


def test_what_is_cut_off_is_not_trained_on_and_predicted_as_outside() -> None:
    found = encode(max_length=6)
    batch = batch_of(found)
    assert batch.gold["tag"][3].tolist() == [-100, 0, 1, 2, 2, -100]
    logits = torch.zeros(4, 6, 8)
    logits[..., 3 + NUMBER["B-day"]] = 1.0
    assert PROBLEM.decide(logits, batch)[3].tolist() == [0, 3, 3, 3, 3, 0, 0, 0, 0]


def test_an_utterance_that_becomes_nothing_is_named() -> None:
    rows = examples((["cat"], ["O"], 0), (["\u2028"], ["O"], 0))
    tokenizer = load_tokenizer(find_model("tiny"), [WORDS])
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(single="$A", pair="$A $B")
    with pytest.raises(DataError, match=r"^example u1: the tokenizer makes no token of its words; mend or remove"):
        encode(rows, tokenizer)


def test_head_and_vocabulary() -> None:
    head = PROBLEM.head(TASK)
    assert (head.auto, head.config) == ("AutoModelForTokenClassification", {"num_labels": 3 + 5})
    assert tags_of(TASK) == tuple(NUMBER)
    assert list(PROBLEM.texts(TASK, ROWS))[:2] == ["play the red cat", "don't play on monday"]


# --- rows


def usable(words: Any = ["red", "cat"], tags: Any = ["O", "B-day"], intent: Any = "ask", task: Task = TASK) -> Any:  # noqa: B006
    columns = {"words": [["cat"], words], "tags": [["O"], tags], "intent": [0, intent]}
    return PROBLEM.usable(task, columns, lambda row: f"file.jsonl, row {row + 1}, id {'ab'[row]}")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"words": None}, r"column 'words' holds None, which is neither a text nor a list of texts; mend or remove"),
        ({"words": ["red", 3]}, r"column 'words' holds \['red', 3\], which is neither a text nor a list of texts"),
        ({"words": []}, r"column 'words' is empty; give it a word or remove the row"),
        ({"words": [" ", ""]}, r"column 'words' is empty"),
        ({"words": " \n"}, r"column 'words' is empty"),
        ({"tags": 7}, r"column 'tags' holds 7, which is neither a text nor a list of texts"),
        ({"tags": ["O", None]}, r"column 'tags' holds \['O', None\], which is neither"),
        ({"tags": ["O"]}, r"there are 2 words in column 'words' and 1 tags in column 'tags'; give one tag for each"),
        ({"words": "red cat on", "tags": "O O"}, r"there are 3 words in .* and 2 tags"),
        (
            {"tags": ["O", "B-dya"]},
            r"'tags' holds 'B-dya' for word 2, .* no tag of the task; did you mean 'B-day'\?; w",
        ),
        (
            {"tags": ["day", "O"]},
            r"'tags' holds 'day' for word 1, .*; write O, or B- or I- and a slot type of the task",
        ),
        ({"tags": ["o", "O"]}, r"holds 'o' for word 1"),
        (
            {"intent": "plya"},
            r"'intent' holds 'plya', which is no intent of the task; did you mean 'play'\?; write one",
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
        usable(**row)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_rows_without_an_intent_are_left_out_whatever_else_they_hold() -> None:
    assert usable().tolist() == [0, 1]
    assert usable(words="red cat", tags="O I-day").tolist() == [0, 1]
    assert usable(intent=-1, tags=["O"]).tolist() == [0]


def test_another_metric_is_refused() -> None:
    class Other(Small):
        metric = "accuracy"

    with pytest.raises(UsageError, match=r"'accuracy' does not fit .*frame_accuracy, intent_accuracy, slot_f1"):
        usable(task=Other())


# --- losses and signals


def random_case(seed: int, scale: float) -> tuple[Batch, torch.Tensor, np.ndarray[Any, Any]]:
    """Return a batch of the rows with logits, and what they were made from, float64."""
    logits = np.random.default_rng(seed).normal(0, scale, (4, 10, 8)).astype(np.float32)
    batch = batch_of(encode())
    output = SimpleNamespace(logits=torch.from_numpy(logits))
    return batch, PROBLEM.logits(output, batch), logits.astype(np.float64)


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
    kept = PROBLEM.observe(logits, batch)
    assert kept.shape == (4, PROBLEM.width(TASK))
    signals = PROBLEM.signals(kept.numpy()[None], encode())
    losses = PROBLEM.losses(logits, batch)
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
    kept = PROBLEM.observe(torch.from_numpy(logits), batch)
    margin = float(PROBLEM.signals(kept.numpy(), found)["margin"][0])
    assert margin == pytest.approx(total[gold] - best, abs=1e-5)


def test_confident_utterances_keep_small_values_and_nan_is_wrong() -> None:
    batch, logits, _ = random_case(0, 1.0)
    for row, softmaxes in enumerate(parts(batch, np.zeros((4, 10, 8)))):
        logits[row, 0, softmaxes[0][1]] = 40.0
        for i, tag in enumerate(batch.gold["tag"][row]):
            if tag != NO_VALUE:
                logits[row, i, 3 + tag] = 40.0
    logits[2, 1, 5] = torch.nan
    signals = PROBLEM.signals(PROBLEM.observe(logits, batch).numpy(), encode())
    assert signals["correct"].tolist() == [True, True, False, True]
    assert np.isnan(signals["loss"]).tolist() == [False, False, True, False]
    for name in ("loss", "el2n", "el2n_sum", "el2n_mean"):
        assert (signals[name][[0, 1, 3]] > 0).all(), name
        assert (signals[name][[0, 1, 3]] < 1e-13).all(), name


def test_padding_and_neighbours_change_nothing() -> None:
    batch, logits, _ = random_case(3, 2.0)
    together = torch.cat([PROBLEM.observe(logits, batch), PROBLEM.losses(logits, batch)[:, None]], dim=1)
    for row in range(4):
        alone = batch_of(encode(), row)
        mine = logits[row : row + 1, : alone.inputs["input_ids"].shape[1]]
        apart = torch.cat([PROBLEM.observe(mine, alone), PROBLEM.losses(mine, alone)[:, None]], dim=1)
        torch.testing.assert_close(together[row : row + 1], apart)


def test_without_a_tagged_word_only_the_intent_counts() -> None:
    found = encode(examples((["\x00"], ["B-day"], "ask")))
    logits = torch.tensor([[[0.5, -0.25, 2.0, *[9.0] * 5]] * 2])
    batch = batch_of(found)
    loss = -log_softmax([0.5, -0.25, 2.0])[2]
    signals = PROBLEM.signals(PROBLEM.observe(logits, batch).numpy(), found)
    assert float(PROBLEM.losses(logits, batch)) == pytest.approx(loss / 2, rel=1e-6)
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
    signals = PROBLEM.signals(PROBLEM.observe(logits, batch).numpy(), encode())
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
    kept = PROBLEM.decide(said(batch, [0, 1, 1, 1], tags), batch)
    assert kept.shape == (4, PROBLEM.decided(task, found))
    assert kept.dtype == torch.float32
    # the loop keeps more where another split has longer utterances
    wide = np.pad(kept.numpy(), ((0, 0), (0, 3)), constant_values=-1)
    for values in (kept.numpy(), wide):
        result = PROBLEM.evaluate(task, values, ROWS, found)
        assert result.metric == pytest.approx({"frame_accuracy": 0.5, "intent_accuracy": 0.75, "slot_f1": 12 / 13})
        assert next(iter(result.metric)) == metric
        assert result.values.tolist() == ([1, 1, 0, 1] if metric == "intent_accuracy" else [1, 0, 0, 1])
        assert result.values.dtype == np.float64
        assert result.prediction.dtype == np.int64
        assert result.prediction[2].tolist() == [1, 1, *[-1] * 7]
        assert result.prediction[0].tolist() == [0, 0, 0, 1, 2, *[-1] * 4]
    expected = metrics.compute_records("slot_f1", tags, GOLD_TAGS)["slot_f1"]
    assert result.metric["slot_f1"] == pytest.approx(expected)


def test_logits_that_are_not_finite_are_no_decision() -> None:
    found = encode()
    batch = batch_of(found)
    logits = said(batch, [0, 1, 2, 1], GOLD_TAGS)
    logits[1, 3, 7] = torch.inf
    logits[2, 7] = torch.nan  # padding
    kept = PROBLEM.decide(logits, batch)
    assert kept.isnan().all(dim=1).tolist() == [False, True, False, False]
    assert not kept[[0, 2, 3]].isnan().any()
    # the intent is that of the token at which it is read
    batch.gold["read"][0] = 5
    logits[0, 5, 1] = 1.0
    assert (kept[0, 0], PROBLEM.decide(logits, batch)[0, 0]) == (0, 1)


# --- training


def prepared(max_length: int = 24) -> tuple[Any, Encoded, Any, Examples]:
    task = TASKS.find("planted-joint[size=60]")
    source = describe_source(task.plugin, None, task.name)
    rows = load_examples(task, "train", source=source, data_dir=None, size=None, seed=0)
    tokenizer = load_tokenizer(find_model("tiny"), PROBLEM.texts(task.plugin, rows))
    config = load_config(find_model("tiny"), PROBLEM.head(task.plugin), tokenizer)
    return task.plugin, PROBLEM.encode(task.plugin, rows, tokenizer, max_length), config, rows


def trained(parts: Any, method: str | None = None, count: int = 60, seed: int = 3, **changes: Any) -> Run:
    task, encoded, config, _ = parts
    recipe = Recipe(epochs=3, batch_size=8, learning_rate=2e-3, schedule="constant", precision="fp32", **changes)
    setting = Setting(
        model=load_model(find_model("tiny"), PROBLEM.head(task), config, seed),
        problem=PROBLEM,
        flops=FlopCount(0, 0, 1, 0),
        width=PROBLEM.width(task),
        decided=PROBLEM.decided(task, encoded),
        recipe=recipe,
        seed=seed,
    )
    settings = {"epochs": 3, "batch_size": 8, "max_steps": None, "seed": seed, "selection_seed": 0}
    curriculum = None
    if method is not None:
        curriculum = Curriculum(scorer(method), PROBLEM, encoded, width=setting.width, count=count, **settings)
    run = Run(setting, encoded, np.arange(60), {"train": {}} if method is None else None, curriculum)
    run.train(lambda done, total: None)
    return run


def weights(run: Run) -> torch.Tensor:
    return torch.cat([value.flatten() for value in run.setting.model.state_dict().values()])


def test_keeping_everything_is_plain_training_to_the_bit_and_variants_choose_otherwise() -> None:
    parts = prepared()
    plain = trained(parts)
    assert torch.equal(weights(plain), weights(trained(parts)))
    assert torch.equal(weights(plain), weights(trained(parts, "dynamic-el2n")))
    chosen = {
        joint: trained(parts, f"dynamic-el2n[joint={joint}]", 30).curriculum.chosen[0][1].members
        for joint in ("norm", "sum", "mean")
    }
    assert {int(members.sum()) for members in chosen.values()} == {30}
    assert (chosen["sum"] != chosen["mean"]).any()
    dynamics = plain.observers["train"].dataset(PROBLEM, parts[1], 3)
    assert {"el2n", "el2n_sum", "el2n_mean"} <= set(dynamics.data_vars)
    assert "prob" not in dynamics


@pytest.mark.parametrize("name", ["bert", "deberta", "gpt2", "llama"])
def test_operations_are_counted_with_the_head_at_every_token(name: str) -> None:
    auto, config = transformers.AutoModelForTokenClassification, CONFIGS[name]
    model = auto.from_config(config, attn_implementation="eager").eval().requires_grad_(False)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(input_ids=torch.full((3, 21), 5), attention_mask=torch.ones(3, 21, dtype=torch.long))
    assert count_flops(auto, config).forward(3, 21) == counter.get_total_flops()


def test_a_model_that_diverged_predicts_nothing() -> None:
    parts = prepared()
    run = trained(parts)
    with torch.no_grad():
        run.setting.model.classifier.weight.fill_(torch.nan)
    with pytest.raises(TrainingFailed, match="not finite"):
        run.predict(parts[1])


def test_runs_that_recorded_none_of_the_signals_tell_of_the_examples_alone() -> None:
    runs = [random_dynamics(seed=1, runs=1)[["label", "length"]] for _ in range(2)]
    joined = join_runs([at_epochs(run, 1) for run in runs])
    assert joined.identical(runs[0])
    with pytest.raises(UsageError, match="option joint=sum: the signal 'el2n_sum'"):
        scorer("el2n[joint=sum]").score(joined)


def test_the_variants_are_read_by_el2n_and_refused_elsewhere() -> None:
    dynamics = random_dynamics()
    for joint, signal in (("norm", "el2n"), ("sum", "el2n_sum"), ("mean", "el2n_mean")):
        found = scorer(f"el2n[joint={joint}]").score(dynamics).values
        expected = dynamics[signal].sel(epoch=1).astype("float64").mean("run").values
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert scorer(f"dynamic-el2n[joint={joint}]").asks().signals == (signal,)
    elsewhere = dynamics.drop_vars(["el2n_sum", "el2n_mean"])
    for reference in ("el2n[joint=sum]", "dynamic-el2n[joint=mean]"):
        joint = reference.partition("=")[2].rstrip("]")
        message = (
            f"option joint={joint}: the signal 'el2n_{joint}' is recorded .* kind 'joint' only; leave the option out"
        )
        with pytest.raises(UsageError, match=message):
            scorer(reference).score(elsewhere)
    # the default is no option, and keeps the keys that jobs have
    assert SCORERS.find("el2n[joint=norm]").ref == "el2n"
    assert SCORERS.find("dynamic-el2n[joint=norm]").options == {}
