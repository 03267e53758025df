"""RACE, DREAM and Cosmos QA: all forms that their rows come in give the same examples, from a folder and the hub."""

from __future__ import annotations

import csv
import importlib.resources
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.hub_reading import read_tasks
from support.hub_stand_in import Hub

from hbench import kinds, metrics
from hbench.data.examples import Examples
from hbench.data.load import describe_source
from hbench.errors import DataError
from hbench.jobs.recipe import Recipe
from hbench.kinds import load_examples
from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer
from hbench.plugins.registry import TASKS

NAMES = ("race", "dream", "cosmosqa")
KIND = kinds.find_kind("choice")
Rows = dict[str, list[Any]]

# --- a few rows of each, in RACE's columns

RACE: Rows = {
    "example_id": ["high1.txt", "high1.txt", "high20.txt", "middle1.txt"],
    "article": ["The sky is blue."] * 2 + ["Grass is green.", "Snow is white.\nCoal is black."],
    "question": ["What is blue?", "The sky is _ .", "Which colour has grass?", "  _   is black."],
    "options": [
        ["sky", "grass", "snow", "coal"],
        ["blue", "red", "green", "old"],
        ["a", "b", "c", "green"],
        ["Snow", "Coal", "Both", "None"],
    ],
    "answer": ["A", "A", "D", "B"],
}
DREAM: Rows = {
    "example_id": ["5-1.q0", "5-1.q1", "7-2.q0"],
    "article": ["M: How are you?\nW: Fine."] * 2 + ["W: Is it late?\nM: No, it is ten.\nW: Good."],
    "question": ["How is she?", "The man is _ .", "What time is it?"],
    "options": [["Fine.", "Ill.", "Tired."], ["rude", "polite", "old"], ["Ten.", "Ten.", "Nine."]],
    "answer": ["A", "B", "C"],
}
COSMOS: Rows = {
    "example_id": ["x##1", "x##2", "y##1"],
    "article": ['I fell , "hard" .'] * 2 + ["It rained , so\nwe stayed ."],
    "question": ["Why ?", "What then ?", "Where ?"],
    "options": [
        ["I ran .", "null", "NA", "None of the above choices ."],
        ["a", "b", "c", "d"],
        ["1", "2", "3", "home"],
    ],
    "answer": ["A", "C", "D"],
}
ROWS = {"race": RACE, "dream": DREAM, "cosmosqa": COSMOS}
SPLITS = {"race": ("train", "test"), "dream": ("train", "test"), "cosmosqa": ("train", "validation")}


def hub_form(name: str) -> Rows:
    """Return the same rows in the hub's columns."""
    rows = ROWS[name]
    places = ["ABCD".index(letter) for letter in rows["answer"]]
    if name == "dream":
        return {
            "id": list(range(3)),
            "dialogue_id": [one.partition(".")[0] for one in rows["example_id"]],
            "dialogue": [article.split("\n") for article in rows["article"]],
            "question": rows["question"],
            "choice": rows["options"],
            "answer": [options[place] for options, place in zip(rows["options"], places, strict=True)],
        }
    if name == "cosmosqa":
        answers = {f"answer{i}": [options[i] for options in rows["options"]] for i in range(4)}
        columns = {"id": rows["example_id"], "context": rows["article"], "question": rows["question"]}
        return {**columns, **answers, "label": places}
    return rows


# --- the same rows in files


def write_table(folder: Path, split: str, rows: Rows) -> None:
    lines = [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]
    (folder / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_csv(folder: Path, split: str, rows: Rows) -> None:
    with (folder / f"{split}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(rows)
        writer.writerows(zip(*rows.values(), strict=True))


def write_race(folder: Path, split: str) -> None:
    """Write the authors' folders, each article's questions together."""
    for name in dict.fromkeys(RACE["example_id"]):
        own = [i for i, other in enumerate(RACE["example_id"]) if other == name]
        level = "high" if name.startswith("high") else "middle"
        article = {key: [RACE[column][i] for i in own] for key, column in RACE_KEYS.items()}
        place = folder / split / level
        place.mkdir(parents=True, exist_ok=True)
        whole = {**article, "article": RACE["article"][own[0]], "id": name}
        (place / name.removeprefix(level)).write_text(json.dumps(whole))


RACE_KEYS = {"questions": "question", "options": "options", "answers": "answer"}


def write_dream(folder: Path, split: str) -> None:
    """Write the authors' nested list, each dialogue's questions together."""
    rows = hub_form("dream")
    whole = []
    for name in dict.fromkeys(rows["dialogue_id"]):
        own = [i for i, other in enumerate(rows["dialogue_id"]) if other == name]
        asked = [{key: rows[key][i] for key in ("question", "choice", "answer")} for i in own]
        whole.append([rows["dialogue"][own[0]], asked, name])
    (folder / f"{split}.json").write_text(json.dumps(whole))


def write_originals(folder: Path, name: str) -> None:
    if name == "race":
        write_race(folder, "train")
        write_race(folder, "test")
    elif name == "dream":
        write_dream(folder, "train")
        write_dream(folder, "test")
    else:
        write_csv(folder, "train", hub_form(name))
        write_csv(folder, "valid", hub_form(name))


def task_folder(root: Path, name: str, way: str) -> Path:
    folder = root / way / name
    folder.mkdir(parents=True)
    if way == "originals":
        write_originals(folder, name)
    else:
        for split in SPLITS[name]:
            write_table(folder, split, ROWS[name] if way == "race" else hub_form(name))
    return folder.parent


def load(name: str, data_dir: Path, split: str = "train") -> Examples:
    task = TASKS.find(name)
    source = describe_source(task.plugin, data_dir, task.name)
    return load_examples(task, split, source=source, data_dir=data_dir, size=None, seed=0)


def assert_same(name: str, found: Examples, wanted: Examples) -> None:
    """Compare what is trained on: sequences, gold options, passages."""
    task = TASKS.find(name).plugin
    assert found.cases == wanted.cases
    tokenizer = load_tokenizer(find_model("tiny"), KIND.texts(task, wanted))
    assert list(KIND.texts(task, found)) == list(KIND.texts(task, wanted))
    one, other = (KIND.encode(task, examples, tokenizer, 64) for examples in (found, wanted))
    assert list(one.sequences) == list(other.sequences)
    for field in ("label", "owner", "length"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@pytest.mark.parametrize("split", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_all_forms_are_the_same_examples(name: str, split: int, tmp_path: Path) -> None:
    found = {
        way: load(name, task_folder(tmp_path, name, way), SPLITS[name][split]) for way in ("race", "hub", "originals")
    }
    wanted = found["race"]
    task = TASKS.find(name).plugin
    assert wanted.columns[task.columns["options"]] == ROWS[name]["options"]
    for examples in found.values():
        assert_same(name, examples, wanted)
    # to the letter, so that results of both may stand on one board
    assert found["originals"] == found["hub"]


def test_gold_options_and_passages(tmp_path: Path) -> None:
    for name, cases, label in (
        ("race", [0, 0, 1, 2], [0, 0, 3, 1]),
        ("dream", [0, 0, 1], [0, 1, 2]),
        ("cosmosqa", [0, 0, 1], [0, 2, 3]),
    ):
        examples = load(name, task_folder(tmp_path, name, "hub"))
        task = TASKS.find(name).plugin
        tokenizer = load_tokenizer(find_model("tiny"), KIND.texts(task, examples))
        assert examples.cases == cases
        assert KIND.encode(task, examples, tokenizer, 64).label.tolist() == label


def test_ids_are_the_sources_own(tmp_path: Path) -> None:
    """RACE's questions have none; on the hub DREAM's are numbered."""
    ids = {name: load(name, task_folder(tmp_path, name, "race")).ids for name in NAMES}
    assert ids == {"race": ["0", "1", "2", "3"], "dream": DREAM["example_id"], "cosmosqa": COSMOS["example_id"]}
    ids = {name: load(name, task_folder(tmp_path, name, "hub")).ids for name in NAMES}
    assert ids == {"race": ["0", "1", "2", "3"], "dream": ["0", "1", "2"], "cosmosqa": COSMOS["example_id"]}


@pytest.mark.parametrize("name", ["race", "dream"])
def test_the_authors_development_split_is_the_validation_split(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for split in ("train", "dev"):
        (write_race if name == "race" else write_dream)(folder, split)
    found = load(f"{name}[evaluate=validation]", tmp_path, "validation")
    assert found.digest == load(f"{name}[evaluate=dev]", tmp_path, "dev").digest
    with pytest.raises(DataError, match=rf"{name}: no file for the split 'test'; .*there is: dev"):
        load(name, tmp_path)


def test_rows_of_cosmos_without_a_label_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "cosmosqa"
    folder.mkdir()
    rows = hub_form("cosmosqa")
    for split, labels in (("train", [1, -1, 2]), ("test", [-1, -1, -1])):
        write_csv(folder, split, {**rows, "label": labels})
    assert load("cosmosqa[evaluate=test]", tmp_path).ids == ["x##1", "y##1"]
    with pytest.raises(DataError, match=r"test\.csv: no row has a gold label"):
        load("cosmosqa[evaluate=test]", tmp_path, "test")


# --- files at fault

ARTICLE = {"article": "a", "questions": ["q"], "options": [["a", "b", "c", "d"]], "answers": ["A"], "id": "high1.txt"}
ASKED = {"question": "q", "choice": ["a", "b", "c"], "answer": "a"}
COSMOS_HEAD = "id,context,question,answer0,answer1,answer2,answer3,label\n"


@pytest.mark.parametrize(
    ("name", "file", "content", "message"),
    [
        ("race", "test/high/1.txt", "{", r"not in the form of the original files \(.*\); fix the file"),
        ("race", "test/high/1.txt", [], r"not in the form of the original files"),
        ("race", "test/high/1.txt", {**ARTICLE, "answers": []}, r"\(1 questions, 1 lists of options, 0 answers\)"),
        ("race", "test/high/1.txt", {"article": "a"}, r"\(no 'questions'\)"),
        ("race", "test/high/1.txt", {**ARTICLE, "answers": ["E"]}, r"row 1 .*, example_id high1.txt: .*'E', the text"),
        ("race", "test/high/1.txt", {**ARTICLE, "options": [["a"]]}, r"row 1 .*high1.txt: .* 1 options, .* with 4"),
        ("dream", "test.json", "[", r"not in the form of the original files \(.*\); fix the file"),
        ("dream", "test.json", {"a": 1}, r"not in the form of the original files"),
        ("dream", "test.json", [[["M: hi"], [ASKED]]], r"not in the form of the original files"),
        ("dream", "test.json", [[["M: hi"], [{"question": "q"}], "1"]], r"\(no 'choice'\)"),
        ("dream", "test.json", [[["M: hi"], [{**ASKED, "answer": "d"}], "1"]], r"row 1 .*, example_id 0: .*'d', the t"),
        ("dream", "test.json", [[[], [ASKED], "1"]], r"row 1 .*, example_id 0: column 'article' is empty"),
        ("dream", "test.json", [], r"the split is empty"),
        ("cosmosqa", "valid.csv", "id,context\n1,2\n", r"\(no 'question'\)"),
        ("cosmosqa", "valid.csv", COSMOS_HEAD + "1,a,q,a,b,c,d,x\n", r"not in the form .*'x'"),
        ("cosmosqa", "valid.csv", COSMOS_HEAD + "1,a,q,a,b\n", r"line 2: 5 fields instead of 8"),
        ("cosmosqa", "valid.csv", COSMOS_HEAD + f"1,{'a' * 140_000},q,a,b,c,d,1\n", r"not in the form .*field limit"),
        (
            "cosmosqa",
            "valid.csv",
            COSMOS_HEAD + "1,a,q,a,b,c,d,4\n",
            r"row 1 .*, example_id 1: column 'answer' holds 4",
        ),
        ("cosmosqa", "valid.csv", COSMOS_HEAD, r"the split is empty"),
    ],
)
def test_broken_original_files_are_named(name: str, file: str, content: Any, message: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    write_originals(folder, name)
    for other in (folder / file).parent.glob("*") if name == "race" else ():
        other.unlink()
    (folder / file).write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(DataError, match=rf"{file}(:|,) ?.*{message}") as caught:
        load(name, tmp_path, SPLITS[name][1])
    assert "\n" not in str(caught.value)


# --- the hub, as it lays the repositories out

PINNED = {
    "race": ("ehovy/race", "all", "2fec9fd81f1dc971569a9b729c43f2f0e6436637"),
    "dream": ("dataset-org/dream", None, "ca4c45feaf089ecfc37579eb2c594375f70dbfd5"),
    "cosmosqa": ("allenai/cosmos_qa", None, "ed50fe83db62b355759053b1cd5eef344ee371e0"),
}


def write_repositories(hub: Hub) -> None:
    """Write RACE's folders with a card that names them, and what the hub's own conversion to Parquet leaves."""
    race = hub.folder("datasets", PINNED["race"][0], PINNED["race"][2])
    (race / "README.md").write_text(
        "---\nconfigs:\n"
        + "".join(
            f"- config_name: {config}\n  data_files:\n"
            + "".join(f"  - split: {split}\n    path: {config}/{split}-*\n" for split in ("train", "test"))
            for config in ("all", "high")
        )
        + "---\n"
    )
    for config, rows in (("all", RACE), ("high", {name: values[:1] for name, values in RACE.items()})):
        (race / config).mkdir()
        halves = [slice(0, 2), slice(2, None)] if config == "all" else [slice(None)]
        for split in ("train", "test"):
            for i, part in enumerate(halves):
                some = {name: values[part] for name, values in rows.items()}
                file = race / config / f"{split}-{i:05}-of-{len(halves):05}.parquet"
                pd.DataFrame(some).to_parquet(file)
    for name, config in (("dream", "plain_text"), ("cosmosqa", "default")):
        converted = hub.folder("datasets", PINNED[name][0], PINNED[name][2])
        (converted / ".gitattributes").write_text("*.parquet filter=lfs\n")
        for split in ("train", "validation", "test"):
            (converted / config / split).mkdir(parents=True)
            pd.DataFrame(hub_form(name)).to_parquet(converted / config / split / "0000.parquet")


@pytest.mark.slow
def test_the_hub_is_read_at_the_pinned_revision(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    write_repositories(hub)
    found = read_tasks(hub, tmp_path / "home", NAMES)
    assert set(found) == {f"{name} {split}" for name in NAMES for split in SPLITS[name]}
    for name in NAMES:
        hub_id, config, revision = PINNED[name]
        folder = task_folder(tmp_path, name, "hub")
        for split in SPLITS[name]:
            answer = found[f"{name} {split}"]
            assert answer["source"] == {"hub": hub_id, "config": config, "revision": revision}
            assert answer["rows"]["digest"] == load(name, folder, split).digest


# --- declarations


@pytest.mark.parametrize("name", NAMES)
def test_declaration(name: str) -> None:
    task = TASKS.find(name).plugin
    assert (task.kind, task.metric, task.splits()) == ("choice", "accuracy", SPLITS[name][1:])
    assert task.metric in metrics.local_names()
    assert task.labels == (("A", "B", "C") if name == "dream" else ("A", "B", "C", "D"))
    for layout in task.layouts:
        assert set(layout) == set(task.columns)
    recipe = Recipe().updated(dict(task.recipe), name)
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.max_length) == (3, 16, 1e-5, 512)
    assert (recipe.weight_decay, recipe.adam_beta1, recipe.adam_beta2) == (0.1, 0.9, 0.98)
    assert (recipe.warmup, recipe.schedule) == (0.06, "linear")
    assert task.hub is not None
    assert (task.hub.id, task.hub.config, task.hub.revision) == PINNED[name]
    assert task.licence == ("CC BY 4.0" if name == "cosmosqa" else "non-commercial research only")
    bibliography = importlib.resources.files("hbench").joinpath("references.bib").read_text(encoding="utf-8")
    assert bibliography.count(f"{{{task.cite},") == 1
    json.dumps(task.declaration())
