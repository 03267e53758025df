"""Result files -> one row per cell, with every number and verdict the board shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from hbench.report.compare import Column
from hbench.report.differences import Measured, margin_of
from hbench.report.results import DIAGNOSTIC, FULL, CellResult, Charge, Failed
from hbench.statistics import (
    break_even,
    holm,
    net_cost,
    non_inferiority,
    smallest_detectable,
    superiority,
)

Status = Literal["complete", "partial", "failed", "missing", "diagnostic"]
Role = Literal["full", "chance", "method"]


@dataclass(frozen=True)
class BoardRow:
    """One row of the board; the fields are the columns of leaderboard.csv, in this order.

    Metrics, differences, intervals, margins and smallest detectable differences are shares of 1, net costs are in
    full trainings, break-evens in later trainings (or "never"). None is an empty cell: not known, or no test.
    """

    task: str
    split: str
    primary: bool
    model: str
    keep: str
    budget: str
    method: str
    role: Role
    #: complete; partial: some seeds failed; failed: all did; missing: in another column of the task but not here.
    status: Status
    metric_name: str
    #: What intervals, differences and tests are about: the metric, or the per-example values where it is no mean.
    tested: str = ""
    seeds: int = 0
    seeds_failed: int = 0
    scoring_runs: int = 0
    train_rows: int = 0
    eval_rows: int = 0
    metric: float | None = None
    metric_low: float | None = None
    metric_high: float | None = None
    #: Seeds that this row shares with the full-data baseline.
    full_pairs: int | None = None
    full_difference: float | None = None
    full_low: float | None = None
    full_high: float | None = None
    margin: float | None = None
    full_verdict: str = ""
    full_detectable: float | None = None
    chance: str = ""
    chance_pairs: int | None = None
    chance_difference: float | None = None
    chance_low: float | None = None
    chance_high: float | None = None
    chance_p: float | None = None
    #: Holm-adjusted over the methods of the column.
    chance_p_holm: float | None = None
    chance_verdict: str = ""
    chance_detectable: float | None = None
    #: Rows kept: mean over seeds, smallest, largest.
    kept: float | None = None
    kept_least: int | None = None
    kept_most: int | None = None
    kept_share: float | None = None
    #: Largest deviation of a class's share from its share in the full data, above 0 = over-represented, and its class.
    class_deviation: float | None = None
    class_deviating: str = ""
    #: name=share, separated by semicolons.
    class_shares: str = ""
    cost_unit: str = ""
    cost_full: float | None = field(default=None, metadata={"places": 0})
    cost_train: float | None = field(default=None, metadata={"places": 0})
    cost_scoring_shared: float | None = field(default=None, metadata={"places": 0})
    cost_scoring_alone: float | None = field(default=None, metadata={"places": 0})
    net_shared: float | None = None
    net_alone: float | None = None
    net_shared_examples: float | None = None
    net_alone_examples: float | None = None
    net_shared_tokens: float | None = None
    net_alone_tokens: float | None = None
    break_even_shared: int | str | None = None
    break_even_alone: int | str | None = None
    #: sort=AUROC, separated by semicolons.
    planted: str = ""
    #: seed: reason, separated by semicolons.
    failures: str = ""

    @property
    def cell(self) -> tuple[str, str, str, str, str, str]:
        """Return what identifies the row."""
        return self.task, self.split, self.model, self.keep, self.budget, self.method

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the names of the columns of leaderboard.csv."""
        return tuple(f.name for f in fields(cls))


def rows_of(column: Column, measured: dict[tuple[str, ...], Measured]) -> list[BoardRow]:
    """Return the rows of a column, best metric first, then what failed, then what is missing.

    measured: the cells with their values unpacked, by `CellResult.cell`.
    """
    full = None if column.full is None else measured[column.full.cell]
    by_method = {cell.method: measured[cell.cell] for cell in column.cells}
    classes = {} if column.full is None or column.full.subset is None else column.full.subset.classes
    rows = [_row(m, full, by_method.get(m.cell.chance), column, classes) for m in by_method.values()]
    rows = _adjusted(rows, {row.method: by_method[row.method] for row in rows}, by_method)
    if full is not None:
        rows.append(_row(full, None, None, column, classes))
    else:
        rows.append(_missing(column, FULL))
    rows += [_missing(column, method) for method in column.absent]
    return sorted(rows, key=_rank)


def diagnostic_rows(results: Iterable[CellResult]) -> list[BoardRow]:
    """Return the rows of cells without trainings."""
    return [
        replace(_identity(cell, "method"), status="diagnostic", planted=_pairs(cell.planted or {}))
        for cell in results
        if cell.keep == DIAGNOSTIC
    ]


def _identity(cell: CellResult, role: Role) -> BoardRow:
    failed = len(cell.failures)
    status: Status = "complete" if not failed else "failed" if failed == len(cell.seeds) else "partial"
    return BoardRow(
        task=cell.task,
        split=cell.split,
        primary=cell.primary,
        model=cell.model,
        keep=cell.keep,
        budget=cell.budget,
        method=cell.method,
        role=role,
        status=status,
        metric_name=cell.metric,
        seeds=len(cell.seeds) - failed,
        seeds_failed=failed,
        scoring_runs=len(cell.scoring_runs),
        train_rows=cell.data.train_rows,
        eval_rows=cell.data.eval_rows,
        failures="; ".join(f"{f.seed}: {one_line(f.reason)}" for f in sorted(cell.failures, key=_seed)),
    )


def _seed(failed: Failed) -> int:
    return failed.seed


def one_line(text: str) -> str:
    """Return text with every run of white space made one space."""
    return " ".join(text.split())
