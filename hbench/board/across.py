"""Across tasks: on which a method beats a random subset, all comparisons of the board counted. A block is a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hbench.board.row import BoardRow
from hbench.results.looks import ALPHA
from hbench.statistics import can_reach, holm, reachable_p, wilcoxon_holm
from hbench.statistics.across import BLOCKS


@dataclass(frozen=True)
class MethodAcross:
    """One method over the tasks of a size, budget and model."""

    method: str
    #: Tasks with a verdict against a random subset of the same size.
    tested: int
    #: The tasks on which it beats a random subset, Holm over all comparisons with random subsets on the board; sorted.
    wins: tuple[str, ...]
    #: The further tasks on which it does so in the task's own table alone, Holm over its rows; sorted.
    in_table: tuple[str, ...]
    #: Holm-adjusted p of the signed-rank test over tasks against random subsets, None without such a test.
    p: float | None
    #: Whether a verdict among these is about these examples, not about the method: one set of scores for all seeds.
    these_examples: bool = False


@dataclass(frozen=True)
class AcrossTasks:
    """What one size, budget and model show over tasks (primary splits only)."""

    model: str
    keep: str
    budget: str
    #: The blocks.
    tasks: tuple[str, ...]
    #: Task references left out, since another reference to the same data set is a block.
    repeated: tuple[str, ...]
    #: Tasks of the model without any result at this size and budget.
    lacking: tuple[str, ...]
    #: Methods that are compared with a random subset.
    comparisons: int
    #: Smallest two-sided p of a test over the blocks.
    reachable: float
    #: Why there is no test over tasks: no p value could be small enough, or there are fewer than `BLOCKS` blocks.
    untested: Literal["unreachable", "too few"] | None
    #: Most wins first, then by wins in a table alone, then by name.
    methods: tuple[MethodAcross, ...]


def across_tasks(contests: Iterable[Sequence[BoardRow]]) -> tuple[AcrossTasks, ...]:
    """Return one summary per model, keep label and budget, from the rows of all contests in the order of the board."""
    sizes: dict[tuple[str, str, str], dict[str, dict[str, BoardRow]]] = {}
    for rows in contests:
        # The full-data row carries its own keep label; a contest without any other row has nothing to compare.
        pruned = [row for row in rows if row.role != "full"]
        if pruned and pruned[0].primary:
            first = pruned[0]
            tasks = sizes.setdefault((first.cell.model, first.cell.keep, first.cell.budget), {})
            tasks[first.cell.task] = {row.method: row for row in pruned}
    # A size that only further splits have is not a block of any task.
    return tuple(_summary(key, tasks) for key, tasks in sizes.items() if any(map(_has_result, tasks.values())))


def _summary(key: tuple[str, str, str], tasks: dict[str, dict[str, BoardRow]]) -> AcrossTasks:
    blocks, repeated = _one_per_data_set({task: rows for task, rows in tasks.items() if _has_result(rows)})
    methods = sorted({method for rows in blocks.values() for method in rows})
    compared = [m for m in methods if any(rows[m].role == "method" for rows in blocks.values() if m in rows)]
    untested = _why_no_test(len(blocks), len(compared))
    over_tasks = {} if untested else _signed_ranks(compared, blocks)
    return AcrossTasks(
        *key,
        tasks=tuple(blocks),
        repeated=repeated,
        lacking=tuple(task for task, rows in tasks.items() if not _has_result(rows)),
        comparisons=len(compared),
        reachable=reachable_p(len(blocks)),
        untested=untested,
        methods=_in_order(_method(m, blocks, over_tasks.get(m)) for m in methods),
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


def _why_no_test(blocks: int, comparisons: int) -> Literal["unreachable", "too few"] | None:
    if not can_reach(blocks, ALPHA, max(comparisons, 1)):
        return "unreachable"
    return "too few" if blocks < BLOCKS else None


def _in_order(methods: Iterable[MethodAcross]) -> tuple[MethodAcross, ...]:
    """Sort methods by wins, then by name."""
    return tuple(sorted(methods, key=lambda m: (-len(m.wins), -len(m.in_table), m.method)))


def _method(method: str, blocks: Mapping[str, Mapping[str, BoardRow]], p: float | None) -> MethodAcross:
    """Name the tasks on which a method is superior; all names on the board hold at once, since Holm counts all."""
    tested = 0
    these_examples = False
    wins: list[str] = []
    in_table: list[str] = []
    for task, rows in blocks.items():
        found = rows[method].against("random") if method in rows else None
        if found is None or not found.decided:
            continue
        tested += 1
        these_examples |= found.these_examples
        if found.verdict == "superior":
            (wins if found.holds_over_board else in_table).append(task)
    return MethodAcross(method, tested, tuple(sorted(wins)), tuple(sorted(in_table)), p, these_examples)


def _signed_ranks(methods: list[str], blocks: Mapping[str, Mapping[str, BoardRow]]) -> dict[str, float | None]:
    """Return per method the p of its differences to random over tasks, Holm-adjusted; None when one is missing."""
    p_values: list[float | None] = []
    for method in methods:
        differences = [_to_random(rows, method) for rows in blocks.values()]
        known = [d for d in differences if d is not None]
        if len(known) < len(differences):
            p_values.append(None)
        else:
            p_values.append(wilcoxon_holm(np.array([known, [0.0] * len(known)]))[0].p)
    return dict(zip(methods, holm(p_values), strict=True))


def _to_random(rows: Mapping[str, BoardRow], method: str) -> float | None:
    found = rows[method].against("random") if method in rows else None
    return None if found is None else found.difference
