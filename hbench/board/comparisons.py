"""One record for every paired test of the board: against the full data, a random subset, a rival, a trivial answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hbench.board.contests import Contest
from hbench.board.looks import level_of
from hbench.board.margins import margin_of
from hbench.board.tables import Family, TableTests, families_of, has_assay
from hbench.board.tables import Role as Role
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
    superiority,
)

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


def comparisons_of(
    contest: Contest, values: Mapping[CellKey, CellValues], tests: TableTests | None = None
) -> dict[CellKey, tuple[Comparison, ...]]:
    """Return the comparisons of every cell of a contest: full, random, then its rivals by name.

    values: by `CellResult.cell`. tests: those of this contest, and of others; None to work them out.
    """
    tests = TableTests.of([contest], values) if tests is None else tests
    assay, level = has_assay(values.get(CellKey.full_data(*contest.key[:3]))), level_of(contest)
    by_cell: dict[CellKey, list[Comparison]] = {cell.cell: [] for cell in contest.cells}
    for family in families_of(contest, values):
        baseline = None if family.values is None else family.values.cell.cell
        keys = [cell.cell.cell for cell in family.cells]
        found = [None if baseline is None else tests.differences[key, baseline] for key in keys]
        p = [None if test is None else test.p for test in found]
        if family.role == "full":
            p = [tests.p_margin[key] for key in keys]
        for comparison in _compared(family, found, p, assay, level):
            by_cell[comparison.cell].append(comparison)
    return {cell: tuple(found) for cell, found in by_cell.items()}


def against_trivial(full: CellValues) -> tuple[Comparison, ...]:
    """Return the full data's comparison with the trivial answer; none where that, or every training, is missing."""
    trivial = full.trivial()
    if trivial is None or full.cell.trivial is None or not full.rows:
        return ()
    test = full.above_trivial
    family = Family("trivial", full.cell.trivial.answer, trivial, (full,))
    return tuple(_compared(family, [test], [None if test is None else test.p], None, full.level))


def _compared(
    family: Family,
    tests: Sequence[TwoTTest | None],
    p: Sequence[float | None],
    assay: bool | None,
    level: float,
) -> list[Comparison]:
    """Return the comparisons of a family; tests and p in the order of its cells."""
    adjusted = holm(p)
    tested = [value for value in adjusted if value is not None]
    left = max(1, sum(value > level for value in tested))
    bounds = lower_bounds(tests, 1 - level / left) if family.role == "full" else [None] * len(tests)
    status: BaselineStatus = "missing" if family.values is None else family.values.cell.status
    one_set = family.values is not None and family.values.one_set
    return [
        _gated(
            Comparison(
                ours.cell.cell,
                family.baseline,
                family.role,
                status,
                test,
                alone,
                together,
                verdict=_verdict(ours, family.role, test, together, level),
                detectable=_detectable(test, len(tested), level),
                excluded=None if bound is None else -bound,
                these_examples=test is not None and (ours.one_set or one_set),
                level=level,
            ),
            ours,
            family.values,
            assay,
        )
        for ours, test, alone, together, bound in zip(family.cells, tests, p, adjusted, bounds, strict=True)
    ]


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


def _gated(found: Comparison, ours: CellValues, theirs: CellValues | None, assay: bool | None) -> Comparison:
    """Withhold the verdict where the table has no assay, or one side is unstable."""
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
