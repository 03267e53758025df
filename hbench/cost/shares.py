"""The split of scoring bills among the methods of a board, which could all be scored from the same full-data runs."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

from hbench.cost.charges import Part, total
from hbench.errors import HbenchError

#: Largest relative difference between two amounts that counts as none.
_TOLERANCE = 1e-9

Bill = TypeVar("Bill", bound=Hashable)
#: What a run does for whom: bill, epoch, and what of `hbench.cost.charges.WORK`.
_Work = tuple[Bill, int, str]


class ChargesDiffer(HbenchError):
    """Two methods are charged different amounts for one part of the same scoring runs; names both sources."""


@dataclass(frozen=True)
class Claim(Generic[Bill]):
    """What one set of a method's scores needs of full-data runs, in one unit."""

    #: What tells the methods that can share runs, counted in this unit, from others.
    bill: Bill
    #: What the amounts are counted in, for messages.
    unit: str
    method: str
    parts: tuple[Part, ...]
    #: Runs that one set of scores takes.
    runs: int
    #: What tells the runs of all its sets from others: the same ones cost every method the same.
    seeds: Hashable
    #: Where the claim is written, for messages.
    source: str


def split(claims: Iterable[Claim[Bill]]) -> dict[tuple[Bill, str, int], float | None]:
    """Return each method's share of the bill for the runs that a set of its scores takes, by bill, method and runs.

    Run number k of a set of scores serves all methods whose sets take at least k runs. Every part of it is counted once
    and split evenly among those that need it, each method counted once however many claims it has: no share exceeds
    what the method would pay alone. None where an amount is not known. Raises ChargesDiffer naming two claims that give
    different amounts for one part of the same runs.
    """
    claims = list(claims)
    _check_amounts(claims)
    users: dict[_Work[Bill], dict[str, int]] = {}
    parts: dict[tuple[Bill, str, int], dict[tuple[int, str], Part]] = {}
    for claim in claims:
        for part in claim.parts:
            runs = users.setdefault((claim.bill, part.epoch, part.what), {})
            runs[claim.method] = max(claim.runs, runs.get(claim.method, 0))
            parts.setdefault((claim.bill, claim.method, claim.runs), {}).setdefault((part.epoch, part.what), part)
    return {
        (bill, method, runs): total(_shared(part, runs, users[bill, *work].values()) for work, part in of.items())
        for (bill, method, runs), of in parts.items()
    }


def _shared(part: Part, own: int, users: Collection[int]) -> Part:
    """Return the share of a part in a set of `own` runs; users: how many runs each method takes that needs it."""
    if part.amount is None:
        return part
    bounds = [0, *sorted({min(runs, own) for runs in users})]
    shares = ((upper - lower) / own / sum(runs >= upper for runs in users) for lower, upper in pairwise(bounds))
    return part._replace(amount=part.amount * math.fsum(shares))


def _check_amounts(claims: Iterable[Claim[Bill]]) -> None:
    """Refuse two claims on the same runs that give different amounts a run for one part."""
    first: dict[tuple[_Work[Bill], Hashable], tuple[Part, Claim[Bill]]] = {}
    for claim in claims:
        for part in claim.parts:
            key = (claim.bill, part.epoch, part.what), claim.seeds
            known, other = first.setdefault(key, (part, claim))
            if not _same(_per_run(known, other), _per_run(part, claim)):
                raise ChargesDiffer(
                    f"{other.source} and {claim.source} charge {_amount(known)} and {_amount(part)} ({claim.unit}) for "
                    f"{part.what} in epoch {part.epoch} of {_runs(other, claim)} of the same full-data runs; "
                    "run both with one version, or remove one of them"
                )


def _per_run(part: Part, claim: Claim[Bill]) -> float | None:
    return None if part.amount is None else part.amount / claim.runs


def _runs(first: Claim[Bill], second: Claim[Bill]) -> str:
    return str(first.runs) if first.runs == second.runs else f"{first.runs} and {second.runs}"


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=_TOLERANCE)


def _amount(part: Part) -> str:
    return "an unknown amount" if part.amount is None else f"{part.amount:.15g}"
