"""Two versions of a board in words, with a table of the rows that changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hbench.board.compare.versions import RowChange, Versions
from hbench.board.row import BoardRow
from hbench.render.compare.columns import naming, of_test, share, words
from hbench.render.display import code, interval, listed, p_value, plural, points, title
from hbench.render.section import Page, Section, Text
from hbench.render.table import Column, Table
from hbench.results.cell import CellKey

#: Rows that a sentence names.
_NAMED = 5


def versions_page(versions: Versions, heading: str) -> Page:
    """Return the page of two versions: what came, went and changed in words, then every row that did."""
    section = Section(heading, 3, tuple(versions_blocks(versions)))
    return Page((section,), rows_of(versions.changes), Table((), ()))


def versions_blocks(versions: Versions, most: int | None = None) -> list[Text | Table]:
    """Return the words, then the table of the rows that changed: at most so many of them where a number is given."""
    shown = versions.changes[:most]
    left = len(versions.changes) - len(shown)
    words_first = [Text(said, said.replace("`", "")) for said in said_of(versions)]
    more = [Text(f"{plural(left, 'further row')} changed.")] if left else []
    return [*words_first, *([rows_of(shown)] if shown else []), *more]


def rows_of(changes: Iterable[RowChange]) -> Table:
    """Return the table of rows that changed."""
    return Table.of(_COLUMNS, changes)


def said_of(versions: Versions) -> list[str]:
    """Return what changed in words, a paragraph for each kind of change that there is."""
    said = []
    old, new = versions.protocols
    if old is not None and new is not None and old != new:
        said.append(
            f"The old results follow protocol {old}, the new ones protocol {new}: other trainings, not other data."
        )
    said += [
        f"{_results(found)} {found[0].kind}: {_named(found)}."
        for found in (versions.of("added"), versions.of("removed"))
        if found
    ]
    replaced = versions.of("replaced")
    if replaced:
        said.append(f"{_results(replaced)} replaced: {_named(replaced)}. {_tested(replaced)}".rstrip())
    turned = [change for change in versions.changes if change.kind in ("replaced", "follows") and _turns(change)]
    if turned:
        told = "; ".join(f"{_row(change.cell)}: {', '.join(_turns(change))}" for change in turned[:_NAMED])
        more = f"; and {len(turned) - _NAMED} more" if len(turned) > _NAMED else ""
        said.append(f"{plural(len(turned), 'row')} changed verdict: {told}{more}.")
    same = f"{plural(versions.same, 'row')} stayed the same."
    return [*said, same] if said else [f"No result was added, removed or replaced: {same[:-1]}."]


def _results(changes: Sequence[RowChange]) -> str:
    return f"{plural(len(changes), 'result')} {'was' if len(changes) == 1 else 'were'}"


def _named(changes: Sequence[RowChange]) -> str:
    more = f", and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
    return listed(title(change.cell) for change in changes[:_NAMED]) + more


def _row(cell: CellKey) -> str:
    return code(title(cell))


def _tested(changes: Sequence[RowChange]) -> str:
    """Say what the paired tests show of the rows that were replaced."""
    tests = [change for change in changes if change.test is not None]
    shown = [change for change in tests if change.p_adjusted is not None and change.p_adjusted <= 0.05]
    said = []
    if tests:
        told = "; ".join(map(_told, shown[:_NAMED])) or "none is shown to differ"
        said.append(
            f"New against old, paired by seed and example (two-t test, Holm-corrected over {plural(len(tests), 'row')} "
            f"that share{'s' if len(tests) == 1 else ''} seeds and examples): {told}."
        )
    why: dict[str, list[RowChange]] = {}
    for change in changes:
        if change.untested:
            why.setdefault(change.untested, []).append(change)
    said += [f"Not tested, {reason}: {_named(found)}." for reason, found in sorted(why.items())]
    return " ".join(said)


def _told(change: RowChange) -> str:
    test, p = change.test, change.p_adjusted
    assert test is not None and p is not None
    difference = points(test.mean, signed=True) + interval(test.low, test.high, signed=True)
    return f"{_row(change.cell)} by {difference} points ({p_value(p)})"


def _turns(change: RowChange) -> list[str]:
    """Return the verdicts that are others than before, such as `to random undecided, now superior`."""
    before, after = change.before, change.after
    if before is None or after is None:
        return []
    old = {(c.role, c.baseline): str(c.verdict) for c in before.comparisons}
    new = {(c.role, c.baseline): str(c.verdict) for c in after.comparisons}
    return [
        f"to {role if role != 'rival' else code(name)} {old[role, name]}, now {verdict}"
        for (role, name), verdict in new.items()
        if old.get((role, name), verdict) != verdict
    ]


def _metric(row: BoardRow | None) -> float | None:
    return None if row is None or row.metric is None else row.metric.value


def _what(change: RowChange) -> str:
    """Return what happened to a row, with the fields of its file that are others, and verdicts that turned."""
    fields = f" ({', '.join(change.fields)})" if change.fields else ""
    return "; ".join([f"{change.kind}{fields}", *_turns(change), *([change.untested] if change.untested else [])])


_COLUMNS: tuple[Column[RowChange], ...] = (
    *naming(CellKey._fields, lambda change, name: str(getattr(change.cell, name))),
    share("before", lambda change: _metric(change.before), heading="before"),
    share("after", lambda change: _metric(change.after), heading="after"),
    *of_test(lambda change: change.test, lambda change: change.p_adjusted),
    words("what", _what),
)
