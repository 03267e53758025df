"""How far a run is: what of it is done, to the batch."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch

from hbench.cost.bill import Used

#: The stages of an epoch, in order: the choice of what it trains on, its steps, and the passes after it.
CHOICE, STEPS, SIGNALS, GRADIENTS = "choice", "steps", "signals", "gradients"


@dataclass
class Position:
    """The stage that a run has come to, and how much of it is done."""

    #: The epoch under way, from 1; before its choice is made, the last one that has finished.
    epoch: int = 0
    #: Optimiser steps done.
    step: int = 0
    #: One of the above, or what predicts a split.
    stage: str = CHOICE
    #: Batches of the stage that are done, what they used, and the sum of their mean losses.
    batch: int = 0
    used: Used = field(default_factory=Used)
    loss: torch.Tensor | None = None
    #: Seconds that the stage took before `since`, which is a moment of the monotonic clock of this process.
    spent: float = 0.0
    since: float = field(default_factory=time.perf_counter)

    @property
    def fresh(self) -> bool:
        """Whether nothing is done yet."""
        return self.stage == CHOICE and self.step == self.batch == 0

    def enter(self, stage: str) -> None:
        """Begin a stage."""
        self.stage, self.batch, self.used, self.loss = stage, 0, Used(), None

    def seconds(self) -> float:
        """Return the seconds that the stage has taken, since `lap` was last called."""
        return self.spent + time.perf_counter() - self.since

    def lap(self) -> float:
        """Return the same, and begin to count anew."""
        seconds = self.seconds()
        self.spent, self.since = 0.0, time.perf_counter()
        return seconds
