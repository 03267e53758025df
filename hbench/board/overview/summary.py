"""Methods by tasks: which ones beat a random subset of the same size, on which tasks, and at what cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from hbench.board.board import Standing
from hbench.board.comparisons import Role
from hbench.board.row import BoardRow, RowRole

#: The order of the two baselines; methods follow.
_ROLES: tuple[RowRole, ...] = ("full", "random", "method")


@dataclass(frozen=True)
class MatrixRow:
    """One method over the tasks of a matrix."""

    method: str
    role: RowRole
    #: In the order of the matrix's contests; None where the method was not compared.
    rows: tuple[BoardRow | None, ...]


@dataclass(frozen=True)
class Matrix:
    """One size and budget: the contests of its tasks side by side."""

    keep: str
    budget: str
    #: One per task and model, first splits only.
    contests: tuple[Standing, ...]
    #: The full data, the random subset, then the methods: most wins first, then fewest losses, then by mean difference.
    methods: tuple[MatrixRow, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Return the models of its contests, each once."""
        return tuple(dict.fromkeys(standing.key.model for standing in self.contests))


@dataclass(frozen=True)
class Summary:
    """What the first splits of all tasks show, with all comparisons of the board counted."""

    matrices: tuple[Matrix, ...]
    #: Rows that beat a random subset with all comparisons of the board counted, best first, and those that do so in
    #: their own table only.
    superior: tuple[BoardRow, ...]
    superior_in_table: tuple[BoardRow, ...]
    #: Rows that are worse than a random subset, worst first.
    worse: tuple[BoardRow, ...]
    #: Rows that lose no more than the margin against all data.
    no_loss: tuple[BoardRow, ...]
    #: Comparisons with a random subset, those with a verdict, and those without since some runs did not train.
    compared: int
    decided: int
    unstable: int
    #: Smallest and largest difference to random that a repetition of a comparison with a verdict shows, shares of 1.
    detectable: tuple[float, float] | None
    #: The contests whose full data are not superior to the trivial answer.
    no_assay: tuple[Standing, ...]


def summary_of(standings: Iterable[Standing]) -> Summary:
    """Return the summary of contests; further splits of a task are left out."""
    primary = [standing for standing in standings if all(row.primary for row in standing.rows)]
    rows = [row for standing in primary for row in standing.rows if row.role == "method"]
    found = [c for row in rows if (c := row.against("random")) is not None and c.difference is not None]
    shown = [c.detectable for c in found if c.decided and c.detectable is not None]
    return Summary(
        matrices=_matrices(primary),
        superior=_with(rows, "random", "superior", board=True),
        superior_in_table=_with(rows, "random", "superior", board=False),
        worse=_with(rows, "random", "worse", board=True)[::-1],
        no_loss=_with(rows, "full", "non-inferior", board=True),
        compared=len(found),
        decided=sum(c.decided for c in found),
        unstable=sum(c.verdict == "unstable" for c in found),
        detectable=(min(shown), max(shown)) if shown else None,
        no_assay=tuple(standing for standing in primary if standing.assay is False),
    )


def _with(rows: Iterable[BoardRow], role: Role, verdict: str, *, board: bool) -> tuple[BoardRow, ...]:
    """Return the rows with a verdict that holds over the board, or only in their table; largest difference first."""
    found = [
        (c.difference or 0.0, row)
        for row in rows
        if (c := row.against(role)) is not None and c.verdict == verdict and c.holds_over_board == board
    ]
    return tuple(row for _, row in sorted(found, key=lambda pair: (-round(pair[0], 10), pair[1].cell)))


def _matrices(standings: Sequence[Standing]) -> tuple[Matrix, ...]:
    """Return one matrix per size and budget, split by model where a task has several."""
    groups: dict[tuple[str, str], list[Standing]] = {}
    for standing in standings:
        if any(row.role != "full" for row in standing.rows):
            groups.setdefault((standing.key.keep, standing.key.budget), []).append(standing)
    made = []
    for (keep, budget), group in groups.items():
        several = len({standing.key.task for standing in group}) < len(group)
        for model in dict.fromkeys(standing.key.model for standing in group) if several else (None,):
            part = [standing for standing in group if model in (None, standing.key.model)]
            made.append(Matrix(keep, budget, tuple(part), _methods(part)))
    return tuple(made)


def _methods(standings: Sequence[Standing]) -> tuple[MatrixRow, ...]:
    by_contest = [{row.method: row for row in standing.rows} for standing in standings]
    made = []
    for method in dict.fromkeys(method for rows in by_contest for method in rows):
        rows = tuple(found.get(method) for found in by_contest)
        role = next(row.role for row in rows if row is not None)
        made.append(MatrixRow(method, role, rows))
    return tuple(sorted(made, key=_order))


def _order(line: MatrixRow) -> tuple[int, int, int, float, str]:
    found = [c for row in line.rows if row is not None and (c := row.against("random")) is not None]
    wins = sum(c.verdict == "superior" for c in found)
    losses = sum(c.verdict == "worse" for c in found)
    differences = [c.difference for c in found if c.difference is not None]
    mean = round(fmean(differences), 10) if differences else -math.inf
    return _ROLES.index(line.role), -wins, losses, -mean, line.method
