"""How well every method ranks the planted examples of a task."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from hbench.board.contests import methods_of
from hbench.board.versions import check_comparable, training_version
from hbench.results.cell import CellResult


@dataclass(frozen=True)
class PlantedRecovery:
    """How well one method ranks the planted examples of a task: AUROC by type, empty when it failed or is missing."""

    method: str
    auroc: Mapping[str, float]
    status: Literal["known", "failed", "missing"]
    #: Why its scores, or some of them, are not there.
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlantedTask:
    """A task with planted examples: every method that is compared on it with one model, by name."""

    task: str
    model: str
    #: The types of planted examples that some method has a number for, sorted.
    types: tuple[str, ...]
    methods: tuple[PlantedRecovery, ...]
    #: Share of the training labels that were replaced; None where the examples were planted otherwise.
    label_noise: float | None = None


def planted_tasks(results: Iterable[CellResult]) -> tuple[PlantedTask, ...]:
    """Return the tasks with planted examples by task and model.

    The order of keeping does not depend on the size kept: a method with several cells is shown by their mean. A method
    without a number failed, and one that is compared without a result is missing. Raises ResultError naming two
    results that differ in training data, model or recipe.
    """
    by_task: dict[tuple[str, str], list[CellResult]] = {}
    for result in sorted(results, key=lambda r: r.cell):
        by_task.setdefault((result.task, result.model), []).append(result)
    tasks = []
    for key, cells in sorted(by_task.items()):
        if not any(cell.planted is not None or cell.is_diagnostic for cell in cells):
            continue
        check_comparable(cells, training_version)
        names = sorted(set().union(*map(methods_of, cells)))
        methods = tuple(_recovery(name, [cell for cell in cells if cell.method == name]) for name in names)
        types = sorted({planted_type for found in methods for planted_type in found.auroc})
        tasks.append(PlantedTask(*key, types=tuple(types), methods=methods, label_noise=cells[0].label_noise))
    return tuple(tasks)


def _recovery(method: str, cells: list[CellResult]) -> PlantedRecovery:
    types: dict[str, list[float]] = {}
    for cell in cells:
        for planted_type, auroc in (cell.planted or {}).items():
            types.setdefault(planted_type, []).append(auroc)
    failures = [f for cell in cells if not cell.planted or cell.is_diagnostic for f in cell.failures]
    reasons = tuple(dict.fromkeys(" ".join(failure.reason.split()) for failure in failures))
    status: Literal["known", "failed", "missing"] = "known" if types else "failed" if cells else "missing"
    return PlantedRecovery(
        method, {planted_type: math.fsum(v) / len(v) for planted_type, v in types.items()}, status, reasons
    )
