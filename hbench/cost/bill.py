"""What a run used, counted while it ran: examples, tokens and floating-point operations of every epoch and pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Used:
    """What an epoch of training or a pass used."""

    #: Examples that were processed.
    examples: int = 0
    #: Their tokens, padding left out.
    tokens: int = 0
    #: Floating-point operations, those on padding included.
    flops: int = 0

    def __add__(self, other: Used) -> Used:
        return Used(self.examples + other.examples, self.tokens + other.tokens, self.flops + other.flops)


@dataclass(frozen=True)
class ObservingPass:
    """A pass over examples with fixed weights, to observe them."""

    #: The epoch after which it was made, from 1; 0 before the first.
    epoch: int
    #: `signals` or `gradients`: what it observed.
    what: str
    used: Used


@dataclass(frozen=True)
class Bill:
    """What a whole run used."""

    #: The training steps of every epoch, in order.
    trained: tuple[Used, ...] = ()
    #: The passes in the order in which they were made.
    observed: tuple[ObservingPass, ...] = ()

    def with_epoch(self, used: Used) -> Bill:
        """Return the bill with one more epoch of training."""
        return replace(self, trained=(*self.trained, used))

    def with_pass(self, epoch: int, what: str, used: Used) -> Bill:
        """Return the bill with one more pass."""
        return replace(self, observed=(*self.observed, ObservingPass(epoch, what, used)))


@dataclass(frozen=True)
class PerUnit(Generic[T]):
    """The same thing in every unit that work is counted in."""

    flops: T
    examples: T
    tokens: T


Amounts = PerUnit[float]


def training_alone(bill: Bill) -> Amounts:
    """Return what the training steps of a run used, whatever was observed beside them."""
    return _sum(bill.trained)


def training_with_passes(bill: Bill) -> Amounts:
    """Return what a run used that chooses its examples from passes of its own: its steps, and these passes."""
    return _sum([*bill.trained, *(made.used for made in bill.observed)])


def mean(amounts: Sequence[Amounts]) -> Amounts | None:
    """Return the mean of what several runs used, None when there are none."""
    if not amounts:
        return None
    number = len(amounts)
    return PerUnit(
        flops=sum(a.flops for a in amounts) / number,
        examples=sum(a.examples for a in amounts) / number,
        tokens=sum(a.tokens for a in amounts) / number,
    )


def _sum(entries: Iterable[Used]) -> Amounts:
    total = sum(entries, Used())
    return PerUnit(float(total.flops), float(total.examples), float(total.tokens))
