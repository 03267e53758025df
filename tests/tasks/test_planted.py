"""The embedded tasks: what is planted is what the column says, and a model with random weights can learn them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench.data.load import describe_source
from hbench.errors import UsageError
from hbench.kinds import find_kind, load_examples
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins.registry import TASKS
from hbench.training.batches import Collator, training_order
from hbench_tasks.planted_sentence import _NEGATIVE, _POSITIVE

NAMES = ["planted-sentence", "planted-pair"]
#: Results on other rows are not comparable: whoever changes a generator changes these on purpose.
DIGESTS = {
    "planted-sentence": "ea6824cc025e50227dd8bbc4e94f7ee954076af3b27c46513ad200f03737a3b7",
    "planted-pair": "ce847217f8982e4547aaa8fa685f71ba634e37c3f2cf27533e500c4fdf374b8a",
}


def rows(reference: str, split: str) -> list[dict[str, Any]]:
    columns = TASKS.find(reference).plugin.rows(split)
    assert columns is not None
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def text(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(value for name, value in row.items() if name not in ("label", "planted"))


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_the_published_ones(name: str) -> None:
    assert describe_source(TASKS.find(name).plugin, None, name) == {"embedded": DIGESTS[name]}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10, deadline=None)
@given(size=st.integers(50, 400), seed=st.integers(0, 1000))
def test_shares_and_balance(name: str, size: int, seed: int) -> None:
    made = rows(f"{name}[seed={seed},size={size}]", "train")
    assert len(made) == size
    sorts = Counter(row["planted"] for row in made)
    expected = {"mislabelled": round(0.1 * size), "ambiguous": round(0.1 * size), "redundant": round(0.2 * size)}
    assert {sort: sorts[sort] for sort in expected} == expected
    classes = len(TASKS.find(name).plugin.labels)
    clean = Counter(row["label"] for row in made if row["planted"] == "clean")
    assert max(clean.values()) - min(clean.values()) <= 1
    assert set(clean) == set(range(classes))
    assert made == rows(f"{name}[seed={seed},size={size}]", "train")


@pytest.mark.parametrize("name", NAMES)
def test_seeds_differ_and_evaluation_does_not_depend_on_the_size(name: str) -> None:
    assert rows(name, "train") != rows(f"{name}[seed=2]", "train")
    assert rows(name, "validation") != rows(f"{name}[seed=2]", "validation")
    assert rows(name, "validation") == rows(f"{name}[size=100]", "validation")


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_is_clean_and_apart_from_training(name: str) -> None:
    train, evaluation = rows(name, "train"), rows(name, "validation")
    assert len(evaluation) == 600
    assert {row["planted"] for row in evaluation} == {"clean"}
    assert len({text(row) for row in evaluation}) == 600
    assert not {text(row) for row in train} & {text(row) for row in evaluation}


@pytest.mark.parametrize("name", NAMES)
def test_only_redundant_rows_repeat(name: str) -> None:
    texts: dict[str, list[tuple[str, ...]]] = {}
    for row in rows(name, "train"):
        texts.setdefault(row["planted"], []).append(text(row))
    single = texts["clean"] + texts["mislabelled"] + texts["ambiguous"]
    assert len(set(single)) == len(single) == 960
    assert len(set(texts["redundant"])) < 0.6 * len(texts["redundant"])


@pytest.mark.parametrize("name", NAMES)
def test_rows_read_like_sentences(name: str) -> None:
    for row in rows(name, "train") + rows(name, "validation"):
        for sentence in text(row):
            assert re.fullmatch(r"[A-Z][A-Za-z]*( [A-Za-z]+)*\.", sentence), sentence
            assert 3 <= len(sentence.split()) <= 24, sentence


def verdict(sentence: str) -> int | None:
    """Judge a review by the rules that its grammar documents; None when both sides are said alike."""
    words = sentence.rstrip(".").lower().split()
    felt = {
        "hated": 0,
        "regretted": 0,
        "disliked": 0,
        "endured": 0,
        "loved": 1,
        "enjoyed": 1,
        "admired": 1,
        "praised": 1,
    }
    polarity = {**dict.fromkeys(_NEGATIVE, 0), **dict.fromkeys(_POSITIVE, 1), **felt}
    said = [polarity[word] for word in words if word in polarity]
    if "but" in words:
        return said[-1]
    if "although" in words:
        return said[0]
    if {"not", "never", "hardly"} & set(words):
        return 1 - said[0]
    return said[0] if len(set(said)) == 1 else None


def test_sentences_say_what_is_planted() -> None:
    for row in rows("planted-sentence", "train") + rows("planted-sentence", "validation"):
        judged = verdict(row["sentence"])
        if row["planted"] == "ambiguous":
            assert judged is None, row
        else:
            assert judged == (1 - row["label"] if row["planted"] == "mislabelled" else row["label"]), row


#: Words of a hypothesis that settle its class whatever the premise says.
TELLING = {
    0: r"^(There is a|Someone is)",
    1: r"\b(money|friend|before work|prize|trip|birthday|tired|famous|dinner|weather|waiting|in town)\b",
    2: r"\b([Nn]obody|no|asleep|dead|invisible|moon|ocean)\b",
}


def test_pairs_say_what_is_planted() -> None:
    settled: Counter[str] = Counter()
    for row in rows("planted-pair", "train") + rows("planted-pair", "validation"):
        assert row["hypothesis"].startswith("Either ") == (row["planted"] == "ambiguous"), row
        said = [label for label, words in TELLING.items() if re.search(words, row["hypothesis"])]
        if row["planted"] == "ambiguous" or not said:
            continue
        assert len(said) == 1, row
        assert (said[0] != row["label"]) == (row["planted"] == "mislabelled"), row
        settled[row["planted"]] += 1
    assert 0.5 < settled["clean"] / (720 + 600) < 0.95  # the others need the premise


@pytest.mark.parametrize("name", NAMES)
def test_labels_of_ambiguous_rows_are_drawn_fairly(name: str) -> None:
    made = [row for row in rows(f"{name}[size=4000]", "train") if row["planted"] == "ambiguous"]
    classes = len(TASKS.find(name).plugin.labels)
    for count in Counter(row["label"] for row in made).values():
        assert abs(count / len(made) - 1 / classes) < 4 * np.sqrt(0.25 / len(made))


@pytest.mark.parametrize("name", NAMES)
def test_planted_column_follows_the_sample(name: str) -> None:
    task = TASKS.find(name)
    source = describe_source(task.plugin, None, name)
    found = load_examples(task, "train", source=source, data_dir=None, size=200, seed=3)
    made = rows(name, "train")
    assert found.planted == [made[int(i)]["planted"] for i in found.ids]
    assert "planted" not in found.columns
    assert found.columns["label"] == [made[int(i)]["label"] for i in found.ids]


def test_too_small_a_size_is_refused() -> None:
    with pytest.raises(UsageError, match=r"option size=10 is too small.*; use at least 50"):
        TASKS.find("planted-pair[size=10]")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_random_weights_learn_it_and_stumble_over_what_is_planted(name: str) -> None:
    """Accuracy on clean rows well above chance but below 1, and the planted rows stand out, in three epochs."""
    torch.set_num_threads(1)
    task, kind = TASKS.find(name), find_kind("classification")
    source = describe_source(task.plugin, None, name)
    train, evaluation = (
        load_examples(task, split, source=source, data_dir=None, size=None, seed=0) for split in ("train", "validation")
    )
    recipe, model = task.plugin.recipe, find_model("tiny")
    tokenizer = load_tokenizer(model, kind.texts(task.plugin, train))
    head = kind.head(task.plugin)
    network = load_model(model, head, load_config(model, head, tokenizer), seed=1)
    encoded = kind.encode(task.plugin, train, tokenizer, recipe["max_length"])
    asked = kind.encode(task.plugin, evaluation, tokenizer, recipe["max_length"])
    assert encoded.length.max() < recipe["max_length"]  # nothing is cut

    everyone, device = np.arange(train.size), torch.device("cpu")
    collate, kept = Collator(encoded, device), np.zeros((3, train.size, len(task.plugin.labels)), "float32")
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe["learning_rate"], weight_decay=0.0)
    steps = 3 * -(-train.size // recipe["batch_size"])
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    for epoch in range(3):
        order = {"batch_size": recipe["batch_size"], "bucket_batches": 50, "seed": 1, "epoch": epoch}
        for members in training_order(encoded.length, everyone, **order):
            batch = collate(members)
            logits = kind.logits(network(**batch.inputs), batch)
            kept[epoch, members] = logits.detach().numpy()
            kind.losses(logits, batch).mean().backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
    network.eval()
    with torch.no_grad():
        answers = network(**Collator(asked, device)(np.arange(600)).inputs).logits.numpy()
    accuracy = kind.evaluate(task.plugin, answers, evaluation, asked).metric["accuracy"]
    assert (0.80 if name == "planted-sentence" else 0.65) < accuracy < 0.99
    confidence = kind.signals(kept, encoded)["gold_prob"].mean(axis=0)
    planted = np.array(train.planted)
    mean = {sort: confidence[planted == sort].mean() for sort in ("mislabelled", "ambiguous", "clean", "redundant")}
    assert mean["mislabelled"] < mean["ambiguous"] < mean["clean"] < mean["redundant"], mean
