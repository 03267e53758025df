"""Which ranks the methods of a contest can have, the random subset among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hbench.board.comparisons import has_assay
from hbench.board.contests import Contest
from hbench.board.looks import level_of
from hbench.board.paired import pair_tests
from hbench.board.values import CellValues
from hbench.results.cell import CellKey
from hbench.statistics import PairTest, RankSet, rank_sets


def ranks_of(contest: Contest, values: Mapping[CellKey, CellValues]) -> dict[CellKey, RankSet]:
    """Return the rank sets of the cells with a result, which hold all at once; 1 = best.

    None are there without an assay, with fewer than two cells, or where no pair has a test. A pair with an unstable
    cell is not told apart. values: by `CellResult.cell`.
    """
    full = CellKey.full_data(*contest.key[:3])
    if has_assay(values.get(full)) is False:
        return {}
    ranked = {cell.method: values[cell.cell] for cell in contest.cells if values[cell.cell].rows}
    names = sorted(ranked)
    tests = _tests([(a, b) for i, a in enumerate(names) for b in names[i + 1 :]], ranked)
    if all(test.p is None for test in tests.values()):
        return {}
    return {ranked[name].cell.cell: found for name, found in rank_sets(names, tests, level_of(contest)).items()}


def _tests(pairs: Sequence[tuple[str, str]], ranked: Mapping[str, CellValues]) -> dict[tuple[str, str], PairTest]:
    unstable = {name for name, cell in ranked.items() if cell.unstable}
    told = [pair for pair in pairs if not unstable & {*pair}]
    found = dict(zip(told, pair_tests([(ranked[a], ranked[b]) for a, b in told]), strict=True))
    return {pair: found.get(pair, PairTest(0.0, None)) for pair in pairs}
