"""Numbers and names as the board writes them: the same text for the same results on every machine."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

#: What an empty cell of a table shows.
NOTHING = "–"


def fixed(value: float, places: int, *, signed: bool = False) -> str:
    """Return a number with a fixed number of decimals, halves rounded away from zero.

    First rounded to 12 decimals: sums that differ in their last bits between machines must not differ in print.
    """
    rounded = Decimal(f"{value:.12f}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if rounded == 0:
        rounded = abs(rounded)
    return f"{rounded:+f}" if signed else f"{rounded:f}"


def points(share: float | None, *, signed: bool = False) -> str:
    """Return a share of 1 in points, 2 decimals."""
    return NOTHING if share is None else fixed(share * 100, 2, signed=signed)


def margin(used: float, default: float, unit: str = "") -> str:
    """Return a margin in points with the unit behind it, and the default one where it is another."""
    return points(used) + unit + ("" if points(used) == points(default) else f" (default {points(default)})")


def interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """Return an interval of shares in points, with a space before it; empty when there is none."""
    if low is None or high is None:
        return ""
    return f" [{points(low, signed=signed)}, {points(high, signed=signed)}]"


def difference(found: float, low: float | None, high: float | None, p: float | None, verdict: str) -> str:
    """Return a difference with its interval in points, its p value where there is one, and the verdict."""
    text = points(found, signed=True) + interval(low, high, signed=True)
    return f"{text}{'' if p is None else f', {p_value(p)}'}, {verdict}"


def p_value(p: float) -> str:
    """Return `p = 0.012`, or `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {fixed(p, 3)}"


def count(number: float) -> str:
    """Return an integer with commas between thousands."""
    return f"{int(fixed(number, 0)):,}"


def listed(names: tuple[str, ...] | list[str]) -> str:
    """Return names in code quotes, with commas between them."""
    return ", ".join(code(name) for name in names)


def code(text: str) -> str:
    """Return a name in code quotes; what would end them or a table's cell is replaced."""
    return f"`{text.replace('`', chr(39)).replace('|', '/')}`"


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: `1 seed`, `6 seeds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table; the first column is a name, the others are aligned to the right."""
    rule = [":--", *["--:"] * (len(header) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]
