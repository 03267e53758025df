"""Suites: canonical form, TOML, recipes, seeds, overriding, and every mistake named with its place and fix."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench.errors import UsageError
from hbench.experiment.seeds import PUBLISHED_SEEDS, training_seeds
from hbench.experiment.suite import Suite, keep_label
from hbench.experiment.suite_file import load_suite
from hbench.experiment.suites import shipped
from hbench.jobs.recipe import Recipe
from hbench.plugins.registry import SCORERS, TASKS, load_plugin_file

PLUGIN = '''
from dataclasses import dataclass
from hbench import Hub, Scorer, Task

@dataclass(frozen=True)
class ToyTask(Task):
    """A task with a recipe of its own."""
    kind = "classification"
    hub = Hub("somebody/toy")
    columns = {"text": "text", "label": "label"}
    labels = ("no", "yes")
    recipe = {"epochs": 7, "batch_size": 8, "weight_decay": 0.1}

@dataclass(frozen=True)
class Full(Scorer):
    """A scorer with the name of the baseline."""
    def score(self, dynamics):
        return dynamics["length"]
'''


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in (SCORERS, TASKS):
        monkeypatch.setattr(registry, "_added", {})
    path = tmp_path / "toys.py"
    path.write_text(PLUGIN)
    load_plugin_file(path)


def small(**changes) -> Suite:
    base = {"name": "t", "tasks": ("sst2",), "models": ("tiny",), "scorers": ("h-score", "el2n")}
    return Suite(**{**base, **changes})


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


# --- canonical form


def test_references_become_canonical_and_the_random_baseline_joins_the_scorers():
    suite = small(
        tasks=["snli[ evaluate = validation ]"],
        models=["minilm-l6[layers=4]"],
        scorers=["el2n[epoch=1]", "cartography[region=hard,burn_out=2]"],
        keep=[1, "0.3", "h-score[remove=0S]"],
    )
    assert suite.tasks == ("snli[evaluate=validation]",)
    assert suite.models == ("minilm-l6[layers=4]",)
    assert suite.scorers == ("el2n", "cartography[burn_out=2,region=hard]", "random")
    assert suite.keep == (1.0, 0.3, "h-score")
    assert [keep_label(entry) for entry in suite.keep] == ["1", "0.3", "h-score"]


def test_a_baseline_named_among_the_scorers_stays_in_its_place():
    assert small(scorers=("random", "el2n")).scorers == ("random", "el2n")


def test_rivals_join_the_scorers_behind_the_baseline_unless_they_stand_there():
    suite = small(rivals=["dynamic-random", "el2n[epoch=1]", "dynamic-el2n[ period = 2 ]"])
    assert suite.rivals == ("dynamic-random", "el2n", "dynamic-el2n[period=2]")
    assert suite.scorers == ("h-score", "el2n", "random", "dynamic-random", "dynamic-el2n[period=2]")
    assert small().rivals == ()
    kept = suite.overridden(scorers=["length"])
    assert kept.scorers == ("length", "random", "dynamic-random", "el2n", "dynamic-el2n[period=2]")


def test_as_dict_holds_every_field_as_json():
    suite = small(recipe={"epochs": 2}, task_recipes={"sst2": {"batch_size": 4}})
    found = json.loads(json.dumps(suite.as_dict()))
    assert set(found) == {f.name for f in fields(Suite)}
    assert found["scorers"] == ["h-score", "el2n", "random"]
    assert found["task_recipes"] == {"sst2": {"batch_size": 4}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tasks": ("snly",)}, "tasks: unknown task 'snly'; did you mean 'snli'?"),
        ({"tasks": ("snli", "snli[evaluate=none]")}, 'tasks: "snli" is listed twice'),
        ({"tasks": "sst2"}, "tasks 'sst2': use a list, such as tasks = [\"sst2\"]"),
        ({"tasks": (3,)}, "tasks 3: use a string in quotes"),
        ({"tasks": ()}, "tasks: none given"),
        ({"diagnose": ("sst2",)}, "diagnose: 'sst2' has no planted examples"),
        ({"tasks": ("planted-pair",), "diagnose": ("planted-pair",)}, "diagnose: 'planted-pair' is in tasks too"),
        ({"models": ("tinny",)}, "models: unknown model 'tinny'; did you mean 'tiny'?"),
        ({"models": ("tiny[layers=x]",)}, "models: tiny[layers=x]: expected an integer, found 'x'"),
        ({"models": ()}, "models: none given"),
        ({"scorers": ("el2m",)}, "scorers: unknown scorer 'el2m'; did you mean 'el2n'?"),
        ({"scorers": ("el2n[epoc=2]",)}, "scorers: el2n has no option 'epoc'; did you mean 'epoch'?"),
        ({"scorers": ("el2n[epoch=two]",)}, "scorers: el2n[epoch=two]: expected an integer"),
        ({"scorers": ("el2n[",)}, "scorers: 'el2n[' cannot be read"),
        ({"scorers": ("el2n", "el2n[epoch=1]")}, 'scorers: "el2n" is listed twice'),
        ({"scorers": ()}, "scorers: none given"),
        ({"baseline": "length"}, "baseline: 'length' draws no fresh subset"),
        ({"baseline": "randon"}, "baseline: unknown scorer 'randon'; did you mean 'random'?"),
        ({"rivals": ("dynamic-randon",)}, "rivals: unknown scorer 'dynamic-randon'; did you mean 'dynamic-random'?"),
        ({"rivals": ("el2n[epoc=1]",)}, "rivals: el2n has no option 'epoc'; did you mean 'epoch'?"),
        ({"rivals": ("length", "length")}, 'rivals: "length" is listed twice; name it once'),
        ({"rivals": ("el2n", "el2n[epoch=1]")}, 'rivals: "el2n" is listed twice'),
        ({"rivals": ("el2n", "random")}, "rivals: 'random' is the random baseline already; leave it out here"),
        ({"rivals": "el2n"}, "rivals 'el2n': use a list, such as rivals = [\"el2n\"]"),
        ({"executor": "locale"}, "executor: unknown executor 'locale'; did you mean 'local'?"),
        ({"executor": "local[job=2]"}, "executor: local has no option 'job'; did you mean 'jobs'?"),
        ({"executor": 3}, "executor 3: use a string in quotes"),
        ({"keep": (0,)}, "keep 0: use a share above 0 and at most 1"),
        ({"keep": (1.01,)}, "keep 1.01: use a share above 0 and at most 1"),
        ({"keep": (-0.3,)}, "keep -0.3: use a share"),
        ({"keep": (float("nan"),)}, "keep nan: use a share"),
        ({"keep": (True,)}, "keep True: use a share such as 0.3"),
        ({"keep": ("el2n",)}, "keep: 'el2n' has no natural subset"),
        ({"keep": ("hscore",)}, "keep: unknown scorer 'hscore'; did you mean 'h-score'?"),
        ({"keep": (0.3, "0.30")}, "keep: 0.3 is listed twice"),
        ({"keep": ()}, "keep: none given"),
        ({"budgets": ("equal-epoch",)}, "budgets: unknown budget 'equal-epoch'; did you mean 'equal-epochs'?"),
        ({"budgets": ()}, "budgets: none given"),
        ({"seeds": 0}, "seeds 0: use an integer of at least 1"),
        ({"seeds": True}, "seeds True: use an integer"),
        ({"scoring_runs": 0}, "scoring_runs 0: use an integer of at least 1"),
        ({"train_size": 0}, "train_size 0: use an integer of at least 1"),
        ({"eval_size": 1.5}, "eval_size 1.5: use an integer of at least 1"),
        ({"sizes": {"sst": {"train_size": 5}}}, "sizes.sst: no task of this name; did you mean 'sst2'?"),
        ({"sizes": {"sst2": {"trainsize": 5}}}, "sizes.sst2: unknown key 'trainsize'; did you mean 'train_size'?"),
        ({"sizes": {"sst2": {"eval_size": 0}}}, "sizes.sst2.eval_size 0: use an integer of at least 1"),
        ({"sizes": {"sst2": 5}}, "sizes {'sst2': 5}: use a table per task"),
        ({"sample_seed": -1}, "sample_seed -1: use an integer of at least 0"),
        ({"margin": 1.0}, "margin 1.0: use a share above 0 and below 1"),
        ({"margin": "small"}, "margin 'small': use a share"),
        ({"recipe": {"epoch": 3}}, "recipe: unknown key 'epoch'; did you mean 'epochs'?"),
        ({"recipe": {"epochs": "three"}}, "recipe: epochs = 'three' has the wrong type; expected int"),
        ({"recipe": {"warmup": 1.0}}, "recipe.warmup = 1.0"),
        ({"recipe": 3}, "recipe 3: use a table"),
        ({"task_recipes": {"sst": {"epochs": 2}}}, "recipe.sst: no task of this name; did you mean 'sst2'?"),
        ({"task_recipes": {"sst2": {"epoch": 2}}}, "recipe.sst2: unknown key 'epoch'; did you mean 'epochs'?"),
    ],
)
def test_a_mistake_is_refused_with_its_field_and_the_fix(changes, expected):
    with pytest.raises(UsageError) as caught:
        small(**changes)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_scorer_named_like_the_full_baseline_is_refused(plugins):
    with pytest.raises(UsageError, match="scorers: a scorer cannot be named 'full'"):
        small(scorers=("full",))


# --- recipes


def test_recipes_are_merged_default_task_suite_suite_for_the_task(plugins):
    suite = small(
        tasks=("toy-task", "sst2"),
        recipe={"batch_size": 16, "weight_decay": 0, "learning_rate": 1},
        task_recipes={"toy-task": {"learning_rate": 0.5}},
    )
    toy = suite.recipe_for(TASKS.find("toy-task"))
    assert toy == Recipe(epochs=7, batch_size=16, weight_decay=0.0, learning_rate=0.5)
    assert suite.recipe_for(TASKS.find("sst2")).learning_rate == 1.0


def test_a_task_recipe_applies_whatever_the_options_of_the_task():
    suite = small(tasks=("snli[evaluate=validation]",), task_recipes={"snli": {"epochs": 5}})
    assert suite.recipe_for(TASKS.find(suite.tasks[0])).epochs == 5


# --- TOML


def test_toml_gives_the_suite_that_its_fields_say(tmp_path):
    path = write(
        tmp_path,
        """
        description = "mine"
        tasks = ["sst2"]
        models = ["tiny"]
        scorers = ["h-score", "el2n"]
        keep = [0.5, "h-score"]
        budgets = ["equal-steps", "equal-epochs"]
        margin = 0.02
        train_size = 100
        [recipe]
        epochs = 2
        [recipe.sst2]
        learning_rate = 1e-3
        """,
    )
    expected = small(
        name="mine",
        description="mine",
        keep=(0.5, "h-score"),
        budgets=("equal-steps", "equal-epochs"),
        margin=0.02,
        train_size=100,
        recipe={"epochs": 2},
        task_recipes={"sst2": {"learning_rate": 1e-3}},
    )
    assert load_suite(path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('tasks = ["sst2"]\nmodels = tiny\n', ", line 2, column 10: malformed TOML: invalid value; fix the line"),
        ('tasks = ["sst2",\n', ", line 1: malformed TOML:"),
        ("taks = []\n", ": unknown key 'taks'; did you mean 'tasks'?"),
        ("task_recipes = {}\n", ": unknown key 'task_recipes'"),
        ('chance = "random"\n', ": unknown key 'chance'; it is called 'baseline' now"),
        ("recipe = 3\n", ": recipe 3: use a table"),
        ("seeds = 0\n", ": seeds 0: use an integer of at least 1"),
        ('tasks = ["snly"]\n', ": tasks: unknown task 'snly'; did you mean 'snli'?"),
        ("", ": tasks: none given"),
    ],
)
def test_a_mistake_in_a_file_names_the_file(tmp_path, text, expected):
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_suite(path)
    assert f"suite {path}{expected}" in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path):
    for name, content, expected in (("missing.toml", None, "No such file"), ("latin.toml", b"\xff", "not UTF-8")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(UsageError, match=f"{name}.*: .*{expected}"):
            load_suite(str(path))
    with pytest.raises(UsageError, match=r"unknown suite 'smal'; did you mean 'small'\?"):
        load_suite("smal")


@pytest.mark.parametrize("name", ["quickstart", "small", "paper"])
def test_shipped_suites_are_valid_and_say_what_they_are(name):
    suite = load_suite(name)
    assert suite.name == name
    assert suite.description
    assert suite.baseline in suite.scorers
    assert len(suite.scorers) >= (5 if name == "quickstart" else 8)
    for ref in (*suite.tasks, *suite.diagnose):
        assert suite.recipe_for(TASKS.find(ref)).epochs > 1  # el2n, forgetting and cartography need more than one


def test_the_shipped_suites_are_these():
    assert set(shipped()) == {"quickstart", "small", "reading", "answering", "dynamic", "paper", "paper-large"}
    assert {TASKS.load(ref).hub for ref in load_suite("quickstart").tasks} == {None}  # nothing to download
    dynamic = load_suite("dynamic")
    assert {dynamic.baseline, *dynamic.rivals} < set(dynamic.scorers)
    assert {dynamic.recipe_for(TASKS.find(ref)).schedule for ref in dynamic.tasks} == {"constant"}
    paper = load_suite("paper")
    assert (paper.train_size, paper.eval_size) == (None, None)
    recipe = paper.recipe_for(TASKS.find("sst2"))
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate, recipe.max_length) == (3, 32, 2e-5, 128)
    squad, race = (paper.recipe_for(TASKS.find(name)) for name in ("squad_v2", "race"))
    assert (squad.epochs, squad.batch_size, squad.learning_rate, squad.max_length) == (2, 12, 3e-5, 384)
    assert (race.epochs, race.batch_size, race.learning_rate, race.max_length) == (3, 16, 1e-5, 512)
    assert (race.weight_decay, race.adam_beta1, race.adam_beta2, race.warmup) == (0.1, 0.9, 0.98, 0.06)
    quick = load_suite("small")
    assert {quick.recipe_for(TASKS.find(ref)) for ref in (*quick.tasks, *quick.diagnose)} == {
        Recipe(epochs=3, learning_rate=1e-4, warmup=0.06, max_length=128)
    }


def test_sizes_of_one_task_stand_before_those_of_all_and_the_command_line_before_both():
    suite = small(train_size=100, sizes={"sst2": {"train_size": 7, "eval_size": 3}})
    sst2, snli = TASKS.find("sst2[evaluate=test]"), TASKS.find("snli")
    assert suite.sizes_for(sst2) == {"train_size": 7, "eval_size": 3}
    assert suite.sizes_for(snli) == {"train_size": 100, "eval_size": None}
    changed = suite.overridden(train_size=5)
    assert changed.sizes_for(sst2) == {"train_size": 5, "eval_size": 3}
    assert changed.sizes_for(snli)["train_size"] == 5


# --- seeds


def test_the_first_seeds_are_the_published_ones_and_the_next_never_change():
    assert training_seeds(6) == PUBLISHED_SEEDS == (342, 4827, 1215, 98, 8128, 828)
    assert training_seeds(8)[6:] == (1793931546, 1922425346)


def test_a_seed_that_is_listed_already_is_passed_over(monkeypatch):
    listed = (*PUBLISHED_SEEDS[:5], 1793931546)
    monkeypatch.setattr("hbench.experiment.seeds.PUBLISHED_SEEDS", listed)
    assert training_seeds(7) == (*listed, 1922425346)


@given(st.integers(0, 100), st.integers(0, 100))
def test_seeds_are_distinct_and_a_longer_list_starts_with_every_shorter_one(few, more):
    few, more = sorted((few, more))
    seeds = training_seeds(more)
    assert seeds[:few] == training_seeds(few)
    assert len(set(seeds)) == more
    assert all(0 <= seed < 2**31 for seed in seeds)


# --- overriding


@settings(max_examples=30, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={name: st.integers(1, 1000) for name in ("seeds", "train_size", "eval_size")},
    )
)
def test_overriding_changes_what_is_given_and_nothing_else(numbers):
    suite = small()
    changed = suite.overridden(**numbers)
    for f in fields(Suite):
        assert getattr(changed, f.name) == numbers.get(f.name, getattr(suite, f.name))


def test_a_suite_names_its_executor_and_the_command_line_wins():
    suite = small(executor="local[ jobs = 2 ]")
    assert suite.executor == "local[jobs=2]"
    assert suite.overridden(executor="inline").executor == "inline"
    assert suite.overridden(seeds=2).executor == "local[jobs=2]"
    assert small().executor == "local"


def test_overriding_replaces_whole_lists():
    changed = small().overridden(
        tasks=["snli", "mnli"],
        models=["roberta-base"],
        scorers=["grand"],
        keep=["0.5", "h-score"],
        budgets=["equal-steps"],
    )
    assert changed == small(
        tasks=("snli", "mnli"),
        models=("roberta-base",),
        scorers=("grand",),
        keep=(0.5, "h-score"),
        budgets=("equal-steps",),
    )


def test_a_diagnosed_task_named_on_the_command_line_is_still_only_diagnosed():
    suite = small(diagnose=("planted-pair", "planted-sentence"))
    assert suite.overridden(tasks=["sst2"]).diagnose == ()
    only = suite.overridden(tasks=["planted-pair"])
    assert (only.tasks, only.diagnose) == ((), ("planted-pair",))
    other = suite.overridden(tasks=["planted-pair[size=200]"])
    assert (other.tasks, other.diagnose) == (("planted-pair[size=200]",), ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tasks": ["snly"]}, "--task: unknown task 'snly'"),
        ({"models": ["tinny"]}, "--model: unknown model 'tinny'"),
        ({"scorers": ["el2m"]}, "--scorer: unknown scorer 'el2m'"),
        ({"keep": ["0"]}, "--keep 0: use a share"),
        ({"budgets": ["x"]}, "--budget: unknown budget 'x'"),
        ({"seeds": 0}, "--seeds 0: use"),
        ({"scoring_runs": 0}, "--scoring-runs 0: use"),
        ({"train_size": -1}, "--train-size -1: use"),
        ({"eval_size": 0}, "--eval-size 0: use"),
        ({"executor": "locale"}, "--executor: unknown executor 'locale'"),
    ],
)
def test_a_mistake_on_the_command_line_names_the_option(changes, expected):
    with pytest.raises(UsageError) as caught:
        small().overridden(**changes)
    assert str(caught.value).startswith(expected)


def test_looks_are_kept_and_the_seeds_are_one_of_them():
    assert small(looks=[6, 12, 18], seeds=12).looks == (6, 12, 18)
    assert small(looks=[6, 12], seeds=6).overridden(seeds=12).seeds == 12
    assert small(looks=[]).looks == ()


@pytest.mark.parametrize(
    ("changes", "fragments"),
    [
        ({"looks": [6, 12], "seeds": 8}, ("seeds 8", "6, 12", "leave out looks")),
        ({"looks": [6]}, ("looks [6]", "2 to 20 looks")),
        ({"looks": [6, 13]}, ("looks [6, 13]", "equal steps")),
        ({"looks": [0, 0]}, ("looks [0, 0]", "equal steps")),
        ({"looks": 6}, ("looks 6", "list")),
        ({"looks": ["6", 12]}, ("looks", "list")),
        ({"looks": [6, True]}, ("looks", "list")),
    ],
)
def test_looks_that_cannot_be_are_refused(changes, fragments):
    with pytest.raises(UsageError) as error:
        small(**changes)
    for fragment in fragments:
        assert fragment in str(error.value)


def test_another_number_of_seeds_than_a_look_is_refused_by_its_option():
    with pytest.raises(UsageError, match=r"^--seeds 8: .*6, 12"):
        small(looks=[6, 12], seeds=6).overridden(seeds=8)
