"""The plan shares one training bill among all scorers, and makes no training twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hbench.errors import UsageError
from hbench.experiment.bind import PrunedRun, Work
from hbench.experiment.plan import make_plan, unite
from hbench.experiment.suite import Suite
from hbench.jobs.spec import FineTune, unpack_subset
from hbench.jobs.store import Store, write_result
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
    works = [
        Work.begin(group, group_suite, None, Store(tmp_path))
        for group_suite in [three_tasks()]
        for group in make_plan(group_suite).groups
    ]
    assert len(works) == 3
    for work in works:
        assert len(work.full) == 6
        assert all(job.observe is not None and job.subset is None for job in work.full.values())
        assert set(work.full) == set(work.group.evaluation_seeds) == set(work.group.scoring_seeds)
    keys = [job.key for work in works for job in work.full.values()]
    assert len(set(keys)) == len(keys) == 18


def finish(store: Store, work: Work, scores: dict[str, np.ndarray]) -> None:
    """Put made-up results of full runs and scores into the store."""
    n = 60
    ids, labels = np.array([str(i) for i in range(n)]), np.arange(n) % 2
    for job in work.full.values():
        with store.writing(job) as folder:
            np.savez(folder / "examples.npz", id=ids, label=labels, length=np.ones(n, dtype=int))
            write_result(folder, {})
    for number, (ref, jobs) in enumerate(work.scores.items()):
        for draw, job in jobs.items():
            preference = scores.get(ref, np.random.default_rng([number, draw or 0]).random(n))
            arrays = {"id": ids, "score": preference, "preference": preference}
            if ref == "h-score":
                arrays["natural"] = preference >= np.sort(preference)[-20]
            with store.writing(job) as folder:
                np.savez(folder / "scores.npz", **arrays)
                write_result(folder, {"planted": None})


def test_no_pruned_training_is_made_twice(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",))
    store = Store(tmp_path)
    work = Work.begin(make_plan(suite).groups[0], suite, None, Store(tmp_path))
    hard = np.random.default_rng(99).random(60)
    finish(store, work, {"el2n": hard, "grand": 2 * hard})
    jobs = work.prune(store)
    counts = Counter(job.key for job in jobs)
    assert max(counts.values()) == 1
    # nine methods at two sizes with six seeds; el2n and grand agree on everything, so one of them costs nothing
    assert len(jobs) == (9 - 1) * 2 * 6
    assert len(work.pruned) == 9 * 2 * 6


def test_size_that_follows_from_a_scorer_is_given_to_every_method(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), keep=("h-score",))
    store = Store(tmp_path)
    work = Work.begin(make_plan(suite).groups[0], suite, None, Store(tmp_path))
    finish(store, work, {})
    work.prune(store)
    sizes = {int(p.mask.sum()) for p in work.pruned.values() if isinstance(p, PrunedRun)}
    assert sizes == {20}


def test_keeping_everything_is_the_full_run(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), keep=(1.0,))
    store = Store(tmp_path)
    work = Work.begin(make_plan(suite).groups[0], suite, None, Store(tmp_path))
    finish(store, work, {})
    assert {job.key for job in work.prune(store)} == {job.key for job in work.full.values()}


def test_random_draws_afresh_for_every_seed(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), keep=(0.5,))
    store = Store(tmp_path)
    work = Work.begin(make_plan(suite).groups[0], suite, None, Store(tmp_path))
    finish(store, work, {})
    work.prune(store)
    drawn = {p.mask.tobytes() for (cell, _), p in work.pruned.items() if cell.method.ref == "random"}
    kept = {p.mask.tobytes() for (cell, _), p in work.pruned.items() if cell.method.ref == "el2n"}
    assert len(drawn) == 6
    assert len(kept) == 1


def test_equal_steps_trains_as_many_steps_as_the_full_run(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), keep=(0.5,), budgets=("equal-epochs", "equal-steps"))
    store = Store(tmp_path)
    work = Work.begin(make_plan(suite).groups[0], suite, None, Store(tmp_path))
    finish(store, work, {})
    work.prune(store)
    recipe = work.group.recipe
    for (cell, _), pruned in work.pruned.items():
        expected = None if cell.budget == "equal-epochs" else -(-60 // recipe.batch_size) * recipe.epochs
        assert pruned.job.recipe.max_steps == expected
        assert unpack_subset(pruned.job.subset).sum() == 30


def test_a_cell_that_cannot_be_says_so_and_the_others_go_on(tmp_path: Path) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",), scorers=("el2n[offset=0.6]", "length"), keep=(0.5,))
    store = Store(tmp_path)
    work = Work.begin(make_plan(suite).groups[0], suite, None, store)
    finish(store, work, {})
    work.prune(store)
    by_method = {cell.method.ref: pruned for (cell, _), pruned in work.pruned.items()}
    assert "cannot keep 30 of 60 examples after dropping 36" in by_method["el2n[offset=0.6]"].reason
    assert isinstance(by_method["length"], PrunedRun)


def test_passes_after_an_epoch_are_part_of_the_cost() -> None:
    def cost(*scorers: str) -> tuple[float, float]:
        total = make_plan(three_tasks(tasks=("planted-sentence",), scorers=scorers, keep=(0.5,))).summary()["total"]
        return total["cost_at_most"], total["cost_unshared"]

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
        "epoch_end": {"epochs": [1, 2], "gradients": ["head"]},
        "train": {"epochs": None, "gradients": []},
    }
    assert unite([]) is None


def test_epoch_that_the_recipe_does_not_train_is_refused() -> None:
    with pytest.raises(UsageError, match=r"el2n\[epoch=9\] asks for epoch 9"):
        make_plan(three_tasks(scorers=("el2n[epoch=9]",)))


def test_summary_counts_what_would_run() -> None:
    total = make_plan(three_tasks()).summary()["total"]
    assert total["full_runs"] == 18
    assert total["pruned_runs_at_most"] == 3 * 9 * 2 * 6
    assert total["cost_at_most"] < total["cost_unshared"]


def test_scoring_runs_are_observed_and_others_are_not(tmp_path: Path) -> None:
    suite = three_tasks(seeds=6, scoring_runs=2)
    work = Work.begin(make_plan(suite).groups[0], suite, None, Store(tmp_path))
    observed = [job.observe is not None for job in work.full.values()]
    assert observed == [True, True, False, False, False, False]
    assert all(isinstance(job, FineTune) for job in work.full.values())


@pytest.mark.parametrize(
    ("asked", "watched", "enough"),
    [
        (None, None, True),
        (None, {"train": {"epochs": None, "gradients": []}}, True),
        ({"train": {"epochs": None, "gradients": []}}, None, False),
        ({"train": {"epochs": [1], "gradients": []}}, {"train": {"epochs": None, "gradients": []}}, True),
        ({"train": {"epochs": None, "gradients": []}}, {"train": {"epochs": [1, 2], "gradients": []}}, False),
        ({"train": {"epochs": None, "gradients": []}}, {"train": {"epochs": [1, 2, 3], "gradients": []}}, True),
        ({"epoch_end": {"epochs": [1], "gradients": ["all"]}}, {"epoch_end": {"epochs": [1], "gradients": []}}, False),
        (
            {"epoch_end": {"epochs": [1], "gradients": ["all"]}},
            {"epoch_end": {"epochs": [1, 3], "gradients": ["all", "head"]}, "train": {"epochs": None}},
            True,
        ),
    ],
)
def test_run_that_was_watched_more_closely_serves(tmp_path: Path, asked: Any, watched: Any, enough: bool) -> None:
    suite = three_tasks(tasks=("planted-sentence[size=60]",))
    store = Store(tmp_path)
    work = Work.begin(make_plan(suite).groups[0], suite, None, store)
    job = replace(work.full[342], observe=asked, task=replace(work.full[342].task, data_dir="here"))
    done = replace(work.full[342], observe=watched, task=replace(work.full[342].task, data_dir="there"))
    other = replace(done, seed=7)
    for finished in (done, other):
        with store.writing(finished) as folder:
            write_result(folder, {})
    served = store.reusable_run(job)
    assert (served.key == done.key) == (enough or asked == watched)
    assert served.task.data_dir == "here"
    assert served == job or enough
