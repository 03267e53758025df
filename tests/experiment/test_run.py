"""The main job end to end, on the command line, with trainings that take seconds."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from support.bench import SMALL_SUITE, Bench

from hbench.jobs.store import Store

#: Whole runs in worker processes.
pytestmark = pytest.mark.slow

BOARD = ("LEADERBOARD.md", "leaderboard.csv")


def run(bench: Bench, place: str, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return bench.hbench("run", "suite.toml", "--store", f"{place}/store", "--quiet", *options, check=check)


def board(bench: Bench, place: str) -> dict[str, bytes]:
    return {name: (bench.folder / place / "leaderboard" / name).read_bytes() for name in BOARD}


def outputs(bench: Bench, place: str) -> dict[str, bytes]:
    """Return every score, prediction and result of a store, by its place."""
    root = bench.folder / place
    files = [
        *root.glob("store/*/*/scores.npz"),
        *root.glob("store/*/*/predictions.npz"),
        *root.glob("results/**/*.json"),
    ]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def trainings(bench: Bench, place: str) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (bench.folder / place / "store").glob("*/*/result.json")}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A suite run once, shared by the tests that only look at it."""
    bench = Bench(tmp_path_factory.mktemp("finished"))
    bench.write(SMALL_SUITE)
    run(bench, "a")
    return bench


def test_board_has_every_row_and_no_failure(finished: Bench) -> None:
    rows = list(csv.DictReader((finished.folder / "a/leaderboard/leaderboard.csv").open()))
    methods = {(row["method"], row["keep"]) for row in rows}
    assert methods == {("full", "1")} | {
        (m, k) for m in ("h-score", "el2n", "length", "random") for k in ("0.3", "h-score")
    }
    text = (finished.folder / "a/leaderboard/LEADERBOARD.md").read_text()
    assert "failed altogether: 0; missing: 0" in text


def test_metric_can_be_recomputed_from_the_predictions(finished: Bench) -> None:
    store = Store(finished.folder / "a/store")
    for place in sorted((store.root / "finetune").iterdir()):
        result = store.training(place.name)
        values = store.arrays("finetune", place.name, "predictions.npz")["validation.values"]
        assert result.metric["validation"]["accuracy"] == pytest.approx(values.mean())


def test_same_suite_in_another_store_gives_the_same_bytes(finished: Bench) -> None:
    run(finished, "b", "--executor", "local")
    assert board(finished, "b") == board(finished, "a")
    first, second = outputs(finished, "a"), outputs(finished, "b")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_finished_suite_trains_nothing(finished: Bench) -> None:
    before = trainings(finished, "a")
    run(finished, "a")
    assert trainings(finished, "a") == before


def test_added_scorer_trains_no_full_run_again(finished: Bench) -> None:
    before = trainings(finished, "a")
    scorers = ("--scorer", "h-score", "--scorer", "forgetting", "--scorer", "el2n", "--scorer", "length")
    done = run(finished, "a", *scorers, "--results", "more/results", "--out", "more/leaderboard")
    new = {path for path in trainings(finished, "a") if path not in before}
    specs = [json.loads((path.parent / "spec.json").read_text()) for path in new]
    assert all(spec["job"] == "score" or "subset" in spec for spec in specs)
    assert "forgetting" in done.stdout


def test_other_choice_of_scorers_trains_no_full_run_again(finished: Bench) -> None:
    before = trainings(finished, "a")
    scorers = ("--scorer", "h-score", "--scorer", "length")  # which ask for less than the runs were watched for
    run(finished, "a", *scorers, "--results", "less/results", "--out", "less/leaderboard")
    new = {path for path in trainings(finished, "a") if path not in before}
    assert all(path.parent.parent.name == "score" for path in new)
    less, more = ((finished.folder / place / "results").rglob("0.3-*-h-score.json") for place in ("less", "a"))
    values = [json.loads(next(found).read_text())["values"] for found in (less, more)]
    assert values[0] == values[1]


def test_check_of_the_board_notices_drift(finished: Bench) -> None:
    place = finished.folder / "a"
    options = ("--results", str(place / "results"), "--out", str(place / "leaderboard"))
    assert finished.hbench("leaderboard", "check", *options).returncode == 0
    table = place / "leaderboard/leaderboard.csv"
    kept = table.read_text()
    table.write_text(kept.replace("el2n", "el3n", 1))
    done = finished.hbench("leaderboard", "check", *options, check=False)
    table.write_text(kept)
    assert done.returncode == 1
    assert "1 result added: planted-sentence[size=120] / 0.3 / el2n" in done.stdout
    assert "1 result removed: planted-sentence[size=120] / 0.3 / el3n" in done.stdout


def test_diverged_training_is_a_failed_cell(bench: Bench) -> None:
    bench.write(SMALL_SUITE.replace("epochs = 2", "epochs = 2\nlearning_rate = 1e30\nmax_grad_norm = 0.0"))
    done = run(bench, "a", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    rows = list(csv.DictReader((bench.folder / "a/leaderboard/leaderboard.csv").open()))
    assert len(rows) == 9
    assert "not a finite number" in (bench.folder / "a/leaderboard/LEADERBOARD.md").read_text()


def test_broken_scorer_is_a_failed_row_among_good_ones(bench: Bench) -> None:
    (bench.folder / "broken.py").write_text(
        "from dataclasses import dataclass\nfrom hbench import Scorer, observe\n"
        "@dataclass(frozen=True)\nclass Broken(Scorer):\n    needs = observe('loss')\n"
        "    def score(self, dynamics):\n        return dynamics.loss.mean(('run', 'epoch')) / 0 * 0\n"
    )
    done = run(
        bench, "a", "--plugin", "broken.py", "--scorer", "broken", "--scorer", "length", "--keep", "0.3", check=False
    )
    assert done.returncode == 1, done.stderr
    text = (bench.folder / "a/leaderboard/LEADERBOARD.md").read_text()
    assert "not finite" in text
    assert "length" in text


def test_edited_plugin_is_scored_anew(bench: Bench) -> None:
    plugin = bench.folder / "mine.py"
    text = (
        "from dataclasses import dataclass\nfrom hbench import Scorer, observe\n"
        "@dataclass(frozen=True)\nclass Mine(Scorer):\n    needs = observe('loss')\n"
        "    def score(self, dynamics):\n        return SIGN * dynamics.loss.mean(('run', 'epoch'))\n"
    )
    scores = []
    for sign in ("1", "-1"):
        plugin.write_text(text.replace("SIGN", sign))
        run(bench, "a", "--plugin", "mine.py", "--scorer", "mine", "--keep", "0.3")
        found = [
            np.load(path.parent / "scores.npz")["score"]
            for path in (bench.folder / "a/store/score").glob("*/spec.json")
            if json.loads(path.read_text())["scorer"] == "mine"
        ]
        scores.append(found)
    assert (len(scores[0]), len(scores[1])) == (1, 2)
    assert np.allclose(sum(scores[1]), 0)


def test_killed_runs_resume_to_the_same_bytes(finished: Bench) -> None:
    """HBENCH_TEST_KILLS sets the number of kills; the moments come from a fixed seed."""
    kills = int(os.environ.get("HBENCH_TEST_KILLS", "4"))
    moments = random.Random(7)
    command = finished.command("run", "suite.toml", "--store", "k/store", "--quiet", "--executor", "local")
    for _ in range(kills):
        process = subprocess.Popen(
            command, cwd=finished.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(moments.uniform(0.2, 16.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    run(finished, "k")
    assert board(finished, "k") == board(finished, "a")
    drafts = [p for p in (finished.folder / "k/store").glob("*/.*") if p.is_dir()]
    assert drafts == []


def test_a_damaged_file_is_named_and_its_job_is_run_again(bench: Bench) -> None:
    options = ("run", "suite.toml", "--store", "a/store", "--scorer", "length", "--keep", "0.3")
    bench.hbench(*options, "--quiet")
    victim = next((bench.folder / "a/store/finetune").glob("*/predictions.npz"))
    whole, before = victim.read_bytes(), board(bench, "a")
    victim.write_bytes(b"")
    done = bench.hbench(*options)
    assert f"{victim.parent.name}/predictions.npz" in done.stderr.replace("\n", "")
    assert "1 job" in done.stderr
    assert (victim.read_bytes(), board(bench, "a")) == (whole, before)


ONE_SCORER = SMALL_SUITE.replace(
    'scorers = ["h-score", "el2n", "length"]\nkeep = [0.3, "h-score"]', 'scorers = ["el2n"]'
)


def looks(bench: Bench, place: str) -> list[object]:
    files = (bench.folder / place / "results").glob("**/*.json")
    return [json.loads(path.read_text()).get("looks") for path in files]


def test_results_say_where_seeds_were_added_without_a_plan(bench: Bench) -> None:
    bench.write(ONE_SCORER)
    run(bench, "a")
    assert set(map(str, looks(bench, "a"))) == {"None"}
    for _ in range(2):  # running it again keeps what the first run has seen
        run(bench, "a", "--seeds", "4")
        assert all(found == {"planned": [], "unplanned": [2]} for found in looks(bench, "a"))
    assert "Seeds were added without a plan" in board(bench, "a")["LEADERBOARD.md"].decode()


def test_a_planned_look_trains_nothing_of_the_one_before_again(bench: Bench) -> None:
    bench.write(ONE_SCORER.replace("scoring_runs = 2\nseeds = 2", "looks = [2, 4]\nseeds = 2"))
    run(bench, "a")
    before = trainings(bench, "a")
    run(bench, "a", "--seeds", "4")
    after = trainings(bench, "a")
    assert before.items() <= after.items()
    # full, random and el2n at each of four seeds: two scores for each seed too
    assert len(after) == 2 * len(before)
    assert all(found == {"planned": [2, 4], "unplanned": []} for found in looks(bench, "a"))
    assert "Look 2 of 2" in board(bench, "a")["LEADERBOARD.md"].decode()
