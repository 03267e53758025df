"""How well every method finds the planted examples of a task."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from hbench.board.columns import check_comparable, methods_of, training_version
from hbench.results.cell import DIAGNOSTIC, CellResult


@dataclass(frozen=True)
class PlantedRecovery:
    """How well one method finds the planted examples of a task: AUROC by type, empty when it failed or is missing."""

    method: str
    auroc: Mapping[str, float]
    status: Literal["found", "failed", "missing"]
    #: Why its scores, or some of them, are not there.
    reasons: tuple[str, ...] = ()


def diagnostics_of(results: Iterable[CellResult]) -> dict[tuple[str, str], tuple[PlantedRecovery, ...]]:
    """Return by task and model how well every method finds the planted examples, in the order of the board.

    The order of keeping does not depend on the size kept: a method with several cells is shown by their mean. A method
    without a number failed, and one that is compared without a result is missing. Raises ResultError naming two
    results that differ in training data, model or recipe.
    """
    found: dict[tuple[str, str], list[CellResult]] = {}
    for result in sorted(results, key=lambda r: r.cell):
        found.setdefault((result.task, result.model), []).append(result)
    table: dict[tuple[str, str], tuple[PlantedRecovery, ...]] = {}
    for key, cells in sorted(found.items()):
        if not any(cell.planted is not None or cell.keep == DIAGNOSTIC for cell in cells):
            continue
        check_comparable(cells, training_version)
        methods = sorted(set().union(*map(methods_of, cells)))
        table[key] = tuple(_planted(method, [cell for cell in cells if cell.method == method]) for method in methods)
    return table


def _planted(method: str, cells: list[CellResult]) -> PlantedRecovery:
    types: dict[str, list[float]] = {}
    for cell in cells:
        for planted_type, auroc in (cell.planted or {}).items():
            types.setdefault(planted_type, []).append(auroc)
    failures = [f for cell in cells if not cell.planted or cell.keep == DIAGNOSTIC for f in cell.failures]
    reasons = tuple(dict.fromkeys(" ".join(failure.reason.split()) for failure in failures))
    status: Literal["found", "failed", "missing"] = "found" if types else "failed" if cells else "missing"
    return PlantedRecovery(
        method, {planted_type: math.fsum(v) / len(v) for planted_type, v in types.items()}, status, reasons
    )
