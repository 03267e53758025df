"""Which ranks the methods of a contest can have, the random subset among them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from hbench.board.contests import Contest
from hbench.board.looks import level_of
from hbench.board.tables import TableTests, ranked_cells
from hbench.board.values import CellValues
from hbench.results.cell import CellKey
from hbench.statistics import PairTest, RankSet, rank_sets


def ranks_of(
    contest: Contest, values: Mapping[CellKey, CellValues], tests: TableTests | None = None
) -> dict[CellKey, RankSet]:
    """Return the rank sets of the cells with a result, which hold all at once; 1 = best.

    None are there without an assay, with fewer than two cells, or where no pair has a test. A pair with an unstable
    cell is not told apart. values: by `CellResult.cell`. tests: those of this contest, and of others; None to work them
    out.
    """
    tests = TableTests.of([contest], values) if tests is None else tests
    ranked = {cell.cell.method: cell.cell.cell for cell in ranked_cells(contest, values)}
    found = {(a, b): tests.pairs.get((ranked[a], ranked[b]), PairTest(0.0, None)) for a, b in combinations(ranked, 2)}
    if all(test.p is None for test in found.values()):
        return {}
    return {ranked[name]: open_to for name, open_to in rank_sets([*ranked], found, level_of(contest)).items()}
