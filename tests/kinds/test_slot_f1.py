"""F1 of slots against the library seqeval, on tags that are well-formed and on many that are not."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score

from hbench import metrics
from hbench.errors import UsageError
from hbench.metrics.slot_f1.slot_f1 import SlotF1, slots

TAGS = ["O", *(f"{mark}-{kind}" for kind in ("city", "date.from", "a-b") for mark in "BI")]
TEXTS = st.lists(st.lists(st.sampled_from(TAGS), min_size=1, max_size=9), min_size=1, max_size=6)


def ours(predictions: list[list[str]], references: list[list[str]]) -> dict[str, float]:
    """Compute without the library's own bookkeeping, which takes most of the time."""
    return SlotF1()._compute(predictions, references)


def theirs(predictions: list[list[str]], references: list[list[str]]) -> dict[str, float]:
    functions = {"slot_f1": f1_score, "precision": precision_score, "recall": recall_score}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is nothing to divide by
        return {name: float(function(references, predictions)) for name, function in functions.items()}


def test_equals_seqeval_on_thousands_of_texts() -> None:
    draw = np.random.default_rng(5)
    for trial in range(300):
        # from mostly O, where whole sides are empty, to hardly any
        odds = np.array([1.0, *[draw.choice([0.02, 0.3, 2.0])] * (len(TAGS) - 1)])
        sides: list[list[list[str]]] = [[], []]
        for size in draw.integers(1, 12, size=draw.integers(1, 30)):
            gold = draw.choice(TAGS, size, p=odds / odds.sum())
            said = np.where(draw.random(size) < 0.7, gold, draw.choice(TAGS, size))
            sides[0].append(said.tolist())
            sides[1].append(gold.tolist())
        assert ours(*sides) == pytest.approx(theirs(*sides), abs=1e-12), trial


@settings(max_examples=300, deadline=None)
@given(gold=TEXTS, data=st.data())
def test_equals_seqeval_on_what_is_found_to_be_odd(gold: list[list[str]], data: st.DataObject) -> None:
    said = [data.draw(st.lists(st.sampled_from(TAGS), min_size=len(tags), max_size=len(tags))) for tags in gold]
    assert ours(said, gold) == pytest.approx(theirs(said, gold), abs=1e-12)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("O O", set()),
        ("B-x I-x O B-x", {("x", 0, 1), ("x", 3, 3)}),
        ("B-x B-x", {("x", 0, 0), ("x", 1, 1)}),
        ("I-x I-x O I-y", {("x", 0, 1), ("y", 3, 3)}),
        ("B-x I-y I-y", {("x", 0, 0), ("y", 1, 2)}),
        ("I-x B-x I-x", {("x", 0, 0), ("x", 1, 2)}),
        ("B-a-b I-a-b", {("a-b", 0, 1)}),
    ],
)
def test_slots_by_hand(tags: str, found: set[tuple[str, int, int]]) -> None:
    assert slots(tags.split()) == found


def test_the_module_gives_what_its_code_does() -> None:
    gold = [["B-x", "I-x", "O"], ["O"], ["B-y", "O"]]
    said = [["B-x", "I-x", "B-y"], ["O"], ["B-x", "O"]]
    found = metrics.compute_records("slot_f1", said, gold)
    # one of three predicted slots is right, one of two gold ones is found
    assert found == pytest.approx({"slot_f1": 0.4, "precision": 1 / 3, "recall": 0.5})
    assert metrics.compute_records("slot_f1", [["O"]], [["O"]])["slot_f1"] == 0.0
    assert "slot_f1" not in metrics.local_names()  # which are of class integers
    with pytest.raises(UsageError, match="2 predicted and 1 gold tags; give one for each word"):
        metrics.compute_records("slot_f1", [["O", "O"]], [["O"]])
