"""Every method against the rivals of its suite, beside chance: one comparison per method and rival of a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from hbench.board.columns import Column
from hbench.board.measured import Measured
from hbench.board.row import BoardRow, Status
from hbench.render.formats import NOTHING, code, difference, listed, plural, points, table
from hbench.results.cell import CellKey, CellResult
from hbench.statistics import CrossedTest, holm, smallest_detectable, superiority

#: States of a rival that nothing can be compared with.
LACKING = ("missing", "failed")


@dataclass(frozen=True)
class Comparison:
    """One line of comparisons.csv: a method minus a rival at the same size and budget; shares of 1, None: no test.

    The fields are the columns of the file, in this order.
    """

    #: Columns that tell lines apart.
    KEY: ClassVar = ("task", "split", "model", "keep", "budget", "method", "rival")

    task: str
    split: str
    model: str
    keep: str
    budget: str
    method: str
    rival: str
    #: As in `BoardRow.status`.
    rival_status: Status
    #: Seeds that both have.
    pairs: int | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    #: Holm-adjusted over the methods that are compared with this rival in this column.
    p_holm: float | None = None
    verdict: str = ""
    detectable: float | None = None


def comparisons_of(column: Column, measured: Mapping[CellKey, Measured]) -> list[Comparison]:
    """Return the paired tests of every method of a column against every rival, sorted by method, then rival.

    measured: the cells with their values unpacked, by `CellResult.cell`. The chance baseline, which has its own test,
    and the rival itself are not compared with it. Methods that have a test against a rival share one Holm adjustment.
    """
    found = []
    for rival in column.rivals:
        baseline = next((cell for cell in column.cells if cell.method == rival), None)
        theirs = None if baseline is None else measured[baseline.cell]
        cells = [cell for cell in column.cells if cell.method not in (rival, column.chance)]
        tests = [measured[cell.cell].minus(theirs) for cell in cells]
        adjusted = holm([None if test is None else test.p for test in tests])
        status: Status = "missing" if baseline is None else baseline.status
        found += [_comparison(c, rival, status, t, p) for c, t, p in zip(cells, tests, adjusted, strict=True)]
    return sorted(found, key=lambda c: (c.method, c.rival))


def _comparison(
    cell: CellResult, rival: str, status: Status, test: CrossedTest | None, p_holm: float | None
) -> Comparison:
    made = Comparison(cell.task, cell.split, cell.model, cell.keep, cell.budget, cell.method, rival, status)
    if test is None:
        return made
    return replace(
        made,
        pairs=test.seeds,
        difference=test.mean,
        low=test.low,
        high=test.high,
        p=test.p,
        p_holm=p_holm,
        verdict=superiority(test, p_holm),
        detectable=smallest_detectable(test),
    )


def rivals_table(rows: Sequence[BoardRow], comparisons: Sequence[Comparison]) -> list[str]:
    """Return the lines below a column's table: methods in its order, against each rival. Empty without comparisons.

    rows: those of the column, in the order shown.
    """
    found = {(c.method, c.rival): c for c in comparisons}
    shown = [row for row in rows if row.seeds and any(method == row.method for method, _ in found)]
    if not shown:
        return []
    states = {c.rival: c.rival_status for c in comparisons}
    header = ["method"]
    for rival, status in sorted(states.items()):
        lacking = f" ({status})" if status in LACKING else ""
        header += [f"difference to {code(rival)}{lacking}", "detectable"]
    body = [
        [code(row.method), *(t for r in sorted(states) for t in _cells(found.get((row.method, r))))] for row in shown
    ]
    about = (
        f"Compared with the rivals {listed(sorted(states))} at the same size, budget and seeds; p is Holm-adjusted "
        "over the methods compared with the same rival in this table."
    )
    return ["", about, "", *table(header, body), *_remarks(shown, found)]


def _cells(found: Comparison | None) -> tuple[str, str]:
    if found is None or found.difference is None:
        return NOTHING, NOTHING
    text = difference(found.difference, found.low, found.high, found.p_holm, found.verdict)
    return text, points(found.detectable)


def _remarks(shown: Iterable[BoardRow], found: Mapping[tuple[str, str], Comparison]) -> list[str]:
    """Say where seeds have no partner; that a rival has no result at all stands in the header."""
    lines = []
    for row in shown:
        for (method, rival), c in sorted(found.items()):
            if method != row.method or c.rival_status in LACKING:
                continue
            if c.pairs is None:
                lines.append(f"- {code(method)}: no difference to {code(rival)}, which shares no seed with it.")
            elif c.pairs < row.seeds:
                lines.append(f"- {code(method)}: {c.pairs} of its {plural(row.seeds, 'seed')} pair with {code(rival)}.")
    return ["", *lines] if lines else []
