"""Comparisons with the rivals of a suite: a table under that of each contest, and comparisons.csv."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hbench.board.board import Standing
from hbench.board.comparisons import BaselineStatus, Comparison
from hbench.board.row import BoardRow
from hbench.render.display import code, ends, listed, marked, plural, points, short_p
from hbench.render.section import Text
from hbench.render.table import NOTHING, Column, Table, Value, View

#: States of a rival that nothing can be compared with.
_LACKING = ("missing", "failed")
_SHARE = "share of 1"

#: The columns of comparisons.csv: one line per method and rival of a contest.
RIVALS: tuple[Column[Comparison], ...] = (
    Column("task", lambda c: c.cell.task, identifies=True),
    Column("split", lambda c: c.cell.split, identifies=True),
    Column("model", lambda c: c.cell.model, identifies=True),
    Column("keep", lambda c: c.cell.keep, identifies=True),
    Column("budget", lambda c: c.cell.budget, identifies=True),
    Column("method", lambda c: c.cell.method, identifies=True),
    Column("rival", lambda c: c.baseline, identifies=True),
    Column("rival_status", lambda c: c.baseline_status),
    Column("pairs", lambda c: c.pairs),
    Column("difference", lambda c: c.difference, _SHARE),
    Column("low", lambda c: c.low, _SHARE),
    Column("high", lambda c: c.high, _SHARE),
    Column("p", lambda c: c.p),
    Column("p_holm", lambda c: c.p_adjusted),
    Column("p_board", lambda c: c.p_board),
    Column("trained", lambda c: c.trained, _SHARE),
    Column("verdict", lambda c: c.verdict),
    Column("these_examples", lambda c: c.these_examples),
    Column("detectable", lambda c: c.detectable, _SHARE),
)


def rivals_table(comparisons: Iterable[Comparison]) -> Table:
    """Return the table of comparisons.csv."""
    return Table.of(RIVALS, comparisons)


def rivals_blocks(standing: Standing) -> list[Text | Table]:
    """Return the blocks below a contest's table: its methods, in that order, against each rival; often nothing."""
    shown = [row for row in standing.rows if row.seeds and row.rivals]
    if not shown:
        return []
    columns: list[Column[BoardRow]] = [
        Column(
            "method",
            lambda row: row.method,
            identifies=True,
            page=View("method", lambda row: code(row.method), words=True),
            terminal=View("method", lambda row: row.method, words=True),
        )
    ]
    for rival, status in standing.rivals:
        columns += _columns(rival, status)
    about = (
        f"Compared with the rivals {listed(rival for rival, _ in standing.rivals)} at the same size, budget and seeds; "
        "p is Holm-adjusted over the methods compared with the same rival in this table."
    )
    remarks = [remark for row in shown for remark in _remarks(row)]
    return [Text(about), Table.of(columns, shown), *([Text("\n".join(remarks))] if remarks else [])]


def _columns(rival: str, status: BaselineStatus) -> tuple[Column[BoardRow], ...]:
    lacking = f" ({status})" if status in _LACKING else ""

    def found(get: Callable[[Comparison], Value]) -> Callable[[BoardRow], Value]:
        return lambda row: None if (c := _against(row, rival)) is None else get(c)

    def points_of(get: Callable[[Comparison], float | None], *, signed: bool = False) -> Callable[[BoardRow], str]:
        return lambda row: points(None if (c := _against(row, rival)) is None else get(c), signed=signed)

    def verdict(row: BoardRow) -> str:
        comparison = _against(row, rival)
        return "" if comparison is None else marked(comparison)

    def interval(row: BoardRow) -> str:
        comparison = _against(row, rival)
        return NOTHING if comparison is None else ends(comparison.low, comparison.high, signed=True)

    def tone(row: BoardRow) -> str:
        comparison = _against(row, rival)
        return "" if comparison is None or comparison.verdict is None else comparison.verdict.replace(" ", "-")

    to_rival = points_of(lambda c: c.difference, signed=True)
    return (
        Column(
            f"difference to {rival}",
            found(lambda c: c.difference),
            _SHARE,
            page=View(f"to {code(rival)}{lacking}", to_rival),
            terminal=View(f"to {rival}{lacking}", to_rival),
            about=f"Difference to {rival} at the same size, budget and seeds, in points; above 0 the row does better.",
            tone=tone,
        ),
        Column(
            f"interval to {rival}",
            interval,
            page=View("95 %", interval),
            about=f"95 % interval of the difference to {rival}, of this comparison alone.",
        ),
        Column(
            f"p to {rival}",
            found(lambda c: c.p_adjusted),
            page=View("p", lambda row: _p(_against(row, rival))),
            about="p value of no difference, Holm-adjusted over the methods compared with this rival in the table.",
        ),
        Column(
            f"verdict to {rival}",
            found(lambda c: c.verdict),
            page=View("verdict", verdict, words=True),
            terminal=View("", verdict, words=True),
            about=f"superior or worse than {rival}, with all methods of the table counted; else undecided.",
            tone=tone,
        ),
        Column(
            f"detectable to {rival}",
            found(lambda c: c.detectable),
            _SHARE,
            page=View("detectable", points_of(lambda c: c.detectable)),
            about="The smallest true difference that a repetition of this comparison shows with 80 % power, in points.",
        ),
    )


def _p(found: Comparison | None) -> str:
    if found is None or found.p_adjusted is None or not found.decided:
        return NOTHING
    return short_p(found.p_adjusted)


def _against(row: BoardRow, rival: str) -> Comparison | None:
    return next((comparison for comparison in row.rivals if comparison.baseline == rival), None)


def _remarks(row: BoardRow) -> list[str]:
    """Say where seeds have no partner; the heading says where a rival has no result at all."""
    lines = []
    for c in row.rivals:
        if c.baseline_status in _LACKING:
            continue
        if c.pairs is None:
            lines.append(f"- {code(row.method)}: no difference to {code(c.baseline)}, which shares no seed with it.")
        elif c.pairs < row.seeds:
            lines.append(
                f"- {code(row.method)}: {c.pairs} of its {plural(row.seeds, 'seed')} pair with {code(c.baseline)}."
            )
    return lines
