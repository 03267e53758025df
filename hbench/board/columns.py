"""Which results stand beside each other, and whether they may: one version of data, model and recipe per comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hbench.cost.budgets import DEFAULT_BUDGET
from hbench.files import shorten
from hbench.jobs.spec import FULL
from hbench.results.cell import DIAGNOSTIC, FULL_KEEP, CellResult, kept_share
from hbench.results.fields import ResultError

#: Entries of the recipe that may differ among the results of a task: the equal-steps budget sets the steps, which have
#: to be equal in a column, and the number of threads changes only the order in which floats are added.
MAY_DIFFER = ("max_steps", "threads")
#: Largest difference between two sizes that counts as none, in rows.
_SAME_SIZE = 1


#: Task, split, model, keep label and budget: what tells columns apart.
Place = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Column:
    """The results that are compared: one task, split, model, keep label and budget, with the full-data baseline.

    cells: what was run, without the full-data baseline; none of it where other tasks of the model have such a column
    and this one does not. full: that baseline, None where it is missing. any: a result of the same task, split and
    model, for what all of them share: data, metric, chance, margin. absent: methods that are compared on the task and
    do not stand here.
    """

    task: str
    split: str
    model: str
    keep: str
    budget: str
    cells: tuple[CellResult, ...]
    full: CellResult | None
    any: CellResult
    absent: tuple[str, ...] = ()

    @property
    def rivals(self) -> tuple[str, ...]:
        """Return the further methods to compare with: all that a result of this column names, sorted."""
        return tuple(sorted({rival for cell in self.cells for rival in cell.rivals}))

    @property
    def place(self) -> Place:
        """Return what identifies the column."""
        return self.task, self.split, self.model, self.keep, self.budget

    @property
    def chance(self) -> str:
        """Return the method that serves as chance baseline."""
        return self.any.chance

    @property
    def title(self) -> str:
        """Return the column's name."""
        return " / ".join(self.place)


def columns_of(results: Iterable[CellResult]) -> list[Column]:
    """Return the columns of a board, in the order of the board: by task, split (primary first), model, keep, budget.

    The columns of a model are those of all its tasks together, and the methods of a task all that any of its results
    names: what was left out is seen to be missing. Raises ResultError naming two results that stand in one comparison
    but differ in version or in size.
    """
    groups: dict[tuple[str, str, str], list[CellResult]] = {}
    sizes: dict[str, set[tuple[str, str]]] = {}
    wanted: dict[str, set[str]] = {}
    for result in sorted(results, key=lambda r: r.cell):
        if result.keep != DIAGNOSTIC:
            groups.setdefault((result.task, result.split, result.model), []).append(result)
            wanted.setdefault(result.task, set()).update(methods_of(result))
            found = sizes.setdefault(result.model, set())
            if result.method != FULL:
                found.add((result.keep, result.budget))
    columns = []
    for group in sorted(groups.values(), key=lambda g: (g[0].task, not g[0].primary, g[0].split, g[0].model)):
        check_comparable(group, _version)
        first = group[0]
        columns += _columns_of_group(group, sizes[first.model] or {(FULL_KEEP, DEFAULT_BUDGET)}, wanted[first.task])
    return columns


def _columns_of_group(group: list[CellResult], sizes: set[tuple[str, str]], wanted: set[str]) -> list[Column]:
    """Split the results of one task, split and model by size and budget; each part gets the full-data baseline."""
    full = next((r for r in group if r.method == FULL), None)
    known = [r for r in (full, *group) if r is not None]
    sample = next((r for r in known if r.data.eval_digest), known[0])
    columns = []
    for keep, budget in sorted(sizes, key=_keep_order):
        cells = tuple(r for r in group if r.method != FULL and (r.keep, r.budget) == (keep, budget))
        _check_steps([*cells, *([full] if full is not None and budget == full.budget else [])])
        _check_sizes(cells)
        absent = tuple(sorted(wanted - {cell.method for cell in cells}))
        columns.append(Column(sample.task, sample.split, sample.model, keep, budget, cells, full, sample, absent))
    return columns


def methods_of(result: CellResult) -> set[str]:
    """Return all methods that a result says were compared, its own among them."""
    return {result.method, result.chance, *result.compared} - {FULL}


def _check_steps(results: list[CellResult]) -> None:
    """Raise ResultError naming two results of a column that were trained for different numbers of steps."""
    check_comparable(results, lambda result: {"recipe.max_steps": result.recipe.get("max_steps")})


def _check_sizes(cells: tuple[CellResult, ...]) -> None:
    """Raise ResultError naming a result that kept more or fewer rows than its chance baseline with the same seed."""
    for cell in cells:
        chance = next((other for other in cells if other.method == cell.chance), cell)
        for seed, size in cell.sizes.items():
            theirs = chance.sizes.get(seed, size)
            if abs(size - theirs) > _SAME_SIZE:
                raise ResultError(
                    f"{cell.path} and {chance.path} stand in one comparison but keep {size:,} and {theirs:,} rows with "
                    f"seed {seed}; run both at one size, or remove one of them"
                )


def check_comparable(results: list[CellResult], version: Callable[[CellResult], dict[str, Any]]) -> None:
    """Raise ResultError naming two results that differ in what `version` returns of both."""
    seen: dict[str, tuple[CellResult, Any]] = {}
    for result in results:
        for name, value in version(result).items():
            first, expected = seen.setdefault(name, (result, value))
            if value != expected:
                raise ResultError(
                    f"{first.path} and {result.path} stand in one comparison but differ in '{name}': "
                    f"{shorten(str(expected), 80)} and {shorten(str(value), 80)}; "
                    "run both with one version, or remove one of them"
                )


def _version(result: CellResult) -> dict[str, Any]:
    """Return what has to be equal among the results of a column, by the name of the field."""
    version = {
        **training_version(result),
        "primary": result.primary,
        "metric": result.metric,
        "chance": result.chance,
        "margin": result.margin,
    }
    if result.data.eval_digest:
        version |= {"data.eval_rows": result.data.eval_rows, "data.eval_digest": result.data.eval_digest}
    if result.examples is not None and result.examples.count:
        version["examples.cases"] = result.examples.cases
    return version


def training_version(result: CellResult) -> dict[str, Any]:
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


def _keep_order(key: tuple[str, str]) -> tuple[bool, float, str, str]:
    """Sort fractions by size, then the sizes that a scorer fixes, by name."""
    keep, budget = key
    share = kept_share(keep)
    return share is None, share or 0.0, keep, budget
