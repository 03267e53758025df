"""A board of what the user brings: rows without a plugin, scores and subsets made elsewhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.command_line import refused
from support.own_rows import write_reviews

from hbench.board.board import Board
from hbench.experiment.plan import make_plan
from hbench.experiment.run import run_suite
from hbench.experiment.suite import Suite
from hbench.jobs.store import Store
from hbench.plugins.registry import SCORERS, TASKS
from hbench.render.parts.row_text import net_cost
from hbench.render.table import NOTHING
from hbench.results.folder import results_of

TASK = "planted-sentence[size=60]"
SETTINGS = {"tasks": (TASK,), "models": ("tiny",), "seeds": 2, "scoring_runs": 2, "eval_size": 30, "executor": "inline"}
RECIPE = {"epochs": 1, "max_length": 32}


@pytest.fixture(autouse=True)
def _forget_tasks(monkeypatch):
    monkeypatch.setattr(TASKS, "_added", {})


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_reviews(tmp_path / "train.csv", 40, (3, 10))
    write_reviews(tmp_path / "dev.csv", 20)
    return tmp_path


def cells(folder: Path):
    return {(cell.method, cell.keep): cell for cell in results_of(folder)}


FAST = ("--model", "tiny", "--executor", "inline", "--recipe", "epochs=1", "--recipe", "max_length=32", "--seeds", 2)
OWN = ("--data", "train.csv", "--eval", "dev.csv", "--text", "text", "--label", "label", "--id", "id")


def test_rows_of_ones_own_make_a_board_without_a_plugin(hbench, files, one_thread):
    done = hbench("run", *OWN, *FAST, "--scorer", "el2n", "--keep", 0.5)
    assert done.code == 0, done.err
    assert "train.csv: 40 examples; classes: 0 bad (20), 1 good (20)" in done.err
    found = cells(files / ".hbench/results")
    assert set(found) == {("full", "1"), ("el2n", "0.5"), ("random", "0.5")}
    assert found["full", "1"].task == "train"
    assert found["full", "1"].data.train_rows == 40
    again = hbench("run", *OWN, *FAST, "--scorer", "el2n", "--keep", 0.5)
    assert "0 jobs run" in again.err
    assert again.out == done.out


@pytest.mark.slow
def test_workers_know_the_task_by_what_its_jobs_say(hbench, files, one_thread):
    done = hbench("run", *OWN, *FAST[:2], *FAST[4:], "--executor", "local[jobs=1]", "--scorer", "length", "--keep", 0.5)
    assert done.code == 0, done.err


def test_a_suite_file_may_declare_the_rows(hbench, files, one_thread):
    Path("mine.toml").write_text(
        'models = ["tiny"]\nscorers = ["length"]\nkeep = [0.5]\nseeds = 2\nexecutor = "inline"\n'
        "[recipe]\nepochs = 1\n[recipe.mine]\nmax_length = 32\n"
        '[data.mine]\ntrain = "train.csv"\neval = "dev.csv"\ntext = ["text", "note"]\nid = "id"\n'
    )
    done = hbench("run", "mine.toml")
    assert done.code == 0, done.err
    assert cells(files / ".hbench/results")["length", "0.5"].task == "mine"


@pytest.mark.parametrize(
    ("table", "fragments"),
    [
        ("[data]\nmine = 3", ("data.mine", "[data.mine]")),
        ('[data.mine]\ntrain = "train.csv"', ("data.mine", "eval")),
        ('[data.mine]\ntrain = "train.csv"\neval = "dev.csv"\ntxt = "text"', ("data.mine", "reads no 'txt'")),
        ('[data.mine]\ntrain = "train.csv"\neval = "dev.csv"\ntext = 3', ("data.mine", "text 3", "name of a column")),
        ('[data.mine]\ntrain = "trian.csv"\neval = "dev.csv"', ("data.mine", "trian.csv", "no such file")),
        ('[data.snli]\ntrain = "train.csv"\neval = "dev.csv"', ("snli", "exists already")),
    ],
)
def test_a_table_of_rows_at_fault_is_refused(hbench, files, table, fragments):
    Path("mine.toml").write_text(f'models = ["tiny"]\nscorers = ["length"]\n{table}\n')
    refused(hbench("plan", "mine.toml"), "mine.toml", *fragments)


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (("run",), ("name a suite", "--data")),
        (("run", "--text", "text"), ("--text", "--data")),
        (("run", "--data", "train.csv", "--text", "text"), ("--eval", "hbench score")),
        (("run", *OWN, "--task", "sst2"), ("--task sst2", "--data")),
        (("plan", *OWN, "--recipe", "epoch=2"), ("epoch", "epochs")),
        (
            ("plan", "--data", "train.csv", "--eval", "train.csv", "--text", "txt", "--label", "label"),
            ("'txt' is missing",),
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(hbench, files, arguments, fragments):
    refused(hbench(*arguments), *fragments)


def test_a_plan_of_own_rows_knows_their_number_and_writes_nothing(hbench, files):
    done = hbench("plan", *OWN, *FAST, "--scorer", "el2n", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["experiments"][0]["flops_at_most"] > 0
    assert not (files / ".hbench").exists()


@pytest.fixture(scope="module")
def made(tmp_path_factory, one_thread):
    """A board of a scorer, and its subsets and scores written as others would hand them in."""
    folder = tmp_path_factory.mktemp("given")
    suite = Suite(name="made", scorers=("el2n",), keep=(0.3,), recipe=RECIPE, **SETTINGS)
    run_suite(suite, store=folder / "store", results=folder / "first")
    from hbench.experiment.bind import bind
    from hbench.experiment.prune import prune, read_scores

    experiment = make_plan(suite).experiments[0]
    store = Store(folder / "store")
    bound = bind(experiment, suite, None, store)
    arm = next(arm for arm in experiment.arms() if arm.method.ref == "el2n")
    runs = prune(bound, store)
    for seed in experiment.seeds:
        scores = read_scores(store, bound.score_job(arm.method, seed).key)
        ids = scores.ids[runs.of(arm, seed).mask]
        (folder / f"ids-{seed}.txt").write_text("".join(f"{name}\n" for name in reversed(ids.tolist())))
        rows = sorted(zip(scores.ids, scores.preference, strict=True), reverse=True)
        (folder / "scores.csv").write_text("id,hard\n" + "".join(f"{i},{float(p)!r}\n" for i, p in rows))
    return folder


def run_given(made, scorer, keep, results, *, scorers=()):
    suite = Suite(name="given", scorers=(scorer, *scorers), keep=keep, recipe=RECIPE, **SETTINGS)
    report = run_suite(suite, store=made / "store", results=made / results)
    return report, cells(made / results)


def test_a_subset_that_was_written_gives_the_row_of_the_scorer_that_made_it(made, monkeypatch):
    monkeypatch.chdir(made)
    trained = sum(job.job_type == "finetune" for job, _ in Store(made / "store").finished_jobs())
    for path, keep in (("ids-{seed}.txt", 0.3), ("ids-{seed}.txt", "own")):
        ref = SCORERS.find(f"subset[path={path},cost=0.5]").ref
        report, found = run_given(made, ref, (ref if keep == "own" else keep,), f"subset-{keep}")
        assert report.failed_jobs == 0
        expected = cells(made / "first")["el2n", "0.3"]
        row = found[ref, ref if keep == "own" else "0.3"]
        assert row.values == expected.values
        assert row.examples == expected.examples
        assert row.subset == expected.subset
    # nor has the random subset of its own size to be trained again, which has as many examples
    assert sum(job.job_type == "finetune" for job, _ in Store(made / "store").finished_jobs()) == trained


def test_scores_that_were_written_give_the_row_of_the_scorer_that_made_them(made, monkeypatch):
    monkeypatch.chdir(made)
    _, found = run_given(made, "file[path=scores.csv,column=hard]", (0.3,), "file")
    assert found["file[column=hard,path=scores.csv]", "0.3"].values == cells(made / "first")["el2n", "0.3"].values


def test_the_cost_is_what_its_maker_declares(made, monkeypatch):
    monkeypatch.chdir(made)
    declared, unknown = "file[column=hard,cost=2.0,path=scores.csv]", "file[column=hard,path=scores.csv]"
    _, found = run_given(made, declared, (0.3,), "declared", scorers=(unknown,))
    cost = found[declared, "0.3"].cost.compute
    assert cost.scoring_alone == pytest.approx(2 * cost.full)
    assert found[unknown, "0.3"].cost.compute.scoring_alone is None
    rows = {row.cell.method: row for row in Board.of(results_of(made / "declared")).rows}
    assert rows[declared].costs.net_shared == rows[declared].costs.net_alone
    assert rows[declared].costs.net_alone == pytest.approx(2 + cost.train / cost.full)
    assert rows[unknown].costs.net_alone is None
    assert net_cost(rows[declared]).endswith(" (declared)")
    assert net_cost(rows[unknown]) == NOTHING


def test_the_content_of_a_file_counts_and_not_its_path(made, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    from hbench.experiment.jobs import full_jobs, score_jobs, task_ref
    from hbench.jobs.spec import ModelRef, dump, load

    def job(path):
        ref = SCORERS.find(f"file[column=hard,path={path}]").ref
        suite = Suite(name="given", scorers=(ref,), recipe=RECIPE, **SETTINGS)
        experiment = make_plan(suite).experiments[0]
        task = task_ref(experiment, suite, {"embedded": "x"}, None)
        full = full_jobs(experiment, task, ModelRef("tiny", {}))
        return next(iter(score_jobs(experiment, SCORERS.find(ref), full).values()))

    shutil.copy(made / "scores.csv", "a.csv")
    shutil.copy(made / "scores.csv", "b.csv")
    assert job("a.csv").key == job("b.csv").key
    again = load(dump(job("a.csv")))
    assert (again.key, again.files) == (job("a.csv").key, {"path": "a.csv"})
    Path("b.csv").write_text(Path("b.csv").read_text() + "\n")
    assert job("a.csv").key != job("b.csv").key


AT_FAULT = {
    "missing": (lambda ids: ids[1:], "file", ("no number for id '0'",)),
    "foreign": (lambda ids: [*ids, "x"], "file", ("id 'x'", "of no training example")),
    "double": (lambda ids: [*ids, ids[3]], "file", ("line 62", "'3'", "line 5")),
    "foreign in a subset": (lambda ids: [*ids[:17], "x"], "subset", ("id 'x'",)),
    "double in a subset": (lambda ids: [*ids[:17], "0"], "subset", ("line 18", "'0'", "line 1")),
    "blank in a subset": (lambda ids: [*ids[:17], " "], "subset", ("line 18", "blank")),
    "size of a subset": (lambda ids: ids[:17], "subset", ("17 of 60", "0.3 is 18", "--keep 'subset[path=given]'")),
}


@pytest.mark.parametrize("name", AT_FAULT)
def test_ids_that_do_not_match_are_named_at_planning(hbench, tmp_path, name):
    change, scorer, fragments = AT_FAULT[name]
    ids = change([str(i) for i in range(60)])
    text = "".join(f"{i}\n" for i in ids) if scorer == "subset" else "id,score\n" + "".join(f"{i},1\n" for i in ids)
    Path("given").write_text(text)
    asked = ("plan", "quickstart", "--task", TASK, "--scorer", f"{scorer}[path=given]", "--keep", 0.3)
    refused(hbench(*asked), f"{scorer}[path=given]", TASK, *fragments)


@pytest.mark.parametrize(
    ("scorer", "fragments"),
    [
        ("file", ("needs the option 'path'",)),
        ("file[path=none.csv]", ("none.csv", "cannot be read")),
        ("file[path=x.csv,cost=-1]", ("cost=-1",)),
        ("subset[path=x.txt,offset=0.1]", ("offset",)),
        ("file[path=scores-{seed}.csv]", ("scores-342.csv", "cannot be read")),
    ],
)
def test_files_that_cannot_be_used_are_refused_at_planning(hbench, scorer, fragments):
    refused(hbench("plan", "quickstart", "--task", TASK, "--scorer", scorer), *fragments)


def test_a_score_that_is_no_number_is_named_by_its_line(hbench):
    Path("x.csv").write_text("id,score\n0,1\n1,nan\n")
    refused(hbench("plan", "quickstart", "--task", TASK, "--scorer", "file[path=x.csv]"), "x.csv, line 3", "'nan'")


def test_own_rows_are_matched_by_their_own_ids(hbench, files):
    Path("ids.txt").write_text("r001\nr999\n")
    asked = ("plan", *OWN, *FAST, "--scorer", "subset[path=ids.txt]", "--keep", "subset[path=ids.txt]")
    refused(hbench(*asked), "'r999'", "task 'train'")
