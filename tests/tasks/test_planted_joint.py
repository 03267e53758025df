"""The embedded requests: a reader that knows the rules finds intents and slots, and none of the wrong labels."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.embedded_training import train_embedded

from hbench.data.load import describe_source
from hbench.errors import UsageError
from hbench.kinds import load_examples
from hbench.plugins.registry import TASKS

#: Results on other rows are not comparable: whoever changes the generator changes this on purpose.
DIGEST = "4a6e9bb80988856e7dbbac7be4d6e5afe9009bbc3b3c148963b34ac9bf791066"
Row = dict[str, Any]


def rows(reference: str, split: str) -> list[Row]:
    columns = TASKS.find(reference).plugin.rows(split)
    assert columns is not None
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


TRAIN, EVALUATION = rows("planted-joint", "train"), rows("planted-joint", "validation")


def text(row: Row) -> str:
    return " ".join(row["tokens"])


def test_rows_are_the_published_ones() -> None:
    assert describe_source(TASKS.find("planted-joint").plugin, None, "planted-joint") == {"embedded": DIGEST}


@settings(max_examples=8, deadline=None)
@given(size=st.integers(50, 400), seed=st.integers(0, 1000))
def test_shares_and_balance(size: int, seed: int) -> None:
    made = rows(f"planted-joint[seed={seed},size={size}]", "train")
    assert len(made) == size
    assert set(made[0]) == {"tokens", "slot_tags", "intent", "planted"}
    sorts = Counter(row["planted"] for row in made)
    expected = {"mislabelled": round(0.1 * size), "ambiguous": round(0.1 * size), "redundant": round(0.2 * size)}
    assert {sort: sorts[sort] for sort in expected} == expected
    clean = Counter(row["intent"] for row in made if row["planted"] == "clean")
    assert set(clean) == set(TASKS.find("planted-joint").plugin.labels)
    assert max(clean.values()) - min(clean.values()) <= 1


def test_evaluation_is_clean_and_apart_from_training() -> None:
    assert (len(TRAIN), len(EVALUATION)) == (1200, 600)
    assert {row["planted"] for row in EVALUATION} == {"clean"}
    assert len({text(row) for row in EVALUATION}) == 600
    assert not {text(row) for row in TRAIN} & {text(row) for row in EVALUATION}
    assert rows("planted-joint[size=100]", "validation") == EVALUATION != rows("planted-joint[seed=2]", "validation")


def test_only_redundant_rows_repeat() -> None:
    single = [text(row) for row in TRAIN if row["planted"] != "redundant"]
    assert len(set(single)) == len(single) == 960
    redundant = [text(row) for row in TRAIN if row["planted"] == "redundant"]
    assert len(set(redundant)) < 0.4 * len(redundant)


def test_words_are_plain_and_tags_well_formed() -> None:
    task = TASKS.find("planted-joint").plugin
    for row in TRAIN + EVALUATION:
        assert all(re.fullmatch("[a-z]+", word) for word in row["tokens"]), row
        assert 2 <= len(row["tokens"]) <= 20
        assert len(row["tokens"]) == len(row["slot_tags"])
        before = "O"
        for tag in row["slot_tags"]:
            assert tag == "O" or tag[2:] in task.slots
            assert not tag.startswith("I-") or before[2:] == tag[2:], row
            before = tag


#: Slots of each intent by the words around them, with (?:name) where the name stands: written apart from the task.
NAME = r"(?P<name>\w+(?: \w+)?)"
DAY, TIME, GUESTS = r"(?: on (?P<day>[\w ]+))?", r"(?: at (?P<time>[\w ]+))?", r"(?P<guests>[\w ]+?)"
READ = {
    "play_music": [
        rf"play some (?P<genre>[\w ]+?) by {NAME}",
        rf"put on (?P<genre>[\w ]+?) like that of {NAME}",
        rf"let us hear {NAME}{TIME}",
        rf"i miss the songs of {NAME}",
        rf"sing along with {NAME}{DAY}",
        rf"play {NAME}",
    ],
    "book_table": [
        rf"reserve a table at {NAME}",
        rf"we are {GUESTS} and dine at {NAME}",
        rf"find us seats at {NAME}{DAY}",
        rf"dinner for {GUESTS} at {NAME}{DAY}",
        rf"is there room for {GUESTS} at {NAME}{TIME}",
        rf"{GUESTS} want to eat at {NAME}",
    ],
    "get_weather": [
        rf"check the sky over {NAME}",
        rf"will it rain in {NAME}{DAY}",
        rf"how cold is {NAME}{TIME}",
        rf"do i need a coat in {NAME}",
        rf"the forecast for {NAME}",
        rf"is {NAME} sunny{DAY}",
    ],
    "set_alarm": [
        rf"start the alarm {NAME}{TIME}",
        rf"wake me with {NAME}",
        rf"let {NAME} ring{TIME}",
        rf"remind me of {NAME}{DAY}",
        rf"i have to get up for {NAME}",
        rf"move {NAME} to (?P<time>[\w ]+?){DAY}",
    ],
}
NAMED = {"play_music": "artist", "book_table": "restaurant", "get_weather": "city", "set_alarm": "alarm"}
VERBS = {"play": "play_music", "reserve": "book_table", "check": "get_weather", "start": "set_alarm"}
POLITE = r"(?:please |hey |now |quick |hello there |one more thing )?"


def understood(said: str) -> list[tuple[str, list[str]]]:
    """Return the intents that an utterance may have, each with its tags."""
    found = []
    either = re.fullmatch(rf"{POLITE}(?P<one>\w+) or (?P<other>\w+) {NAME}", said)
    if either:
        return [
            (VERBS[either[k]], tags_of(said, {NAMED[VERBS[either[k]]]: either.span("name")})) for k in ("one", "other")
        ]
    for intent, forms in READ.items():
        for form in forms:
            match = re.fullmatch(POLITE + form, said)
            if match:
                spans = {NAMED[intent] if k == "name" else k: match.span(k) for k, v in match.groupdict().items() if v}
                found.append((intent, tags_of(said, spans)))
                break
    return found


def tags_of(said: str, spans: dict[str, tuple[int, int]]) -> list[str]:
    tags, place = [], 0
    for word in said.split():
        inside = [(kind, begin) for kind, (begin, end) in spans.items() if begin <= place < end]
        tags.append(f"{'B' if inside[0][1] == place else 'I'}-{inside[0][0]}" if inside else "O")
        place += len(word) + 1
    return tags


def test_utterances_say_what_is_planted() -> None:
    mistakes: Counter[str] = Counter()
    for row in TRAIN + EVALUATION:
        heard = understood(text(row))
        labelled = (row["intent"], row["slot_tags"])
        if row["planted"] == "ambiguous":
            assert len(heard) == 2, row
            assert labelled in heard, row
        elif row["planted"] == "mislabelled":
            [(intent, tags)] = heard
            wrong = (intent != row["intent"], tags != row["slot_tags"])
            assert wrong in ((True, False), (False, True)), row
            mistakes["intent" if wrong[0] else "slot"] += 1
        else:
            assert heard == [labelled], row
    # two of the three wrong classes are another intent
    assert abs(mistakes["slot"] - 40) < 4 * np.sqrt(120 * 2 / 9)
    assert mistakes["slot"] + mistakes["intent"] == 120


def test_names_do_not_tell_their_slot() -> None:
    """Every noun that is frequent is each of the four sorts of names."""
    sorts: dict[str, set[str]] = {}
    for row in TRAIN:
        if row["planted"] == "clean":
            for word, tag in zip(row["tokens"], row["slot_tags"], strict=True):
                if tag[2:] in NAMED.values():
                    sorts.setdefault(word, set()).add(tag[2:])
    assert all(len(sorts[word]) == 4 for word in ("river", "garden", "moon", "old", "red"))


def test_ambiguous_rows_are_drawn_fairly() -> None:
    made = [row for row in rows("planted-joint[size=4000]", "train") if row["planted"] == "ambiguous"]
    first = sum(understood(text(row))[0][0] == row["intent"] for row in made)
    assert abs(first / len(made) - 0.5) < 4 * np.sqrt(0.25 / len(made))


def test_planted_column_follows_the_sample_and_too_small_a_size_is_refused() -> None:
    task = TASKS.find("planted-joint")
    source = describe_source(task.plugin, None, "planted-joint")
    found = load_examples(task, "train", source=source, data_dir=None, size=200, seed=3)
    assert found.planted == [TRAIN[int(i)]["planted"] for i in found.ids]
    assert found.columns["slot_tags"] == [TRAIN[int(i)]["slot_tags"] for i in found.ids]
    assert "planted" not in found.columns
    with pytest.raises(UsageError, match="option size=49 is too small"):
        TASKS.find("planted-joint[size=49]")


@pytest.mark.slow
def test_random_weights_learn_it_and_stumble_over_what_is_planted() -> None:
    """Most frames are right after three epochs, and the wrong labels stand out."""
    done = train_embedded("planted-joint")
    found = done.kind.evaluate(done.task, done.run.predict(done.asked), done.evaluation, done.asked).metric
    assert 0.6 < found["frame_accuracy"] < 0.99
    assert found["intent_accuracy"] > 0.95
    dynamics = done.run.observers["train"].dataset(done.kind, done.encoded, 1).sel(epoch=3)
    confidence, planted = dynamics["gold_prob"].mean("run").to_numpy(), np.array(done.train.planted)
    mean = {sort: confidence[planted == sort].mean() for sort in ("mislabelled", "ambiguous", "clean", "redundant")}
    assert mean["mislabelled"] < mean["ambiguous"] < mean["clean"] < mean["redundant"], mean
