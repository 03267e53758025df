"""The split of a scoring bill among the methods that read the same scoring runs."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from hbench.cost.charges import Part, total
from hbench.errors import HbenchError

#: Largest relative difference between two amounts that counts as none.
_TOLERANCE = 1e-9

Runs = TypeVar("Runs", bound=Hashable)


class ChargesDiffer(HbenchError):
    """Two methods are charged different amounts for one part of the same scoring runs; names both sources."""


@dataclass(frozen=True)
class Claim(Generic[Runs]):
    """What one method needs of scoring runs, in one unit."""

    #: What tells these scoring runs, counted in this unit, from others.
    runs: Runs
    #: What the amounts are counted in, for messages.
    unit: str
    method: str
    parts: tuple[Part, ...]
    #: Where the claim is written, for messages.
    source: str


def split(claims: Iterable[Claim[Runs]]) -> dict[Runs, float | None]:
    """Return each method's equal share of the scoring bill, by scoring runs.

    The bill is the sum of all parts that some method needs, each counted once; it is split among these methods, each
    counted once however many claims it has. None where an amount is not known. Raises ChargesDiffer naming two claims
    that give different amounts for one part.
    """
    methods: dict[Runs, set[str]] = {}
    parts: dict[Runs, dict[tuple[int, str], tuple[Part, str]]] = {}
    for claim in claims:
        if not claim.parts:
            continue
        methods.setdefault(claim.runs, set()).add(claim.method)
        known = parts.setdefault(claim.runs, {})
        for part in claim.parts:
            first, source = known.setdefault((part.epoch, part.what), (part, claim.source))
            if not _same(first.amount, part.amount):
                raise ChargesDiffer(
                    f"{source} and {claim.source} charge {_amount(first)} and {_amount(part)} ({claim.unit}) for "
                    f"{part.what} in epoch {part.epoch} of the same scoring runs; run both with one version, "
                    "or remove one of them"
                )
    bills = {runs: total(part for part, _ in known.values()) for runs, known in parts.items()}
    return {runs: None if amount is None else amount / len(methods[runs]) for runs, amount in bills.items()}


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=_TOLERANCE)


def _amount(part: Part) -> str:
    return "an unknown amount" if part.amount is None else f"{part.amount:.15g}"
