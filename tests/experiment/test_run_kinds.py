"""The main job end to end for questions with options and with spans as answers."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.bench import SMALL_SUITE, Bench
from support.killed_runs import files, kill_and_go_on, run

from hbench.experiment.suite import Suite
from hbench.jobs.store import Store
from hbench.kinds import load_examples
from hbench.plugins.registry import TASKS
from hbench.results.folder import results_of

#: Whole runs in worker processes.
pytestmark = pytest.mark.slow

SUITE = (
    SMALL_SUITE.replace('["planted-sentence[size=120]"]', '["planted-choice[size=60]", "planted-span[size=60]"]')
    .replace('["h-score", "el2n", "length"]', '["forgetting", "cartography", "el2n", "grand", "length"]')
    .replace('[0.3, "h-score"]', "[0.5]")
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("kinds"))
    bench.write(SUITE)
    run(bench, "a")
    return bench


def test_every_scorer_has_its_cell(finished: Bench) -> None:
    rows = list(csv.DictReader((finished.folder / "a/leaderboard/leaderboard.csv").open()))
    methods = ("full", "forgetting", "cartography", "el2n", "grand", "length", "random")
    found = {(row["task"], row["method"]) for row in rows if row["status"] == "complete"}
    assert found == {(f"planted-{kind}[size=60]", method) for kind in ("choice", "span") for method in methods}


def test_the_metric_of_spans_stands_with_exact_match_and_its_own_values(finished: Bench) -> None:
    store = Store(finished.folder / "a/store")
    seen = 0
    for place in sorted((store.root / "finetune").iterdir()):
        if json.loads((place / "spec.json").read_text())["task"]["ref"].startswith("planted-span"):
            metric = store.training(place.name).metric["validation"]
            arrays = store.arrays("finetune", place.name, "predictions.npz")
            assert metric["f1"] == pytest.approx(arrays["validation.values"].mean())
            assert metric["exact"] == pytest.approx(arrays["validation.exact"].mean())
            assert arrays["validation.prediction"].shape == (60, 2)
            # there, as in the official script, an odd text such as "the" counts as an answer: of 60, up to two are odd
            assert metric["best_f1"] >= metric["f1"] - 2 / 60
            seen += 1
    assert seen == 2 + 6 * 2
    page = (finished.folder / "a/leaderboard/LEADERBOARD.md").read_text()
    assert "| also |" in page
    row = next(csv.DictReader((finished.folder / "a/leaderboard/leaderboard.csv").open()))
    assert "also" in row


def test_the_full_data_is_held_against_a_trivial_answer(finished: Bench) -> None:
    cells = {(c.task, c.method): c for c in results_of(finished.folder / "a/results")}
    found = {}
    for (task, method), cell in cells.items():
        assert (cell.trivial is not None) == (method == "full")
        if cell.trivial is not None:
            values = cell.trivial.examples.decode(0)
            assert values is not None
            found[task] = cell.trivial.answer, float(values.mean())
    span = cells["planted-span[size=60]", "full"]
    rows = load_examples(
        TASKS.find(span.task), "validation", source=span.data.source, data_dir=None, size=60, seed=Suite.sample_seed
    )
    without = [not answers["text"] for answers in rows.columns["answers"]]
    assert rows.digest == span.data.eval_digest
    assert 0 < sum(without) < 60
    assert found["planted-choice[size=60]"] == ("guessing", pytest.approx(0.25))
    assert found["planted-span[size=60]"] == ("never answering", pytest.approx(np.mean(without)))
    page = (finished.folder / "a/leaderboard/LEADERBOARD.md").read_text()
    assert page.count("| never answering |") == page.count("| guessing |") == 1


def test_a_store_that_knows_no_trivial_answer_still_gives_results(finished: Bench, tmp_path: Path) -> None:
    """Jobs of an earlier hbench are not run again for it."""
    store = tmp_path / "store"
    shutil.copytree(finished.folder / "a/store", store)
    for file in store.glob("finetune/*/result.json"):
        told = json.loads(file.read_text())
        del told["trivial"]
        file.write_text(json.dumps(told))
        (file.parent / "result.sha256").unlink()  # an earlier hbench sealed no result
    done = finished.hbench(
        "run", "suite.toml", "--store", str(store), "--results", str(tmp_path / "r"), "--out", str(tmp_path / "o")
    )
    assert " 0 failed" in done.stdout + done.stderr
    assert "\n0 jobs run" in done.stdout + done.stderr
    assert all(cell.trivial is None for cell in results_of(tmp_path / "r"))


def test_another_store_and_a_kill_give_the_same_bytes(finished: Bench) -> None:
    done = kill_and_go_on(finished, 5)
    first, second = files(finished, "a"), files(finished, "b")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert len(done) >= 5


@pytest.mark.parametrize(
    ("task", "row", "said"),
    [
        ("race", {"answer": "E"}, ["row 2", "middle2.txt", "'answer' holds 'E'", "A, B, C, D"]),
        ("race", {"options": ["a", "b", "c"]}, ["row 2", "middle2.txt", "3 options", "4"]),
        ("race", {"article": " "}, ["row 2", "middle2.txt", "'article' is empty"]),
        ("squad_v2", {"answers": {"text": ["rain"], "answer_start": [3]}}, ["row 2", "id q2", "not at character"]),
        ("squad_v2", {"context": ""}, ["row 2", "id q2", "'context' is empty"]),
    ],
)
def test_a_row_at_fault_is_named_before_anything_runs(
    bench: Bench, task: str, row: dict[str, object], said: list[str]
) -> None:
    good = {
        "race": {"article": "It rained.", "question": "What?", "options": ["a", "b", "c", "d"], "answer": "A"},
        "squad_v2": {"context": "The rain.", "question": "What?", "answers": {"text": ["rain"], "answer_start": [4]}},
    }[task]
    name = {"race": ("example_id", "middle{}.txt"), "squad_v2": ("id", "q{}")}[task]
    folder: Path = bench.folder / "data" / task
    folder.mkdir(parents=True)
    rows = [{name[0]: name[1].format(i), **good, **(row if i == 2 else {})} for i in (1, 2, 3)]
    lines = "".join(json.dumps(r) + "\n" for r in rows)
    for split in ("train", "validation"):
        (folder / f"{split}.jsonl").write_text(lines)
    reference = f"{task}[evaluate=validation]"
    options = ("--task", reference, "--model", "tiny", "--data-dir", "data", "--executor", "inline", "--quiet")
    done = bench.hbench("run", "small", *options, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    for text in said:
        assert text in done.stderr, done.stderr


def test_scores_of_both_kinds_are_finite_and_of_their_range(finished: Bench) -> None:
    store = Store(finished.folder / "a/store")
    found = set()
    for place in sorted((store.root / "score").iterdir()):
        spec = json.loads((place / "spec.json").read_text())
        score = store.arrays("score", place.name, "scores.npz")["score"]
        found.add((spec["task"]["ref"], spec["scorer"]))
        assert np.isfinite(score).all()
        if spec["scorer"] == "el2n":
            assert 0 < score.min() <= score.max() <= (2.0 if "span" in spec["task"]["ref"] else np.sqrt(2))
        if spec["scorer"] == "grand":
            assert score.min() > 0
    assert len(found) == 2 * 6
