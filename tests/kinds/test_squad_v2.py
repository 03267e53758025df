"""The metric of SQuAD v2, against the official script's values and by hand; and reading the data's original files."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support import paths
from support.hub_reading import read_tasks
from support.hub_stand_in import Hub

from hbench import metrics
from hbench.data.examples import Examples
from hbench.data.load import describe_source
from hbench.errors import DataError, UsageError
from hbench.jobs.recipe import Recipe
from hbench.kinds import load_examples
from hbench.plugins.registry import TASKS

GOLDEN = json.loads((paths.GOLDEN / "squad_v2_metric.json").read_text())
TASK = TASKS.find("squad_v2")


def compute(rows: list[tuple[str, list[str], float]], **options: Any) -> dict[str, Any]:
    """Score rows of (prediction, gold answers, no-answer probability)."""
    predictions = [
        {"id": str(i), "prediction_text": text, "no_answer_probability": odds} for i, (text, _, odds) in enumerate(rows)
    ]
    references = [
        {"id": str(i), "answers": {"text": golds, "answer_start": [0] * len(golds)}}
        for i, (_, golds, _) in enumerate(rows)
    ]
    return metrics.compute_records("squad_v2", predictions, references, **options)


def golden_rows() -> list[tuple[str, list[str], float]]:
    return [(case["prediction"], case["answers"], case["no_answer_probability"]) for case in GOLDEN["cases"]]


def test_every_question_and_total_is_the_official_scripts() -> None:
    found = compute(golden_rows())
    each = found.pop("per_question")
    for name in ("exact", "f1"):
        np.testing.assert_allclose(each[name], [case[name] for case in GOLDEN["cases"]], rtol=0, atol=1e-12)
    assert set(found) == set(GOLDEN["totals"])
    for name, value in GOLDEN["totals"].items():
        scale = 1 if name.endswith(("total", "thresh")) else 100  # the script's are percentages
        assert scale * found[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("threshold", sorted(GOLDEN["at_threshold"]))
def test_totals_above_a_threshold_are_the_official_scripts(threshold: str) -> None:
    found = compute(golden_rows(), no_answer_threshold=float(threshold))
    expected = GOLDEN["at_threshold"][threshold]
    assert {name: 100 * found[name] for name in ("exact", "f1")} == pytest.approx(
        {name: expected[name] for name in ("exact", "f1")}, rel=1e-12
    )
    assert np.mean(found["per_question"]["f1"]) == pytest.approx(found["f1"], rel=1e-12)


@pytest.mark.parametrize(
    ("prediction", "golds", "exact", "f1"),
    [
        ("the Denver Broncos", ["Denver Broncos!"], 1, 1),
        ("state-of-the-art", ["stateoftheart"], 1, 1),
        ("An apple a day", ["apple day"], 1, 1),
        ("  two \t words\n", ["two words"], 1, 1),
        ("theatre", ["atre"], 0, 0),
        ("big red fox", ["red fox"], 0, 0.8),
        ("red red fox", ["red fox fox"], 0, 2 / 3),
        ("red", ["blue", "dark red", "red!"], 1, 1),
        ("", [], 1, 1),
        ("anything", [], 0, 0),
        ("the", [], 1, 1),
        ("", ["red"], 0, 0),
        ("", ["the", "..."], 1, 1),
        ("red", ["the"], 0, 0),
        ("", ["the", "red"], 0, 0),
    ],
)
def test_one_question(prediction: str, golds: list[str], exact: float, f1: float) -> None:
    each = compute([(prediction, golds, 0.0)])["per_question"]
    assert each == {"exact": [exact], "f1": [pytest.approx(f1, rel=1e-12)]}


def test_best_threshold_parts_what_has_an_answer_from_what_has_none() -> None:
    rows = [("red", ["red"], 0.1), ("big fox", ["fox"], 0.2), ("blue", [], 0.6), ("green", ["green"], 0.7)]
    found = compute(rows)
    assert found["exact"] == 2 / 4
    assert found["f1"] == pytest.approx((1 + 2 / 3 + 1) / 4)
    assert (found["best_exact"], found["best_exact_thresh"]) == (2 / 4, 0.1)
    assert (found["best_f1"], found["best_f1_thresh"]) == (pytest.approx((1 + 2 / 3 + 1) / 4), 0.2)
    # an answer above the threshold counts as none given
    assert compute(rows, no_answer_threshold=0.5)["per_question"]["exact"] == [1, 0, 1, 0]
    assert compute(rows, no_answer_threshold=0.6)["per_question"]["exact"] == [1, 0, 0, 0]


def test_saying_nothing_may_be_best() -> None:
    found = compute([("red", [], 0.1), ("blue", [], 0.2)])
    assert (found["best_f1"], found["best_f1_thresh"], found["f1"]) == (1.0, 0.0, 0.0)
    assert not [name for name in found if name.startswith("HasAns")]


def test_probabilities_keep_their_precision() -> None:
    """Thresholds that differ in the ninth digit differ: float32 would make them equal."""
    low, high = 0.1, 0.1 + 1e-9
    found = compute([("red", ["red"], low), ("blue", [], high)], no_answer_threshold=low)
    assert found["per_question"]["exact"] == [1, 1]
    assert found["best_exact_thresh"] == low


def test_order_of_the_references_does_not_matter() -> None:
    predictions = [{"id": i, "prediction_text": i, "no_answer_probability": 0.0} for i in "xyz"]
    references = [{"id": i, "answers": {"text": [i], "answer_start": [0]}} for i in "zxy"]
    found = metrics.compute_records("squad_v2", predictions, references)
    assert found["per_question"]["exact"] == [1, 1, 1]


@pytest.mark.parametrize(
    ("ids", "others", "message"),
    [
        ("ab", "ac", "id 'b' is not on both sides"),
        ("ab", "a", r"Mismatch in the number of predictions \(2\) and references \(1\)"),
        ("aa", "ab", "an id is listed twice"),
        ("ab", "aa", "an id is listed twice"),
    ],
)
def test_ids_that_do_not_pair_are_refused(ids: str, others: str, message: str) -> None:
    predictions = [{"id": i, "prediction_text": "", "no_answer_probability": 0.0} for i in ids]
    references = [{"id": i, "answers": {"text": [], "answer_start": []}} for i in others]
    with pytest.raises(UsageError, match=message):
        metrics.compute_records("squad_v2", predictions, references)


def test_metric_is_no_metric_of_classes() -> None:
    assert "squad_v2" not in metrics.local_names()
    with pytest.raises(UsageError, match="does not take class integers"):
        metrics.compute("squad_v2", np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64), classes=2)
    with pytest.raises(UsageError, match="does not take these records"):
        metrics.compute_records("squad_v2", [{"id": "1"}], [{"id": "1"}])
    assert compute([("red", ["red"], 0.0)])["exact"] == 1.0  # as if nothing had happened


# --- the task and its original files


def article(*questions: dict[str, Any], context: str = "The sky is blue. Grass is green.") -> dict[str, Any]:
    return {"title": "Colours", "paragraphs": [{"context": context, "qas": list(questions)}]}


BLUE = {"id": "q1", "question": "What is blue?", "answers": [{"text": "The sky", "answer_start": 0}]}
NONE = {
    "id": "q2",
    "question": "What is red?",
    "answers": [],
    "is_impossible": True,
    "plausible_answers": [{"text": "Grass", "answer_start": 17}],
}
TWO = {
    "id": "q3",
    "question": "Which colour has grass?",
    "answers": [{"text": "green", "answer_start": 9}, {"text": "is green", "answer_start": 6}],
}
WHOLE = {"version": "v2.0", "data": [article(BLUE, NONE), article(TWO, context="Grass is green.")]}


def written(tmp_path: Path, name: str, content: Any) -> Path:
    folder = tmp_path / "squad_v2"
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return tmp_path


def load(data_dir: Path, split: str = "train") -> Examples:
    source = describe_source(TASK.plugin, data_dir, TASK.name)
    return load_examples(TASK, split, source=source, data_dir=data_dir, size=None, seed=0)


@pytest.mark.parametrize("names", [("train-v2.0.json", "dev-v2.0.json"), ("train.json", "validation.json")])
def test_original_files_are_read(tmp_path: Path, names: tuple[str, str]) -> None:
    data = written(tmp_path, names[0], WHOLE)
    written(tmp_path, names[1], {"data": [article(NONE)]})
    found = load(data)
    assert found.ids == ["q1", "q2", "q3"]
    assert found.columns == {
        "id": ["q1", "q2", "q3"],
        "question": ["What is blue?", "What is red?", "Which colour has grass?"],
        "context": ["The sky is blue. Grass is green."] * 2 + ["Grass is green."],
        "title": ["Colours", "Colours", "Colours"],
        "answers": [
            {"text": ["The sky"], "answer_start": [0]},
            {"text": [], "answer_start": []},
            {"text": ["green", "is green"], "answer_start": [9, 6]},
        ],
    }
    assert found.cases == [0, 0, 0]
    assert load(data, "validation").ids == ["q2"]


def rows_of(data_dir: Path, rows: list[dict[str, Any]]) -> Examples:
    """Read rows from a table."""
    for split in ("train", "validation"):
        written(data_dir, f"{split}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return load(data_dir)


def test_questions_on_one_article_are_one_case_whatever_the_paragraph(tmp_path: Path) -> None:
    texts = {"a": "The sky is blue.", "b": "Grass is green.", "c": "Snow is white."}
    rows = [
        {"id": i, "title": title, "context": texts[text], "question": "?", "answers": {"text": [], "answer_start": []}}
        for i, title, text in (("1", "Sky", "a"), ("2", "Land", "b"), ("3", "Sky", "c"), ("4", "Sky", "a"))
    ]
    assert rows_of(tmp_path / "titled", rows).cases == [0, 1, 0, 0]
    untitled = [{name: value for name, value in row.items() if name != "title"} for row in rows]
    assert rows_of(tmp_path / "untitled", untitled).cases == [0, 1, 2, 0]


def test_original_files_with_an_article_without_a_title_are_read_by_paragraph(tmp_path: Path) -> None:
    untitled = {"paragraphs": article(TWO, context="Grass is green.")["paragraphs"]}
    data = written(tmp_path, "train.json", {"data": [article(BLUE, NONE), untitled]})
    written(data, "validation.json", WHOLE)
    assert load(data).cases == [0, 0, 1]
    assert load(data, "validation").cases == [0, 0, 0]


def test_original_files_and_tables_give_the_same_examples(tmp_path: Path) -> None:
    data = written(tmp_path / "a", "train.json", WHOLE)
    written(tmp_path / "a", "validation.json", WHOLE)
    found = load(data)
    rows = [dict(zip(found.columns, row, strict=True)) for row in zip(*found.columns.values(), strict=True)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    data = written(tmp_path / "b", "train.jsonl", lines)
    written(tmp_path / "b", "validation.jsonl", lines)
    assert load(data).digest == found.digest


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"train\.json: not in the form of the original files \(.*\); fix the file"),
        ("[]", r"train\.json: not in the form of the original files"),
        ({"version": "v2.0"}, r"train\.json: not in the form of the original files \(no 'data'\)"),
        ({"data": [{"title": "x"}]}, r"\(no 'paragraphs'\)"),
        ({"data": [article({"id": "q1", "question": "?"})]}, r"\(no 'answers'\)"),
        ({"data": [article({**BLUE, "answers": [{"text": "The sky"}]})]}, r"\(no 'answer_start'\)"),
        ({"data": ["x"]}, r"not in the form"),
        ({"data": [article({**BLUE, "answers": None})]}, r"not in the form"),
        ({"data": []}, r"train\.json: the split is empty"),
        (
            {"data": [article(NONE, {**BLUE, "answers": [{"text": "The sky", "answer_start": 4}]})]},
            r"train\.json, row 2 .*id q1: the answer 'The sky' is not at character 4",
        ),
    ],
)
def test_broken_original_files_are_named(tmp_path: Path, content: Any, message: str) -> None:
    data = written(tmp_path, "train.json", content)
    written(data, "validation.json", WHOLE)
    with pytest.raises(DataError, match=message):
        load(data)


def test_two_original_files_of_one_split_are_refused(tmp_path: Path) -> None:
    data = written(tmp_path, "train.json", WHOLE)
    written(data, "train-v2.0.json", WHOLE)
    with pytest.raises(DataError, match=r"both train\.json and train-v2\.0\.json hold the split 'train'; keep one"):
        load(data)


def test_threshold_is_an_option() -> None:
    assert TASK.plugin.threshold == 0.0
    assert TASKS.find("squad_v2[threshold=-1.5]").plugin.threshold == -1.5
    with pytest.raises(UsageError, match=r"threshold=nan\]: expected a finite number"):
        TASKS.find("squad_v2[threshold=nan]")
    assert TASKS.find("squad_v2[threshold=tuned]").plugin.threshold == "tuned"
    with pytest.raises(UsageError, match=r"threshold=best\]: expected a number, found 'best', or use tuned"):
        TASKS.find("squad_v2[threshold=best]")


def test_answerable_leaves_no_use_for_a_threshold() -> None:
    assert TASKS.find("squad_v2[answerable=true]").plugin.answerable
    with pytest.raises(UsageError, match=r"threshold=tuned has no use with answerable=true"):
        TASKS.find("squad_v2[answerable=true,threshold=tuned]")


def test_declaration() -> None:
    task = TASK.plugin
    assert (task.kind, task.metric, task.splits()) == ("span", "f1", ("validation",))
    assert task.columns["passage"] == "title"
    assert dict(task.recipe) == {"epochs": 2, "batch_size": 12, "learning_rate": 3e-5, "max_length": 384}
    assert Recipe().updated(dict(task.recipe), "squad_v2").epochs == 2
    assert task.hub is not None
    assert len(str(task.hub.revision)) == 40
    assert f"{{{task.cite}," in importlib.resources.files("hbench").joinpath("references.bib").read_text(
        encoding="utf-8"
    )
    json.dumps(task.declaration())


# --- the hub, as it lays the repository out

CARD = """---
dataset_info:
  config_name: squad_v2
  features:
  - name: id
    dtype: string
  - name: title
    dtype: string
  - name: context
    dtype: string
  - name: question
    dtype: string
  - name: answers
    sequence:
    - name: text
      dtype: string
    - name: answer_start
      dtype: int32
  splits:
  - name: train
    num_bytes: 1
    num_examples: 3
  - name: validation
    num_bytes: 1
    num_examples: 3
configs:
- config_name: squad_v2
  data_files:
  - split: train
    path: squad_v2/train-*
  - split: validation
    path: squad_v2/validation-*
  default: true
---
"""


@pytest.mark.slow
def test_the_hub_is_read_at_the_pinned_revision(tmp_path: Path) -> None:
    revision = "3ffb306f725f7d2ce8394bc1873b24868140c412"
    rows = [
        {"id": "a", "title": "T", "context": "Rain fell.", "question": "What fell?", "answers": (["Rain"], [0])},
        {"id": "b", "title": "T", "context": "Rain fell.", "question": "Who ran?", "answers": ([], [])},
        {"id": "c", "title": "T", "context": "Snow, snow.", "question": "What?", "answers": (["Snow", "snow"], [0, 6])},
    ]
    table = [{**row, "answers": dict(zip(("text", "answer_start"), row["answers"], strict=True))} for row in rows]
    hub, folder = Hub(tmp_path / "hub"), tmp_path / "data"
    repository = hub.folder("datasets", "rajpurkar/squad_v2", revision)
    (repository / "README.md").write_text(CARD)
    (repository / "squad_v2").mkdir()
    (folder / "squad_v2").mkdir(parents=True)
    for split in ("train", "validation"):
        pd.DataFrame(table).to_parquet(repository / "squad_v2" / f"{split}-00000-of-00001.parquet")
        lines = "".join(json.dumps(row) + "\n" for row in table)
        (folder / "squad_v2" / f"{split}.jsonl").write_text(lines)
    found = read_tasks(hub, tmp_path / "home", ["squad_v2"])
    where = {"hub": "rajpurkar/squad_v2", "config": "squad_v2", "revision": revision}
    assert [part["source"] for part in found.values()] == [where, where]
    source = describe_source(TASK.plugin, folder, "squad_v2")
    for split in ("train", "validation"):
        local = load_examples(TASK, split, source=source, data_dir=folder, size=None, seed=0)
        assert found[f"squad_v2 {split}"]["rows"]["digest"] == local.digest
        assert local.ids == ["a", "b", "c"]
        assert local.cases == [0, 0, 0]
