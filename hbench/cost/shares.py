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


def split(claims: Iterable[Claim[Runs]]) -> dict[tuple[Runs, str], float | None]:
    """Return each method's share of the bill for the scoring runs it reads, by scoring runs and method.

    Every part is counted once and split evenly among the methods that need it, each counted once however many claims
    it has: no share exceeds what the method would pay alone. None where an amount is not known. Raises ChargesDiffer
    naming two claims that give different amounts for one part.
    """
    first: dict[tuple[Runs, int, str], tuple[Part, str]] = {}
    users: dict[tuple[Runs, int, str], set[str]] = {}
    for claim in claims:
        for part in claim.parts:
            key = claim.runs, part.epoch, part.what
            users.setdefault(key, set()).add(claim.method)
            known, source = first.setdefault(key, (part, claim.source))
            if not _same(known.amount, part.amount):
                raise ChargesDiffer(
                    f"{source} and {claim.source} charge {_amount(known)} and {_amount(part)} ({claim.unit}) for "
                    f"{part.what} in epoch {part.epoch} of the same scoring runs; run both with one version, "
                    "or remove one of them"
                )
    shares: dict[tuple[Runs, str], list[Part]] = {}
    for key, (part, _) in first.items():
        amount = None if part.amount is None else part.amount / len(users[key])
        for method in users[key]:
            shares.setdefault((key[0], method), []).append(part._replace(amount=amount))
    return {of: total(parts) for of, parts in shares.items()}


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=_TOLERANCE)


def _amount(part: Part) -> str:
    return "an unknown amount" if part.amount is None else f"{part.amount:.15g}"
