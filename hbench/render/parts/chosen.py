"""Tables of columns that are chosen by name, as papers print them: short cells, intervals in columns of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from hbench.board.board import Board, Standing
from hbench.board.comparisons import Comparison, Role
from hbench.board.row import BoardRow
from hbench.errors import UsageError, suggest
from hbench.render.display import NO_TRAINING, THESE_EXAMPLES, code, fixed, points, title
from hbench.render.parts import rows
from hbench.render.parts.captions import HOLDS, NON_INFERIOR, caption
from hbench.render.section import Captioned, Page, Section, Text
from hbench.render.table import NOTHING, Column, Table, Value, View
from hbench.results.cell import slug

#: What papers show where nothing else is asked for; it fits the width of two columns of text.
PAPER = ("method", "metric", "metric_interval", "full_difference", "random_difference", "random_interval", "net_alone")

_INTERVAL = "_interval"
_WORDS = re.compile(r"[a-z]+(?:[ -][a-z]+)*")
#: Columns with the differences of a row, each with the baseline whose verdict marks it.
_MARKED: dict[str, Role] = {"full_difference": "full", "random_difference": "random"}
_HEADINGS = {
    "full_difference": "to full",
    "random_difference": "to random",
    "gain": "share of gain, %",
    "full_share": "of full, %",
    "net_alone": "net cost",
    "net_shared": "net cost, shared",
}


def columns_of(names: Iterable[str]) -> tuple[Column[BoardRow], ...]:
    """Return the columns of some names: those of leaderboard.csv, and `metric_interval` where one has low and high.

    Raises UsageError naming a column that there is not, and one that is given twice.
    """
    names = list(names)
    if not names:
        raise UsageError("--columns: names no column; give some of leaderboard.csv, such as method,metric")
    known = _known()
    for name in names:
        if name not in known:
            raise UsageError(f"--columns: unknown column '{name}'{suggest(name, known)}")
        if names.count(name) > 1:
            raise UsageError(f"--columns: column '{name}' is given twice; give it once")
    return tuple(known[name] for name in names)


def chosen_page(board: Board, names: Sequence[str]) -> Page:
    """Return a page with the contests of a board, or a part of it, in columns that are chosen by name."""
    columns = columns_of(names)
    tables = captioned(board, columns)
    sections = tuple(
        Section(title(standing.key), 3, (table.table, Text(table.caption, table.caption.replace("`", ""))))
        for standing, table in zip(board.standings, tables, strict=True)
    )
    return Page(sections, Table.of(columns, board.rows), Table((), ()), tables)


def captioned(board: Board, columns: Sequence[Column[BoardRow]] | None = None) -> tuple[Captioned, ...]:
    """Return the table of every contest with the caption that it needs on its own; columns: `PAPER` unless given."""
    columns = columns_of(PAPER) if columns is None else columns
    return tuple(_captioned(standing, columns) for standing in board.standings)


def _captioned(standing: Standing, columns: Sequence[Column[BoardRow]]) -> Captioned:
    table = Table.of(columns, standing.rows, {"metric": standing.metric})
    roles = [_MARKED[column.key] for column in columns if column.key in _MARKED]
    shown = [found for row in standing.rows for role in roles if (found := row.against(role)) is not None]
    marks = {mark for found in shown for mark in _marks(found)}
    intervals = any(column.key.endswith(_INTERVAL) for column in columns)
    label = "tab:" + "--".join(map(slug, standing.key)).replace("~", ":")
    return Captioned(label, caption(standing, marks, intervals=intervals), table)


def _known() -> dict[str, Column[BoardRow]]:
    """Return all columns that can be chosen, by name."""
    declared = {column.key: column for column in rows.ROWS}
    known = {key: _short(column) for key, column in declared.items()}
    for key, low in declared.items():
        base = key.removesuffix("_low")
        high = declared.get(f"{base}_high")
        if base != key and high is not None:
            known[base + _INTERVAL] = _interval(base, low, high)
    return known


def _short(column: Column[BoardRow]) -> Column[BoardRow]:
    """Return a column whose cells hold one number or one word, on pages and in a terminal."""
    view = column.terminal or column.page
    heading = _HEADINGS.get(column.key) or (view.heading if view is not None else "") or column.key.replace("_", " ")
    return Column(
        column.key,
        column.value,
        column.unit,
        column.places,
        column.identifies,
        page=View(heading, _shown(column, _quoted)),
        terminal=View(heading, _shown(column, str), words=column.identifies),
    )


def _quoted(text: str) -> str:
    """Return a text of a result file in code quotes, plain words as they are."""
    return text if _WORDS.fullmatch(text) else code(text)


def _shown(column: Column[BoardRow], quoted: Callable[[str], str]) -> Callable[[BoardRow], str]:
    role = _MARKED.get(column.key)

    def show(row: BoardRow) -> str:
        if column.key == "metric" and row.metric is None:
            return row.status
        text = _text(column, column.value(row), code if column.identifies and quoted is _quoted else quoted)
        found = None if role is None else row.against(role)
        return text if found is None else text + "".join(_marks(found))

    return show


def _text(column: Column[BoardRow], value: Value, quoted: Callable[[str], str]) -> str:
    """Return a value in a few signs: shares in points, two decimals, p values with three."""
    if value is None or value == () or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(f"{quoted(str(name))} {_text(column, item, quoted)}" for name, item in value)
    if isinstance(value, str):
        return quoted(value)
    if column.unit in ("share of 1", "AUROC"):
        return points(float(value), signed=_is_signed(column.key))
    if "_p_" in f"{column.key}_":
        return "<0.001" if value < 0.001 else fixed(float(value), 3)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3g}" if column.unit == "cost_unit" else fixed(value, 2)


def _is_signed(key: str) -> bool:
    return key in _MARKED or key.endswith(("_difference", "_trained", "_deviation"))


def _interval(base: str, low: Column[BoardRow], high: Column[BoardRow]) -> Column[BoardRow]:
    signed = any(column.key == f"{base}_difference" for column in rows.ROWS)

    def value(row: BoardRow) -> Value:
        ends = low.value(row), high.value(row)
        if not isinstance(ends[0], float) or not isinstance(ends[1], float):
            return None
        return ("low", ends[0]), ("high", ends[1])

    def show(row: BoardRow) -> str:
        ends = value(row)
        if not isinstance(ends, tuple):
            return NOTHING
        return f"[{', '.join(points(float(end), signed=signed) for _, end in ends)}]"

    view = View("interval", show)
    return Column(base + _INTERVAL, value, low.unit, low.places, page=view, terminal=view)


def _marks(found: Comparison) -> tuple[str, ...]:
    """Return the marks of a verdict: shown or not, with all comparisons of the board counted, about what."""
    if found.verdict == "unstable":
        return (NO_TRAINING,)
    if not found.decided:
        return ()
    one_set = (THESE_EXAMPLES,) if found.these_examples else ()
    if found.verdict == "undecided":
        return one_set
    sign = NON_INFERIOR if found.verdict == "non-inferior" else HOLDS
    return (sign * 2 if found.holds_over_board else sign, *one_set)
