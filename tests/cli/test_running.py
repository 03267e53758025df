"""The commands that run a suite, look after its jobs and build its board: what they hand on, and how they end."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from support.command_line import refused
from support.finished_jobs import TRAINED
from support.synthetic_results import small_board, write_all

from hbench.cli import main
from hbench.jobs.agenda import write_agenda
from hbench.jobs.integrity import write_result
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, TaskRef, dump
from hbench.jobs.store import Store

# --- run


@pytest.fixture
def engine(monkeypatch):
    """Stand in for the engine: remember what it was asked for, and report so many failed cells."""
    import hbench.experiment.run
    from hbench.experiment.run import RunReport

    seen = SimpleNamespace(failed_cells=0)

    def run_suite(suite, **settings):
        seen.suite, seen.settings = suite, settings
        return RunReport(2, 1, 0, seen.failed_cells, "the board", settings["out"] / "index.html")

    monkeypatch.setattr(hbench.experiment.run, "run_suite", run_suite)
    return seen


def test_run_hands_on_what_was_asked_and_prints_the_board(hbench, engine, plugin, tmp_path):
    (tmp_path / "data").mkdir()
    args = ("--scorer", "shortest", "--plugin", plugin, "--store", "deep/store", "--jobs", 3, "--data-dir", "data")
    args += ("--checkpoint-minutes", 0.5)
    done = hbench("run", "quickstart", *args, "--device", "cuda:1", "--executor", "local[jobs=2]")
    assert (done.code, done.out) == (0, "the board\n")
    first, last, *after = done.err.splitlines()
    assert first.startswith("suite quickstart: 2 tasks, 1 model, 2 scorers, 6 seeds")
    assert "2 jobs run, 1 finished before, 0 failed" in last
    assert "deep/leaderboard/index.html" in last
    assert after[:2] == ["", "Next:"]
    assert [line.split("  # ")[0].strip() for line in after[2:]] == [
        "hbench run quickstart --scorer forgetting",
        "hbench plan small",
    ]
    assert engine.suite.executor == "local[jobs=2]"
    assert engine.suite.scorers == ("shortest", "random")
    settings = {name: value for name, value in engine.settings.items() if name != "progress"}
    assert settings == {
        "store": Path("deep/store"),
        "results": Path("deep/results"),
        "out": Path("deep/leaderboard"),
        "data_dir": Path("data"),
        "jobs": 3,
        "device": "cuda:1",
        "checkpoint_minutes": 0.5,
        "plugins": (plugin.resolve(),),
    }


def test_run_of_another_suite_names_what_shows_its_tables(hbench, engine):
    after = hbench("run", "small", "--store", "deep/store").err.splitlines()[-2:]
    commands = [line.split("  # ")[0].strip() for line in after]
    assert commands[0] == "hbench leaderboard show --results deep/results"
    assert "--results" not in hbench("run", "small").err


def test_run_writes_below_one_hidden_folder_unless_told(hbench, engine):
    assert hbench("run", "quickstart", "--quiet").err == ""
    places = [str(engine.settings[name]) for name in ("store", "results", "out")]
    assert places == [".hbench/store", ".hbench/results", ".hbench/leaderboard"]
    hbench("run", "quickstart", "--results", "r", "--out", "o")
    assert [str(engine.settings[name]) for name in ("results", "out")] == ["r", "o"]


def test_run_ends_with_1_when_cells_failed(hbench, engine):
    engine.failed_cells = 2
    done = hbench("run", "quickstart")
    assert (done.code, done.out) == (1, "the board\n")


def test_run_refuses_places_that_cannot_be_used(hbench, tmp_path):
    (tmp_path / "file").write_text("")
    refused(
        hbench("run", "quickstart", "--store", "file/store"), "--store file/store: cannot be written", "file is a file"
    )
    refused(hbench("run", "quickstart", "--results", "file"), "--results file: cannot be written", "file is a file")
    refused(hbench("run", "quickstart", "--out", "file/x"), "--out file/x: cannot be written", "name a writable folder")
    refused(
        hbench("run", "small", "--data-dir", "nowhere"), "--data-dir nowhere: no such folder", "<task>/<split>.jsonl"
    )
    refused(hbench("run", "small", "--data-dir", "file"), "--data-dir file: no such folder")
    refused(hbench("run", "quickstart", "--device", "gpu"), "--device gpu: unknown device; use auto, cpu, cuda")
    refused(hbench("run", "quickstart", "--jobs", "0"), "'--jobs'", "see hbench run --help")
    refused(hbench("run", "quickstart", "--seeds", "0"), "--seeds 0")
    assert not (tmp_path / ".hbench").exists()


def test_run_refuses_data_and_executors_that_are_not_there(hbench, tmp_path):
    (tmp_path / "data").mkdir()
    args = ("run", "small", "--task", "sst2", "--model", "tiny", "--quiet")
    refused(hbench(*args, "--data-dir", "data"), "data/sst2: no such folder", "one folder per task")
    refused(hbench(*args, "--executor", "locale"), "--executor: unknown executor 'locale'; did you mean 'local'?")
    refused(hbench(*args, "--executor", "local[job=2]"), "--executor: local has no option 'job'; did you mean 'jobs'?")
    refused(hbench(*args, "--executor", "inline", "--jobs", 2), "executor inline: jobs=2", "use local for more")
    assert not (tmp_path / ".hbench").exists()


@pytest.mark.parametrize("command", ["plan", "run"])
def test_folders_that_hold_something_else_are_refused_at_planning(hbench, tmp_path, command):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.tex").write_text("")
    refused(
        hbench(command, "quickstart", "--store", "thesis"),
        "--store thesis: holds chapter.tex and no jobs",
        "new folder",
    )
    refused(hbench(command, "quickstart", "--store", "s", "--results", "s"), "--results s: is the store too")
    refused(hbench(command, "quickstart", "--store", "s", "--out", "./s"), "--out s: is the store too")
    (tmp_path / "res").mkdir()
    (tmp_path / "res/notes.json").write_text('{"hello": 1}')
    refused(hbench(command, "quickstart", "--results", "res"), "res/notes.json")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["chapter.tex", "notes.json", "res", "thesis"]


def test_folders_without_permission_are_refused_at_planning(hbench, tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    # root may write everywhere, whatever a folder's mode says
    monkeypatch.setattr("hbench.experiment.folders.os.access", lambda path, _mode: Path(path).name != "locked")
    refused(
        hbench("plan", "quickstart", "--out", "locked/board"), "--out locked/board: cannot be written", "permission"
    )


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_split_that_the_data_folder_lacks_is_refused_at_planning(hbench, tmp_path, command):
    (tmp_path / "data/sst2").mkdir(parents=True)
    (tmp_path / "data/sst2/train.jsonl").write_text("")
    args = (command, "small", "--task", "sst2", "--model", "tiny", "--data-dir", "data")
    refused(hbench(*args), "data/sst2", "no file for the split 'validation'", "there is: train.jsonl")
    refused(hbench(command, "small", "--data-dir", "nowhere"), "--data-dir nowhere: no such folder")


def test_results_that_the_run_replaces_may_be_damaged(hbench, engine, tmp_path):
    folder = tmp_path / "res/planted-pair/tiny"
    folder.mkdir(parents=True)
    (folder / "0.4-equal-epochs-validation-el2n.json").write_text("{")
    assert hbench("run", "quickstart", "--results", "res", "--quiet").code == 0


def test_plan_takes_exactly_the_options_of_run():
    options = {
        name: {option for parameter in main.get_command(click.Context(main), name).params for option in parameter.opts}
        for name in ("plan", "run")
    }
    assert options["plan"] - {"--json", "--calibrate"} == options["run"]


# --- jobs in a store


@pytest.fixture
def failed_job(tmp_path) -> FineTune:
    task = TaskRef("sst2", {}, {"embedded": "0"})
    job = FineTune(task, ModelRef("tiny", {"builtin": "tiny", "version": 1}), Recipe(), seed=342)
    store = Store(tmp_path / "store")
    store.prepare()
    store.fail(job, "loss is not a number at step [12]", "all of the story")
    return job


def test_status_shows_failures_with_reason_and_log(hbench, failed_job):
    done = hbench("status", "store")
    assert done.code == 0
    assert "loss is not a number at step [12]" in done.out
    assert "log.txt" in done.out
    assert "hbench retry store" in done.out
    found = json.loads(hbench("status", "store", "--json").out)
    assert found["finetune"] == {"finished": 0, "failed": 1, "running": 0, "pending": 0, "total": 1}
    assert found["score"] == dict.fromkeys(("finished", "failed", "running", "pending", "total"), 0)
    assert [(row["key"], row["reason"]) for row in found["failures"]] == [
        (failed_job.key, "loss is not a number at step [12]")
    ]


def test_status_counts_what_is_running_and_what_is_to_come(hbench, failed_job, tmp_path):
    store = Store(tmp_path / "store")
    jobs = [failed_job, *(replace(failed_job, seed=seed) for seed in range(4))]
    write_agenda(store, "full-data runs", jobs)
    with store.writing(jobs[1]) as folder:
        write_result(folder, TRAINED)
    with store.writing(jobs[2]):
        found = json.loads(hbench("status", "store", "--json").out)["finetune"]
        assert found == {"finished": 1, "failed": 1, "running": 1, "pending": 2, "total": 5}
        assert "pending" in hbench("status", "store").out
        (draft,) = store.root.glob("finetune/.*")
        # a killed run leaves a draft whose process is gone
        gone = draft.with_name(draft.name.replace(f"-{os.getpid()}-", "-999999999-"))
        shutil.copytree(draft, gone)
        assert json.loads(hbench("status", "store", "--json").out)["finetune"]["running"] == 1
    (store.root / "stage.json").write_text("{")
    assert json.loads(hbench("status", "store", "--json").out)["finetune"]["pending"] == 0


def test_status_says_where_unfinished_jobs_go_on(hbench, failed_job, tmp_path):
    assert "unfinished" not in hbench("status", "store").out
    with Store(tmp_path / "store").checkpoints(replace(failed_job, seed=7)).writing(812, 1839) as file:
        file.write_bytes(b"weights")
    shown = hbench("status", "store").out
    for fragment in ("sst2 tiny full data seed 7", "812 of 1,839", " s ago"):
        assert fragment in shown
    (row,) = json.loads(hbench("status", "store", "--json").out)["checkpoints"]
    assert (row["step"], row["steps"], row["key"]) == (812, 1839, replace(failed_job, seed=7).key)
    assert 0 <= row["seconds_ago"] < 3600


def test_retry_forgets_failures(hbench, failed_job, tmp_path):
    assert hbench("retry", "store").out.startswith("1 failed job forgotten")
    assert Store(tmp_path / "store").failures() == []
    assert hbench("retry", "store").out == "no failed jobs\n"


def test_run_job_reports_what_it_refuses(hbench, failed_job, tmp_path):
    spec = json.loads(dump(failed_job)) | {"protocol": 999}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    done = hbench("run-job", "spec.json", "--store", "store")
    assert done.code == 1
    event = json.loads(done.out)
    assert event["event"] == "refused"
    assert "protocol 999" in event["message"]


# --- leaderboard


@pytest.fixture
def board(monkeypatch):
    """Stand in for the board: remember the folders, find what the test says."""
    from hbench.render import check, publish, show

    seen = SimpleNamespace(calls=[], found=check.Check(check.SAME, ()))

    def answer(module, name, value):
        def call(*folders, **choices):
            seen.calls.append((name, *map(str, folders), choices))
            return value() if callable(value) else value

        monkeypatch.setattr(module, name, call)

    answer(publish, "build", [Path("o/LEADERBOARD.md")])
    answer(check, "check", lambda: seen.found)
    answer(show, "show", "the board")
    return seen


#: What `show` is asked for where nothing is said.
SHOWN = {"task": None, "model": None, "keep": None, "columns": None, "format": "text"}


def test_leaderboard_commands_use_the_folders_beside_the_store_or_those_named(hbench, board):
    assert hbench("leaderboard", "build", "--store", "deep/store").out == "wrote o/LEADERBOARD.md\n"
    assert hbench("leaderboard", "check", "--results", "r", "--out", "o").code == 0
    assert hbench("leaderboard", "show", "--task", "sst2", "--keep", "0.3").out == "the board\n"
    assert hbench("leaderboard", "show", "--results", "r", "--format", "json").code == 0
    refused(hbench("leaderboard", "show", "--format", "yaml"), "'yaml' is not one of")
    assert board.calls == [
        ("build", "deep/results", "deep/leaderboard", {}),
        ("check", "r", "o", {}),
        ("show", ".hbench/results", {**SHOWN, "task": "sst2", "keep": "0.3"}),
        ("show", "r", {**SHOWN, "format": "json"}),
    ]


def test_leaderboard_check_gives_a_summary_and_details_when_asked(hbench, board):
    board.found = type(board.found)(1, ("leaderboard.csv: row a",), ("1 result removed: sst2 / 0.3 / a",))
    done = hbench("leaderboard", "check")
    assert done.code == 1
    assert done.out.startswith("1 result removed: sst2 / 0.3 / a\n")
    assert "row a" not in done.out
    assert "leaderboard.csv: row a" in hbench("leaderboard", "check", "--verbose").out
    board.found = type(board.found)(2, ("r: no results",), ("r: no results",))
    refused(hbench("leaderboard", "check"), "r: no results")


def test_leaderboard_check_reports_in_formats(hbench, board, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    board.found = type(board.found)(1, ("leaderboard.csv: 100 %",), ("1 row differs: 100 %",))
    done = hbench("leaderboard", "check", "--format", "json")
    assert (done.code, json.loads(done.out)["outcome"]) == (1, "drift")
    assert json.loads(done.out)["differences"] == ["leaderboard.csv: 100 %"]
    assert "**Leaderboard: drift**" in hbench("leaderboard", "check", "--format", "markdown").out
    done = hbench("leaderboard", "check", "--format", "github")
    assert (done.code, done.out) == (1, "::error title=leaderboard drift::1 row differs: 100 %25\n")
    assert "- ` 1 row differs: 100 % `" in (tmp_path / "summary.md").read_text()
    board.found = type(board.found)(0, ())
    assert hbench("leaderboard", "check", "--format", "github").out.startswith("::notice")


def test_a_summary_of_the_job_that_cannot_be_written_is_named(hbench, board, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "gone/summary.md"))
    refused(hbench("leaderboard", "check", "--format", "github"), "GITHUB_STEP_SUMMARY", "gone/summary.md", "--format")
    assert hbench("leaderboard", "check", "--format", "markdown").code == 0


def test_leaderboard_remove_names_what_there_is(hbench, tmp_path):
    write_all(small_board(tasks=("snli",), keeps=("0.3",)), tmp_path / "r")
    places = ("--results", "r", "--out", "o")
    refused(hbench("leaderboard", "remove", "--method", "el3n", *places), "'el3n'", "`el2n`")
    done = hbench("leaderboard", "remove", "--method", "el2n", *places)
    assert done.code == 0
    assert "1 result removed" in done.out
    assert hbench("leaderboard", "check", *places).code == 0


def test_leaderboard_without_results_is_refused(hbench):
    refused(hbench("leaderboard", "build"), ".hbench/results")
    refused(hbench("leaderboard", "check"), ".hbench/results")
    refused(hbench("leaderboard", "show"), ".hbench/results")
