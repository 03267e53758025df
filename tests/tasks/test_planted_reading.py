"""The embedded reading tasks: a reader that knows the rules finds every answer, and none of the wrong labels."""

from __future__ import annotations

import os
import re
import subprocess
import sys
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
from hbench_tasks._planted import Draw, generate
from hbench_tasks.planted_span import _ASKED, _TALK

NAMES = ["planted-choice", "planted-span"]
#: Results on other rows are not comparable: whoever changes a generator changes these on purpose.
DIGESTS = {
    "planted-choice": "276ee1a7febb66b6dbaaa9195c76a1c4fb48ee403d953a8cbe11f7e9f388225a",
    "planted-span": "5a7b191c38f0e0e1f3058cc39a8c9cf14854d5ebfbea8c63946e1ae9653701ec",
}
COLUMNS = {
    "planted-choice": {"article", "question", "options", "answer", "planted"},
    "planted-span": {"id", "question", "context", "answers", "planted"},
}

Row = dict[str, Any]


def rows(reference: str, split: str) -> list[Row]:
    columns = TASKS.find(reference).plugin.rows(split)
    assert columns is not None
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def everything(reference: str) -> list[Row]:
    return rows(reference, "train") + rows(reference, "validation")


def text(row: Row) -> str:
    return str(row["article"] if "article" in row else row["context"])


# --- what holds for both


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_the_published_ones(name: str) -> None:
    assert describe_source(TASKS.find(name).plugin, None, name) == {"embedded": DIGESTS[name]}


def test_rows_are_the_same_in_every_process() -> None:
    code = (
        "from hbench.data.load import describe_source; from hbench.plugins.registry import task\n"
        f"for name in {NAMES}: print(describe_source(task(name), None, name)['embedded'])"
    )
    for seed in ("0", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [DIGESTS[name] for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8, deadline=None)
@given(size=st.integers(50, 400), seed=st.integers(0, 1000))
def test_shares_and_balance(name: str, size: int, seed: int) -> None:
    reference = f"{name}[seed={seed},size={size}]"
    made = rows(reference, "train")
    assert len(made) == size
    assert set(made[0]) == COLUMNS[name]
    sorts = Counter(row["planted"] for row in made)
    expected = {"mislabelled": round(0.1 * size), "ambiguous": round(0.1 * size), "redundant": round(0.2 * size)}
    assert {sort: sorts[sort] for sort in expected} == expected
    assert made == rows(reference, "train")
    clean = [row for row in made if row["planted"] == "clean"]
    if name == "planted-choice":
        letters = Counter(row["answer"] for row in clean)
        assert set(letters) == set("ABCD")
        assert max(letters.values()) - min(letters.values()) <= 1
    else:
        assert abs(sum(not row["answers"]["text"] for row in clean) - len(clean) / 4) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_seeds_differ_and_evaluation_does_not_depend_on_the_size(name: str) -> None:
    for split in ("train", "validation"):
        assert {text(row) for row in rows(name, split)} != {text(row) for row in rows(f"{name}[seed=2]", split)}
    assert rows(name, "validation") == rows(f"{name}[size=100]", "validation")
    assert TASKS.find(name).plugin.rows("test") is None


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_is_clean_and_apart_from_training(name: str) -> None:
    train, evaluation = rows(name, "train"), rows(name, "validation")
    assert (len(train), len(evaluation)) == (1200, 600)
    assert {row["planted"] for row in evaluation} == {"clean"}
    assert len({text(row) for row in evaluation}) == 600
    assert not {text(row) for row in train} & {text(row) for row in evaluation}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_no_text_is_in_both_splits_whatever_the_seed(name: str, seed: int) -> None:
    train, evaluation = (rows(f"{name}[seed={seed}]", split) for split in ("train", "validation"))
    assert not {text(row) for row in train} & {text(row) for row in evaluation}


class Numbers:
    """So few texts that rows would repeat, each followed by what its classes stand for, which never does."""

    columns = ("text",)
    classes = 2

    def clean(self, draw: Draw, label: int) -> tuple[str, ...]:
        return (f"number {draw.below(3000)}", *(str(draw.below(10**9)) for _ in range(2)))

    def ambiguous(self, draw: Draw, labels: tuple[int, int]) -> tuple[str, ...]:
        return self.clean(draw, labels[0])

    easy = clean


def test_what_classes_stand_for_does_not_make_a_row_another_one() -> None:
    train, evaluation = (generate(Numbers(), split, rows=1000, seed=1) for split in ("train", "validation"))
    assert train is not None
    assert evaluation is not None
    single = [row.texts[0] for row in train if row.sort != "redundant"]
    assert len(set(single)) == len(single) == 800
    assert len({row.texts[0] for row in evaluation}) == 600
    assert not {row.texts[0] for row in train} & {row.texts[0] for row in evaluation}


@pytest.mark.parametrize("name", NAMES)
def test_only_redundant_rows_repeat(name: str) -> None:
    texts: dict[str, list[str]] = {}
    for row in rows(name, "train"):
        texts.setdefault(row["planted"], []).append(text(row))
    single = texts["clean"] + texts["mislabelled"] + texts["ambiguous"]
    assert len(set(single)) == len(single) == 960
    assert len(set(texts["redundant"])) < 0.4 * len(texts["redundant"])


@pytest.mark.parametrize("name", NAMES)
def test_texts_read_like_sentences(name: str) -> None:
    for row in everything(name):
        assert re.fullmatch(r"(What|Where|When|How)( [A-Za-z]+)+\?", row["question"]), row
        assert re.fullmatch(r"([A-Z][a-z]*( [A-Za-z]+)+\.( (?=[A-Z])|$)){3,4}", text(row)), row
        assert 10 <= len(text(row).split()) <= 45, row


@pytest.mark.parametrize("name", NAMES)
def test_too_small_a_size_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"option size=49 is too small.*; use at least 50"):
        TASKS.find(f"{name}[size=49]")
    assert len(rows(f"{name}[size=50]", "train")) == 50


@pytest.mark.parametrize("name", NAMES)
def test_planted_column_follows_the_sample(name: str) -> None:
    task = TASKS.find(name)
    source = describe_source(task.plugin, None, name)
    found = load_examples(task, "train", source=source, data_dir=None, size=200, seed=3)
    made = {row.get("id", str(i)): row for i, row in enumerate(rows(name, "train"))}
    assert found.size == 200
    assert found.planted == [made[i]["planted"] for i in found.ids]
    assert set(found.columns) == COLUMNS[name] - {"planted"}
    for column, values in found.columns.items():
        assert values == [made[i][column] for i in found.ids]


# --- multiple choice

VERBS = {"Where was": "was", "How did": "came", "What did eat": "ate", "What did carry": "carried"}


def supported(row: Row) -> list[str]:
    """Return the letters of the options that the article says of the person asked for, by the verb of the question."""
    asked = row["question"].rstrip("?").split()
    who = next(word for word in asked[1:] if word[0].isupper())
    kind = " ".join(word for word in asked if word not in (who, "come"))
    said: dict[str, list[str]] = {verb: [] for verb in VERBS.values()}
    for sentence in row["article"].rstrip(".").split(". "):
        name, _, rest = sentence.partition(" ")
        if name != who:
            continue
        verb = ""
        for part in rest.split(" and "):
            first, _, object_ = part.partition(" ")
            verb, value = (first, object_) if first in said else (verb, part)
            said[verb].append(value)
    return [letter for letter, option in zip("ABCD", row["options"], strict=True) if option in said[VERBS[kind]]]


def test_articles_support_the_answers_of_clean_rows_and_no_answer_of_mislabelled_ones() -> None:
    for row in everything("planted-choice"):
        found = supported(row)
        assert len(row["options"]) == len(set(row["options"])) == 4
        if row["planted"] == "ambiguous":
            assert len(found) == 2, row
            assert row["answer"] in found, row
        else:
            assert len(found) == 1, row
            assert (row["answer"] == found[0]) == (row["planted"] != "mislabelled"), row


def test_some_wrong_options_are_said_of_somebody_else() -> None:
    made = rows("planted-choice", "validation")
    others = 0
    for row in made:
        wrong = [option for letter, option in zip("ABCD", row["options"], strict=True) if letter != row["answer"]]
        others += any(re.search(rf"\b{option}\b", row["article"]) for option in wrong)
    assert 0.2 < others / len(made) < 0.6


def test_options_alone_answer_half_of_the_questions() -> None:
    """The option that is most often right among the clean training rows is chosen, without reading."""
    right, shown = Counter[str](), Counter[str]()
    for row in rows("planted-choice", "train"):
        if row["planted"] == "clean":
            shown.update(row["options"])
            right[row["options"]["ABCD".index(row["answer"])]] += 1
    made = rows("planted-choice", "validation")
    hits = 0
    for row in made:
        shares = [right[option] / max(shown[option], 1) for option in row["options"]]
        hits += "ABCD"[int(np.argmax(shares))] == row["answer"]
    assert 0.5 < hits / len(made) < 0.9


def test_ambiguous_choices_are_drawn_fairly() -> None:
    made = [row for row in rows("planted-choice[size=4000]", "train") if row["planted"] == "ambiguous"]
    for letter in "ABCD":
        assert abs(sum(row["answer"] == letter for row in made) / len(made) - 0.25) < 4 * np.sqrt(0.1875 / len(made))
    first = 0
    for row in made:
        places = [row["article"].index(row["options"]["ABCD".index(letter)]) for letter in supported(row)]
        first += row["article"].index(row["options"]["ABCD".index(row["answer"])]) == min(places)
    assert abs(first / len(made) - 0.5) < 4 * np.sqrt(0.25 / len(made))


# --- spans

Stretch = tuple[int, str]
QUESTIONS = {
    r"What colour is the (\w+)\?": "is (?!liked by)",
    r"Where is the (\w+)\?": "stands ",
    r"When did the (\w+) arrive\?": "arrived ",
    r"What did the (\w+) cost\?": "cost ",
}


def stretches(row: Row) -> list[Stretch]:
    """Return what the paragraph says to the question, each with its place."""
    thing, verb = next(
        (match[1], verb) for form, verb in QUESTIONS.items() if (match := re.fullmatch(form, row["question"]))
    )
    found: list[Stretch] = []
    for match in re.finditer(rf"The {thing} {verb}([^.]*)\.", row["context"]):
        place = match.start(1)
        for part in match[1].split(" and "):
            found.append((place, part))
            place += len(part) + len(" and ")
    return found


def marked(row: Row) -> list[Stretch]:
    return list(zip(row["answers"]["answer_start"], row["answers"]["text"], strict=True))


def test_paragraphs_say_the_answers_of_clean_rows_and_others_than_those_of_mislabelled_ones() -> None:
    mistakes: Counter[str] = Counter()
    for row in everything("planted-span"):
        said, answers = stretches(row), marked(row)
        if row["planted"] == "ambiguous":
            assert len(said) == 2, row
            assert len(answers) == 1, row
            assert answers[0] in said, row
        elif row["planted"] == "mislabelled":
            assert len(said) <= 1, row
            assert answers != said, row
            mistakes["another stretch" if answers and said else "none" if said else "not none"] += 1
        else:
            assert answers == said, row
    assert set(mistakes) == {"another stretch", "none", "not none"}
    assert mistakes["not none"] == 30  # a quarter of 120


def test_answers_are_whole_words_that_stand_once_in_the_paragraph() -> None:
    for row in everything("planted-span"):
        for start, answer in marked(row):
            places = [match.start() for match in re.finditer(rf"\b{re.escape(answer)}\b", row["context"])]
            assert places == [start], row


def test_no_stretch_is_part_of_another() -> None:
    values = [value for sort in (*_ASKED, *_TALK) for value in sort.values]
    assert len(values) == len(set(values))
    for value in values:
        assert [other for other in values if re.search(rf"\b{value}\b", other)] == [value]


def test_ids_are_distinct_and_name_the_split() -> None:
    for split, size in (("train", 1200), ("validation", 600)):
        assert [row["id"] for row in rows("planted-span", split)] == [f"{split}-{i}" for i in range(size)]


def test_a_part_of_the_paragraphs_holds_two_things_of_the_sort_asked_for() -> None:
    said = {r"What": "( is (?!liked)| cost )", r"Where": " stands ", r"When": " arrived "}
    made = rows("planted-span", "validation")
    counts = Counter(len(re.findall(said[row["question"].split()[0]], row["context"])) for row in made)
    assert counts[2] > 0.1 * len(made)
    assert counts[1] > 0.5 * len(made)
    unanswerable = [row for row in made if not row["answers"]["text"]]
    assert len(unanswerable) == 150
    assert 0.1 < sum(bool(re.search(said[r["question"].split()[0]], r["context"])) for r in unanswerable) / 150 < 0.5


def test_ambiguous_spans_are_drawn_fairly() -> None:
    made = [row for row in rows("planted-span[size=4000]", "train") if row["planted"] == "ambiguous"]
    first = sum(marked(row)[0] == stretches(row)[0] for row in made)
    assert abs(first / len(made) - 0.5) < 4 * np.sqrt(0.25 / len(made))


# --- training


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_random_weights_learn_it_and_stumble_over_what_is_planted(name: str) -> None:
    """Far above chance and below 1, and the wrong labels stand out, after two epochs on half of the rows."""
    done = train_embedded(f"{name}[size=600]", epochs=2)
    found = done.kind.evaluate(done.task, done.run.predict(done.asked), done.evaluation, done.asked)
    assert 0.55 < found.metric[done.task.metric] < 0.95
    dynamics = done.run.observers["train"].dataset(done.kind, done.encoded, 1)
    confidence, planted = dynamics["gold_prob"].mean(("run", "epoch")).to_numpy(), np.array(done.train.planted)
    mean = {sort: confidence[planted == sort].mean() for sort in ("mislabelled", "ambiguous", "clean", "redundant")}
    assert mean["mislabelled"] < min(mean["ambiguous"], mean["clean"]), mean
    assert mean["redundant"] > max(mean["ambiguous"], mean["clean"]), mean
