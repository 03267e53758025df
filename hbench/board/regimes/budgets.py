"""The same methods under two budgets, side by side: with as many epochs, and with as many steps as the full data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hbench.board.row import BoardRow
from hbench.cost.budgets import BUDGETS


class SizeKey(NamedTuple):
    """What the rows of a comparison of budgets share."""

    task: str
    split: str
    model: str
    keep: str


@dataclass(frozen=True)
class BudgetLine:
    """One method under every budget that it has a row for."""

    method: str
    rows: Mapping[str, BoardRow]


@dataclass(frozen=True)
class BudgetTable:
    """The methods of one task, split, model and size that has several budgets, best first under the last of them."""

    key: SizeKey
    #: In the order of `hbench.cost.budgets`.
    budgets: tuple[str, ...]
    lines: tuple[BudgetLine, ...]
    #: The full data, whose budget is none of these.
    full: BoardRow | None


def budget_tables(contests: Iterable[Sequence[BoardRow]]) -> tuple[BudgetTable, ...]:
    """Return a table for every task, split, model and size with more than one budget, in the order of the board."""
    sizes: dict[SizeKey, dict[str, list[BoardRow]]] = {}
    full: dict[tuple[str, str, str], BoardRow] = {}
    for rows in contests:
        for row in rows:
            cell = row.cell
            if row.role == "full":
                full[cell[:3]] = row
            else:
                key = SizeKey(cell.task, cell.split, cell.model, cell.keep)
                sizes.setdefault(key, {}).setdefault(cell.budget, []).append(row)
    return tuple(_table(key, found, full.get(key[:3])) for key, found in sizes.items() if len(found) > 1)


def _table(key: SizeKey, found: Mapping[str, Sequence[BoardRow]], full: BoardRow | None) -> BudgetTable:
    budgets = tuple(sorted(found, key=BUDGETS.index))
    methods: dict[str, dict[str, BoardRow]] = {}
    for budget in (*reversed(budgets),):
        for row in found[budget]:  # best metric first
            methods.setdefault(row.method, {})[budget] = row
    lines = tuple(BudgetLine(method, rows) for method, rows in methods.items())
    return BudgetTable(key, budgets, lines, full)
