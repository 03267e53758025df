"""The cost model: what a training and its passes cost, counted in training steps on one example.

    a training step on an example                       1
    a pass over it that only looks, the forward part    1/3
    a pass for the norm of its gradient                 1, since it goes backward too

Budgets, plans and the length of a curriculum all count this way. What a run really used is its bill.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hbench.errors import UsageError
from hbench.plugins import DynamicScorer, Scorer

#: A forward pass over an example: the backward pass of a training step takes two more.
PASS = 1 / 3
#: A pass that measures the gradient of an example, which goes forward and backward.
GRADIENT_PASS = 1


@dataclass(frozen=True)
class Training:
    """One training on a part of the data, in plain numbers."""

    #: The method that chooses the part, before the training or during it.
    method: Scorer
    #: All training examples, and those of them that are kept.
    size: int
    count: int
    #: Epochs and batch size of the recipe.
    epochs: int
    batch_size: int

    @property
    def full(self) -> int:
        """Cost of the recipe's epochs on all examples."""
        return self.epochs * self.size

    def sizes(self, epochs: int) -> list[int]:
        """Return the examples of every epoch of such a training of so many epochs."""
        if isinstance(self.method, DynamicScorer):
            return self.method.sizes(self.size, self.count, epochs)
        return [self.count] * epochs

    def passes(self, sizes: list[int]) -> list[int]:
        """Return the examples that a pass before each epoch looks at: all of them before a choice, otherwise none."""
        wanted = self.method.asks() if isinstance(self.method, DynamicScorer) else None
        if not isinstance(self.method, DynamicScorer) or wanted is None or wanted.at != "epoch_end":
            return [0] * len(sizes)
        return [self.size if self.method.due(epoch, sizes) else 0 for epoch in range(len(sizes))]

    def cost(self, sizes: list[int]) -> float:
        """Return what epochs of these sizes cost, with the passes before them."""
        return sum(sizes) + PASS * sum(self.passes(sizes))

    def steps(self, sizes: list[int]) -> int:
        """Return the optimiser steps of epochs of these sizes, each of which ends in a batch that may be smaller."""
        return sum(-(-size // self.batch_size) for size in sizes)

    def sizes_until(self, allowance: float, used: Callable[[list[int]], float], *, epochs: int = 1) -> list[int]:
        """Return the sizes of the epochs that use up an allowance, at least `epochs` of them; the last may exceed it.

        used: what epochs of these sizes use, such as `cost`, `steps` or `sum`, in the unit of the allowance.
        Raises UsageError naming a method that announces an epoch without examples, which uses nothing.
        """
        sizes = self.sizes(epochs)
        while used(sizes) < allowance:
            if min(sizes) < 1:
                raise UsageError(
                    f"{type(self.method).__name__}.sizes gives {min(sizes)} examples for an epoch of "
                    f"{len(sizes)}; give at least 1"
                )
            sizes = self.sizes(len(sizes) + 1)
        return sizes


def observing(observed: int, epochs: int, *, gradients: bool) -> float:
    """Return what passes over all examples after `observed` of a training's epochs add to it, in full trainings."""
    return observed * (PASS + GRADIENT_PASS * gradients) / epochs
