"""How much scorers depend on runs and epochs: a section per task and model, with its figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hbench.board.board import Board
from hbench.board.sensitivity import MethodSensitivity, TaskSensitivity, sensitivities_of
from hbench.render.display import code, count, fixed, title
from hbench.render.figures.plots import sensitivity_path
from hbench.render.section import Picture, Section, Text
from hbench.render.table import NOTHING, Column, Table, View
from hbench.results.sensitivity import NATURAL, Sensitivity

_ABOUT = """\
What a scorer gives from S of the runs, or from the first E of their epochs, beside what it gives from all: the rank
correlation (Spearman) of the scores, and the overlap of the subsets, common examples by those in either. Means over
cyclic sets of S runs, the lowest in brackets. A set is part of all the runs, so that these figures rise to 1 by
themselves; what two sets without a common run have in common says how stable the scorer is. Epochs are the first ones
of the same trainings, not trainings that are shorter. `sensitivity.csv` among the results holds every number;
`hbench sensitivity` computes it from stored dynamics and trains nothing."""

Cell = Callable[[Sensitivity], str]


def sensitivity_sections(board: Board) -> list[Section]:
    """Return the section `Runs and epochs` and one per task and model; none where nothing was measured."""
    found = sensitivities_of(board.sensitivity)
    if not found:
        return []
    return [Section("Runs and epochs", 2, (Text(_ABOUT),)), *map(_section, found)]


def _section(found: TaskSensitivity) -> Section:
    runs, epochs = range(1, found.runs + 1), range(1, found.epochs + 1)
    blocks: list[Text | Table | Picture] = [
        Picture(
            sensitivity_path(found), f"Scores from some of the runs against all: {title((found.task, found.model))}"
        ),
        *_table(
            f"{count(found.examples)} examples. Rank correlation with all runs, by runs:", found, _correlation, runs
        ),
    ]
    for keep in found.keeps:
        share = fixed(float(keep) * 100, 0)
        blocks += _table(f"Overlap of the subsets of {share} %, by runs:", found, _overlap, runs, keep=keep)
    apart = range(1, found.runs // 2 + 1)
    blocks += _table(
        "Between two sets without a common run, by runs of each: rank correlation"
        + (f", overlap of the subsets of {fixed(float(found.keeps[0]) * 100, 0)} %:" if found.keeps else ":"),
        found,
        _between,
        apart,
        keep=found.keeps[0] if found.keeps else None,
    )
    if found.epochs > 1:
        blocks += _table("Rank correlation, all runs, by epochs:", found, _correlation, epochs, by_epochs=True)
    for method in found.methods:
        if method.has_natural:
            blocks += _natural(method, runs, epochs)
    return Section(title((found.task, found.model)), 3, tuple(blocks))


def _table(
    about: str,
    found: TaskSensitivity,
    cell: Cell,
    steps: Sequence[int],
    *,
    keep: str | None = None,
    by_epochs: bool = False,
) -> tuple[Text, Table]:
    """Return a table of one row per scorer and one column for every number of runs, or of epochs."""

    def show(step: int) -> Callable[[MethodSensitivity], str]:
        def shown(method: MethodSensitivity) -> str:
            line = method.at(epochs=step, keep=keep) if by_epochs else method.at(runs=step, keep=keep)
            return NOTHING if line is None else cell(line)

        return shown

    name: Column[MethodSensitivity] = Column(
        "method", lambda m: m.method, identifies=True, page=View("method", lambda m: code(m.method))
    )
    columns = [name, *(Column(str(step), show(step), page=View(str(step), show(step))) for step in steps)]
    return Text(about), Table.of(columns, found.methods)


def _natural(method: MethodSensitivity, runs: Sequence[int], epochs: Sequence[int]) -> tuple[Text, Table]:
    """Return the size of a scorer's own subset for every number of runs and epochs: the table of the H-score paper."""

    def show(epoch: int) -> Callable[[int], str]:
        def shown(size: int) -> str:
            line = method.at(size, epoch, NATURAL)
            return NOTHING if line is None else f"{fixed(line.share * 100, 1)}, {fixed(line.overlap, 2)}"

        return shown

    first: Column[int] = Column("runs", lambda size: size, identifies=True, page=View("runs", str))
    headed = [(epoch, "1 epoch" if epoch == 1 else f"{epoch} epochs") for epoch in epochs]
    columns = [first, *(Column(f"epochs_{e}", show(e), page=View(name, show(e))) for e, name in headed)]
    about = f"The subset of {code(method.method)} whose size follows from the data: % kept, overlap with that of all:"
    return Text(about), Table.of(columns, runs)


def _correlation(line: Sensitivity) -> str:
    return _with_lowest(line.correlation, line.lowest_correlation, line.sets)


def _overlap(line: Sensitivity) -> str:
    return _with_lowest(line.overlap, line.lowest_overlap, line.sets)


def _between(line: Sensitivity) -> str:
    if not line.pairs or line.pair_correlation is None:
        return NOTHING
    overlap = "" if line.pair_overlap is None or line.keep == NATURAL else f", {fixed(line.pair_overlap, 2)}"
    return fixed(line.pair_correlation, 2) + overlap


def _with_lowest(mean: float | None, lowest: float | None, sets: int) -> str:
    if mean is None or lowest is None:
        return NOTHING
    return fixed(mean, 2) + (f" [{fixed(lowest, 2)}]" if sets > 1 else "")
