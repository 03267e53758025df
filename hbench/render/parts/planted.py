"""Planted examples: a section per task and model with the AUROC of every method."""

from __future__ import annotations

from collections.abc import Callable

from hbench.board.board import Board
from hbench.board.planted import PlantedRecovery, PlantedTask
from hbench.render.display import code, fixed, short
from hbench.render.names import Names
from hbench.render.section import Section, Text
from hbench.render.table import NOTHING, Column, Table, View

_PLANTED = """\
Tasks generated with known truth hold mislabelled, ambiguous or redundant examples. AUROC of each method's order of
keeping for these against clean examples: 1 = all kept before any clean one, 0.5 = as a random order, 0 = all dropped
first."""

_NOISE = """\
Of a task with `label_noise`, those examples are mislabelled whose label was replaced by another class; all others count
as clean, though real data hold wrong labels of their own."""


def planted_sections(board: Board) -> list[Section]:
    """Return the section `Planted examples` and one per task and model; nothing where no task has such examples."""
    if not board.planted:
        return []
    names = Names.of(board)
    about = [_PLANTED, *([_NOISE] if any(task.label_noise for task in board.planted) else [])]
    head = Section("Planted examples", 2, tuple(map(Text, about)))
    return [head, *(_section(task, names) for task in board.planted)]


def _section(task: PlantedTask, names: Names) -> Section:
    remarks = [f"- {code(m.method)}: {short(reason)}" for m in task.methods for reason in m.reasons]
    # A task on which every method failed has no type to name.
    task_column = Column[PlantedRecovery]("task", lambda _: task.task, identifies=True)
    columns = [task_column, _METHOD, *(_column(planted_type) for planted_type in task.types or ("AUROC",))]
    below = [Text("\n".join(remarks))] if remarks else []
    return Section(
        f"{names.tasks[task.task]}, {names.models[task.model]}: what is kept first",
        3,
        (Table.of(columns, task.methods), *below),
    )


_METHOD: Column[PlantedRecovery] = Column(
    "method", lambda m: m.method, identifies=True, page=View("method", lambda m: code(m.method), words=True)
)


def _column(planted_type: str) -> Column[PlantedRecovery]:
    return Column(
        planted_type,
        lambda m: m.auroc.get(planted_type),
        "AUROC",
        page=View(planted_type, _auroc(planted_type)),
        about="AUROC of the order of keeping: 1 = all of these kept before any clean example, 0 = all dropped first.",
    )


def _auroc(planted_type: str) -> Callable[[PlantedRecovery], str]:
    def show(method: PlantedRecovery) -> str:
        if method.status != "known":
            return method.status
        return fixed(method.auroc[planted_type], 3) if planted_type in method.auroc else NOTHING

    return show
