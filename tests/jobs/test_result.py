"""result.json: the schema reads what any version wrote, writes it back to the byte, and names what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.finished_jobs import SCORED, TRAINED
from support.paths import GOLDEN

from hbench.errors import StoreError
from hbench.jobs.result import dump_result, load_score, load_training

RESULTS = GOLDEN / "job_results"
TRAININGS = ("full", "curriculum", "older")
SCORES = ("score", "score_without_truth")


@pytest.mark.parametrize("name", [*TRAININGS, *SCORES])
def test_what_an_older_version_wrote_is_written_back_to_the_byte(name: str) -> None:
    path = RESULTS / f"{name}.json"
    result, files = (load_training if name in TRAININGS else load_score)(path)
    assert dump_result(result, files) == path.read_text()


def test_every_part_of_a_training_is_read() -> None:
    full, _ = load_training(RESULTS / "full.json")
    assert full.examples.train == full.bill.trained[0].examples == 60
    assert {one.what for one in full.bill.observed} == {"signals", "gradients"}
    assert full.trivial == {"validation": "always negative"}
    assert full.curriculum is None
    chosen, _ = load_training(RESULTS / "curriculum.json")
    assert chosen.curriculum is not None
    assert chosen.curriculum.sizes[:2] == (60, 18)
    assert {sum(counts) for counts in chosen.curriculum.classes} == {18}
    older, _ = load_training(RESULTS / "older.json")
    assert older.trivial is None
    score, files = load_score(RESULTS / "score.json")
    assert set(score.planted or {}) == {"ambiguous", "mislabelled", "redundant"}
    assert set(files) == {"log.txt", "scores.npz", "spec.json"}
    assert load_score(RESULTS / "score_without_truth.json")[0] == SCORED


def test_no_file_of_a_store_names_a_folder_of_the_machine() -> None:
    assert all("/" not in path.read_text() for path in RESULTS.glob("*.json"))


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    payload = json.loads(dump_result(TRAINED, {}))
    change(payload)
    return json.dumps(payload)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "cannot be read"),
        ("[]", "the file is []"),
        ("[" * 100_000, "cannot be read"),
        (changed(lambda r: r.pop("bill")), "field 'bill' is missing"),
        (changed(lambda r: r.pop("files")), "field 'files' is missing"),
        (changed(lambda r: r.update(steps="3")), "field 'steps' is '3'; expected an integer"),
        (changed(lambda r: r.update(steps=True)), "field 'steps' is True"),
        (changed(lambda r: r.update(steps=-1)), "field 'steps' is -1"),
        (changed(lambda r: r.update(bill=[])), "bill is []; expected an object"),
        (changed(lambda r: r["bill"]["trained"][0].pop("flops")), "field 'bill.trained[0].flops' is missing"),
        (changed(lambda r: r["bill"]["trained"][0].update(flops=1.5)), "field 'bill.trained[0].flops' is 1.5"),
        (changed(lambda r: r["bill"].update(trained={})), "field 'bill.trained' is {}; expected a list"),
        (changed(lambda r: r["metric"]["validation"].update(accuracy=None)), "'metric.validation.accuracy' is None"),
        (changed(lambda r: r["machine"].update(torch=2)), "field 'machine.torch' is 2; expected a string"),
        (changed(lambda r: r["examples"].update(evaluatioN={})), "field 'examples.evaluatioN' is not known"),
        (changed(lambda r: r.update(triviaL=r.pop("trivial"))), "field 'triviaL' is not known"),
        (changed(lambda r: r.update(curriculum={"count": 3, "sizes": [3], "classes": [3]})), "'curriculum.classes[0]'"),
    ],
)
def test_what_is_damaged_or_foreign_names_the_file_and_the_field(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(StoreError) as caught:
        load_training(path)
    assert str(path) in str(caught.value)
    assert named in str(caught.value)


def test_a_file_that_is_not_text_or_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot be read") as caught:
            load_training(path)
        assert str(path) in str(caught.value)
        path.write_bytes(b"\xff\xfe{}")
