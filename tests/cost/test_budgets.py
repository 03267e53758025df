"""Budgets: how many steps a training may take, against counting by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench import scorer
from hbench.cost.budgets import find_budget
from hbench.cost.model import PASS, Training
from hbench.experiment.estimate import estimate
from hbench.experiment.plan import make_plan
from hbench.experiment.suite import Suite
from hbench.jobs.recipe import Recipe

RECIPE = Recipe(epochs=3, batch_size=10)


def steps(budget: str, method: str, count: int, size: int = 100, recipe: Recipe = RECIPE) -> int | None:
    return find_budget(budget).steps(Training(scorer(method), size, count, recipe.epochs, recipe.batch_size))


def test_equal_epochs_sets_no_steps_and_equal_steps_those_of_the_full_data() -> None:
    assert steps("equal-epochs", "el2n", 30) is None
    assert steps("equal-steps", "el2n", 30) == steps("equal-steps", "dynamic-el2n", 30) == 30
    assert steps("equal-steps", "random", 30, size=101) == 33


def test_equal_cost_by_hand() -> None:
    # allowed: 100 + 2 * (30 + 100 / 3) = 226.67 examples
    assert steps("equal-cost", "dynamic-el2n", 30) == 10 + 3 + 3  # the curriculum itself: it defines the budget
    # no pass to pay for: 100, then 30 + 30 + 30 + 30 and 6.67 examples, less than a batch
    assert steps("equal-cost", "dynamic-random", 30) == 10 + 4 * 3
    # 226.67 = 7 epochs of 30 and 16.67 examples, one batch
    assert steps("equal-cost", "el2n", 30) == steps("equal-cost", "random", 30) == 7 * 3 + 1
    # a pass every other epoch: 100 + 33.33 + 30 + 30 = 193.33; the next pass takes all but nothing
    assert steps("equal-cost", "dynamic-el2n[period=2]", 30) == 10 + 3 + 3


@settings(max_examples=150, deadline=None)
@given(
    size=st.integers(20, 500),
    share=st.floats(0.05, 1.0),
    batch=st.integers(1, 32),
    epochs=st.integers(1, 6),
    method=st.sampled_from(
        ["random", "dynamic-random", "dynamic-el2n", "dynamic-el2n[warmup=2]", "dynamic-loss[period=3]"]
    ),
)
def test_equal_cost_is_within_a_batch_of_the_same_for_all(
    size: int, share: float, batch: int, epochs: int, method: str
) -> None:
    """Replay the training that the steps stand for, and add up what it processes."""
    count, recipe = max(1, round(share * size)), Recipe(epochs=epochs, batch_size=batch)
    allowed = size + (epochs - 1) * (count + PASS * size)
    left = steps("equal-cost", method, count, size, recipe)
    plugin, dynamic, spent, epoch = scorer(method), method.startswith("dynamic"), 0.0, 0
    looks = dynamic and plugin.asks() is not None
    while left > 0:
        whole = size if dynamic and epoch < plugin.warmup else count
        if looks and epoch >= plugin.warmup and (epoch - plugin.warmup) % plugin.period == 0:
            spent += PASS * size
        taken = min(left, math.ceil(whole / batch))
        spent += min(whole, taken * batch)
        left -= taken
        epoch += 1
    assert spent <= allowed + batch + 1e-6
    # what is not used is less than a batch and, before a choice, the pass that would have to be paid first
    assert allowed - spent <= 2 * batch + (PASS * size if looks else 0) + 1e-6 or count < batch


@pytest.mark.parametrize("budget", ["equal-epochs", "equal-steps", "equal-cost"])
def test_the_plan_knows_what_a_budget_costs(budget: str) -> None:
    suite = Suite(
        name="t",
        tasks=("planted-sentence",),
        models=("tiny",),
        scorers=("dynamic-el2n", "random"),
        keep=(0.5,),
        budgets=(budget,),
        scoring_runs=1,
        seeds=2,
    )
    total = estimate(make_plan(suite)).total
    epochs = 3
    curriculum = (1 + 2 * 0.5 + 2 / 3) / epochs
    expected = {
        "equal-epochs": 2 + 2 * (curriculum + 0.5),
        "equal-steps": 2 + 2 * (1 + 4 / 3 / epochs + 1),  # five epochs, four of them with a pass before
        "equal-cost": 2 + 2 * (2 * curriculum),
    }[budget]
    assert total.cost_at_most == pytest.approx(expected, abs=0.01)
    assert total.full_runs == 2
