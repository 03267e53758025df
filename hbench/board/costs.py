"""What each method costs: scoring alone, or shared with the other methods on the board, and when pruning has paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hbench.cost.net import break_even, net_cost
from hbench.cost.shares import ChargesDiffer, Claim, split
from hbench.jobs.spec import FULL
from hbench.results.cell import CellResult, Charge
from hbench.results.fields import ResultError

#: Break-even of a method that never pays.
NEVER = "never"

#: Task, model and scoring runs that methods share, and the unit.
SharedRuns = tuple[str, str, tuple[int, ...], str]


def shared_bills(results: Iterable[CellResult]) -> dict[SharedRuns, float | None]:
    """Return each method's equal share of the scoring bill by task, model, scoring runs and unit.

    A method counts once however many columns it has. None where an amount is not known. Raises ResultError naming two
    results that charge different amounts for one part.
    """
    claims = (
        Claim(
            (result.task, result.model, result.scoring_runs, unit),
            unit,
            result.method,
            charge.scoring,
            str(result.path),
        )
        for result in sorted(results, key=lambda r: r.cell)
        for unit, charge in _charges(result).items()
    )
    try:
        return split(claims)
    except ChargesDiffer as error:
        raise ResultError(str(error)) from None


def costs_of(cell: CellResult, bills: Mapping[SharedRuns, float | None]) -> dict[str, Any]:
    """Return the fields of a row that say what it cost; `bills` as `shared_bills` returns them for the whole board."""
    cost = cell.cost
    if cost is None:
        return {}
    charge, shared = cost.compute, _shared(cell, "compute", bills)
    row: dict[str, Any] = {
        "cost_unit": cost.unit,
        "cost_full": charge.full,
        "cost_train": charge.train,
        "cost_scoring_shared": shared,
        "cost_scoring_alone": charge.scoring_alone,
        "net_shared": _net(charge, shared),
        "net_alone": _net(charge, charge.scoring_alone),
    }
    for name, other in _charges(cell).items():
        if name != "compute":
            row[f"net_shared_{name}"] = _net(other, _shared(cell, name, bills))
            row[f"net_alone_{name}"] = _net(other, other.scoring_alone)
    if cell.method != FULL:
        row["break_even_shared"] = _pays_after(charge, shared)
        row["break_even_alone"] = _pays_after(charge, charge.scoring_alone)
    return row


def _charges(cell: CellResult) -> dict[str, Charge]:
    """Return the charges of a cell by unit, without those that are not known."""
    if cell.cost is None:
        return {}
    charges = {"compute": cell.cost.compute, "examples": cell.cost.examples, "tokens": cell.cost.tokens}
    return {unit: charge for unit, charge in charges.items() if charge is not None}


def _shared(cell: CellResult, unit: str, bills: Mapping[SharedRuns, float | None]) -> float | None:
    """Return a cell's share of the scoring bill: 0 for a method that reads no scoring run."""
    return bills.get((cell.task, cell.model, cell.scoring_runs, unit), 0.0) if cell.scoring_runs else 0.0


def _net(charge: Charge, scoring: float | None) -> float | None:
    if charge.full is None or charge.train is None or scoring is None:
        return None
    return net_cost(scoring, charge.train, charge.full)


def _pays_after(charge: Charge, scoring: float | None) -> int | str | None:
    if charge.full is None or charge.train is None or scoring is None:
        return None
    trainings = break_even(scoring, charge.train, charge.full)
    return NEVER if trainings is None else trainings
