"""Columns that every comparison has: what is compared, and the paired test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hbench.render.display import code, fixed, points
from hbench.render.table import NOTHING, Column, Value, View
from hbench.statistics import TwoTTest

Record = TypeVar("Record")
SHARE = "share of 1"


def naming(names: Sequence[str], get: Callable[[Record, str], str]) -> tuple[Column[Record], ...]:
    """Return the columns that tell rows apart; get: what a record is called in one of them."""
    return tuple(_naming(name, get) for name in names)


def words(key: str, show: Callable[[Record], str], heading: str | None = None) -> Column[Record]:
    """Return a column of words that are hbench's own."""
    view = View(key if heading is None else heading, show, words=True)
    return Column(key, show, page=view, terminal=view)


def share(
    key: str, get: Callable[[Record], float | None], *, heading: str, signed: bool = False, quoted: bool = False
) -> Column[Record]:
    """Return a column of shares of 1, shown in points; quoted: whether a page shows its heading as a name."""

    def show(record: Record) -> str:
        return points(get(record), signed=signed)

    page = View(code(heading) if quoted else heading, show)
    return Column(key, get, SHARE, page=page, terminal=View(heading, show))


def of_test(
    get: Callable[[Record], TwoTTest | None], adjusted: Callable[[Record], float | None]
) -> tuple[Column[Record], ...]:
    """Return difference, interval and p value; get, adjusted: the test of a record and its Holm-adjusted p."""

    def of(part: Callable[[TwoTTest], float | None]) -> Callable[[Record], float | None]:
        return lambda record: None if (test := get(record)) is None else part(test)

    low, high = of(lambda test: test.low), of(lambda test: test.high)

    def interval(record: Record) -> str:
        ends = low(record), high(record)
        return NOTHING if None in ends else f"[{', '.join(points(end, signed=True) for end in ends)}]"

    def p_value(record: Record) -> str:
        p = adjusted(record)
        return NOTHING if p is None else "<0.001" if p < 0.001 else fixed(p, 3)

    return (
        share("difference", of(lambda test: test.mean), heading="difference", signed=True),
        Column("low", low, SHARE, page=View("interval", interval), terminal=View("interval", interval)),
        Column("high", high, SHARE),
        Column("p_holm", _value(adjusted), page=View("p", p_value), terminal=View("p", p_value)),
        Column("seeds", of(lambda test: test.seeds)),
    )


def _naming(name: str, get: Callable[[Record, str], str]) -> Column[Record]:
    return Column(
        name,
        lambda record: get(record, name),
        identifies=True,
        page=View(name, lambda record: code(get(record, name)), words=True),
        terminal=View(name, lambda record: get(record, name), words=True),
    )


def _value(get: Callable[[Record], float | None]) -> Callable[[Record], Value]:
    return lambda record: get(record)
