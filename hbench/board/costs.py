"""What each method costs: scoring alone, or shared with the other methods on the board, and when pruning has paid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hbench.cost.charges import DECLARED
from hbench.cost.net import break_even, net_cost
from hbench.cost.shares import ChargesDiffer, Claim, split
from hbench.results.cell import CellResult, Charge
from hbench.results.fields import ResultError


class ScoringBill(NamedTuple):
    """What a method has a share of: the full-data runs of one task and model that score, in one unit."""

    task: str
    model: str
    #: compute, examples or tokens.
    unit: str
    method: str
    #: Runs that a set of its scores takes.
    runs: int


@dataclass(frozen=True)
class CostSummary:
    """What a row cost: alone as if it were the only method, shared with the other methods on the board.

    None is not known. Net costs are in full trainings; break-evens in later trainings, math.inf where pruning never
    pays, None for the full data.
    """

    #: The unit of the four amounts below, FLOPs.
    unit: str
    full: float | None
    train: float | None
    scoring_shared: float | None
    scoring_alone: float | None
    net_shared: float | None
    net_alone: float | None
    net_shared_examples: float | None
    net_alone_examples: float | None
    net_shared_tokens: float | None
    net_alone_tokens: float | None
    break_even_shared: int | float | None
    break_even_alone: int | float | None
    #: Whether the scoring cost is what the maker of the scores declares, and was not measured.
    declared: bool = False


def shared_bills(results: Iterable[CellResult]) -> dict[ScoringBill, float | None]:
    """Return every method's share of the scoring bill by task, model, unit and runs that a set of its scores takes.

    Each part of each of these runs is split evenly among the methods that use it; a method counts once however many
    columns it has, and not at all when none of its trainings finished. None where an amount is not known. Raises
    ResultError naming two results that charge different amounts for one part.
    """
    claims = (
        Claim(
            (result.task, result.model, unit, _scoring_model(result)),
            unit,
            result.method,
            charge.scoring,
            runs=scoring.runs,
            seeds=frozenset(scoring.seeds),
            source=str(result.path),
        )
        for result in sorted(results, key=lambda r: r.cell)
        if any(value is not None for value in result.values) and (scoring := result.scored_from) is not None
        for unit, charge in _charges(result).items()
    )
    try:
        return {ScoringBill(*bill[:3], method, runs): share for (bill, method, runs), share in split(claims).items()}
    except ChargesDiffer as error:
        raise ResultError(str(error)) from None


def _scoring_model(result: CellResult) -> str:
    """Return the model whose runs gave the scores: methods share those of one model."""
    return result.model if result.scored_with is None else result.scored_with.model


def costs_of(cell: CellResult, bills: Mapping[ScoringBill, float | None]) -> CostSummary | None:
    """Return what a cell cost, None where nothing is known; `bills` as `shared_bills` returns them for the board."""
    cost = cell.cost
    if cost is None:
        return None
    charge, shared = cost.compute, _shared(cell, "compute", bills)
    net = {name: _net_costs(cell, name, bills) for name in ("compute", "examples", "tokens")}
    return CostSummary(
        cost.unit,
        charge.full,
        charge.train,
        shared,
        charge.scoring_alone,
        *net["compute"],
        *net["examples"],
        *net["tokens"],
        break_even_shared=None if cell.is_full else _pays_after(charge, shared),
        break_even_alone=None if cell.is_full else _pays_after(charge, charge.scoring_alone),
        declared=any(part.what == DECLARED and part.amount is not None for part in charge.scoring),
    )


def _net_costs(
    cell: CellResult, unit: str, bills: Mapping[ScoringBill, float | None]
) -> tuple[float | None, float | None]:
    """Return the net cost in a unit, shared and alone."""
    charge = _charges(cell).get(unit)
    if charge is None:
        return None, None
    return _net(charge, _shared(cell, unit, bills)), _net(charge, charge.scoring_alone)


def _charges(cell: CellResult) -> dict[str, Charge]:
    """Return the charges of a cell by unit, without those that are not known."""
    if cell.cost is None:
        return {}
    charges = {"compute": cell.cost.compute, "examples": cell.cost.examples, "tokens": cell.cost.tokens}
    return {unit: charge for unit, charge in charges.items() if charge is not None}


def _shared(cell: CellResult, unit: str, bills: Mapping[ScoringBill, float | None]) -> float | None:
    """Return a cell's share of the scoring bill, None where it is not known.

    A method that reads no scoring run shares none: it has 0, or what is declared for scores made elsewhere.
    """
    if (scoring := cell.scored_from) is None:
        charge = _charges(cell).get(unit)
        return 0.0 if charge is None else charge.scoring_alone
    return bills.get(ScoringBill(cell.task, cell.model, unit, cell.method, scoring.runs))


def _net(charge: Charge, scoring: float | None) -> float | None:
    if charge.full is None or charge.train is None or scoring is None:
        return None
    return net_cost(scoring, charge.train, charge.full)


def _pays_after(charge: Charge, scoring: float | None) -> int | float | None:
    if charge.full is None or charge.train is None or scoring is None:
        return None
    trainings = break_even(scoring, charge.train, charge.full)
    return math.inf if trainings is None else trainings
