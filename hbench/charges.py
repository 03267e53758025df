"""What a method is charged for: its scoring runs and passes, alone or shared, and its trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hbench.plan import Group
from hbench.plugins import GRADIENT_SIGNALS, Observation
from hbench.report.results import Charge, Cost

#: The units every bill is kept in; the first is the one that results show first.
UNITS = ("flops", "examples", "tokens")
Amounts = dict[str, float]


def nothing() -> Amounts:
    """Return a bill of zero."""
    return dict.fromkeys(UNITS, 0.0)


def spent(entries: Sequence[dict[str, Any]]) -> Amounts:
    """Return the sum of the entries of bills."""
    return {unit: float(sum(entry[unit] for entry in entries)) for unit in UNITS}


def mean(amounts: Sequence[Amounts]) -> Amounts | None:
    """Return the mean of several bills, None when there are none."""
    if not amounts:
        return None
    return {unit: sum(a[unit] for a in amounts) / len(amounts) for unit in UNITS}


def alone(observation: Observation | None, bills: Sequence[dict[str, Any]], epochs: int) -> Amounts:
    """Return what a method would pay as the only one: every scoring run up to the last epoch it needs.

    bills: `bill` of every scoring run's result. epochs: those of the recipe. Passes after an epoch are charged when
    the method observes there, gradient passes when it reads gradients.
    """
    if observation is None:
        return nothing()
    last = epochs if observation.epochs is None else max(observation.epochs)
    gradients = any(signal in GRADIENT_SIGNALS for signal in observation.signals)
    entries: list[dict[str, Any]] = []
    for bill in bills:
        entries += bill["trained"][:last]
        entries += [
            entry
            for entry in bill["observed"]
            if observation.at == "epoch_end"
            and (observation.epochs is None or entry["epoch"] in observation.epochs)
            and (gradients or entry["what"] != "gradients")
        ]
    return spent(entries)


def shared(observation: Observation | None, bills: Sequence[dict[str, Any]], group: Group) -> Amounts:
    """Return a method's equal share of everything the scoring runs took, among all scorers that read them."""
    if observation is None:
        return nothing()
    users = sum(method.plugin.observation() is not None for method in group.scored())
    everything = spent([entry for bill in bills for entry in (*bill["trained"], *_asked(bill, group))])
    return {unit: amount / users for unit, amount in everything.items()}


def _asked(bill: dict[str, Any], group: Group) -> list[dict[str, Any]]:
    """Return the passes that this group's scorers asked for: the run may have served others before."""
    point = (group.observe or {}).get("epoch_end")
    if point is None:
        return []
    return [
        entry
        for entry in bill["observed"]
        if (point["epochs"] is None or entry["epoch"] in point["epochs"])
        and (point["gradients"] or entry["what"] != "gradients")
    ]


def cost(full: Amounts | None, train: Amounts | None, single: Amounts | None, part: Amounts | None) -> Cost | None:
    """Return the charges of a cell in every unit; None when no full training finished to compare with."""
    if full is None:
        return None
    charges = {
        unit: Charge(
            full=full[unit],
            train=None if train is None else train[unit],
            scoring_alone=None if single is None else single[unit],
            scoring_shared=None if part is None else part[unit],
        )
        for unit in UNITS
    }
    return Cost("FLOPs", charges["flops"], charges["examples"], charges["tokens"])
