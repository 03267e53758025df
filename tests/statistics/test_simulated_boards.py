"""The simulated boards are the board's own, and claim what docs/statistics.md says: no more than is true."""

from __future__ import annotations

import pytest
from support.simulated.boards import as_results, board
from support.simulated.fast import claims, ranks
from support.simulated.truth import METHODS, World, draw, generator

from hbench.board.board import Board
from hbench.board.ranks import ranks_of
from hbench.statistics import RankSet

WORLDS = {
    "plain": World(tasks=2),
    "passages": World(tasks=2, passages=13, losses={"method0": 0.0, "method1": 0.2}),
    "four seeds": World(tasks=2, seeds=4, losses={"method0": 0.0, "method1": 0.2}),
    "collapse": World(tasks=2, collapse="methods", counted=True),
    "halves": World(tasks=2, scoring="halves", ratio=1.0, scored=("method0", "method1")),
    "nothing learnt": World(tasks=2, level=0.42, trivial=0.42),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_simulated_board_is_the_one_that_its_result_files_make(name):
    world = WORLDS[name]
    drawn = [draw(world, rng) for rng in [generator(name)] for _ in range(world.tasks)]
    files = Board.of([result for task, made in enumerate(drawn) for result in as_results(world, task, made)])
    simulated = board(world, generator(name))
    for table, standing in zip(simulated, files.standings, strict=True):
        by_cell = {row.cell: row for row in standing.rows}
        for found in table.comparisons:
            assert found == by_cell[found.cell].against(found.role)
        assert ranks_of(table.contest, table.values) == {c: r.ranks for c, r in by_cell.items() if r.ranks is not None}
        for row in METHODS:
            ours, theirs = table.of(row), by_cell[table.of(row).cell.cell]
            assert ours.mean().low == theirs.metric.low
            assert ours.share_of(table.of("full")).low == theirs.share.low
            assert getattr(ours.gain_of(table.of("full")), "low", None) == getattr(theirs.gain, "low", None)


@pytest.mark.parametrize("name", WORLDS)
def test_fast_claims_are_those_of_the_board(name):
    world = WORLDS[name]
    drawn = [draw(world, rng) for rng in [generator(name)] for _ in range(world.tasks)]
    for table, made, told in zip(board(world, generator(name)), drawn, claims(world, drawn), strict=True):
        fast = {(c.method, c.role): c for c in told}
        assert len(fast) == len(table.comparisons)
        for found in table.comparisons:
            claim = fast[found.cell.method, found.role]
            assert claim.verdict == found.verdict
            assert claim.p == pytest.approx(found.p, rel=1e-6, abs=1e-12)
            assert claim.difference == pytest.approx(found.difference, abs=1e-12)
        if name not in ("nothing learnt", "halves"):
            sets = ranks_of(table.contest, table.values)
            shown = {cell.method: found for cell, found in sets.items()}
            assert ranks(made) == (shown or dict.fromkeys(METHODS, RankSet(1, len(METHODS))))
