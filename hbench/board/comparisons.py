"""One record for every paired test of the board: against the full data, a random subset, a rival, a trivial answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hbench.board.contests import Contest
from hbench.board.looks import level_of
from hbench.board.margins import margin_of
from hbench.board.paired import differences
from hbench.board.values import CellValues
from hbench.results.cell import CellKey
from hbench.results.looks import ALPHA
from hbench.statistics import (
    MarginVerdict,
    Superiority,
    TwoTTest,
    detectable_difference,
    holm,
    lower_bounds,
    margin_verdict,
    p_of,
    superiority,
)

#: What a cell is compared with: all data, the random subset of the same size, a further method that the suite names,
#: or an answer that needs no reading.
Role = Literal["full", "random", "rival", "trivial"]
#: What became of a baseline; missing: compared, but without a result.
BaselineStatus = Literal["complete", "partial", "failed", "missing"]
#: no assay: the model trained on all data is not superior to the trivial answer, so that its table can show nothing;
#: unstable: some runs of one side did not train, though the others did.
Withheld = Literal["no assay", "unstable"]


@dataclass(frozen=True)
class Comparison:
    """A cell minus a baseline, paired by seed and by example; differences are shares of 1, above 0 = the cell wins."""

    cell: CellKey
    #: The method compared with; of a trivial answer, what it does.
    baseline: str
    role: Role
    baseline_status: BaselineStatus
    #: None where both share no seed, as where one of them has no result; without p and interval below four seeds.
    test: TwoTTest | None = None
    #: p of what the verdict is about: of no difference; against the full data, of a loss as large as the margin.
    p: float | None = None
    #: Holm-adjusted over the rows compared with the same baseline in the same contest; of a trivial answer as the
    #: test gives it. None without a test.
    p_adjusted: float | None = None
    #: Holm-adjusted over all comparisons of this role on the board; None without a test, and of a trivial answer.
    p_board: float | None = None
    #: Against the full data about the declared margin, else about no difference. None without a difference.
    verdict: MarginVerdict | Superiority | Withheld | None = None
    #: Smallest true difference that a test of this family shows with 80 % power: at 5 % / tests of the family.
    detectable: float | None = None
    #: Against the full data: the smallest loss that is excluded, at 5 % / rows that the margin leaves undecided, so
    #: that it is below the margin where the verdict is `non-inferior`, and only there.
    excluded: float | None = None
    #: Where some runs did not train: the difference over the seeds that trained on both sides, and their number.
    trained: float | None = None
    trained_pairs: int = 0
    #: Which side is unstable, ours first: runs that did not train, all runs; of the baseline likewise.
    unstable: tuple[int, int] | None = None
    baseline_unstable: tuple[int, int] | None = None
    #: Whether one set of scores is behind all seeds of a side: then it is about these examples, not about the method.
    these_examples: bool = False
    #: What adjusted p values are held against: less than 5 % where several looks are planned.
    level: float = ALPHA

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
        """Return the lower end of its 95 % interval; None below four seeds."""
        return None if self.test is None else self.test.low

    @property
    def high(self) -> float | None:
        """Return the upper end of its 95 % interval; None below four seeds."""
        return None if self.test is None else self.test.high

    @property
    def decided(self) -> bool:
        """Return whether it has a verdict on its question, be it that nothing is shown."""
        return self.verdict in ("non-inferior", "inferior", "superior", "worse", "undecided")

    @property
    def holds_over_board(self) -> bool:
        """Return whether the verdict of its table is shown with all comparisons of its role on the board too."""
        return self.decided and self.p_board is not None and self.p_board <= self.level


@dataclass(frozen=True)
class _Baseline:
    """What a family of cells is compared with."""

    role: Role
    name: str
    values: CellValues | None

    @property
    def status(self) -> BaselineStatus:
        return "missing" if self.values is None else self.values.cell.status

    @property
    def one_set(self) -> bool:
        return self.values is not None and self.values.one_set


def comparisons_of(contest: Contest, values: Mapping[CellKey, CellValues]) -> dict[CellKey, tuple[Comparison, ...]]:
    """Return the comparisons of every cell of a contest: full, random, then its rivals by name.

    values: by `CellResult.cell`. The random subset and a rival are not compared with themselves, nor the random subset
    with rivals.
    """
    by_method = {cell.method: values[cell.cell] for cell in contest.cells}
    methods = [found for name, found in by_method.items() if name != contest.baseline]
    full = CellKey.full_data(*contest.key[:3])
    assay, level = has_assay(values.get(full)), level_of(contest)
    made = _family(_Baseline("full", full.method, values.get(full)), list(by_method.values()), assay, level)
    made += _family(_Baseline("random", contest.baseline, by_method.get(contest.baseline)), methods, assay, level)
    for rival in contest.rivals:
        others = [found for found in methods if found.cell.method != rival]
        made += _family(_Baseline("rival", rival, by_method.get(rival)), others, assay, level)
    by_cell: dict[CellKey, list[Comparison]] = {cell.cell: [] for cell in contest.cells}
    for comparison in made:
        by_cell[comparison.cell].append(comparison)
    return {cell: tuple(found) for cell, found in by_cell.items()}


def has_assay(full: CellValues | None) -> bool | None:
    """Return whether the full data is superior to the trivial answer; None where that, or its result, is not known."""
    test = None if full is None else full.above_trivial
    return None if test is None or full is None else test.p is not None and test.p <= full.level and test.mean > 0


def against_trivial(full: CellValues) -> tuple[Comparison, ...]:
    """Return the full data's comparison with the trivial answer; none where that, or every training, is missing."""
    trivial = full.trivial()
    if trivial is None or full.cell.trivial is None or not full.rows:
        return ()
    return tuple(_family(_Baseline("trivial", full.cell.trivial.answer, trivial), [full], None, full.level))


def _family(baseline: _Baseline, cells: Sequence[CellValues], assay: bool | None, level: float) -> list[Comparison]:
    """Return the comparisons of cells with one baseline, which share one adjustment."""
    tests = differences(cells, baseline.values)
    p = _p_values(cells, baseline.role, tests)
    adjusted = holm(p)
    tested = [value for value in adjusted if value is not None]
    left = max(1, sum(value > level for value in tested))
    bounds = lower_bounds(tests, 1 - level / left) if baseline.role == "full" else [None] * len(tests)
    return [
        _gated(
            Comparison(
                ours.cell.cell,
                baseline.name,
                baseline.role,
                baseline.status,
                test,
                p[i],
                adjusted[i],
                verdict=_verdict(ours, baseline.role, test, adjusted[i], level),
                detectable=_detectable(test, len(tested), level),
                excluded=None if bounds[i] is None else -bounds[i],
                these_examples=test is not None and (ours.one_set or baseline.one_set),
                level=level,
            ),
            ours,
            baseline,
            assay,
        )
        for i, (ours, test) in enumerate(zip(cells, tests, strict=True))
    ]


def _p_values(cells: Sequence[CellValues], role: Role, tests: Sequence[TwoTTest | None]) -> list[float | None]:
    if role == "full":
        return p_of(tests, [-margin_of(cell.cell).used for cell in cells])
    return [None if test is None else test.p for test in tests]


def _verdict(
    ours: CellValues, role: Role, test: TwoTTest | None, p: float | None, level: float
) -> MarginVerdict | Superiority | None:
    if test is None:
        return None
    if role == "full":
        return margin_verdict(test.mean, margin_of(ours.cell).used, p, level)
    return superiority(test, p, level)


def _detectable(test: TwoTTest | None, tests: int, level: float) -> float | None:
    if test is None or test.error is None:
        return None
    return detectable_difference(test.error, comparisons=tests, alpha=level)


def _gated(found: Comparison, ours: CellValues, baseline: _Baseline, assay: bool | None) -> Comparison:
    """Withhold the verdict where the table has no assay, or one side is unstable."""
    theirs = baseline.values
    if found.test is None or theirs is None or found.role == "trivial":
        return found
    sides = [(len(v.untrained), len(v.cell.seeds)) if v.unstable else None for v in (ours, theirs)]
    if any(sides):
        trained, pairs = ours.minus_trained(theirs)
        found = replace(found, trained=trained, trained_pairs=pairs, unstable=sides[0], baseline_unstable=sides[1])
    if found.verdict == "no test":
        return found
    if assay is False:
        return replace(found, verdict="no assay")
    return replace(found, verdict="unstable") if any(sides) else found


def over_board(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return comparisons of all contests with their p adjusted over all of the same role."""
    adjusted = list(comparisons)
    for role in ("full", "random", "rival"):
        of_role = [i for i, found in enumerate(comparisons) if found.role == role]
        for i, p in zip(of_role, holm([comparisons[i].p for i in of_role]), strict=True):
            adjusted[i] = replace(comparisons[i], p_board=p)
    return adjusted
