"""From draws to the board's own records: every estimate, test and verdict is made by `hbench.board`.

A result file's text is left out, packing and unpacking its bits: `CellValues` are made of the drawn values. That this is the
board that the files would make is tested on whole boards.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hbench.board.comparisons import Comparison, comparisons_of, over_board
from hbench.board.contests import Contest, contests_of
from hbench.board.values import CellValues
from hbench.results.cell import CellKey, CellResult, TrivialAnswer
from hbench.results.outcomes import Outcomes
from support.simulated.truth import MARGIN, METHODS, ROWS, Draw, World, draw
from support.synthetic_results import cell


@dataclass(frozen=True)
class Table:
    """One task of a board."""

    contest: Contest
    values: Mapping[CellKey, CellValues]
    comparisons: tuple[Comparison, ...]

    def of(self, row: str) -> CellValues:
        """Return the values of a row."""
        return next(found for found in self.values.values() if found.cell.method == row)


def board(world: World, rng: np.random.Generator) -> list[Table]:
    """Return the tables of one board with their comparisons, adjusted within each table and over the board."""
    made = [_table(world, task, draw(world, rng)) for task in range(world.tasks)]
    adjusted = iter(over_board([c for table in made for c in table.comparisons]))
    return [replace(table, comparisons=tuple(next(adjusted) for _ in table.comparisons)) for table in made]


def _table(world: World, task: int, drawn: Draw) -> Table:
    contest = _contest(task, world.seeds)
    values = {
        found.cell: CellValues(
            found,
            dict(zip(found.seeds, drawn.values[found.method], strict=True)),
            drawn.cases,
            drawn.trivial,
        )
        for found in _cells(contest)
    }
    by_cell = comparisons_of(contest, values)
    return Table(contest, values, tuple(c for found in contest.cells for c in by_cell[found.cell]))


def _cells(contest: Contest) -> tuple[CellResult, ...]:
    assert contest.full is not None
    return contest.full, *contest.cells


@functools.cache
def _contest(task: int, seeds: int) -> Contest:
    """Return what a table compares: the files of its cells, without results."""
    named = [
        cell(f"task{task}", row, seeds=range(seeds), examples=1, margin=MARGIN, compared=tuple(sorted(METHODS)))
        for row in ROWS
    ]
    answer = TrivialAnswer("always entailment", Outcomes.encode([np.zeros(1)]))
    return contests_of([replace(made, trivial=answer) if made.is_full else made for made in named])[0]


def as_results(task: int, drawn: Draw) -> list[CellResult]:
    """Return the results of one task as result files hold them."""
    seeds = len(drawn.values["full"])
    found = []
    for bare in _cells(_contest(task, seeds)):
        rows = drawn.values[bare.method]
        cases = None if drawn.cases is None else drawn.cases.tolist()
        data = replace(bare.data, eval_rows=rows.shape[1])
        made = replace(
            bare, data=data, values=tuple(rows.mean(axis=1).tolist()), examples=Outcomes.encode(list(rows), cases)
        )
        if bare.is_full:
            made = replace(made, trivial=TrivialAnswer("always entailment", Outcomes.encode([drawn.trivial])))
        found.append(made)
    return found
