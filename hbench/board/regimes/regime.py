"""The regime of a task and model: rows, recipe and steps at every size and budget, beside the published settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hbench.board.steps import Steps, steps_of
from hbench.plugins.references import split_reference
from hbench.plugins.settings import Setting
from hbench.results.cell import CellResult


@dataclass(frozen=True)
class RegimeSize:
    """The trainings at one size and budget, those of the random subset, whose size every method has."""

    keep: str
    budget: str
    #: Mean rows kept, and steps.
    rows: float
    steps: Steps


@dataclass(frozen=True)
class Regime:
    """What one model was trained with on one task, and what the authors of the methods trained theirs with."""

    task: str
    model: str
    #: All training rows.
    rows: int
    epochs: int
    batch_size: int
    learning_rate: float
    #: Steps on all rows; None where no such training has finished.
    full_steps: Steps | None
    #: By size, then budget.
    sizes: tuple[RegimeSize, ...]
    #: Of the methods on the board, each once.
    published: tuple[Setting, ...]


def regimes_of(results: Iterable[CellResult]) -> tuple[Regime, ...]:
    """Return one regime per task and model, of those whose results say their steps, by task and model."""
    groups: dict[tuple[str, str], list[CellResult]] = {}
    for cell in sorted(results, key=lambda r: r.cell):
        if cell.primary and not cell.is_diagnostic:
            groups.setdefault((cell.task, cell.model), []).append(cell)
    found = (_regime(cells) for cells in groups.values() if any(cell.steps for cell in cells))
    return tuple(regime for regime in found if regime is not None)


def _regime(cells: Sequence[CellResult]) -> Regime | None:
    """Return the regime of the results of one task and model; None of a recipe that does not say what is needed."""
    first = cells[0]
    recipe = {name: first.recipe.get(name) for name in ("epochs", "batch_size", "learning_rate")}
    if not all(isinstance(value, int | float) for value in recipe.values()):
        return None
    full = next((cell for cell in cells if cell.is_full), None)
    sizes = [_size(cell, steps) for cell in cells if cell.is_baseline and (steps := steps_of(cell)) is not None]
    name = split_reference(first.task)[0]
    settings = dict.fromkeys(s for cell in cells for s in cell.settings if s.task == name)
    return Regime(
        first.task,
        first.model,
        max(cell.data.train_rows for cell in cells),
        **_typed(recipe),
        full_steps=None if full is None else steps_of(full),
        sizes=tuple(sizes),
        published=tuple(settings),
    )


def _size(cell: CellResult, steps: Steps) -> RegimeSize:
    sizes = list(cell.sizes.values())
    return RegimeSize(cell.keep, cell.budget, sum(sizes) / len(sizes) if sizes else 0.0, steps)


def _typed(recipe: dict[str, Any]) -> dict[str, Any]:
    return {**recipe, "learning_rate": float(recipe["learning_rate"])}
