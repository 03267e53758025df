"""The whole board in numbers, computed once from result files; every page and file is a rendering of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from hbench.board.across import AcrossTasks, across_tasks
from hbench.board.claims import Answer, answers_of
from hbench.board.comparisons import BaselineStatus, Comparison, over_board
from hbench.board.contests import Contest, ContestKey, contests_of
from hbench.board.costs import ScoringBill, shared_bills
from hbench.board.coverage import Coverage, coverage_of
from hbench.board.looks import looks_of
from hbench.board.margins import Margin, margin_of
from hbench.board.measures import measure_of
from hbench.board.planted import PlantedTask, planted_tasks
from hbench.board.row import BoardRow
from hbench.board.rows import diagnostic_rows, full_row, rows_of
from hbench.board.scorings import SharedScores, with_shared_scores
from hbench.board.tradeoff import Tradeoff, tradeoffs_of
from hbench.board.values import CellValues, trivial_values
from hbench.board.versions import check_protocol
from hbench.parallel import spread
from hbench.results.cell import CellKey, CellResult, kept_share
from hbench.results.looks import Looks

#: Results from which on a board is worked out on all cores.
_MANY = 1000


@dataclass(frozen=True)
class Standing:
    """The rows of one contest, best metric first, then what failed, then what is missing."""

    key: ContestKey
    rows: tuple[BoardRow, ...]
    metric: str
    eval_rows: int
    margin: Margin
    #: Whether a scorer sets the size, so that the keep label names no share.
    natural: bool
    #: The most seeds that a row has, failed ones too.
    seeds: int
    #: The most seeds with a result that a row has.
    seeds_known: int
    #: Units of evaluation that were sampled: passages where examples share one, else examples.
    cases: int
    #: Whether the full data is superior to the trivial answer; None where that answer is not known.
    assay: bool | None
    #: At which numbers of seeds it is looked at; None where one look was planned and no seeds were added.
    looks: Looks | None
    #: The further methods compared with, sorted, and what became of them.
    rivals: tuple[tuple[str, BaselineStatus], ...]


@dataclass(frozen=True)
class Board:
    """The board: all results and their comparisons."""

    results: tuple[CellResult, ...]
    #: In the order of the board: by task, split (primary first), model, keep, budget.
    standings: tuple[Standing, ...]
    #: Every row once, sorted by cell; the full data's row belongs to all contests of its task, split and model.
    rows: tuple[BoardRow, ...]
    coverage: Coverage
    #: By `CellResult.cell`.
    margins: Mapping[CellKey, Margin]
    #: One per task, split and model.
    tradeoffs: tuple[Tradeoff, ...]
    #: One per model, size and budget.
    across: tuple[AcrossTasks, ...]
    planted: tuple[PlantedTask, ...]
    #: What the rows say to the claims of the authors.
    claims: tuple[Answer, ...]
    #: What rows have in common whose seeds share sets of scores; None where there are none.
    shared_scores: SharedScores | None

    @classmethod
    def of(cls, results: Sequence[CellResult]) -> Board:
        """Compare results.

        Raises ResultError for two of different protocols, and for two compared that differ in version, size or charges.
        """
        check_protocol(results)
        values = values_of(results)
        shared = SharedScores.of(values)
        values = with_shared_scores(values, shared)
        contests, bills, planted = contests_of(results), shared_bills(results), planted_tasks(results)
        by_contest = _over_board(_rows(contests, values, bills))
        standings = tuple(_standing(contest, rows) for contest, rows in zip(contests, by_contest, strict=True))
        rows = {row.cell: row for standing in standings for row in standing.rows}
        rows |= {row.cell: row for row in diagnostic_rows(results, planted)}
        in_order = tuple(rows[cell] for cell in sorted(rows))
        return cls(
            results=tuple(results),
            standings=standings,
            rows=in_order,
            coverage=coverage_of(results, in_order, len(standings)),
            margins={result.cell: margin_of(result) for result in results},
            tradeoffs=tradeoffs_of(by_contest),
            across=across_tasks([*by_contest, *_lacking(contests)]),
            planted=planted,
            claims=answers_of(results, in_order),
            shared_scores=shared,
        )

    @property
    def rivalries(self) -> tuple[Comparison, ...]:
        """Return all comparisons with rivals, sorted by cell, then rival."""
        return tuple(comparison for row in self.rows for comparison in row.rivals)

    def narrowed(self, chosen: Callable[[ContestKey], bool]) -> Board:
        """Return the contests that are chosen and their rows; numbers over several of them are left out."""
        standings = tuple(standing for standing in self.standings if chosen(standing.key))
        cells = {row.cell for standing in standings for row in standing.rows}
        rows = tuple(row for row in self.rows if row.cell in cells)
        return replace(self, standings=standings, rows=rows, tradeoffs=(), across=(), planted=(), claims=())


def _lacking(contests: Sequence[Contest]) -> list[tuple[BoardRow]]:
    """Return a missing row per task and size of a model that has none: summaries over tasks name what they lack."""
    primary = [contest for contest in contests if contest.sample.primary]
    sizes = {(c.key.model, c.key.keep, c.key.budget) for c in primary if c.cells}
    there = {(c.key.task, c.key.model, c.key.keep, c.key.budget) for c in primary if c.cells}
    samples = {(c.key.task, c.key.model): c.sample for c in primary}
    return [
        (BoardRow(CellKey(task, s.split, model, keep, budget, s.baseline), "random", "missing", True, s.metric),)
        for (task, model), s in sorted(samples.items(), key=lambda entry: entry[0])
        for of, keep, budget in sorted(sizes)
        if of == model and (task, model, keep, budget) not in there
    ]


def values_of(results: Sequence[CellResult]) -> dict[CellKey, CellValues]:
    """Unpack all results, each with the trivial answer that the full data's result of its evaluation names."""
    evaluations: dict[tuple[str, ...], list[CellResult]] = {}
    for result in results:
        if not result.is_diagnostic:
            evaluations.setdefault(result.cell[:3], []).append(result)
    values: dict[CellKey, CellValues] = {}
    for cells in evaluations.values():
        answer, measure = next((trivial_values(cell) for cell in cells if cell.is_full), None), measure_of(cells)
        values |= {cell.cell: CellValues.of(cell, answer, measure) for cell in cells}
    return values


def _rows(
    contests: Sequence[Contest], values: Mapping[CellKey, CellValues], bills: Mapping[ScoringBill, float | None]
) -> list[tuple[BoardRow, ...]]:
    """Return the rows of every contest; those of one evaluation share the row of the full data."""
    together = [tuple(found) for _, found in groupby(contests, key=lambda contest: contest.key[:3])]

    def of_evaluation(found: tuple[Contest, ...]) -> list[tuple[BoardRow, ...]]:
        full = None if found[0].full is None else full_row(values[found[0].full.cell], bills)
        return [rows_of(contest, values, bills, full) for contest in found]

    fewest = 1 if len(values) >= _MANY else len(together) + 1
    return [rows for part in spread(of_evaluation, together, fewest=fewest) for rows in part]


def _over_board(contests: Sequence[tuple[BoardRow, ...]]) -> list[tuple[BoardRow, ...]]:
    """Return the rows of all contests, their comparisons adjusted over the whole board too."""
    adjusted = iter(over_board([c for rows in contests for row in rows for c in row.comparisons]))
    return [
        tuple(replace(row, comparisons=tuple(next(adjusted) for _ in row.comparisons)) for row in rows)
        for rows in contests
    ]


def _standing(contest: Contest, rows: tuple[BoardRow, ...]) -> Standing:
    # The full data's own row is in every contest, so there is always one.
    rivals = {c.baseline: c.baseline_status for row in rows for c in row.rivals}
    return Standing(
        key=contest.key,
        rows=rows,
        metric=contest.sample.metric,
        eval_rows=contest.sample.data.eval_rows,
        margin=margin_of(contest.sample),
        natural=kept_share(contest.key.keep) is None,
        seeds=max((row.seeds_run for row in rows), default=0),
        seeds_known=max((row.seeds for row in rows), default=0),
        cases=_cases(contest.sample),
        assay=_assay(rows),
        looks=looks_of(contest),
        rivals=tuple(sorted(rivals.items())),
    )


def _cases(sample: CellResult) -> int:
    outcomes = sample.examples
    return sample.data.eval_rows if outcomes is None or outcomes.cases is None else len(set(outcomes.cases))


def _assay(rows: Sequence[BoardRow]) -> bool | None:
    found = next((c for row in rows if row.role == "full" and (c := row.against("trivial")) is not None), None)
    return None if found is None else found.verdict == "superior"
