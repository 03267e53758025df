"""The plan shares one training bill among all scorers, and makes no training twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.finished_jobs import TRAINED
from support.made_up_scores import finish

from hbench.errors import UsageError
from hbench.experiment.bind import BoundExperiment, bind
from hbench.experiment.estimate import estimate
from hbench.experiment.plan import make_plan, unite
from hbench.experiment.prune import PrunedRun, Unavailable, prune
from hbench.experiment.suite import Suite
from hbench.jobs.integrity import write_result
from hbench.jobs.observe import Watch
from hbench.jobs.spec import FineTune, unpack_subset
from hbench.jobs.store import Store
from hbench.plugins import observe

EIGHT = (
    "h-score",
    "forgetting",
    "cartography",
    "cartography[region=hard]",
    "cartography[region=easy]",
    "el2n",
    "grand",
    "length",
)


def three_tasks(**changes: object) -> Suite:
    fields = {
        "name": "three",
        "tasks": ("planted-sentence[size=60]", "planted-pair[size=60]", "planted-sentence[size=80]"),
        "models": ("tiny",),
        "scorers": EIGHT,
        "keep": (0.3, 0.5),
    }
    return Suite(**{**fields, **changes})


def test_six_full_runs_per_task_serve_all_scorers_and_the_full_baseline(tmp_path: Path) -> None:
    suite = three_tasks()
    experiments = [bind(experiment, suite, None, Store(tmp_path)) for experiment in make_plan(suite).experiments]
    assert len(experiments) == 3
    for bound in experiments:
        assert len(bound.full) == 6
        assert all(job.observe is not None and job.subset is None for job in bound.full.values())
        assert set(bound.full) == set(bound.experiment.evaluation_seeds) == set(bound.experiment.scoring_seeds())
    keys = [job.key for bound in experiments for job in bound.full.values()]
    assert len(set(keys)) == len(keys) == 18


def first(suite: Suite, store: Store) -> BoundExperiment:
    return bind(make_plan(suite).experiments[0], suite, None, store)


def test_what_one_step_hands_to_the_next_cannot_be_changed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    bound = first(three_tasks(), store)
    before = prune(bound, store)
    with pytest.raises(FrozenInstanceError):
        bound.full = {}
    for mapping in (bound.full, bound.scores, bound.scores["random"], before.runs):
        with pytest.raises(TypeError):
            mapping[next(iter(mapping))] = None
    finish(store, bound)
    after = prune(bound, store)
    assert {type(run) for run in before.runs.values()} == {Unavailable}  # as it was before the scores
    assert {type(run) for run in after.runs.values()} == {PrunedRun}
    assert before.jobs() == {}


def test_no_pruned_training_is_made_twice(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",))
    store = Store(tmp_path)
    bound = first(suite, Store(tmp_path))
    hard = np.random.default_rng(99).random(60)
    finish(store, bound, {"el2n": hard, "grand": 2 * hard})
    pruned = prune(bound, store)
    jobs = pruned.jobs()
    counts = Counter(job.key for job in jobs.values())
    assert max(counts.values()) == 1
    # nine methods at two sizes with six seeds; el2n and grand agree on everything, so one of them costs nothing
    assert len(jobs) == (9 - 1) * 2 * 6
    assert len(pruned.runs) == 9 * 2 * 6


def test_size_that_follows_from_a_scorer_is_given_to_every_method(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), keep=("h-score",))
    store = Store(tmp_path)
    bound = first(suite, Store(tmp_path))
    finish(store, bound)
    sizes = {int(run.mask.sum()) for run in prune(bound, store).available()}
    assert sizes == {20}


def test_keeping_everything_is_the_full_run(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), keep=(1.0,))
    store = Store(tmp_path)
    bound = first(suite, Store(tmp_path))
    finish(store, bound)
    assert {job.key for job in prune(bound, store).jobs().values()} == {job.key for job in bound.full.values()}


def test_random_draws_afresh_for_every_seed(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), keep=(0.5,))
    store = Store(tmp_path)
    bound = first(suite, Store(tmp_path))
    finish(store, bound)
    runs = prune(bound, store).runs
    drawn = {run.mask.tobytes() for (arm, _), run in runs.items() if arm.method.ref == "random"}
    assert len(drawn) == 6


def test_equal_steps_trains_as_many_steps_as_the_full_run(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), keep=(0.5,), budgets=("equal-epochs", "equal-steps"))
    store = Store(tmp_path)
    bound = first(suite, Store(tmp_path))
    finish(store, bound)
    recipe = bound.experiment.recipe
    for (arm, _), pruned in prune(bound, store).runs.items():
        expected = None if arm.budget == "equal-epochs" else -(-60 // recipe.batch_size) * recipe.epochs
        assert pruned.job.recipe.max_steps == expected
        assert unpack_subset(pruned.job.subset).sum() == 30


def test_a_cell_that_cannot_be_says_so_and_the_others_go_on(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), scorers=("el2n[offset=0.6]", "length"), keep=(0.5,))
    store = Store(tmp_path)
    bound = first(suite, store)
    finish(store, bound)
    by_method = {arm.method.ref: pruned for (arm, _), pruned in prune(bound, store).runs.items()}
    assert isinstance(by_method["el2n[offset=0.6]"], Unavailable)
    assert "cannot keep 30 of 60 examples after dropping 36" in by_method["el2n[offset=0.6]"].reason
    assert isinstance(by_method["length"], PrunedRun)
    (reason,) = prune(bound, store).reasons().items()
    assert reason == (by_method["el2n[offset=0.6]"].reason, "el2n[offset=0.6] 0.5 equal-epochs")


def test_passes_after_an_epoch_are_part_of_the_cost() -> None:
    def cost(*scorers: str) -> tuple[float, float]:
        total = estimate(make_plan(three_tasks(tasks=("planted-sentence",), scorers=scorers, keep=(0.5,)))).total
        return total.cost_at_most, total.cost_unshared

    pruned = 6 * 0.5  # for each method, the random baseline among them
    assert cost("h-score") == (6 + 2 * pruned, 6 + 6 + 2 * pruned)
    # three epochs: one forward pass is a ninth of a training; a gradient pass a third
    assert cost("el2n") == (round(6 + 6 / 9 + 2 * pruned, 2), round(6 + 6 * (1 + 1 / 9) + 2 * pruned, 2))
    both = round(6 + 6 * 4 / 9 + 3 * pruned, 2), round(6 + 6 * (1 + 1 / 9) + 6 * (1 + 4 / 9) + 3 * pruned, 2)
    assert cost("el2n", "grand") == both


def test_union_of_what_scorers_need() -> None:
    united = unite(
        [
            observe("el2n", at="epoch_end", epochs=(2,)),
            observe("grad_norm_head", at="epoch_end", epochs=(1,)),
            observe("correct"),
            observe("gold_prob", epochs=(1,)),
        ]
    )
    assert united == {
        "epoch_end": Watch((1, 2), ("head",)),
        "train": Watch(),
    }
    assert unite([]) is None


def test_epoch_that_the_recipe_does_not_train_is_refused() -> None:
    with pytest.raises(UsageError, match=r"el2n\[epoch=9\] asks for epoch 9"):
        make_plan(three_tasks(scorers=("el2n[epoch=9]",)))


def test_summary_counts_what_would_run() -> None:
    total = estimate(make_plan(three_tasks())).total
    assert total.full_runs == 18
    assert total.pruned_runs_at_most == 3 * 9 * 2 * 6
    assert total.cost_at_most < total.cost_unshared


def test_scoring_runs_are_observed_and_others_are_not(tmp_path: Path) -> None:
    suite = three_tasks(seeds=7, scoring_runs=2)
    bound = first(suite, Store(tmp_path))
    observed = [job.observe is not None for job in bound.full.values()]
    assert observed == [*[True] * 6, False]  # the seventh run is in no group of two
    assert all(isinstance(job, FineTune) for job in bound.full.values())


@pytest.mark.parametrize(
    ("asked", "watched", "enough"),
    [
        (None, None, True),
        (None, {"train": Watch()}, True),
        ({"train": Watch()}, None, False),
        ({"train": Watch((1,))}, {"train": Watch()}, True),
        ({"train": Watch()}, {"train": Watch((1, 2))}, False),
        ({"train": Watch()}, {"train": Watch((1, 2, 3))}, True),
        ({"epoch_end": Watch((1,), ("all",))}, {"epoch_end": Watch((1,))}, False),
        (
            {"epoch_end": Watch((1,), ("all",))},
            {"epoch_end": Watch((1, 3), ("all", "head")), "train": Watch()},
            True,
        ),
    ],
)
def test_run_that_was_watched_more_closely_serves(tmp_path: Path, asked: Any, watched: Any, enough: bool) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",))
    store = Store(tmp_path)
    bound = first(suite, store)
    job = replace(bound.full[342], observe=asked, task=replace(bound.full[342].task, data_dir="here"))
    done = replace(bound.full[342], observe=watched, task=replace(bound.full[342].task, data_dir="there"))
    other = replace(done, seed=7)
    for finished in (done, other):
        with store.writing(finished) as folder:
            write_result(folder, TRAINED)
    served = store.reusable_run(job)
    assert (served.key == done.key) == (enough or asked == watched)
    assert served.task.data_dir == "here"
    assert served == job or enough


def test_hours_follow_from_the_full_runs_that_have_finished(tmp_path: Path) -> None:
    plan = make_plan(three_tasks())
    store = Store(tmp_path)
    assert estimate(plan, tmp_path).total.hours_at_most is None
    bound = first(plan.suite, store)
    for seconds, job in zip((10.0, 20.0), bound.full.values(), strict=False):
        with store.writing(job) as folder:
            write_result(folder, replace(TRAINED, seconds={"whole job": seconds}))
    found = estimate(plan, tmp_path)
    one, *others = found.experiments
    assert one.hours_at_most == pytest.approx(one.cost_at_most * 15 / 3600, abs=0.01)
    assert [other.hours_at_most for other in others] == [None] * len(others)
    assert found.total.hours_at_most is None
