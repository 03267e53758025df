"""What is tested in the tables of a task, split and model, and these tests, worked out together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from hbench.board.contests import Contest
from hbench.board.margins import margin_of
from hbench.board.paired import Shares, differences, means, pair_tests, shares
from hbench.board.values import CellValues
from hbench.results.cell import CellKey
from hbench.statistics import PairTest, TwoTTest, p_of

#: What a cell is compared with: all data, the random subset of the same size, a further method that the suite names,
#: or an answer that needs no reading.
Role = Literal["full", "random", "rival", "trivial"]
#: Two cells, ours first.
Pair = tuple[CellKey, CellKey]


@dataclass(frozen=True)
class Family:
    """Cells that are compared with one baseline, and share one adjustment."""

    role: Role
    #: The method compared with; of a trivial answer, what it does.
    baseline: str
    #: None where it has no result.
    values: CellValues | None
    cells: tuple[CellValues, ...]


def families_of(contest: Contest, values: Mapping[CellKey, CellValues]) -> list[Family]:
    """Return what the cells of a contest are compared with: full, random, then its rivals by name.

    values: by `CellResult.cell`. The random subset and a rival are not compared with themselves, nor the random subset
    with rivals.
    """
    by_method = {cell.method: values[cell.cell] for cell in contest.cells}
    methods = tuple(found for name, found in by_method.items() if name != contest.baseline)
    full = CellKey.full_data(*contest.key[:3])
    found = [
        Family("full", full.method, values.get(full), tuple(by_method.values())),
        Family("random", contest.baseline, by_method.get(contest.baseline), methods),
    ]
    for rival in contest.rivals:
        others = tuple(cell for cell in methods if cell.cell.method != rival)
        found.append(Family("rival", rival, by_method.get(rival), others))
    return found


def has_assay(full: CellValues | None) -> bool | None:
    """Return whether the full data is superior to the trivial answer; None where that, or its result, is not known."""
    test = None if full is None else full.above_trivial
    return None if test is None or full is None else test.p is not None and test.p <= full.level and test.mean > 0


def ranked_cells(contest: Contest, values: Mapping[CellKey, CellValues]) -> list[CellValues]:
    """Return the cells that are ranked, by method: those with a result, and none without an assay."""
    if has_assay(values.get(CellKey.full_data(*contest.key[:3]))) is False:
        return []
    found = [values[cell.cell] for cell in contest.cells if values[cell.cell].rows]
    return sorted(found, key=lambda cell: cell.cell.method)


@dataclass(frozen=True)
class TableTests:
    """The tests of some contests with one full-data result; a pair that shares no seed has no difference."""

    means: Mapping[CellKey, TwoTTest | None]
    #: By cell and baseline.
    differences: Mapping[Pair, TwoTTest | None]
    #: By cell: the p of a loss against the full data as large as the margin.
    p_margin: Mapping[CellKey, float | None]
    #: Of the full data.
    shares: Mapping[CellKey, Shares]
    #: Of stable cells that are ranked.
    pairs: Mapping[Pair, PairTest]

    @classmethod
    def of(cls, contests: Sequence[Contest], values: Mapping[CellKey, CellValues]) -> TableTests:
        """Work out all tests of some contests. values: by `CellResult.cell`."""
        cells = [values[cell.cell] for contest in contests for cell in contest.cells]
        keys = [cell.cell.cell for cell in cells]
        compared, ranked = [], []
        for contest in contests:
            for family in families_of(contest, values):
                if family.values is not None:
                    compared += [(cell, family.values) for cell in family.cells]
            stable = [cell for cell in ranked_cells(contest, values) if not cell.unstable]
            ranked += list(combinations(stable, 2))
        of_pair = dict(zip(map(_key, compared), differences(compared), strict=True))
        full = None if not contests or contests[0].full is None else values[contests[0].full.cell]
        to_full = [None if full is None else of_pair[key, full.cell.cell] for key in keys]
        return cls(
            dict(zip(keys, means(cells), strict=True)),
            of_pair,
            dict(zip(keys, p_of(to_full, [-margin_of(cell.cell).used for cell in cells]), strict=True)),
            dict(zip(keys, shares(cells, full), strict=True)),
            dict(zip(map(_key, ranked), pair_tests(ranked), strict=True)),
        )


def _key(pair: tuple[CellValues, CellValues]) -> Pair:
    ours, theirs = pair
    return ours.cell.cell, theirs.cell.cell
