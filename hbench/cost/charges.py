"""What a method is charged for: what it needs of the scoring runs, part by part, and its trainings.

A result holds what its own method needs and nothing that depends on the others: who shares which part is worked out
when a board is built, from all results on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hbench.plugins import GRADIENT_SIGNALS, Observation
from hbench.results.cell import Charge, Cost, Part

#: The units every bill is kept in; the first is the one that results show first.
UNITS = ("flops", "examples", "tokens")
Amounts = dict[str, float]


def spent(entries: Sequence[dict[str, Any]]) -> Amounts:
    """Return the sum of the entries of bills."""
    return {unit: float(sum(entry[unit] for entry in entries)) for unit in UNITS}


def of_training(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of a pruned training's own bill: what it trained on, and the passes its curriculum took."""
    bill = result["bill"]
    return [*bill["trained"], *(bill["observed"] if "curriculum" in result else [])]


def mean(amounts: Sequence[Amounts]) -> Amounts | None:
    """Return the mean of several bills, None when there are none."""
    if not amounts:
        return None
    return {unit: sum(a[unit] for a in amounts) / len(amounts) for unit in UNITS}


def scoring(
    observation: Observation | None, bills: Sequence[dict[str, Any] | None], epochs: int
) -> dict[str, tuple[Part, ...]]:
    """Return by unit the parts of the scoring runs that a method needs, whatever else the runs were asked for.

    bills: `bill` of every scoring run's result, None for one that failed: amounts are then not known. epochs: those of
    the recipe. Trainings count up to the last epoch needed; passes after an epoch when the method observes there,
    gradient passes when it reads gradients.
    """
    needed = _needed(observation, epochs)
    return {
        unit: tuple(Part(epoch, what, _amount(bills, epoch, what, unit)) for epoch, what in needed) for unit in UNITS
    }


def _needed(observation: Observation | None, epochs: int) -> list[tuple[int, str]]:
    if observation is None:
        return []
    observed = observation.epochs or tuple(range(1, epochs + 1))
    needed = {(epoch, "training") for epoch in range(1, max(observed) + 1)}
    if observation.at == "epoch_end":
        needed |= {(epoch, "signals") for epoch in observed}
        if any(signal in GRADIENT_SIGNALS for signal in observation.signals):
            needed |= {(epoch, "gradients") for epoch in observed}
    return sorted(needed)


def _amount(bills: Sequence[dict[str, Any] | None], epoch: int, what: str, unit: str) -> float | None:
    amounts = []
    for bill in bills:
        if bill is None:
            return None
        if what == "training":
            amounts.append(bill["trained"][epoch - 1][unit])
        else:
            amounts += [e[unit] for e in bill["observed"] if (e["epoch"], e["what"]) == (epoch, what)]
    return float(sum(amounts))


def cost(full: Amounts | None, train: Amounts | None, parts: Mapping[str, tuple[Part, ...]]) -> Cost | None:
    """Return the charges of a cell in every unit; None when no full training finished to compare with.

    parts: as `scoring` returns them.
    """
    if full is None:
        return None
    charges = {unit: Charge(full[unit], None if train is None else train[unit], parts[unit]) for unit in UNITS}
    return Cost("FLOPs", charges["flops"], charges["examples"], charges["tokens"])
