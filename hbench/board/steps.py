"""Optimiser steps of the trainings behind a row."""

from __future__ import annotations

from dataclasses import dataclass

from hbench.results.cell import CellResult


@dataclass(frozen=True)
class Steps:
    """Optimiser steps of the trainings of a row: the fewest and the most of a seed."""

    least: int
    most: int


def steps_of(cell: CellResult) -> Steps | None:
    """Return the steps of a result's trainings, None where it does not say them."""
    known = [steps for steps in cell.steps if steps is not None]
    return Steps(min(known), max(known)) if known else None
