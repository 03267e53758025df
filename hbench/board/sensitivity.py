"""How much scorers depend on runs and epochs: the lines of `sensitivity.csv`, one table per task and model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from hbench.results.sensitivity import NATURAL, Sensitivity


@dataclass(frozen=True)
class MethodSensitivity:
    """The lines of one scorer."""

    method: str
    lines: tuple[Sensitivity, ...]

    @property
    def runs(self) -> int:
        """Return the most runs."""
        return max(line.runs for line in self.lines)

    @property
    def epochs(self) -> int:
        """Return the most epochs."""
        return max(line.epochs for line in self.lines)

    @property
    def has_natural(self) -> bool:
        """Return whether the scorer has a subset of its own size."""
        return any(line.keep == NATURAL for line in self.lines)

    def at(self, runs: int | None = None, epochs: int | None = None, keep: str | None = None) -> Sensitivity | None:
        """Return the line of so many runs and epochs, None for all of them; keep None for any share."""
        runs, epochs = runs or self.runs, epochs or self.epochs
        found = (x for x in self.lines if (x.runs, x.epochs) == (runs, epochs) and keep in (None, x.keep))
        return next(found, None)


@dataclass(frozen=True)
class TaskSensitivity:
    """The scorers of one task with one model."""

    task: str
    model: str
    examples: int
    #: Shares kept, as their labels have it, the smallest first.
    keeps: tuple[str, ...]
    #: By name.
    methods: tuple[MethodSensitivity, ...]

    @property
    def runs(self) -> int:
        """Return the most runs of any scorer."""
        return max(method.runs for method in self.methods)

    @property
    def epochs(self) -> int:
        """Return the most epochs of any scorer."""
        return max(method.epochs for method in self.methods)


def sensitivities_of(lines: Iterable[Sensitivity]) -> tuple[TaskSensitivity, ...]:
    """Return one per task and model, sorted."""
    found = []
    in_order = sorted(lines, key=lambda line: (line.task, line.model, line.method))
    for (task, model), of_task in groupby(in_order, key=lambda line: (line.task, line.model)):
        methods = tuple(MethodSensitivity(m, tuple(of)) for m, of in groupby(of_task, key=lambda line: line.method))
        every = [line for method in methods for line in method.lines]
        keeps = sorted({line.keep for line in every} - {NATURAL}, key=float)
        found.append(TaskSensitivity(task, model, every[0].examples, tuple(keeps), methods))
    return tuple(found)
