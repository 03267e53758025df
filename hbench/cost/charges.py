"""What a method is charged for: what it needs of the scoring runs, part by part, and its trainings.

A result holds what its own method needs and nothing that depends on the others: who shares which part is worked out
when a board is built, from all results on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hbench.cost.bill import Amounts, Bill, PerUnit, Used
from hbench.plugins import GRADIENT_SIGNALS, Observation

#: What was made elsewhere, and costs what its maker declares.
DECLARED = "declared"
#: What a scoring run is charged for in an epoch: the training, the pass that observes after it, that for gradients; and
#: what was made without such runs, in epoch 1.
WORK = ("training", "signals", "gradients", DECLARED)


class Part(NamedTuple):
    """One part of what a method needs of the scoring runs: `what` of `WORK` in an epoch, from 1.

    amount: the sum over the runs that one set of scores takes, the mean over its sets; None where no run finished.
    """

    epoch: int
    what: str
    amount: float | None


@dataclass(frozen=True)
class Charge:
    """What a cell cost, in one unit; None where it is not known."""

    #: One training on everything.
    full: float | None
    #: Mean training on the subset.
    train: float | None
    #: The parts of the scoring runs that the method needs, sorted. Who shares them depends on the other methods.
    scoring: tuple[Part, ...] = ()

    @property
    def scoring_alone(self) -> float | None:
        """Return the scoring bill if this were the only method; None where no scoring run finished."""
        return total(self.scoring)


@dataclass(frozen=True)
class Cost:
    """What a cell cost, in every unit."""

    #: What `compute` is counted in.
    unit: str
    compute: Charge
    examples: Charge | None
    tokens: Charge | None


def total(parts: Iterable[Part]) -> float | None:
    """Return the sum of the amounts of parts, None when one is not known."""
    amounts = [part.amount for part in parts]
    return None if None in amounts else math.fsum(a for a in amounts if a is not None)


def scoring(
    observations: Sequence[Observation], bills: Sequence[Bill | None], epochs: int, *, sets: int = 1
) -> PerUnit[tuple[Part, ...]]:
    """Return by unit the parts that one set of a method's scores needs, whatever else the runs were asked for.

    observations: of a method made of others, those of all of them. bills: that of every run of all sets, None for one
    that failed: it counts as the mean of the others, and amounts are not known without any. epochs: those of the
    recipe. sets: sets of scores among which the runs are split evenly.
    Trainings count up to the last epoch needed; passes after an epoch when the method observes there, gradient passes
    when it reads gradients.
    """
    needed = [(epoch, what, _used(bills, epoch, what)) for epoch, what in _needed(observations, epochs)]
    known = sum(bill is not None for bill in bills)

    def parts(amount: Callable[[Used], int]) -> tuple[Part, ...]:
        return tuple(
            Part(epoch, what, amount(used) * (len(bills) / (known * sets)) if known else None)
            for epoch, what, used in needed
        )

    return PerUnit(parts(lambda used: used.flops), parts(lambda used: used.examples), parts(lambda used: used.tokens))


def declared(trainings: float | None, full: Amounts | None) -> PerUnit[tuple[Part, ...]]:
    """Return by unit the one part of scores that were made elsewhere.

    trainings: what their maker declares, in trainings on all examples; None, and the amount is not known, where nobody
    does. full: one such training.
    """

    def part(amount: float | None) -> tuple[Part, ...]:
        return (Part(1, DECLARED, None if trainings is None or amount is None else trainings * amount),)

    if full is None:
        return PerUnit(part(None), part(None), part(None))
    return PerUnit(part(full.flops), part(full.examples), part(full.tokens))


def cost(full: Amounts | None, train: Amounts | None, parts: PerUnit[tuple[Part, ...]]) -> Cost | None:
    """Return the charges of a cell in every unit; None when no full training finished to compare with.

    full, train: one training on everything, and the mean training on the subset. parts: as `scoring` returns them.
    """
    if full is None:
        return None
    return Cost(
        unit="FLOPs",
        compute=Charge(full.flops, None if train is None else train.flops, parts.flops),
        examples=Charge(full.examples, None if train is None else train.examples, parts.examples),
        tokens=Charge(full.tokens, None if train is None else train.tokens, parts.tokens),
    )


def _needed(observations: Sequence[Observation], epochs: int) -> list[tuple[int, str]]:
    needed: set[tuple[int, str]] = set()
    for observation in observations:
        observed = observation.epochs or tuple(range(1, epochs + 1))
        needed |= {(epoch, "training") for epoch in range(1, max(observed) + 1)}
        if observation.at == "epoch_end":
            needed |= {(epoch, "signals") for epoch in observed}
            if any(signal in GRADIENT_SIGNALS for signal in observation.signals):
                needed |= {(epoch, "gradients") for epoch in observed}
    return sorted(needed)


def _used(bills: Sequence[Bill | None], epoch: int, what: str) -> Used:
    """Return what the runs that finished used for one part, all together."""
    used = Used()
    for bill in bills:
        if bill is not None and what == "training":
            used += bill.trained[epoch - 1]
        elif bill is not None:
            used = sum((one.used for one in bill.observed if (one.epoch, one.what) == (epoch, what)), used)
    return used
