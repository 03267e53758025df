"""One record for every paired test of the board: against the full data, a random subset, a rival, a trivial answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hbench.board.contests import Contest
from hbench.board.margins import margin_of
from hbench.board.values import CellValues
from hbench.results.cell import CellKey
from hbench.statistics import (
    CrossedTest,
    NonInferiority,
    Superiority,
    holm,
    non_inferiority,
    smallest_detectable,
    superiority,
)

#: What a cell is compared with: all data, the random subset of the same size, a further method that the suite names,
#: or an answer that needs no reading.
Role = Literal["full", "random", "rival", "trivial"]
#: What became of a baseline; missing: compared, but without a result.
BaselineStatus = Literal["complete", "partial", "failed", "missing"]


@dataclass(frozen=True)
class Comparison:
    """A cell minus a baseline, paired by seed and by example; differences are shares of 1, above 0 = the cell wins."""

    cell: CellKey
    #: The method compared with; of a trivial answer, what it does.
    baseline: str
    role: Role
    baseline_status: BaselineStatus
    #: None where both share no seed, as where one of them has no result.
    test: CrossedTest | None = None
    #: Holm-adjusted over the methods compared with the same baseline in the same contest; of a trivial answer as the
    #: test gives it. None without a test, and against the full data, which the interval decides.
    p_adjusted: float | None = None
    #: Against the full data a non-inferiority verdict at the declared margin, else one from the p value.
    verdict: NonInferiority | Superiority | None = None
    #: Smallest true difference that one test at 5 % shows with 80 % power.
    detectable: float | None = None

    @property
    def pairs(self) -> int | None:
        """Return the seeds that both have."""
        return None if self.test is None else self.test.seeds

    @property
    def difference(self) -> float | None:
        """Return the mean difference."""
        return None if self.test is None else self.test.mean

    @property
    def low(self) -> float | None:
        """Return the lower end of its 95 % interval; None with one seed."""
        return None if self.test is None else self.test.low

    @property
    def high(self) -> float | None:
        """Return the upper end of its 95 % interval; None with one seed."""
        return None if self.test is None else self.test.high

    @property
    def p(self) -> float | None:
        """Return the p value of the test, not adjusted; None with one seed."""
        return None if self.test is None else self.test.p


@dataclass(frozen=True)
class _Baseline:
    """What a family of cells is compared with."""

    role: Role
    name: str
    values: CellValues | None

    @property
    def status(self) -> BaselineStatus:
        return "missing" if self.values is None else self.values.cell.status


def comparisons_of(contest: Contest, values: Mapping[CellKey, CellValues]) -> dict[CellKey, tuple[Comparison, ...]]:
    """Return the comparisons of every cell of a contest: full, random, then its rivals by name.

    values: by `CellResult.cell`. The random subset and a rival are not compared with themselves, nor the random subset
    with rivals.
    """
    by_method = {cell.method: values[cell.cell] for cell in contest.cells}
    methods = [found for name, found in by_method.items() if name != contest.baseline]
    full = CellKey.full_data(*contest.key[:3])
    made = _family(_Baseline("full", full.method, values.get(full)), list(by_method.values()))
    made += _family(_Baseline("random", contest.baseline, by_method.get(contest.baseline)), methods)
    for rival in contest.rivals:
        others = [found for found in methods if found.cell.method != rival]
        made += _family(_Baseline("rival", rival, by_method.get(rival)), others)
    return {cell.cell: tuple(c for c in made if c.cell == cell.cell) for cell in contest.cells}


def against_trivial(full: CellValues) -> tuple[Comparison, ...]:
    """Return the full data's comparison with the trivial answer; none where that, or every training, is missing."""
    trivial = full.trivial()
    if trivial is None or full.cell.trivial is None or not full.rows:
        return ()
    return tuple(_family(_Baseline("trivial", full.cell.trivial.answer, trivial), [full]))


def _family(baseline: _Baseline, cells: Sequence[CellValues]) -> list[Comparison]:
    """Return the comparisons of cells with one baseline, which share one adjustment."""
    tests = [cell.minus(baseline.values) for cell in cells]
    adjusted = holm([None if test is None else test.p for test in tests])
    return [_compared(cell, baseline, test, p) for cell, test, p in zip(cells, tests, adjusted, strict=True)]


def _compared(ours: CellValues, baseline: _Baseline, test: CrossedTest | None, p: float | None) -> Comparison:
    to_full = baseline.role == "full"
    verdict: NonInferiority | Superiority | None = None
    if test is not None and to_full and test.p is not None:
        verdict = non_inferiority(test, margin_of(ours.cell).used)
    elif test is not None:
        verdict = superiority(test, p)
    return Comparison(
        ours.cell.cell,
        baseline.name,
        baseline.role,
        baseline.status,
        test,
        None if to_full else p,
        verdict,
        None if test is None else smallest_detectable(test),
    )
