"""Numbers and names as the board writes them: the same text for the same results on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from hbench.board.comparisons import Comparison
from hbench.board.margins import Margin
from hbench.board.row import Estimate
from hbench.render.table import NOTHING


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


def margin(margin: Margin, unit: str = "") -> str:
    """Return the margin in use in points with the unit behind it, and the default one where it is another."""
    used, default = points(margin.used), points(margin.default)
    return used + unit + ("" if used == default else f" (default {default})")


def interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """Return an interval of shares in points, with a space before it; empty when there is none."""
    if low is None or high is None:
        return ""
    return f" {ends(low, high, signed=signed)}"


def ends(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """Return an interval of shares in points, for a column of its own; no line breaks within it."""
    if low is None or high is None:
        return NOTHING
    return f"[{points(low, signed=signed)},{NO_BREAK}{points(high, signed=signed)}]"


def ends_of(found: Estimate | None) -> str:
    """Return the interval of a share in points, for a column of its own."""
    return NOTHING if found is None else ends(found.low, found.high)


def estimate(found: Estimate | None) -> str:
    """Return a share in points with its interval."""
    return NOTHING if found is None else points(found.value) + interval(found.low, found.high)


#: What follows a verdict that is about these examples, not about the method.
THESE_EXAMPLES = "†"
#: What follows a difference without a verdict, since some runs did not train.
NO_TRAINING = "‡"
#: A space at which no line is broken.
NO_BREAK = "\N{NO-BREAK SPACE}"


def difference(found: Comparison | None) -> str:
    """Return a difference with its interval in points, the p value its verdict rests on, if any, and the verdict.

    Against the full data the interval beside the margin says more than a p value. A verdict that is withheld has none.
    """
    if found is None or found.difference is None:
        return NOTHING
    text = points(found.difference, signed=True) + interval(found.low, found.high, signed=True)
    if found.p_adjusted is not None and found.role != "full" and found.decided:
        text += f", {p_value(found.p_adjusted)}"
    return f"{text}, {verdict(found)}"


def verdict(found: Comparison) -> str:
    """Return the verdict; of an unstable one, the runs that did not train and the difference over those that did."""
    if found.verdict != "unstable":
        return marked(found)
    sides = []
    if found.unstable is not None:
        sides.append(f"{found.unstable[0]} of {plural(found.unstable[1], 'run')}")
    if found.baseline_unstable is not None:
        sides.append(
            f"{found.baseline_unstable[0]} of {plural(found.baseline_unstable[1], 'run')} of {code(found.baseline)}"
        )
    text = f"unstable ({' and '.join(sides)} did not train"
    if found.trained is not None:
        text += f"; {points(found.trained, signed=True)} over the {plural(found.trained_pairs, 'seed')} that did"
    return f"{text})"


def marked(found: Comparison) -> str:
    """Return the verdict in a word, marked where it is about these examples alone."""
    return (found.verdict or "") + (THESE_EXAMPLES if found.these_examples and found.decided else "")


def p_value(p: float) -> str:
    """Return `p = 0.012`, or `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {fixed(p, 3)}"


def short_p(p: float) -> str:
    """Return a p value for a column of its own: `0.012`, or `< 0.001`."""
    return p_value(p).removeprefix("p = ").removeprefix("p ").replace(" ", NO_BREAK)


def percent(share: float, places: int = 1) -> str:
    """Return a share of 1 in per cent."""
    return f"{fixed(share * 100, places)}{NO_BREAK}%"


def count(number: float) -> str:
    """Return an integer with commas between thousands."""
    return f"{int(fixed(number, 0)):,}"


def listed(names: Iterable[str]) -> str:
    """Return names in code quotes, with commas between them."""
    return ", ".join(code(name) for name in names)


def spelled(texts: Sequence[str]) -> str:
    """Return texts with commas and an `and` before the last."""
    *most, last = texts or [NOTHING]
    return f"{', '.join(most)} and {last}" if most else last


def code(text: str) -> str:
    """Return a name in code quotes; what would end them or a table's cell is replaced."""
    return f"`{text.replace('`', chr(39)).replace('|', '/')}`"


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: `1 seed`, `6 seeds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short(reason: str) -> str:
    """Return the reason of a failure in code quotes, cut where it is long."""
    return code(reason if len(reason) <= 160 else f"{reason[:157]}...")


def title(key: tuple[str, ...]) -> str:
    """Return the name of a contest, or of a part of one, as headings show it."""
    return " / ".join(key)
