"""Further sets: named in a suite, checked at planning, part of a job's key, and evaluated by every trained model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.command_line import refused
from support.made_up_scores import finish

from hbench.errors import DataError, UsageError
from hbench.experiment.bind import bind
from hbench.experiment.check import check_run
from hbench.experiment.folders import Folders
from hbench.experiment.plan import make_plan
from hbench.experiment.prune import PrunedRun, prune
from hbench.experiment.suite import Suite
from hbench.jobs.spec import FineTune
from hbench.jobs.store import Store
from hbench.plugins.further import further_label
from hbench.plugins.registry import TASKS, load_plugin_file

OTHER = "planted-sentence[seed=2,size=60]"

NUMBERED = '''
from dataclasses import dataclass
from hbench import Hub, Task

@dataclass(frozen=True)
class Numbered(Task):
    """Classes that are numbers."""
    kind = "classification"
    hub = Hub("somebody/toy")
    columns = {"text": "text", "label": "label"}
    labels = ("0", "1", "2")

@dataclass(frozen=True)
class Reversed(Task):
    """The classes of SNLI in another order."""
    kind = "classification"
    hub = Hub("somebody/toy")
    columns = {"text": "text", "label": "label"}
    labels = ("contradiction", "neutral", "entailment")
'''


def suite(*further: str, **changes: object) -> Suite:
    fields = {
        "name": "more",
        "tasks": ("planted-sentence[size=60]",),
        "also_evaluate": further,
        "models": ("tiny",),
        "scorers": ("length", "dynamic-random"),
        "seeds": 2,
        "eval_size": 20,
    }
    return Suite(**{**fields, **changes})


def further_sets_of(made: Suite) -> list[str]:
    [experiment] = make_plan(made).experiments
    return [further_label(found) for found in experiment.further]


# --- which sets


def test_a_task_stands_for_its_evaluation_splits():
    rounds = tuple(f"anli[evaluate=test_r{number}]" for number in (1, 2, 3))
    assert suite("anli", tasks=("snli",)).also_evaluate == rounds
    assert suite("anli[evaluate=test_r2]", tasks=("snli",)).also_evaluate == rounds[1:2]
    assert further_sets_of(suite("mnli", "anli", tasks=("snli",))) == [
        *(f"anli.test_r{number}" for number in (1, 2, 3)),
        "mnli.validation_matched",
        "mnli.validation_mismatched",
    ]


def test_the_command_line_replaces_the_suites_sets():
    made = suite("mnli", tasks=("snli",)).overridden(also_evaluate=("anli[evaluate=test_r1]",))
    assert made.also_evaluate == ("anli[evaluate=test_r1]",)
    with pytest.raises(UsageError, match=r"^--also-evaluate: unknown task 'anly'.*did you mean 'anli'"):
        made.overridden(also_evaluate=("anly",))


def test_a_set_that_is_the_tasks_own_is_left_out():
    made = suite("mnli", "snli[evaluate=validation]", tasks=("mnli", "snli"))
    mnli, snli = make_plan(made).experiments
    assert [found.ref for found in mnli.further] == ["snli[evaluate=validation]"]
    assert [further_label(f) for f in snli.further] == [
        "mnli.validation_matched",
        "mnli.validation_mismatched",
        "snli.validation",
    ]


def test_a_task_that_is_only_scored_is_evaluated_on_nothing():
    made = suite(OTHER, tasks=(), diagnose=("planted-sentence[size=60]",), scorers=("length",))
    assert further_sets_of(made) == []


@pytest.mark.parametrize(
    ("task", "further", "fragments"),
    [
        ("sst2", "anli", ("'sst2' (classes negative, positive)", "'anli[evaluate=test_r1]' (classes entailment")),
        ("snli", "squad_v2", ("'snli' (classification)", "'squad_v2[evaluate=validation]' (span)")),
        ("planted-joint", "snips", ("'planted-joint'", "'snips[evaluate=")),
    ],
)
def test_a_set_that_a_model_cannot_be_judged_on_is_refused_naming_both(task, further, fragments):
    with pytest.raises(UsageError) as caught:
        make_plan(suite(further, tasks=(task,), scorers=("length",)))
    assert str(caught.value).startswith("also_evaluate: ")
    assert all(fragment in str(caught.value) for fragment in fragments)


def test_it_is_refused_before_anything_runs(hbench, tmp_path):
    done = hbench("run", "small", "--task", "sst2", "--also-evaluate", "anli", "--store", tmp_path / "store")
    refused(done, "also_evaluate", "sst2", "anli")
    assert not (tmp_path / "store").exists()


def test_classes_agree_by_number_where_one_side_has_no_names(tmp_path, monkeypatch):
    monkeypatch.setattr(TASKS, "_added", {})
    path = tmp_path / "numbered.py"
    path.write_text(NUMBERED)
    load_plugin_file(path)
    assert further_sets_of(suite("numbered", tasks=("snli",))) == ["numbered.validation"]
    assert further_sets_of(suite("snli", tasks=("numbered",))) == ["snli.test"]
    with pytest.raises(UsageError, match=r"same order"):
        make_plan(suite("reversed", tasks=("snli",)))


def test_options_of_choice_are_judged_whatever_their_number():
    assert further_sets_of(suite("dream", tasks=("race",), scorers=("length",))) == ["dream.test"]


def test_one_set_is_named_once():
    with pytest.raises(UsageError, match=r"also_evaluate: .*anli.evaluate=test_r1.* listed twice"):
        suite("anli", "anli[evaluate=test_r1]", tasks=("snli",))


def test_a_folder_needs_the_file_of_that_split_alone(tmp_path):
    for task, split in (("snli", "train"), ("snli", "test"), ("anli", "test_r1")):
        (tmp_path / task).mkdir(exist_ok=True)
        (tmp_path / task / f"{split}.jsonl").write_text('{"premise": "a", "hypothesis": "b", "label": 0}\n')
    folders = Folders.beside(tmp_path / "store", None, None)
    made = suite("anli[evaluate=test_r1]", tasks=("snli",), scorers=("length",))
    check_run(make_plan(made), folders, data_dir=tmp_path, jobs=None)
    bound = bind(make_plan(made).experiments[0], made, tmp_path, Store(tmp_path / "store"))
    [ref] = bound.further or ()
    assert list(ref.source["files"]) == ["test_r1.jsonl"]
    assert ref.eval_size == 20
    missing = suite("anli[evaluate=test_r2]", tasks=("snli",), scorers=("length",))
    with pytest.raises(DataError, match=r"test_r2"):
        check_run(make_plan(missing), folders, data_dir=tmp_path, jobs=None)


# --- jobs


def jobs_of(made: Suite, store: Store) -> tuple[list[str], list[str]]:
    """Keys of the full-data runs and of the pruned ones; the full-data runs need not have run."""
    bound = bind(make_plan(made).experiments[0], made, None, store)
    finish(store, bound)
    runs = prune(bound, store).runs.values()
    assert all(isinstance(run, PrunedRun) for run in runs)
    return [job.key for job in bound.full.values()], [run.job.key for run in runs if isinstance(run, PrunedRun)]


def test_further_sets_are_part_of_every_key_and_leave_no_trace_where_there_are_none(tmp_path):
    full, pruned = jobs_of(suite(), Store(tmp_path / "a"))
    full_more, pruned_more = jobs_of(suite(OTHER), Store(tmp_path / "b"))
    assert not {*full, *pruned} & {*full_more, *pruned_more}
    specs = {path.parent.name: json.loads(path.read_text()) for path in tmp_path.glob("*/finetune/*/spec.json")}
    assert all("further" not in specs[key] for key in full)
    [found] = specs[full_more[0]]["further"]
    assert found["ref"] == "planted-sentence[evaluate=validation,seed=2,size=60]"


def test_full_runs_that_were_evaluated_on_more_serve_a_suite_that_asks_for_less(tmp_path):
    store = Store(tmp_path)
    full_more, pruned_more = jobs_of(suite(OTHER), store)
    full, pruned = jobs_of(suite(), store)
    assert full == full_more
    # a pruned run is named by what is asked, whatever the store holds
    assert pruned == jobs_of(suite(), Store(tmp_path / "new"))[1]
    assert not set(pruned) & set(pruned_more)
    other = suite("planted-sentence[seed=3,size=60]")
    assert not set(full) & {job.key for job in bind(make_plan(other).experiments[0], other, None, store).full.values()}


def test_a_job_is_written_and_read_back(tmp_path):
    store = Store(tmp_path)
    made = suite(OTHER)
    bound = bind(make_plan(made).experiments[0], made, None, store)
    finish(store, bound)
    job = bound.full[342]
    [read] = [found for found, _ in store.finished_jobs() if found.key == job.key]
    assert isinstance(read, FineTune)
    assert [ref.ref for ref in read.further or ()] == ["planted-sentence[evaluate=validation,seed=2,size=60]"]
    moved = replace(job, further=tuple(replace(ref, data_dir="/elsewhere") for ref in job.further or ()))
    assert moved.key == job.key


# --- training


@pytest.mark.slow
def test_every_model_is_evaluated_on_further_sets_and_the_training_is_the_same(bench, tmp_path: Path):
    text = bench.suite.read_text().replace('"h-score", "el2n", "length"', '"length", "dynamic-random"')
    bench.write(text.replace('keep = [0.3, "h-score"]', "keep = [0.3]").replace("scoring_runs = 2", ""))
    for place, options in (("plain", ()), ("more", ("--also-evaluate", "planted-sentence[seed=2]"))):
        bench.hbench("run", "suite.toml", "--store", f"{place}/store", "--quiet", *options)
    label = "planted-sentence[seed=2].validation"
    plain, more = (Store(bench.folder / place / "store") for place in ("plain", "more"))

    def arrays(store: Store) -> dict[tuple[object, ...], dict[str, object]]:
        return {
            (job.seed, job.subset, str(job.curriculum)): store.arrays("finetune", job.key, "predictions.npz")
            for job, _ in store.finished_jobs()
            if job.job_type == "finetune"
        }

    first, second = arrays(plain), arrays(more)
    assert first.keys() == second.keys()
    for key, own in first.items():
        assert all((second[key][name] == values).all() for name, values in own.items())
        assert second[key][f"{label}.values"].size == 60
        assert {name.removeprefix(f"{label}.") for name in set(second[key]) - set(own)} == {
            *("values", "prediction", "gold", "trivial")
        }
    cells = [json.loads(path.read_text()) for path in (bench.folder / "more/results").rglob("*.json")]
    further = [cell for cell in cells if "further" in cell]
    assert {cell["method"] for cell in further} == {"full", "length", "random", "dynamic-random"}
    assert {(cell["split"], cell["primary"], cell["further"]["task"]) for cell in further} == {
        (label, False, "planted-sentence[evaluate=validation,seed=2]")
    }
    own = [{k: v for k, v in cell.items() if k != "further"} for cell in cells if "further" not in cell]
    assert own == [json.loads(path.read_text()) for path in (bench.folder / "plain/results").rglob("*.json")]
    page = (bench.folder / "more/leaderboard/LEADERBOARD.md").read_text()
    assert f"### Planted sentences ({label}), 30 % kept, " in page
    assert "evaluated on `planted-sentence[evaluate=validation,seed=2]`" in page
    check = ("leaderboard", "check", "--results", "more/results", "--out", "more/leaderboard")
    assert bench.hbench(*check).returncode == 0
