"""What a training costs, counted in training steps on one example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from hbench import scorer
from hbench.cost.budgets import BUDGETS, DEFAULT_BUDGET, find_budget
from hbench.cost.model import Training, observing
from hbench.errors import UsageError
from hbench.plugins import DynamicScorer


def training(method: str, count: int = 30) -> Training:
    return Training(scorer(method), 100, count, 3, 10)


def test_a_pass_before_a_choice_is_a_third_of_a_training_on_everything() -> None:
    assert training("dynamic-el2n").passes([100, 30, 30]) == [0, 100, 100]
    assert training("dynamic-el2n").cost([100, 30, 30]) == pytest.approx(160 + 200 / 3)
    for free in ("dynamic-random", "infobatch", "el2n"):
        assert training(free).cost([100, 30, 30]) == 160


def test_epochs_are_added_until_the_allowance_is_used() -> None:
    static, dynamic = training("el2n"), training("dynamic-random")
    assert static.sizes_until(0, sum) == [30]
    assert static.sizes_until(90, sum) == [30] * 3
    assert static.sizes_until(91, sum) == [30] * 4
    assert static.sizes_until(30, sum, epochs=2) == [30] * 2
    assert dynamic.sizes_until(16, dynamic.steps) == [100, 30, 30]
    assert dynamic.sizes_until(17, dynamic.steps) == [100, 30, 30, 30]


def test_passes_after_epochs_are_added_to_a_training() -> None:
    assert observing(3, 3, gradients=False) == pytest.approx(1 / 3)
    assert observing(1, 4, gradients=True) == pytest.approx((1 / 3 + 1) / 4)


@dataclass(frozen=True)
class Idle(DynamicScorer):
    """Trains on nothing after the warm-up."""

    def sizes(self, examples: int, count: int, epochs: int) -> list[int]:
        return [examples if epoch == 0 else 0 for epoch in range(epochs)]

    def score(self, dynamics: Any) -> Any:
        raise NotImplementedError


def test_a_method_that_trains_on_nothing_is_refused_instead_of_going_on_for_ever() -> None:
    for budget in ("equal-steps", "equal-cost"):
        with pytest.raises(UsageError, match=r"Idle\.sizes gives 0 examples"):
            find_budget(budget).cost(Training(Idle(), 100, 30, 3, 10))
            find_budget(budget).steps(Training(Idle(), 100, 30, 3, 10))


def test_every_budget_says_what_it_is_and_the_default_leaves_the_recipe_alone() -> None:
    assert len(set(BUDGETS)) == len(BUDGETS)
    for name in BUDGETS:
        budget = find_budget(name)
        assert (budget.name, budget.about[-1]) == (name, ".")
        # a training on everything costs a full one, whatever bounds it, but for the passes that equal-cost allows
        assert budget.cost(Training(scorer("random"), 100, 100, 1, 10)) == 1.0
    assert find_budget(DEFAULT_BUDGET).steps(training("el2n")) is None
    with pytest.raises(UsageError, match="did you mean 'equal-cost'"):
        find_budget("equal-costs")
