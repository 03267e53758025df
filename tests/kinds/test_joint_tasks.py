"""SNIPS, ATIS, SLURP and MTOP: all forms that their rows come in give the same examples, from a folder and the hub."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.hub_reading import read_tasks
from support.hub_stand_in import Hub

from hbench import kinds
from hbench.data.examples import Examples
from hbench.data.load import describe_source
from hbench.errors import DataError
from hbench.jobs.recipe import Recipe
from hbench.kinds import load_examples
from hbench.kinds.slots import tags_of
from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer
from hbench.plugins.registry import TASKS, source_digest

NAMES = ("snips", "atis", "slurp", "mtop")
KIND = kinds.find_kind("joint")
Rows = dict[str, list[Any]]

#: A few made-up rows of each in the task's own columns.
ROWS: dict[str, Rows] = {
    "snips": {
        "tokens": [["play", "some", "old", "jazz"], ["rate", "it", "five"], ["hello"]],
        "slot_tags": [["O", "O", "B-year", "B-genre"], ["O", "O", "B-rating_value"], ["O"]],
        "intent": ["PlayMusic", "RateBook", "GetWeather"],
    },
    "atis": {
        "tokens": [["from", "new", "york", "at", "7"], ["what", "fare"]],
        "slot_tags": [["O", "B-fromloc.city_name", "I-fromloc.city_name", "O", "B-depart_time.time"], ["O", "O"]],
        "intent": ["flight+airfare", "airfare"],
    },
    "slurp": {
        "tokens": [["wake", "me", "at", "half", "past", "six"], ["hello"], ["jazz", "in", "the", "kitchen"]],
        "slot_tags": [
            ["O", "O", "O", "B-time", "I-time", "I-time"],
            ["O"],
            ["B-music_genre", "O", "O", "B-house_place"],
        ],
        "intent": ["alarm_set", "general_greet", "play_music"],
        "slurp_id": [7, 3, 12],
    },
    "mtop": {
        "tokens": [["Call", "Anna", "B", ".", "at", "five"], ["stop"], ["wake", "me"]],
        "slot_tags": [["O", "B-CONTACT", "I-CONTACT", "I-CONTACT", "B-DATE_TIME", "I-DATE_TIME"], ["O"], ["O", "O"]],
        "intent": ["CREATE_CALL", "STOP_MUSIC", "CREATE_ALARM"],
    },
}
SPLITS = dict.fromkeys(NAMES, ("train", "test")) | {"mtop": ("train_en", "test_en")}


def source_form(name: str) -> Rows:
    """Return the same rows as the hub has them, or for SLURP as the authors' files do."""
    rows = ROWS[name]
    if name == "snips":
        # one of its rows has more words than tags
        texts = {"input": ["broken row"], "slots": ["O"], "intent": ["PlayMusic"]}
        for column, ours in (("input", "tokens"), ("slots", "slot_tags")):
            texts[column] += [" ".join(words) for words in rows[ours]]
        return texts | {"intent": ["PlayMusic", *rows["intent"]]}
    if name == "atis":
        joined = {ours: [" ".join(words) for words in rows[ours]] for ours in ("tokens", "slot_tags")}
        return {"id": [0, 1], "intent": rows["intent"], "text": joined["tokens"], "slots": joined["slot_tags"]}
    if name == "slurp":
        entities = [[("time", [3, 4, 5])], [], [("music_genre", [0]), ("house_place", [3])]]
        return {
            "slurp_id": rows["slurp_id"],
            "sentence": [" ".join(words) for words in rows["tokens"]],
            "intent": ["set", "greet", "play_music"],  # which is not always scenario and action
            "action": [intent.partition("_")[2] for intent in rows["intent"]],
            "tokens": [
                [{"surface": w, "id": i, "lemma": w, "pos": "X"} for i, w in enumerate(words)]
                for words in rows["tokens"]
            ],
            "scenario": [intent.partition("_")[0] for intent in rows["intent"]],
            "entities": [[{"span": span, "type": kind} for kind, span in found] for found in entities],
        }
    # "Call Anna B. at five": the full stop is a word of its own
    texts = ["Call Anna B. at five", "stop", "wake me"]
    spans = [[(0, 4), (5, 4), (10, 1), (11, 1), (13, 2), (16, 4)], [(0, 4)], [(0, 4), (5, 2)]]
    return {
        "id": [1, 2, 3],
        "intent": [f"IN:{intent}" for intent in rows["intent"]],
        "slot": ["5:12:SL:CONTACT,13:20:SL:DATE_TIME", None, None],
        "utterance": texts,
        "domain": ["calling", "music", "alarm"],
        "locale": ["en_XX"] * 3,
        "dcp_form": ["[...]"] * 3,
        "tokens": [
            json.dumps({"tokens": words, "tokenSpans": [{"start": a, "length": n} for a, n in places], "type": "x"})
            for words, places in zip(rows["tokens"], spans, strict=True)
        ],
    }


def write_table(folder: Path, split: str, rows: Rows) -> None:
    lines = [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]
    (folder / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_originals(folder: Path, split: str) -> None:
    """Write MTOP's tab-separated lines."""
    rows = source_form("mtop")
    lines = [
        "\t".join("" if value is None else str(value) for value in row) for row in zip(*rows.values(), strict=True)
    ]
    part, language = split.split("_")
    (folder / language).mkdir(exist_ok=True)
    (folder / language / f"{part}.txt").write_text("\n".join(lines) + "\n")


def task_folder(root: Path, name: str, way: str) -> Path:
    folder = root / way / name
    folder.mkdir(parents=True)
    for split in SPLITS[name]:
        if way == "originals":
            write_originals(folder, split)
        else:
            write_table(folder, split, ROWS[name] if way == "own" else source_form(name))
    return folder.parent


def load(reference: str, data_dir: Path, split: str) -> Examples:
    task = TASKS.find(reference)
    source = describe_source(task.plugin, data_dir, task.name)
    return load_examples(task, split, source=source, data_dir=data_dir, size=None, seed=0)


def in_words(name: str, found: Examples) -> list[tuple[list[str], list[str], int]]:
    """Return words, tags and intent as they are trained on."""
    task = TASKS.find(name).plugin
    tokenizer = load_tokenizer(find_model("tiny"), KIND.texts(task, found))
    encoded = KIND.encode(task, found, tokenizer, 64)
    tags = tags_of(task)
    return [
        (text.split(), [tags[tag] for tag in row[row >= 0]], int(label))
        for text, row, label in zip(KIND.texts(task, found), encoded.notes, encoded.label, strict=True)
    ]


@pytest.mark.parametrize(
    ("name", "way"),
    [*((name, way) for name in NAMES for way in ("own", "source")), ("mtop", "originals")],
)
def test_all_forms_are_the_same_examples(name: str, way: str, tmp_path: Path) -> None:
    rows, task = ROWS[name], TASKS.find(name).plugin
    for split in SPLITS[name]:
        found = load(name, task_folder(tmp_path / split, name, way), split)
        intents = [task.labels.index(intent) for intent in rows["intent"]]
        assert in_words(name, found) == list(zip(rows["tokens"], rows["slot_tags"], intents, strict=True))
    if name == "slurp":
        assert found.ids == ["7", "3", "12"]
    elif (name, way) == ("snips", "source"):
        assert found.ids == ["1", "2", "3"]  # the row at fault keeps its number
    else:
        assert found.ids == [str(i) for i in range(len(rows["intent"]))]


def test_slots_of_mtop_take_the_words_within_them(tmp_path: Path) -> None:
    rows = source_form("mtop")
    rows["slot"] = ["5:9:SL:CONTACT, 10:12:SL:GROUP", "", " 5:7:SL:ATTENDEE "]
    folder = tmp_path / "mtop"
    folder.mkdir()
    write_table(folder, "train_en", rows)
    write_table(folder, "test_en", rows)
    tags = [tags for _, tags, _ in in_words("mtop", load("mtop", tmp_path, "train_en"))]
    assert tags == [["O", "B-CONTACT", "B-GROUP", "I-GROUP", "O", "O"], ["O"], ["O", "B-ATTENDEE"]]


def test_other_languages_of_mtop_have_splits(tmp_path: Path) -> None:
    folder = tmp_path / "mtop"
    folder.mkdir()
    for split in ("train_de", "eval_de"):
        write_originals(folder, split)
    assert load("mtop[train=train_de,evaluate=eval_de]", tmp_path, "eval_de").size == 3
    with pytest.raises(DataError, match=r"mtop: no file for the split 'train_en'; .*there is: de"):
        load("mtop", tmp_path, "train_en")


def test_what_the_tasks_own_code_converts_is_part_of_the_source(tmp_path: Path) -> None:
    for name in NAMES:
        task = TASKS.find(name).plugin
        source = describe_source(task, task_folder(tmp_path, name, "own"), name)
        expected = {} if name == "atis" else {"reader": source_digest(type(task))}
        assert {k: v for k, v in source.items() if k != "files"} == expected


# --- rows and files at fault


@pytest.mark.parametrize(
    ("name", "column", "value", "message"),
    [
        (
            "snips",
            "tokens",
            ["play", "jazz", "now"],
            r"row 1 .*: there are 3 words in .* and 4 tags in column 'slot_tags'",
        ),
        ("snips", "slot_tags", ["O", "O", "B-jear", "O"], r"row 1 .*'B-jear' for word 3.*; did you mean 'B-year'\?"),
        ("slurp", "slot_tags", ["O"] * 5, r"row 1 .*, slurp_id 7: there are 6 words in .* and 5 tags"),
        (
            "atis",
            "intent",
            "atis_flight",
            r"row 1 .*'atis_flight', which is not an intent of the task; did you mean 'flight'",
        ),
    ],
)
def test_a_row_at_fault_is_named(name: str, column: str, value: Any, message: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for split in SPLITS[name]:
        write_table(folder, split, {**ROWS[name], column: [value, *ROWS[name][column][1:]]})
    with pytest.raises(DataError, match=rf"{SPLITS[name][0]}\.jsonl, {message}") as caught:
        load(name, tmp_path, SPLITS[name][0])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "column", "value", "message"),
    [
        (
            "slurp",
            "entities",
            [{"span": [9], "type": "time"}],
            r"slurp_id 7: not in a form .* \(a slot at word 9 of 6\); fix",
        ),
        ("slurp", "tokens", [{"text": "a"}], r"slurp_id 7: not in a form that the task reads \(no 'surface'\)"),
        ("mtop", "tokens", '{"tokens": ["a"]}', r"not in a form that the task reads \(no 'tokenSpans'\)"),
        ("mtop", "tokens", '{"tokens": ', r"not in a form that the task reads \(.*\); fix the row"),
        ("mtop", "slot", "5:SL:CONTACT", r"not in a form that the task reads \(not enough values"),
        ("mtop", "slot", "0:4:SL:NOBODY", r"'slot_tags' holds 'B-NOBODY' for word 1"),
    ],
)
def test_a_row_that_cannot_be_converted_is_named(
    name: str, column: str, value: Any, message: str, tmp_path: Path
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    rows = source_form(name)
    others = rows[column][1:] if isinstance(value, str) else [value] * 2
    for split in SPLITS[name]:
        write_table(folder, split, {**rows, column: [value, *others]})
    with pytest.raises(DataError, match=rf"{SPLITS[name][0]}\.jsonl, row 1 .*{message}") as caught:
        load(name, tmp_path, SPLITS[name][0])
    assert "\n" not in str(caught.value)


def test_a_broken_line_of_mtop_is_named(tmp_path: Path) -> None:
    (tmp_path / "mtop" / "en").mkdir(parents=True)
    for part in ("train", "test"):
        (tmp_path / "mtop" / "en" / f"{part}.txt").write_text("1\tIN:STOP_MUSIC\n")
    with pytest.raises(DataError, match=r"train\.txt: not in the form .* \(line 1 has 2 fields instead of 8\); fix"):
        load("mtop", tmp_path, "train_en")


# --- the hub

PINNED = {
    "snips": ("bkonkle/snips-joint-intent", "3d6aa45aa00bbe841eebc5873c5a4fa8914328bc"),
    "atis": ("tuetschek/atis", "d44649dde31b4c9d2104aac42a35ed83956e7dec"),
    "mtop": ("WillHeld/mtop", None),
}
COMMIT = "7" * 40


def write_repositories(hub: Hub) -> None:
    """Write two repositories of CSV files without a card, and one of Parquet."""
    for name, files in (("snips", "{}.csv"), ("atis", "atis_{}.csv")):
        folder = hub.folder("datasets", PINNED[name][0], PINNED[name][1] or COMMIT)
        for split in SPLITS[name]:
            pd.DataFrame(source_form(name)).to_csv(folder / files.format(split), index=False)
    data = hub.folder("datasets", PINNED["mtop"][0], COMMIT) / "data"
    data.mkdir()
    for split in ("train_en", "test_en", "train_de"):
        pd.DataFrame(source_form("mtop")).to_parquet(data / f"{split}-00000-of-00001-0123456789abcdef.parquet")


@pytest.mark.slow
def test_the_hub_gives_the_same_rows(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    write_repositories(hub)
    found = read_tasks(hub, tmp_path / "home", list(PINNED))
    assert set(found) == {f"{name} {split}" for name in PINNED for split in SPLITS[name]}
    for name, (hub_id, revision) in PINNED.items():
        folder = task_folder(tmp_path, name, "source")
        for split in SPLITS[name]:
            source, rows = (found[f"{name} {split}"][key] for key in ("source", "rows"))
            assert (source["hub"], source["config"], source["revision"]) == (hub_id, None, revision or COMMIT)
            assert ("reader" in source) == (name != "atis")
            assert rows["digest"] == load(name, folder, split).digest


def test_slurp_is_not_on_the_hub() -> None:
    with pytest.raises(DataError, match=r"'slurp' names no data set on the hub; give the folder .* --data-dir"):
        describe_source(TASKS.find("slurp").plugin, None, "slurp")


# --- declarations


@pytest.mark.parametrize(
    ("name", "intents", "slots"), [("snips", 7, 39), ("atis", 26, 83), ("slurp", 60, 55), ("mtop", 113, 75)]
)
def test_declaration(name: str, intents: int, slots: int) -> None:
    task = TASKS.find(name).plugin
    assert (task.kind, task.metric) == ("joint", "frame_accuracy")
    assert (task.training(), *task.splits()) == SPLITS[name]
    assert (len(task.labels), len(set(task.labels))) == (intents, intents)
    assert (len(task.slots), len(set(task.slots))) == (slots, slots)
    assert len(tags_of(task)) == 1 + 2 * slots
    assert not any(slot[:2] in ("B-", "I-") for slot in task.slots)
    for layout in task.layouts:
        assert set(layout) == set(task.columns)
    recipe = Recipe().updated(dict(task.recipe), name)
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.schedule) == (40, 32, 2e-5, "constant")
    if name in PINNED:
        assert task.hub is not None
        assert (task.hub.id, task.hub.revision) == PINNED[name]
    bibliography = importlib.resources.files("hbench").joinpath("references.bib").read_text(encoding="utf-8")
    assert bibliography.count(f"{{{task.cite},") == 1
    assert KIND.declaration(task)["slots"] == list(task.slots)
    json.dumps(KIND.declaration(task))


def test_slots_stand_in_the_declarations_of_their_kind_only() -> None:
    tasks = {name: TASKS.find(name).plugin for name in TASKS.names()}
    with_slots = {n for n, task in tasks.items() if "slots" in kinds.find_kind(task.kind).declaration(task)}
    assert with_slots == {*NAMES, "planted-joint"}
