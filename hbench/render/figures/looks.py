"""How figures look: a colour and a symbol for every method, sizes for one and two columns, the library's settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Colours that any colour vision tells apart and that stand out on white and on black, after Okabe and Ito (2008);
#: symbols tell methods apart too, and go on where colours begin anew.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#c08a00", "#3d9fd6", "#e0527a", "#6a7fdb")
_SYMBOLS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", "*", ">", "h", "d")
#: Of the random baseline, of all data and letters, of remarks, and of lines of a grid. A page that has dark colours
#: puts its own in the place of the latter two and of the paper.
RANDOM, INK, REMARK, GRID, PAPER = "#7a7a7a", "#1b1f24", "#6e6e6e", "#dddfe2", "#ffffff"
DASHED, DOTTED = (0, (5, 3)), (0, (1, 2))
#: Symbols of the sizes of a figure: filled for the first, then open, half filled.
FILLS = ("full", "none", "left", "bottom")


@dataclass(frozen=True)
class Format:
    """The size of a figure: width and height in inches, and of its letters in printer's points."""

    width: float
    height: float
    letters: float


#: By name: as wide as one column of a two-column page, or as both.
FORMATS = {"two": Format(6.9, 3.7, 8.0), "one": Format(3.35, 2.9, 7.0)}

#: What differs from the library's defaults, whatever the user's own settings: text stays text.
SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "hbench",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": ["DejaVu Sans"],
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.axisbelow": True,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
}


def colour(methods: Sequence[str], method: str, baseline: str) -> str:
    """Return the colour of a method, the same in all figures of a board; `methods`: those of the board, in order."""
    if method == baseline:
        return RANDOM
    return _COLOURS[_place(methods, method, baseline) % len(_COLOURS)]


def symbol(methods: Sequence[str], method: str, baseline: str) -> str:
    """Return the symbol of a method; with more than 13 methods they begin anew."""
    if method == baseline:
        return "o"
    return _SYMBOLS[1:][_place(methods, method, baseline) % (len(_SYMBOLS) - 1)]


def _place(methods: Sequence[str], method: str, baseline: str) -> int:
    return [name for name in methods if name != baseline].index(method)
