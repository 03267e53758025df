"""How long a training on a part of the data may go on: the budgets that make methods comparable.

What scoring before training takes is outside all budgets and is part of the net cost. A further budget is a class like
these, in a file of its own, and an entry in `ALL`.
"""

from __future__ import annotations

from typing import Protocol

from hbench.cost.model import PASS, Training
from hbench.errors import UsageError, suggest
from hbench.plugins import DynamicScorer


class Budget(Protocol):
    """What bounds a training."""

    #: How suites, results and boards name it.
    name: str
    #: What is equal among the methods, in one sentence.
    about: str

    def steps(self, training: Training) -> int | None:
        """Return the optimiser steps of a training, None for the recipe's epochs."""

    def cost(self, training: Training) -> float:
        """Return what a training costs at most, in trainings on all data."""


class EqualEpochs:
    """As many epochs as the recipe has."""

    name = "equal-epochs"
    about = "The recipe's epochs, so fewer steps the smaller the part."

    def steps(self, training: Training) -> None:
        """Return None."""

    def cost(self, training: Training) -> float:
        """Return the cost of the epochs and of the passes between them."""
        return training.cost(training.sizes(training.epochs)) / training.full


class EqualSteps:
    """As many optimiser steps as the full data take."""

    name = "equal-steps"
    about = "As many optimiser steps as the full data take."

    def steps(self, training: Training) -> int:
        """Return the steps of the recipe's epochs on all examples."""
        return training.steps([training.size] * training.epochs)

    def cost(self, training: Training) -> float:
        """Return the cost of a full training and of the passes that pruning while training adds to it."""
        if not isinstance(training.method, DynamicScorer):
            return 1.0
        return training.cost(training.sizes_until(training.full, sum, epochs=training.epochs)) / training.full


class EqualCost:
    """As much computing as pruning while training takes."""

    name = "equal-cost"
    about = (
        "The same computing for every method: one epoch on all data, then for each further epoch of the recipe the "
        "part that is kept and a pass over all data, which is what pruning while training takes."
    )

    def steps(self, training: Training) -> int:
        """Return the steps that the allowance pays for: whole epochs with their passes, then a part of one."""
        allowed, count, batch = self._allowance(training), training.count, training.batch_size
        if not isinstance(training.method, DynamicScorer):
            epochs, rest = divmod(allowed, count)
            return max(1, training.steps([count] * round(epochs)) + int(rest // batch))
        sizes = training.sizes_until(allowed, training.cost)
        steps, left = 0, allowed
        for trained, looked_at in zip(sizes, training.passes(sizes), strict=True):
            left -= PASS * looked_at
            if left < min(trained, batch):
                break
            part = min(float(trained), left)
            steps += training.steps([trained]) if part >= trained - 1e-6 else int(part // batch)
            left -= part
        return max(1, steps)

    def cost(self, training: Training) -> float:
        """Return the allowance."""
        return self._allowance(training) / training.full

    def _allowance(self, training: Training) -> float:
        return training.size + (training.epochs - 1) * (training.count + PASS * training.size)


#: Every budget, in the order of boards. The first leaves the recipe as it is: it is the default, and the full data's.
ALL: tuple[Budget, ...] = (
    EqualEpochs(),
    EqualSteps(),
    EqualCost(),
)
BUDGETS: tuple[str, ...] = tuple(budget.name for budget in ALL)
DEFAULT_BUDGET = BUDGETS[0]


def find_budget(name: str) -> Budget:
    """Return the budget of a name. Raises UsageError for an unknown one."""
    for budget in ALL:
        if budget.name == name:
            return budget
    raise UsageError(f"unknown budget {name!r}{suggest(str(name), BUDGETS)}")
