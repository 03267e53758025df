"""Result files -> one row per cell, with every number and verdict the board shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hbench.board.columns import Column
from hbench.board.costs import SharedRuns, costs_of
from hbench.board.measured import Measured, margin_of
from hbench.board.planted import PlantedRecovery
from hbench.board.row import BoardRow, Role
from hbench.cost.budgets import DEFAULT_BUDGET
from hbench.jobs.spec import FULL
from hbench.results.cell import DIAGNOSTIC, FULL_KEEP, CellKey, CellResult
from hbench.statistics import CrossedTest, holm, non_inferiority, smallest_detectable, superiority

NO_TEST = "no test"
#: What tests are about where the metric is not a mean over examples.
PER_EXAMPLE = "per-example result"


def rows_of(
    column: Column, measured: Mapping[CellKey, Measured], bills: Mapping[SharedRuns, float | None]
) -> list[BoardRow]:
    """Return the rows of a column, best metric first, then what failed, then what is missing.

    measured: the cells with their values unpacked, by `CellResult.cell`. bills: as `hbench.board.costs.shared_bills`
    returns them for the whole board. Methods that have a test against chance share one Holm adjustment; the baselines
    themselves are not counted.
    """
    full = None if column.full is None else measured[column.full.cell]
    classes = column.full.subset.classes if column.full is not None and column.full.subset is not None else {}
    rows: list[BoardRow] = []
    tests: list[CrossedTest | None] = []
    chance = next((measured[cell.cell] for cell in column.cells if cell.method == column.chance), None)
    for cell in column.cells:
        ours = measured[cell.cell]
        is_chance = cell.method == column.chance
        tests.append(None if is_chance else ours.minus(chance))
        row = _identity(cell, "chance" if is_chance else "method")
        row = replace(row, **_metric(ours), **_against_full(ours, full), **_share(ours, full), **_kept(cell, classes))
        row = replace(row, **costs_of(cell, bills))
        rows.append(row if is_chance else replace(row, chance=cell.chance))
    adjusted = holm([None if test is None else test.p for test in tests])
    rows = [replace(row, **_against_chance(t, p)) for row, t, p in zip(rows, tests, adjusted, strict=True)]
    if full is not None:
        row = replace(_identity(full.cell, "full"), **_metric(full), **_kept(full.cell, {}), **_above_trivial(full))
        row = replace(row, full_share=_whole(row.metric), values_share=_whole(row.values_mean))
        rows.append(replace(row, **costs_of(full.cell, bills)))
    absent = column.absent if full is not None else (FULL, *column.absent)
    return sorted([*rows, *(_missing(column, method) for method in absent)], key=_rank)


def diagnostic_rows(
    results: Iterable[CellResult], planted: Mapping[tuple[str, str], Sequence[PlantedRecovery]]
) -> list[BoardRow]:
    """Return the rows of cells without trainings, those that are missing on tasks without any training among them.

    planted: as `hbench.board.planted.diagnostics_of` returns it.
    """
    rows, of_task = [], {}
    trained = set()
    for cell in results:
        key = cell.task, cell.model
        if cell.keep == DIAGNOSTIC:
            row = _identity(cell, "method")
            rows.append(replace(row, status="diagnostic" if cell.planted else "failed"))
            of_task[key] = row
        else:
            trained.add(key)
    for key, row in of_task.items():
        if key not in trained:
            empty = replace(row, seeds=0, scoring_runs=0, train_rows=0, eval_rows=0, planted=(), failures=())
            names = [found.method for found in planted[key] if found.status == "missing"]
            rows += [replace(empty, method=name, status="missing") for name in names]
    return rows


def _rank(row: BoardRow) -> tuple[int, float, str]:
    """Sort key of a column. Rounded, so that two equal metrics sort by name on every machine."""
    place = ("complete", "partial", "failed", "missing").index(row.status)
    return max(place, 1), -round(row.metric or 0.0, 10), row.method


def _identity(cell: CellResult, role: Role) -> BoardRow:
    failed = sum(value is None for value in cell.values)
    reasons = sorted((f.seed, " ".join(f.reason.split())) for f in cell.failures)
    return BoardRow(
        task=cell.task,
        split=cell.split,
        primary=cell.primary,
        model=cell.model,
        keep=cell.keep,
        budget=cell.budget,
        method=cell.method,
        role=role,
        status=cell.status,
        metric_name=cell.metric,
        seeds=len(cell.seeds) - failed,
        seeds_failed=failed,
        scoring_runs=len(cell.scoring_runs),
        train_rows=cell.data.train_rows,
        eval_rows=cell.data.eval_rows,
        planted=tuple(sorted((cell.planted or {}).items())),
        failures=tuple(reasons),
    )


def _missing(column: Column, method: str) -> BoardRow:
    full = method == FULL
    return BoardRow(
        task=column.task,
        split=column.split,
        primary=column.any.primary,
        model=column.model,
        keep=FULL_KEEP if full else column.keep,
        budget=DEFAULT_BUDGET if full else column.budget,
        method=method,
        role="full" if full else "chance" if method == column.chance else "method",
        status="missing",
        metric_name=column.any.metric,
    )


def _metric(ours: Measured) -> dict[str, Any]:
    if ours.metric is None:
        return {}
    shown = {"metric": ours.metric, "also": ours.also}
    test = ours.mean()
    low, high = (None, None) if test is None else (test.low, test.high)
    if ours.cell.metric_is_mean:
        return {**shown, "metric_low": low, "metric_high": high, "tested": ours.cell.metric}
    mean = None if test is None else test.mean
    return {**shown, "values_mean": mean, "values_low": low, "values_high": high, "tested": PER_EXAMPLE}


def _against_full(ours: Measured, full: Measured | None) -> dict[str, Any]:
    test, margin = ours.minus(full), margin_of(ours.cell)
    if test is None:
        return {"margin": margin}
    return {
        "full_pairs": test.seeds,
        "full_difference": test.mean,
        "full_low": test.low,
        "full_high": test.high,
        "margin": margin,
        "full_verdict": NO_TEST if test.p is None else non_inferiority(test, margin),
        "full_detectable": smallest_detectable(test),
    }


def _share(ours: Measured, full: Measured | None) -> dict[str, Any]:
    ratios = {"full_share": ours.share_of(full)}
    if not ours.cell.metric_is_mean:
        ratios["values_share"] = ours.values_share_of(full)
    known = {name: ratio for name, ratio in ratios.items() if ratio is not None}
    return {
        f"{name}{end}": value
        for name, ratio in known.items()
        for end, value in (("", ratio.value), ("_low", ratio.low), ("_high", ratio.high))
    }


def _above_trivial(full: Measured) -> dict[str, Any]:
    test, trivial = full.above_trivial(), full.cell.trivial
    if test is None or trivial is None:
        return {}
    values = trivial.examples.decode(0)
    return {
        "trivial": trivial.answer,
        "trivial_mean": None if values is None else float(values.mean()),
        "trivial_difference": test.mean,
        "trivial_low": test.low,
        "trivial_high": test.high,
        "trivial_p": test.p,
        "trivial_verdict": superiority(test, test.p),
    }


def _whole(metric: float | None) -> float | None:
    """Return the full data's share of itself, None where it is a share of nothing."""
    return 1.0 if metric is not None and metric > 0 else None


def _against_chance(test: CrossedTest | None, p_adjusted: float | None) -> dict[str, Any]:
    if test is None:
        return {}
    return {
        "chance_pairs": test.seeds,
        "chance_difference": test.mean,
        "chance_low": test.low,
        "chance_high": test.high,
        "chance_p": test.p,
        "chance_p_holm": p_adjusted,
        "chance_verdict": superiority(test, p_adjusted),
        "chance_detectable": smallest_detectable(test),
    }


def _kept(cell: CellResult, full_classes: Mapping[str, float]) -> dict[str, Any]:
    """Size and class shares; the deviation from the full data where those are known for the same classes."""
    subset, sizes = cell.subset, list(cell.sizes.values())
    if subset is None or not sizes:
        return {}
    kept: dict[str, Any] = {
        "kept": sum(sizes) / len(sizes),
        "kept_least": min(sizes),
        "kept_most": max(sizes),
        "kept_share": subset.share,
        "class_shares": tuple(sorted(subset.classes.items())),
    }
    names = set(subset.classes) | set(full_classes)
    if full_classes and names:
        off = {name: subset.classes.get(name, 0.0) - full_classes.get(name, 0.0) for name in names}
        worst = min(names, key=lambda name: (-round(abs(off[name]), 10), name))
        kept |= {"class_deviation": off[worst], "class_deviating": worst}
    return kept
