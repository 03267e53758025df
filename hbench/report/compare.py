"""Which results stand beside each other, and whether they may: one version of data, model and recipe per comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from hbench.report.fields import ResultError
from hbench.report.results import DIAGNOSTIC, FULL_KEEP, CellResult
from hbench.spec import FULL

#: Entries of the recipe that may differ within a comparison: the equal-steps budget sets the steps, and the number of
#: threads changes only the order in which floats are added.
MAY_DIFFER = ("max_steps", "threads")


@dataclass(frozen=True)
class Column:
    """The results that are compared: one task, split, model, keep label and budget, with the full-data baseline.

    cells: what was run, without the full-data baseline. full: that baseline, None where it is missing. absent: methods
    that stand in another column of the same task and not here.
    """

    task: str
    split: str
    model: str
    keep: str
    budget: str
    cells: tuple[CellResult, ...]
    full: CellResult | None
    absent: tuple[str, ...] = ()

    @property
    def any(self) -> CellResult:
        """Return one of its results, for what all of them share: data, metric, recipe, margin."""
        return self.full or self.cells[0]

    @property
    def chances(self) -> frozenset[str]:
        """Return the methods that serve as chance baseline here."""
        return frozenset(cell.chance for cell in self.cells)

    @property
    def title(self) -> str:
        """Return the column's name."""
        return " / ".join((self.task, self.split, self.model, self.keep, self.budget))


def columns_of(results: Iterable[CellResult]) -> list[Column]:
    """Return the columns of a board, in the order of the board: by task, split (primary first), model, keep, budget.

    Raises ResultError naming two results that stand in one comparison but differ in version.
    """
    groups: dict[tuple[str, str, str], list[CellResult]] = {}
    for result in sorted(results, key=lambda r: r.cell):
        if result.keep != DIAGNOSTIC:
            groups.setdefault((result.task, result.split, result.model), []).append(result)
    columns = []
    for group in sorted(groups.values(), key=lambda g: (g[0].task, not g[0].primary, g[0].split, g[0].model)):
        check_comparable(group, _version)
        columns += _columns_of_group(group)
    wanted: dict[str, set[str]] = {}
    for column in columns:
        wanted.setdefault(column.task, set()).update(column.chances, (cell.method for cell in column.cells))
    return [replace(c, absent=tuple(sorted(wanted[c.task] - {cell.method for cell in c.cells}))) for c in columns]


def _columns_of_group(group: list[CellResult]) -> list[Column]:
    """Split the results of one task, split and model by size and budget; each part gets the full-data baseline."""
    first = group[0]
    full = next((r for r in group if r.method == FULL), None)
    pruned: dict[tuple[str, str], list[CellResult]] = {}
    for result in group:
        if result.method != FULL:
            pruned.setdefault((result.keep, result.budget), []).append(result)
    sizes = sorted(pruned, key=_keep_order) or [(FULL_KEEP, first.budget)]
    return [
        Column(first.task, first.split, first.model, keep, budget, tuple(pruned.get((keep, budget), [])), full)
        for keep, budget in sizes
    ]


def diagnostics_of(results: Iterable[CellResult]) -> dict[tuple[str, str], dict[str, dict[str, float]]]:
    """Return {(task, model): {method: {sort of planted example: AUROC}}}, in the order of the board.

    The order of keeping does not depend on the size kept: a method with several cells is shown by their mean. A method
    without a number failed. Raises ResultError naming two results that differ in training data, model or recipe.
    """
    found: dict[tuple[str, str], list[CellResult]] = {}
    for result in sorted(results, key=lambda r: r.cell):
        if (result.planted is not None or result.keep == DIAGNOSTIC) and result.method != FULL:
            found.setdefault((result.task, result.model), []).append(result)
    table: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for key, cells in sorted(found.items()):
        check_comparable(cells, _training_version)
        gathered: dict[str, dict[str, list[float]]] = {}
        for cell in cells:
            gathered.setdefault(cell.method, {})
            for sort, auroc in (cell.planted or {}).items():
                gathered[cell.method].setdefault(sort, []).append(auroc)
        table[key] = {m: {s: math.fsum(v) / len(v) for s, v in sorts.items()} for m, sorts in sorted(gathered.items())}
    return table


def check_comparable(results: list[CellResult], version: Callable[[CellResult], dict[str, Any]]) -> None:
    """Raise ResultError naming two results that differ in what `version` returns of both."""
    seen: dict[str, tuple[CellResult, Any]] = {}
    for result in results:
        for name, value in version(result).items():
            first, expected = seen.setdefault(name, (result, value))
            if value != expected:
                raise ResultError(
                    f"{first.path} and {result.path} stand in one comparison but differ in '{name}': "
                    f"{_short(expected)} and {_short(value)}; run both with one version, or remove one of them"
                )


def _version(result: CellResult) -> dict[str, Any]:
    """Return what has to be equal among the results of a column, by the name of the field."""
    version = {
        **_training_version(result),
        "primary": result.primary,
        "metric": result.metric,
        "margin": result.margin,
    }
    if result.data.eval_digest:
        version |= {"data.eval_rows": result.data.eval_rows, "data.eval_digest": result.data.eval_digest}
    if result.examples is not None and result.examples.count:
        version["examples.cases"] = result.examples.cases
    return version


def _training_version(result: CellResult) -> dict[str, Any]:
    """Return what has to be equal for trainings to be comparable; what failed early does not know its rows."""
    data = result.data
    version = {
        "protocol": result.protocol,
        "kind": result.kind,
        "data.source": data.source,
        "data.declaration": data.declaration,
        "model_source": result.model_source,
        "recipe": {k: v for k, v in result.recipe.items() if k not in MAY_DIFFER},
    }
    if data.train_digest:
        version |= {"data.train_rows": data.train_rows, "data.train_digest": data.train_digest}
    return version


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _keep_order(key: tuple[str, str]) -> tuple[bool, float, str, str]:
    """Sort fractions by size, then the sizes that a scorer fixes, by name."""
    keep, budget = key
    try:
        return False, float(keep), keep, budget
    except ValueError:
        return True, 0.0, keep, budget
