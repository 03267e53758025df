"""The simulated boards are the board's own, and claim what docs/statistics.md says: no more than is true."""

from __future__ import annotations

import numpy as np
import pytest
from support.simulated.boards import as_results, board
from support.simulated.claims import measured
from support.simulated.fast import claims, ranks
from support.simulated.rows import named
from support.simulated.truth import METHODS, World, draw, generator

from hbench.board import paired
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
        rows = [table.of(row) for row in METHODS]
        for ours, mean, kept in zip(rows, paired.means(rows), paired.shares(rows, table.of("full")), strict=True):
            theirs = by_cell[ours.cell.cell]
            assert mean.low == theirs.metric.low
            assert kept.metric.low == theirs.share.low
            assert getattr(kept.gain, "low", None) == getattr(theirs.gain, "low", None)


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


def test_a_table_whose_random_subset_collapses_says_nothing_against_it():
    world, rng = World(tasks=12, collapse="random"), generator("random collapses")
    tables = board(world, rng)
    unstable = [table.of("random").unstable for table in tables]
    assert 0 < sum(unstable) < len(tables)
    assert not any(table.of(row).unstable for table in tables for row in ("full", *METHODS[1:]))
    for table, lost in zip(tables, unstable, strict=True):
        assert ({c.verdict for c in table.comparisons if c.role == "random"} == {"unstable"}) == lost


def shares(row, boards):
    """Return the mean of each measure over some boards of a row."""
    found = list(measured(row.name, row.measure, row.world, range(boards)))
    return {name: np.mean([board[name] for board in found if board.get(name) is not None]) for name in found[0]}


def bar(count):
    """Return 5 % and three Monte Carlo standard errors of it: one row in a thousand is above by chance."""
    return 0.05 + 3 * (0.05 * 0.95 / count) ** 0.5


def of_part(*parts, without=()):
    rows = [row for row in named(parts=parts) if not any(text in row.name for text in without)]
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in rows])


@pytest.mark.slow
@of_part("no difference", "collapse", "looks", without=("one scoring", "counted", "not planned"))
def test_boards_without_a_difference_claim_none(row):
    boards = 150
    for name, share in shares(row, boards).items():
        if name.endswith("table"):
            assert share <= bar(boards * row.world.tasks), name
        elif name.endswith("board"):
            assert share <= bar(boards), name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one scoring for all seeds, ratio 1", "looks at 6 and 12 and 18 seeds, not planned"])
def test_what_the_rules_are_for_is_seen_without_them(name):
    (row,) = named([name])
    assert shares(row, 100)["superior or worse, table"] > bar(500)


@pytest.mark.slow
@of_part("coverage")
def test_every_interval_holds_the_truth_as_often_as_it_says(row):
    for name, share in shares(row, 150).items():
        # the full data's comparison with the trivial answer is one a table, the others are seven, not independent
        slack = 3 * (0.05 * 0.95 / (150 if name == "difference to trivial" else 450)) ** 0.5
        assert 0.93 - slack <= share <= min(0.97 + slack, 1.0), name


@pytest.mark.slow
@of_part("ranks")
def test_rank_sets_hold_all_ranks_at_once(row):
    assert shares(row, 400)["all ranks held"] >= 1 - bar(400)


@pytest.mark.slow
@of_part("power", without=("passages",))
def test_the_detectable_difference_is_shown_four_times_in_five(row):
    boards = 200
    for name, share in shares(row, boards).items():
        assert share == pytest.approx(0.8, abs=0.03 + 3 * (0.8 * 0.2 / boards) ** 0.5), name
