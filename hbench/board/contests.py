"""Which results are compared with each other: those of one task, split, model, size and budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hbench.board.versions import check_comparable, check_sizes, check_steps, evaluation_version
from hbench.results.cell import CellKey, CellResult, kept_share


class ContestKey(NamedTuple):
    """What tells contests apart, equal for all methods that are compared; `keep` is the keep label, as in `CellKey`."""

    task: str
    split: str
    model: str
    keep: str
    budget: str


@dataclass(frozen=True)
class Contest:
    """The results that are compared with each other, with the full-data baseline."""

    key: ContestKey
    #: What was run, without the full-data baseline; empty where nothing else was.
    cells: tuple[CellResult, ...]
    #: The full-data baseline of the task, split and model; None where it is missing.
    full: CellResult | None
    #: A result of the same task, split and model, for what all of them share: data, metric, baseline, margin.
    sample: CellResult
    #: Methods that a result of this contest says were compared and that have none in it, sorted.
    absent: tuple[str, ...] = ()

    @property
    def baseline(self) -> str:
        """Return the method whose random subset the others are compared with."""
        return self.sample.baseline

    @property
    def rivals(self) -> tuple[str, ...]:
        """Return the further methods to compare with: all that a result of this contest names, sorted."""
        return tuple(sorted({rival for cell in self.cells for rival in cell.rivals}))


def contests_of(results: Iterable[CellResult]) -> list[Contest]:
    """Return the contests of a board in its order: by task, split (primary first), model, keep, budget.

    The sizes and budgets of a task and model are those of its results, and the methods of a contest all that a result
    of this contest names: what was left out is seen to be missing, and what no suite asked for is not. Raises
    ResultError naming two results of one contest that differ in version or in size.
    """
    evaluations: dict[tuple[str, str, str], list[CellResult]] = {}
    sizes: dict[tuple[str, ...], set[tuple[str, str]]] = {}
    for result in sorted(results, key=lambda r: r.cell):
        if not result.is_diagnostic:
            evaluations.setdefault((result.task, result.split, result.model), []).append(result)
            if not result.is_full:
                sizes.setdefault(_sized_with(result), set()).add((result.keep, result.budget))
    contests = []
    for cells in sorted(evaluations.values(), key=lambda c: (c[0].task, not c[0].primary, c[0].split, c[0].model)):
        check_comparable(cells, evaluation_version)
        first = cells[0]
        contests += _contests(cells, sizes.get(_sized_with(first)) or {_size_of_all(first)})
    return contests


def _sized_with(result: CellResult) -> tuple[str, ...]:
    """Return what tells the results apart that have sizes and budgets of their own.

    The evaluation splits of a task share theirs; a further set need not have been evaluated by all suites of a board.
    """
    return (result.task, result.model, *(() if result.further is None else (result.split,)))


def methods_of(result: CellResult) -> set[str]:
    """Return all pruning methods that a result says were compared, its own among them."""
    named = {result.baseline, *result.compared}
    return named if result.is_full else named | {result.method}


def _contests(cells: Sequence[CellResult], sizes: set[tuple[str, str]]) -> list[Contest]:
    """Split the results of one task, split and model by size and budget; each part gets the full-data baseline."""
    full = next((r for r in cells if r.is_full), None)
    known = [r for r in (full, *cells) if r is not None]
    sample = next((r for r in known if r.data.eval_digest), known[0])
    contests = []
    for keep, budget in sorted(sizes, key=_by_size):
        pruned = tuple(r for r in cells if not r.is_full and (r.keep, r.budget) == (keep, budget))
        check_steps([*pruned, *([full] if full is not None and budget == full.budget else [])])
        check_sizes(pruned)
        wanted = set().union(*map(methods_of, pruned))
        absent = tuple(sorted(wanted - {cell.method for cell in pruned}))
        key = ContestKey(sample.task, sample.split, sample.model, keep, budget)
        contests.append(Contest(key, pruned, full, sample, absent))
    return contests


def _size_of_all(result: CellResult) -> tuple[str, str]:
    """Return keep label and budget of a model's only contest where nothing but the full data was trained."""
    key = CellKey.full_data(result.task, result.split, result.model)
    return key.keep, key.budget


def _by_size(size: tuple[str, str]) -> tuple[bool, float, str, str]:
    """Sort fractions by size, then the sizes that a scorer fixes, by name."""
    keep, budget = size
    share = kept_share(keep)
    return share is None, share or 0.0, keep, budget
