"""Two methods of one board: the paired test in every contest in which both have a result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hbench.board.board import Board, Standing, values_of
from hbench.board.contests import ContestKey
from hbench.board.paired import differences
from hbench.board.row import BoardRow
from hbench.board.scorings import with_shared_scores
from hbench.results.looks import ALPHA
from hbench.statistics import TwoTTest, holm, superiority

#: What a duel shows of its first method; `no assay` and `unstable` as in the verdicts of a board.
DuelVerdict = Literal["better", "worse", "undecided", "no test", "no assay", "unstable", "no seed in common"]
_WORDS: dict[str, DuelVerdict] = {"superior": "better", "worse": "worse", "no test": "no test"}


@dataclass(frozen=True)
class Duel:
    """One contest: the first method minus the second, paired by seed and example."""

    key: ContestKey
    first: BoardRow
    second: BoardRow
    #: Whether the full data is superior to the trivial answer; None where that is not known.
    assay: bool | None
    #: Level of its verdict.
    level: float
    #: None where the two share no seed; without p below four seeds.
    test: TwoTTest | None
    #: Holm-adjusted over all contests of both; None without a test.
    p_adjusted: float | None = None
    verdict: DuelVerdict = "no test"


@dataclass(frozen=True)
class Duels:
    """Two methods over the contests of a board."""

    first: str
    second: str
    #: In the order of the board.
    contests: tuple[Duel, ...]
    #: Contests in which only one of both has a result.
    only_first: tuple[ContestKey, ...]
    only_second: tuple[ContestKey, ...]


def duels_of(board: Board, first: str, second: str) -> Duels:
    """Compare two methods of a board in every contest that has results of both."""
    values = with_shared_scores(values_of(board.results), board.shared_scores)
    found: list[Duel] = []
    alone: dict[str, list[ContestKey]] = {first: [], second: []}
    for standing in board.standings:
        rows = {row.method: row for row in standing.rows if row.seeds}
        here = [name for name in (first, second) if name in rows]
        if len(here) == 1:
            alone[here[0]].append(standing.key)
        elif here:
            a, b = rows[first], rows[second]
            (test,) = differences([(values[a.cell], values[b.cell])])
            found.append(Duel(standing.key, a, b, standing.assay, _level(standing), test))
    return Duels(first, second, tuple(_judged(found)), tuple(alone[first]), tuple(alone[second]))


def _level(standing: Standing) -> float:
    return ALPHA if standing.looks is None else standing.looks.level


def _judged(duels: Sequence[Duel]) -> Iterable[Duel]:
    """Give each its verdict; those that are withheld count among the comparisons all the same."""
    adjusted = holm([None if duel.test is None else duel.test.p for duel in duels])
    for duel, p in zip(duels, adjusted, strict=True):
        yield replace(duel, p_adjusted=p, verdict=_verdict(duel, p))


def _verdict(duel: Duel, p: float | None) -> DuelVerdict:
    if duel.test is None:
        return "no seed in common"
    if p is None:
        return "no test"
    if duel.assay is False:
        return "no assay"
    if duel.first.unstable or duel.second.unstable:
        return "unstable"
    return _WORDS.get(superiority(duel.test, p, duel.level), "undecided")
