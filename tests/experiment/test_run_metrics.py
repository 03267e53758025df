"""The main job end to end for metrics of two classes that are no mean: tests are of the metric that is shown."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from support.bench import SMALL_SUITE, Bench

from hbench.board.measures import measure_of
from hbench.results.folder import results_of

#: Whole runs.
pytestmark = pytest.mark.slow

SUITE = (
    SMALL_SUITE.replace('["planted-sentence[size=120]"]', '["mrpc", "cola", "sst2"]')
    .replace('["h-score", "el2n", "length"]', '["length"]')
    .replace('[0.3, "h-score"]', "[0.5]")
    .replace("seeds = 2", "seeds = 4")
)
WORDS = ["red", "cat", "sat", "mat", "saw", "blue", "dog", "ran", "old", "tree", "near", "water", "one", "bird"]
SIZES = {"train": 120, "validation": 61}


def write_data(folder: Path) -> None:
    """Write rows of two classes whose second text repeats the first, or not; a word tells the class of a sentence."""
    rng = np.random.default_rng(0)
    for task in ("mrpc", "cola", "sst2"):
        (folder / task).mkdir(parents=True)
        for split, size in SIZES.items():
            rows = []
            for i in range(size):
                label, first = int(rng.random() < 0.6), " ".join(rng.choice(WORDS, 8))
                second = first if label else " ".join(rng.choice(WORDS, 8))
                sentence = first + (" yes" if label else " no")
                rows.append({"idx": i, "sentence1": first, "sentence2": second, "sentence": sentence, "label": label})
            (folder / task / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("metrics"))
    bench.write(SUITE)
    write_data(bench.folder / "data")
    places = ("--store", "store", "--results", "results", "--out", "board")
    bench.hbench("run", "suite.toml", "--data-dir", "data", *places)
    return bench


def test_results_hold_the_gold_classes_that_their_metric_needs(finished: Bench) -> None:
    labels = {
        task: [json.loads(line)["label"] for line in (finished.folder / f"data/{task}/validation.jsonl").open()]
        for task in ("mrpc", "cola")
    }
    for cell in results_of(finished.folder / "results"):
        assert cell.examples is not None
        if cell.task == "sst2":
            assert cell.examples.gold is None
            continue
        gold = cell.examples.gold_classes()
        assert gold is not None
        # 60 of the 61 rows, in their order
        assert len(gold) == 60
        assert gold.sum() in (sum(labels[cell.task]), sum(labels[cell.task]) - 1)


@pytest.mark.parametrize(("task", "answer"), [("mrpc", "always equivalent"), ("cola", "always acceptable")])
def test_metric_and_differences_of_a_row_are_of_one_metric(finished: Bench, task: str, answer: str) -> None:
    cells = [cell for cell in results_of(finished.folder / "results") if cell.task == task]
    assert measure_of(cells) is not None
    assert {cell.trivial.answer for cell in cells if cell.trivial} == {answer}
    rows = list(csv.DictReader((finished.folder / "board/leaderboard.csv").open()))
    by_method = {row["method"]: row for row in rows if row["task"] == task}
    for name in ("length", "random"):
        row = by_method[name]
        expected = float(row["metric"]) - float(by_method["full"]["metric"])
        assert float(row["full_difference"]) == pytest.approx(expected, abs=1e-5)
        assert row["metric_low"]
        assert not row["values_mean"]
