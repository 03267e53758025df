"""The whole board in numbers, computed once from result files; every page and file is a rendering of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from hbench.board.across import AcrossTasks, across_tasks
from hbench.board.architectures import Rankings, rankings_of
from hbench.board.claims import Answer, answers_of
from hbench.board.comparisons import BaselineStatus, Comparison, over_board
from hbench.board.contests import Contest, ContestKey, contests_of
from hbench.board.costs import ScoringBill, shared_bills
from hbench.board.coverage import Coverage, coverage_of
from hbench.board.looks import looks_of
from hbench.board.margins import Margin, margin_of
from hbench.board.measures import measure_of
from hbench.board.planted import PlantedTask, planted_tasks
from hbench.board.regimes.budgets import BudgetTable, budget_tables
from hbench.board.regimes.regime import Regime, regimes_of
from hbench.board.row import BoardRow
from hbench.board.rows import diagnostic_rows, full_row, rows_of
from hbench.board.scorings import SharedScores, with_shared_scores
from hbench.board.steps import Steps
from hbench.board.tables import TableTests
from hbench.board.tradeoff import Tradeoff, tradeoffs_of
from hbench.board.values import CellValues, shares_sets, trivial_values
from hbench.board.versions import check_protocol
from hbench.parallel import spread
from hbench.results.cell import CellKey, CellResult, kept_share
from hbench.results.folder import results_of
from hbench.results.looks import Looks
from hbench.results.sensitivity import Sensitivity, read_sensitivity

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
    #: The task whose examples models are evaluated on, where it is not the one that they are trained on.
    further: str | None = None
    #: Share of the training labels that were replaced by another class; None for none.
    label_noise: float | None = None
    #: Optimiser steps of the random subset, whose size every method has, and of the full data; None where not known.
    steps: Steps | None = None
    full_steps: Steps | None = None


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
    #: One per task, split, size and budget where a method has results of several models.
    rankings: tuple[Rankings, ...]
    #: How much scorers depend on runs and epochs, of the tasks and models with results; sorted.
    sensitivity: tuple[Sensitivity, ...]
    #: What the rows say to the claims of the authors.
    claims: tuple[Answer, ...]
    #: One per task and model whose results say their steps.
    regimes: tuple[Regime, ...]
    #: One per task, split, model and size with several budgets.
    budgets: tuple[BudgetTable, ...]
    #: What rows have in common whose seeds share sets of scores; None where there are none.
    shared_scores: SharedScores | None

    @classmethod
    def of(cls, results: Sequence[CellResult], sensitivity: Sequence[Sensitivity] = ()) -> Board:
        """Compare results.

        sensitivity: what was measured of scorers besides; left out where the board has no result of task and model.
        Raises ResultError for two of different protocols, and for two compared that differ in version, size or charges.
        """
        check_protocol(results)
        evaluations = _evaluations(results)
        shared = SharedScores.of(_values(cells) for cells in evaluations.values() if any(map(shares_sets, cells)))
        contests, bills, planted = contests_of(results), shared_bills(results), planted_tasks(results)
        by_contest = _over_board(contests, _rows(contests, evaluations, shared, bills))
        standings = tuple(_standing(contest, rows) for contest, rows in zip(contests, by_contest, strict=True))
        rows = {row.cell: row for standing in standings for row in standing.rows}
        rows |= {row.cell: row for row in diagnostic_rows(results, planted)}
        in_order = tuple(rows[cell] for cell in sorted(rows))
        evaluated = {(result.task, result.model) for result in results}
        return cls(
            results=tuple(results),
            standings=standings,
            rows=in_order,
            coverage=coverage_of(results, in_order, len(standings)),
            margins={result.cell: margin_of(result) for result in results},
            tradeoffs=tradeoffs_of(s.rows for s in standings if s.further is None),
            across=across_tasks([*by_contest, *_lacking(contests)]),
            planted=planted,
            rankings=rankings_of(by_contest),
            sensitivity=tuple(row for row in sensitivity if (row.task, row.model) in evaluated),
            claims=answers_of(results, in_order),
            regimes=regimes_of(results),
            budgets=budget_tables(by_contest),
            shared_scores=shared,
        )

    @classmethod
    def of_folder(cls, directory: Path) -> Board:
        """Compare the results of a folder. Raises ResultError as `of` does, and for a file that cannot be read."""
        return cls.of(results_of(directory), read_sensitivity(directory))

    @property
    def rivalries(self) -> tuple[Comparison, ...]:
        """Return all comparisons with rivals, sorted by cell, then rival."""
        return tuple(comparison for row in self.rows for comparison in row.rivals)

    def narrowed(self, chosen: Callable[[ContestKey], bool]) -> Board:
        """Return the contests that are chosen and their rows; numbers over several of them are left out."""
        standings = tuple(standing for standing in self.standings if chosen(standing.key))
        cells = {row.cell for standing in standings for row in standing.rows}
        rows = tuple(row for row in self.rows if row.cell in cells)
        part = replace(self, standings=standings, rows=rows, tradeoffs=(), across=(), planted=())
        return replace(part, rankings=(), sensitivity=(), claims=(), regimes=(), budgets=())


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
    return {cell: values for cells in _evaluations(results).values() for cell, values in _values(cells).items()}


#: The results of one task, split and model, without those that train nothing.
Evaluation = Sequence[CellResult]


def _evaluations(results: Sequence[CellResult]) -> dict[tuple[str, ...], Evaluation]:
    """Return the results by task, split and model."""
    evaluations: dict[tuple[str, ...], list[CellResult]] = {}
    for result in results:
        if not result.is_diagnostic:
            evaluations.setdefault(result.cell[:3], []).append(result)
    return {**evaluations}


def _values(cells: Evaluation) -> dict[CellKey, CellValues]:
    """Unpack the results of an evaluation, each with the trivial answer that its full data's result names."""
    answer, measure = next((trivial_values(cell) for cell in cells if cell.is_full), None), measure_of(cells)
    return {cell.cell: CellValues.of(cell, answer, measure) for cell in cells}


def _rows(
    contests: Sequence[Contest],
    evaluations: Mapping[tuple[str, ...], Evaluation],
    shared: SharedScores | None,
    bills: Mapping[ScoringBill, float | None],
) -> list[tuple[BoardRow, ...]]:
    """Return the rows of every contest; those of one evaluation share the row of the full data.

    Values are unpacked for one evaluation at a time, as those of a large board would not fit into memory together.
    """
    together = [tuple(found) for _, found in groupby(contests, key=lambda contest: contest.key[:3])]

    def of_evaluation(found: tuple[Contest, ...]) -> list[tuple[BoardRow, ...]]:
        values = with_shared_scores(_values(evaluations[found[0].key[:3]]), shared)
        full = None if found[0].full is None else full_row(values[found[0].full.cell], bills)
        tests = TableTests.of(found, values)
        return [rows_of(contest, values, bills, full, tests) for contest in found]

    many = sum(map(len, evaluations.values())) >= _MANY
    return [rows for part in spread(of_evaluation, together, fewest=1 if many else len(together) + 1) for rows in part]


def _over_board(contests: Sequence[Contest], rows: Sequence[tuple[BoardRow, ...]]) -> list[tuple[BoardRow, ...]]:
    """Return the rows of all contests, their comparisons adjusted over the whole board too.

    Further sets are adjusted apart: what a board says of its tasks does not depend on what else it looks at.
    """
    found = list(rows)
    for further in (False, True):
        places = [i for i, contest in enumerate(contests) if (contest.sample.further is not None) == further]
        adjusted = iter(over_board([c for i in places for row in rows[i] for c in row.comparisons]))
        for i in places:
            found[i] = tuple(
                replace(row, comparisons=tuple(next(adjusted) for _ in row.comparisons)) for row in rows[i]
            )
    return found


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
        further=None if contest.sample.further is None else contest.sample.further.task,
        label_noise=contest.sample.label_noise,
        steps=next((row.steps for row in rows if row.role == "random"), None),
        full_steps=next((row.steps for row in rows if row.role == "full"), None),
    )


def _cases(sample: CellResult) -> int:
    outcomes = sample.examples
    return sample.data.eval_rows if outcomes is None or outcomes.cases is None else len(set(outcomes.cases))


def _assay(rows: Sequence[BoardRow]) -> bool | None:
    found = next((c for row in rows if row.role == "full" and (c := row.against("trivial")) is not None), None)
    return None if found is None else found.verdict == "superior"
