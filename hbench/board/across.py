"""Across tasks: on how many a method beats chance, and its rank among the others. A block is one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hbench.board.row import BoardRow
from hbench.statistics import (
    RankInterval,
    can_reach,
    holm,
    partial_conjunction,
    rank_intervals,
    reachable_p,
    wilcoxon_holm,
)
from hbench.statistics.across import BLOCKS

ALPHA = 0.05


@dataclass(frozen=True)
class MethodAcross:
    """One method over the tasks of a size, budget and model.

    tested: tasks with a test against chance. wins: those on which it beats chance, by name. p: Holm-adjusted p of the
    signed-rank test over tasks against chance, None where `Across.verdict` says why there is none. rank: mean rank
    with its interval, 1 = best; None when it is not ranked.
    """

    method: str
    tested: int
    wins: tuple[str, ...]
    p: float | None
    rank: RankInterval | None


@dataclass(frozen=True)
class Across:
    """What one size, budget and model show over tasks (primary splits only).

    tasks: the blocks. repeated: task references left out, since another reference to the same data set is a block.
    lacking: tasks of the model without any result at this size and budget.
    comparisons: methods with a chance baseline. reachable: smallest two-sided p of a test over the blocks.
    verdict: why there is no test over tasks, or empty. unranked: methods left out of the ranks, and the tasks on
    which they have no result.
    """

    model: str
    keep: str
    budget: str
    tasks: tuple[str, ...]
    repeated: tuple[str, ...]
    lacking: tuple[str, ...]
    comparisons: int
    reachable: float
    verdict: str
    methods: tuple[MethodAcross, ...]
    unranked: tuple[tuple[str, tuple[str, ...]], ...]


def across_tasks(columns: Sequence[Sequence[BoardRow]]) -> list[Across]:
    """Return one summary per model, keep label and budget, from the rows of all columns in the order of the board."""
    groups: dict[tuple[str, str, str], dict[str, dict[str, BoardRow]]] = {}
    for rows in columns:
        # The full-data row carries its own keep label; a column without any other row has nothing to compare.
        pruned = [row for row in rows if row.role != "full"]
        if pruned and pruned[0].primary:
            first = pruned[0]
            tasks = groups.setdefault((first.model, first.keep, first.budget), {})
            tasks[first.task] = {row.method: row for row in pruned}
    # A size that only further splits have is no block of any task.
    return [_summary(key, tasks) for key, tasks in groups.items() if any(map(_has_result, tasks.values()))]


def _summary(key: tuple[str, str, str], tasks: dict[str, dict[str, BoardRow]]) -> Across:
    blocks, repeated = _one_per_data_set({task: rows for task, rows in tasks.items() if _has_result(rows)})
    methods = sorted({method for rows in blocks.values() for method in rows})
    compared = [m for m in methods if any(rows[m].role == "method" for rows in blocks.values() if m in rows)]
    verdict = _why_no_test(len(blocks), len(compared))
    over_tasks = {} if verdict else _signed_ranks(compared, blocks)
    unranked = {m: tuple(t for t, rows in blocks.items() if _metric(rows, m) is None) for m in methods}
    ranks = _ranks([m for m in methods if not unranked[m]], blocks)
    return Across(
        *key,
        tasks=tuple(blocks),
        repeated=repeated,
        lacking=tuple(task for task, rows in tasks.items() if not _has_result(rows)),
        comparisons=len(compared),
        reachable=reachable_p(len(blocks)),
        verdict=verdict,
        methods=tuple(_method(m, blocks, over_tasks.get(m), ranks.get(m)) for m in methods),
        unranked=tuple((m, where) for m, where in unranked.items() if where),
    )


def _has_result(rows: Mapping[str, BoardRow]) -> bool:
    """Return whether anything was run; a training that failed was."""
    return any(row.status != "missing" for row in rows.values())


def _one_per_data_set(
    tasks: dict[str, dict[str, BoardRow]],
) -> tuple[dict[str, dict[str, BoardRow]], tuple[str, ...]]:
    """Keep one reference per data set: two splits or options of one task are not two independent tasks."""
    blocks: dict[str, dict[str, BoardRow]] = {}
    names, repeated = set(), []
    for task in sorted(tasks):
        name = task.partition("[")[0].strip()
        if name in names:
            repeated.append(task)
        else:
            names.add(name)
            blocks[task] = tasks[task]
    return blocks, tuple(repeated)


def _why_no_test(blocks: int, comparisons: int) -> str:
    if not can_reach(blocks, ALPHA, max(comparisons, 1)):
        return f"cannot reach alpha with {blocks} block{'s' if blocks != 1 else ''}"
    return f"needs at least {BLOCKS} blocks" if blocks < BLOCKS else ""


def _method(
    method: str, blocks: Mapping[str, Mapping[str, BoardRow]], p: float | None, rank: RankInterval | None
) -> MethodAcross:
    """Count wins from the p values that the columns show, so that no task is named whose own table says tie."""
    p_values: dict[str, float | None] = {}
    for task, rows in blocks.items():
        row = rows.get(method)
        if row is not None and row.chance_p_holm is not None and row.chance_difference is not None:
            p_values[task] = row.chance_p_holm if row.chance_difference > 0 else 1.0
    found = partial_conjunction(p_values, ALPHA)
    return MethodAcross(method, found.tested, tuple(sorted(found.tasks)), p, rank)


def _signed_ranks(methods: list[str], blocks: Mapping[str, Mapping[str, BoardRow]]) -> dict[str, float | None]:
    """Return per method the p of its differences to chance over tasks, Holm-adjusted; None when one is missing."""
    p_values: list[float | None] = []
    for method in methods:
        differences = [rows[method].chance_difference if method in rows else None for rows in blocks.values()]
        known = [d for d in differences if d is not None]
        if len(known) < len(differences):
            p_values.append(None)
        else:
            p_values.append(wilcoxon_holm(np.array([known, [0.0] * len(known)]))[0].p)
    return dict(zip(methods, holm(p_values), strict=True))


def _ranks(methods: list[str], blocks: Mapping[str, Mapping[str, BoardRow]]) -> dict[str, RankInterval]:
    """Rank the methods that have a result on every task; needs two of each."""
    if len(methods) < 2 or len(blocks) < 2:
        return {}
    # Rounded, so that metrics that are equal on paper tie on every machine.
    matrix = np.array([[_metric(rows, m) for rows in blocks.values()] for m in methods], dtype=np.float64).round(10)
    return dict(zip(methods, rank_intervals(matrix), strict=True))


def _metric(rows: Mapping[str, BoardRow], method: str) -> float | None:
    return rows[method].metric if method in rows else None
