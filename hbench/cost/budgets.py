"""How long a training on a part of the data may go on: the budgets that make methods comparable.

    equal-epochs  the recipe's epochs, so fewer steps the smaller the part
    equal-steps   as many optimiser steps as the full data take
    equal-cost    the same computing for every method, in examples: one epoch on all data, then for each further epoch
                  of the recipe the part that is kept and a pass over all data, which is what pruning while training
                  takes. A pass over an example counts as a third of a training step on it, its forward part.

What scoring before training takes is outside all budgets and stands in the net cost.
"""

from __future__ import annotations

from typing import Literal

from hbench.jobs.recipe import Recipe
from hbench.plugins import DynamicScorer, Scorer

Budget = Literal["equal-epochs", "equal-steps", "equal-cost"]
BUDGETS: tuple[Budget, ...] = ("equal-epochs", "equal-steps", "equal-cost")

#: A forward pass in training steps on the same examples: the backward pass takes two more.
PASS = 1 / 3


def steps_for(budget: Budget, method: Scorer, *, size: int, count: int, recipe: Recipe) -> int | None:
    """Return the optimiser steps of a training, None for the recipe's epochs.

    size: all training examples. count: those kept.
    """
    if budget == "equal-epochs":
        return None
    if budget == "equal-steps":
        return -(-size // recipe.batch_size) * recipe.epochs
    allowed = size + (recipe.epochs - 1) * (count + PASS * size)
    if isinstance(method, DynamicScorer):
        return _dynamic_steps(method, allowed, size, count, recipe)
    # Every epoch ends in a batch that may be smaller than the others.
    epochs, rest = divmod(allowed, count)
    return max(1, round(epochs) * -(-count // recipe.batch_size) + int(rest // recipe.batch_size))


def examples_of_passes(method: Scorer, size: int, sizes: list[int]) -> list[int]:
    """Return the examples that a pass before each epoch looks at: all of them before a choice, none otherwise."""
    wanted = method.asks() if isinstance(method, DynamicScorer) else None
    if not isinstance(method, DynamicScorer) or wanted is None or wanted.at != "epoch_end":
        return [0] * len(sizes)
    return [size if method.due(epoch, sizes) else 0 for epoch in range(len(sizes))]


def _dynamic_steps(method: DynamicScorer, allowed: float, size: int, count: int, recipe: Recipe) -> int:
    """Return the steps that fit into an allowance of examples: whole epochs with their passes, then a part of one."""
    epochs = 1
    while _spent(method, size, method.sizes(size, count, epochs)) < allowed:
        epochs += 1
    sizes = method.sizes(size, count, epochs)
    passes = examples_of_passes(method, size, sizes)
    steps, left = 0, allowed
    for trained, looked_at in zip(sizes, passes, strict=True):
        left -= PASS * looked_at
        if left < min(trained, recipe.batch_size):
            break
        part = min(float(trained), left)
        steps += -(-trained // recipe.batch_size) if part >= trained - 1e-6 else int(part // recipe.batch_size)
        left -= part
    return max(1, steps)


def _spent(method: DynamicScorer, size: int, sizes: list[int]) -> float:
    return sum(sizes) + PASS * sum(examples_of_passes(method, size, sizes))
