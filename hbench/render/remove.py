"""Taking a method off a board: its results, its name in those that stay, and the board anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hbench.board.board import Board
from hbench.render.display import listed
from hbench.render.publish import write_with
from hbench.render.show import named
from hbench.results.cell import CellResult
from hbench.results.fields import ResultError
from hbench.results.folder import read_cell, results_of, text_of
from hbench.results.sensitivity import SENSITIVITY, read_sensitivity, text_of_rows, with_rows


@dataclass(frozen=True)
class Removal:
    """What `remove` did."""

    #: The result files that are gone, sorted.
    removed: tuple[Path, ...]
    #: The result files that named the method among those compared, and no longer do.
    changed: tuple[Path, ...]


def remove(results_dir: Path, out_dir: Path, method: str, tasks: Collection[str] = ()) -> Removal:
    """Take a method's rows off a board, from some tasks or from all; results and board change together or not at all.

    tasks: a name without options stands for those with, as in `show`.
    Raises ResultError when the method has no result there, naming those that have; for the full data and the random
    baseline, which the others are compared with; and when no result would be left.
    """
    results_of(results_dir)  # refuses a folder of which no board could be built
    results = {path: read_cell(path) for path in sorted(results_dir.rglob("*.json"))}
    labels = {result.task for result in results.values()}
    chosen = labels if not tasks else frozenset().union(*(named(task, labels) for task in tasks))
    gone = {path: r for path, r in results.items() if r.method == method and r.task in chosen}
    if not gone:
        raise ResultError(f"{results_dir}: no result of '{method}'{_choices(results, chosen, tasks)}")
    if any(result.is_full or result.is_baseline for result in gone.values()):
        raise ResultError(f"{results_dir}: other rows are compared with '{method}'; name another method")
    touched = {result.task for result in gone.values()}
    stay = {path: result for path, result in results.items() if path not in gone}
    changed = {
        path: without
        for path, result in stay.items()
        if result.task in touched and (without := _without(method, result)) != result
    }
    if not stay:
        raise ResultError(f"{results_dir}: holds no result but those of '{method}'; delete the folder instead")
    texts: dict[Path, str | None] = {path: text_of(result, path) for path, result in changed.items()}
    known = read_sensitivity(results_dir)
    left = with_rows(known, (), {(result.task, result.model, method) for result in gone.values()})
    if len(left) < len(known):
        texts[results_dir / SENSITIVITY] = text_of_rows(left) if left else None
    board = Board.of(sorted((stay | changed).values(), key=lambda result: result.cell), left)
    write_with(texts | dict.fromkeys(gone), board, out_dir)
    return Removal(tuple(gone), tuple(changed))


def _without(method: str, result: CellResult) -> CellResult:
    """Return a result that does not say that a method was compared: else its row would be shown as missing."""
    return replace(
        result,
        compared=tuple(name for name in result.compared if name != method),
        rivals=tuple(name for name in result.rivals if name != method),
    )


def _choices(results: Mapping[Path, CellResult], chosen: Collection[str], tasks: Collection[str]) -> str:
    """Return where a method was looked for, and what there is instead."""
    if not chosen:
        return f" in task {listed(tasks)}; the tasks are {listed(sorted({r.task for r in results.values()}))}"
    where = f" in task {listed(sorted(chosen))}" if tasks else ""
    return f"{where}; the methods are {listed(sorted({r.method for r in results.values() if r.task in chosen}))}"
