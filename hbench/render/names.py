"""What people call tasks, models and tables: `SST-2, 30 % kept, MiniLM-L6 with 4 layers`.

A name says what it takes to tell it from the others of its board, and no more; references stay what commands take.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hbench.board.board import Board, Standing
from hbench.board.contests import ContestKey
from hbench.board.steps import Steps
from hbench.cost.budgets import DEFAULT_BUDGET
from hbench.render.display import NO_BREAK, count, percent
from hbench.render.table import NOTHING
from hbench.results.cell import kept_share


@dataclass(frozen=True)
class Names:
    """What the tasks, models and splits of a board are called, by their labels."""

    tasks: Mapping[str, str]
    models: Mapping[str, str]
    #: Splits that are not the first of their task, by task and split.
    splits: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, board: Board) -> Names:
        """Return the names on a board; a part of a board has those of the whole."""
        known = _known()
        return cls(
            tasks=_distinct({result.task for result in board.results}, known["tasks"]),
            models=_distinct({result.model for result in board.results}, known["models"], always="layers"),
            splits=frozenset((r.task, r.split) for r in board.results if not r.primary and not r.is_diagnostic),
        )

    def contest(self, standing: Standing) -> str:
        """Return the title of a contest: task, size, model, and what is unusual about it."""
        key = standing.key
        parts = [self.task(key), size(key.keep, kept_of(standing)), self.models[key.model], *_budget(key)]
        if standing.steps is not None and standing.full_steps is not None:
            parts.append(f"{steps_text(standing.steps)} steps (full {steps_text(standing.full_steps)})")
        return ", ".join(parts)

    def evaluation(self, task: str, split: str, model: str) -> str:
        """Return the title of what all sizes and budgets of a task, split and model share."""
        return f"{self._split(task, split)}, {self.models[model]}"

    def task(self, key: ContestKey) -> str:
        """Return the name of a contest's task, with its split where it is not the task's first one."""
        return self._split(key.task, key.split)

    def _split(self, task: str, split: str) -> str:
        return f"{self.tasks[task]} ({split})" if (task, split) in self.splits else self.tasks[task]


def kept_of(standing: Standing) -> float | None:
    """Return the share of the rows that the methods of a contest keep; None where no row knows it."""
    return next((row.kept.share for row in standing.rows if row.kept is not None and row.role != "full"), None)


def size(keep: str, share: float | None = None) -> str:
    """Return a size as readers see it: `30 % kept`, or `53.4 % kept, as many as h-score`."""
    named = kept_share(keep)
    if named == 1:
        return "all data"
    if named is None and share is None:
        return f"as many kept as by {keep}"
    kept = short_percent(named or share or 0.0)
    return f"{kept} kept" if named is not None else f"{kept} kept, as by {keep}"


def steps_text(steps: Steps | None) -> str:
    """Return a number of steps, or the fewest and the most of a seed."""
    if steps is None:
        return NOTHING
    return count(steps.most) if steps.least == steps.most else f"{steps.least:,} to {steps.most:,}"


def short_percent(share: float) -> str:
    """Return a size in per cent, with one decimal where it has one: it is part of a title."""
    return percent(share).replace(".0", "").replace(NO_BREAK, " ")


def _budget(key: ContestKey) -> list[str]:
    return [] if key.budget == DEFAULT_BUDGET else [key.budget.replace("-", " ")]


def _distinct(labels: Collection[str], known: Mapping[str, str], always: str = "") -> dict[str, str]:
    """Return a name for every label; with its options, or the label itself, where another would have the same."""
    short = {label: _name(label, known, always) for label in labels}
    often = Counter(short.values())
    told = {label: name if often[name] == 1 else _with_options(label, known) for label, name in short.items()}
    often = Counter(told.values())
    return {label: name if often[name] == 1 else label for label, name in told.items()}


def _name(label: str, known: Mapping[str, str], always: str) -> str:
    name, options = _split(label)
    said = known.get(name, name)
    layers = options.get(always) if always else None
    return said if layers is None else f"{said} with {layers} {'layer' if layers == '1' else 'layers'}"


def _with_options(label: str, known: Mapping[str, str]) -> str:
    name, options = _split(label)
    told = ", ".join(f"{key}={value}" for key, value in options.items())
    return f"{known.get(name, name)} ({told})" if told else known.get(name, name)


def _split(label: str) -> tuple[str, dict[str, str]]:
    """Return name and options of a label, as text; what is of no such form is a name."""
    name, bracket, rest = label.partition("[")
    if not bracket or not rest.endswith("]"):
        return label, {}
    pairs: Iterable[tuple[str, str, str]] = (part.partition("=") for part in rest[:-1].split(","))
    return name, {key: value for key, _, value in pairs}


@cache
def _known() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = tomllib.loads(
        files("hbench.render").joinpath("names.toml").read_text(encoding="utf-8")
    )
    return found
