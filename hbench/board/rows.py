"""Result files -> one row per cell, with every number and verdict the board shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hbench.board.comparisons import against_trivial, comparisons_of
from hbench.board.contests import Contest
from hbench.board.costs import ScoringBill, costs_of
from hbench.board.margins import margin_of
from hbench.board.paired import Shares, means, shares
from hbench.board.planted import PlantedTask
from hbench.board.ranks import ranks_of
from hbench.board.row import BoardRow, Estimate, Kept, RowRole
from hbench.board.steps import steps_of
from hbench.board.tables import TableTests
from hbench.board.values import CellValues
from hbench.results.cell import CellKey, CellResult
from hbench.statistics import Ratio, TwoTTest


def rows_of(
    contest: Contest,
    values: Mapping[CellKey, CellValues],
    bills: Mapping[ScoringBill, float | None],
    of_full: BoardRow | None,
    tests: TableTests,
) -> tuple[BoardRow, ...]:
    """Return the rows of a contest, best metric first, then what failed, then what is missing.

    values: by `CellResult.cell`. bills: as `hbench.board.costs.shared_bills` returns them for the whole board.
    of_full: what `full_row` gives for the full data's result, None where there is none. tests: those of this contest,
    and of others.
    """
    full = None if contest.full is None else values[contest.full.cell]
    comparisons, ranks = comparisons_of(contest, values, tests), ranks_of(contest, values, tests)
    rows = [
        replace(
            _row(
                values[cell.cell],
                "random" if cell.is_baseline else "method",
                full,
                bills,
                tests.means[cell.cell],
                tests.shares[cell.cell],
            ),
            margin=margin_of(cell),
            comparisons=comparisons[cell.cell],
            ranks=ranks.get(cell.cell),
        )
        for cell in contest.cells
    ]
    if of_full is not None:
        rows.append(of_full)
    rows += [_missing(contest, key) for key in _absent(contest)]
    most = max((row.seeds_run for row in rows), default=0)
    return tuple(replace(row, most_seeds=most) for row in sorted(rows, key=_by_metric))


def diagnostic_rows(results: Iterable[CellResult], planted: Sequence[PlantedTask]) -> list[BoardRow]:
    """Return the rows of cells without trainings, those that are missing on tasks without any training among them.

    planted: as `hbench.board.planted.planted_tasks` returns it.
    """
    rows: list[BoardRow] = []
    of_task: dict[tuple[str, str], BoardRow] = {}
    trained = set()
    for cell in results:
        key = cell.task, cell.model
        if cell.is_diagnostic:
            row = _identity(cell, "method")
            rows.append(replace(row, status="diagnostic" if cell.planted else "failed"))
            of_task[key] = row
        else:
            trained.add(key)
    for task in planted:
        key = task.task, task.model
        if key in of_task and key not in trained:
            cell_key, metric, primary = of_task[key].cell, of_task[key].metric_name, of_task[key].primary
            absent = (cell_key._replace(method=m.method) for m in task.methods if m.status == "missing")
            rows += [BoardRow(missing, "method", "missing", primary, metric) for missing in absent]
    return rows


def _by_metric(row: BoardRow) -> tuple[int, float, str]:
    """Sort key of a contest. Rounded, so that two equal metrics sort by name on every machine."""
    order = ("complete", "partial", "failed", "missing").index(row.status)
    return max(order, 1), -round(row.metric.value if row.metric else 0.0, 10), row.method


def _identity(cell: CellResult, role: RowRole) -> BoardRow:
    failed = sum(value is None for value in cell.values)
    reasons = sorted((f.seed, " ".join(f.reason.split())) for f in cell.failures)
    scoring = cell.scored_from
    return BoardRow(
        cell.cell,
        role,
        cell.status,
        cell.primary,
        cell.metric,
        further=None if cell.further is None else cell.further.task,
        seeds=len(cell.seeds) - failed,
        seeds_failed=failed,
        scoring_runs=0 if scoring is None else scoring.runs,
        scorings=None if scoring is None else len(scoring.groups),
        scored_with=None if cell.scored_with is None else cell.scored_with.model,
        train_rows=cell.data.train_rows,
        eval_rows=cell.data.eval_rows,
        steps=steps_of(cell),
        planted=tuple(sorted((cell.planted or {}).items())),
        failures=tuple(reasons),
    )


def _row(
    ours: CellValues,
    role: RowRole,
    full: CellValues | None,
    bills: Mapping[ScoringBill, float | None],
    test: TwoTTest | None,
    kept: Shares,
) -> BoardRow:
    """Return a row without its comparisons.

    full: what class shares are compared with. test: of the mean of the values. kept: of the full data.
    """
    subset = None if full is None else full.cell.subset
    mean = ours.gives_metric
    row = replace(
        _identity(ours.cell, role),
        share=_estimate(kept.metric),
        values_share=_estimate(kept.values),
        gain=_estimate(kept.gain),
        untrained=ours.untrained if ours.failed or ours.answer is not None else None,
        unstable=ours.unstable,
        recomputed=ours.measure is not None,
        seed_inflation=ours.seed_inflation,
        failed_as_trivial=bool(ours.failed) and ours.answer is not None and bool(ours.rows),
        kept=_kept(ours.cell, {} if subset is None or ours is full else subset.classes),
        costs=costs_of(ours.cell, bills),
    )
    if ours.metric is None:
        return row
    low, high = (None, None) if test is None or not mean else (test.low, test.high)
    values = None if test is None or mean else _estimate(test)
    return replace(row, metric=Estimate(ours.metric, low, high), also=ours.also, values=values)


def full_row(full: CellValues, bills: Mapping[ScoringBill, float | None]) -> BoardRow:
    """Return the row of the full data, which is in every contest of its task, split and model."""
    row, trivial = _row(full, "full", full, bills, means([full])[0], shares([full], full)[0]), full.trivial()
    comparisons = against_trivial(full)
    # Its share of itself is 1 by definition: no interval, and none where it is a share of nothing.
    return replace(
        row,
        share=_whole(row.metric),
        values_share=_whole(row.values),
        gain=None if row.gain is None else Estimate(1.0),
        comparisons=comparisons,
        trivial_mean=float(next(iter(trivial.rows.values())).mean()) if trivial is not None and comparisons else None,
    )


def _whole(estimate: Estimate | None) -> Estimate | None:
    return Estimate(1.0) if estimate is not None and estimate.value > 0 else None


def _estimate(found: Ratio | TwoTTest | None) -> Estimate | None:
    if found is None:
        return None
    return Estimate(found.mean if isinstance(found, TwoTTest) else found.value, found.low, found.high)


def _absent(contest: Contest) -> list[CellKey]:
    """Return the cells of a contest that have no result."""
    keys = [CellKey(*contest.key, method) for method in contest.absent]
    return keys if contest.full is not None else [CellKey.full_data(*contest.key[:3]), *keys]


def _missing(contest: Contest, key: CellKey) -> BoardRow:
    role: RowRole = "random" if key.method == contest.baseline else "method"
    if key == CellKey.full_data(*contest.key[:3]):
        role = "full"
    return BoardRow(key, role, "missing", contest.sample.primary, contest.sample.metric)


def _kept(cell: CellResult, full_classes: Mapping[str, float]) -> Kept | None:
    """Return size and class shares; the deviation from the full data where those are known for the same classes."""
    subset, sizes = cell.subset, list(cell.sizes.values())
    if subset is None or not sizes:
        return None
    kept = Kept(sum(sizes) / len(sizes), min(sizes), max(sizes), subset.share, tuple(sorted(subset.classes.items())))
    names = set(subset.classes) | set(full_classes)
    if not full_classes or not names:
        return kept
    off = {name: subset.classes.get(name, 0.0) - full_classes.get(name, 0.0) for name in names}
    worst = min(names, key=lambda name: (-round(abs(off[name]), 10), name))
    return replace(kept, deviation=off[worst], deviating=worst)
