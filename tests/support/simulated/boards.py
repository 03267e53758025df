"""From draws to the board's own records: every estimate, test and verdict is made by `hbench.board`.

A result file's text is left out, packing and unpacking its bits: `CellValues` are made of the drawn values. That this
is the board that the files would make is tested on whole boards.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hbench.board.comparisons import Comparison, comparisons_of, over_board
from hbench.board.contests import Contest, contests_of
from hbench.board.scorings import SharedScores, with_shared_scores
from hbench.board.values import CellValues
from hbench.results.cell import CellKey, CellResult, Scoring, TrivialAnswer
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
    drawn = [draw(world, rng) for _ in range(world.tasks)]
    contests = [contest_of(world, task) for task in range(world.tasks)]
    values = {c.cell: _unpacked(c, made) for contest, made in zip(contests, drawn, strict=True) for c in cells(contest)}
    values = with_shared_scores(values, SharedScores.of([values]))
    made = [_table(contest, values) for contest in contests]
    adjusted = iter(over_board([c for table in made for c in table.comparisons]))
    return [replace(table, comparisons=tuple(next(adjusted) for _ in table.comparisons)) for table in made]


def _unpacked(bare: CellResult, drawn: Draw) -> CellValues:
    rows = dict(zip(bare.seeds, drawn.values[bare.method], strict=True))
    return CellValues(bare, rows, drawn.cases, drawn.trivial)


def _table(contest: Contest, values: Mapping[CellKey, CellValues]) -> Table:
    own = {found.cell: values[found.cell] for found in cells(contest)}
    by_cell = comparisons_of(contest, own)
    return Table(contest, own, tuple(c for found in contest.cells for c in by_cell[found.cell]))


def cells(contest: Contest) -> tuple[CellResult, ...]:
    """Return the results of a contest, the full data's first."""
    assert contest.full is not None
    return contest.full, *contest.cells


def contest_of(world: World, task: int) -> Contest:
    """Return what a table compares: its cells without what was measured."""
    return _contest(task, world.seeds, tuple(world.sets(row) for row in ROWS))


@functools.cache
def _contest(task: int, seeds: int, sets: tuple[tuple[int, ...], ...]) -> Contest:
    named = [
        cell(
            f"task{task}",
            row,
            seeds=range(seeds),
            examples=1,
            margin=MARGIN,
            compared=tuple(sorted(METHODS)),
            scoring=None if len(set(of_row)) == seeds else _scoring(of_row),
        )
        for row, of_row in zip(ROWS, sets, strict=True)
    ]
    answer = TrivialAnswer("always entailment", Outcomes.encode([np.zeros(1)]))
    return contests_of([replace(made, trivial=answer) if made.is_full else made for made in named])[0]


def _scoring(sets: tuple[int, ...]) -> Scoring:
    """Return groups of runs for sets of scores; the seeds of these runs are none of the board's."""
    groups = tuple((1000 + number,) for number in sorted(set(sets)))
    return Scoring(groups, sets)


def as_results(world: World, task: int, drawn: Draw) -> list[CellResult]:
    """Return the results of one task as result files hold them."""
    found = []
    for bare in cells(contest_of(world, task)):
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
