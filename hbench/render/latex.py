"""The tables of the contests for a paper in LaTeX: rules of booktabs, captions that stand alone, no overfull boxes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hbench.render.section import Captioned, Page
from hbench.render.table import NOTHING, Table

_HEAD = """\
% One float for each table; the preamble needs \\usepackage{booktabs,graphicx}.
% A table that is wider than its column is scaled down to it."""

#: Characters of a table's widest lines that one of two columns of text holds in the size of tables.
_ONE_COLUMN = 46
#: Characters without a break in a name; behind as many a line may end.
_UNBROKEN = 10

_SPECIAL = {
    **{sign: f"\\{sign}" for sign in "#$%&_{}"},
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "{\\char34}",
    "`": "\\textasciigrave{}",
    "'": "\\textquotesingle{}",
    "–": "--",
    "\N{NO-BREAK SPACE}": "~",
    "×": "$\\times$",
    "±": "$\\pm$",
}
#: Marks behind a difference, which take no width, so that numbers stay aligned.
_MARKS = {"∗": "\\ast", "°": "\\circ", "†": "\\dagger", "‡": "\\ddagger"}
_MARKED = re.compile(f"(.*?)([{''.join(_MARKS)}]+)")
#: Letters beyond ASCII that every font encoding of pdflatex has.
_LETTERS = frozenset(map(chr, range(0xC0, 0x100))) - set("×÷ÐðÞþ")
_CODE = re.compile(r"`([^`]*)`")
#: A minus sign, which is no hyphen.
_MINUS = re.compile(r"(?<![\w.)-])-(?=\d)")
#: Where a name may be broken: behind a sign.
_BREAK = re.compile(r"[\W_]")


def latex(page: Page) -> str:
    """Return a float for every contest, one column of text wide where that is enough, else two."""
    return "\n\n".join([_HEAD, *map(_float, page.papers)]) + "\n"


def escaped(text: str, *, breaks: bool = True) -> str:
    """Return a text as LaTeX shows it, names in back quotes in the typewriter type.

    breaks: whether lines may end within names, as they have to in a narrow column. A letter that pdflatex does not know
    is shown by its number, such as [U+4E2D].
    """
    parts = _CODE.split(text)
    return "".join(_name(part, breaks=breaks) if i % 2 else _prose(part) for i, part in enumerate(parts))


def _float(shown: Captioned) -> str:
    rows = shown.table.on_page()
    kind = "table" if _width(rows) <= _ONE_COLUMN else "table*"
    first, *others = _lines(shown.table)
    body = "\n".join(f"    {line}" for line in ("\\toprule", first, "\\midrule", *others, "\\bottomrule"))
    # A box is made first, since only then its width is known.
    return f"""\
\\begin{{{kind}}}[tbp]
  \\centering\\small
  \\caption{{{escaped(shown.caption)}}}
  \\label{{{shown.label}}}
  \\setbox0\\hbox{{\\begin{{tabular}}{{@{{}}{_alignment(shown.table)}@{{}}}}
{body}
  \\end{{tabular}}}}%
  \\leavevmode\\ifdim\\wd0>\\linewidth\\resizebox{{\\linewidth}}{{!}}{{\\box0}}\\else\\box0\\fi
\\end{{{kind}}}"""


def _width(rows: list[list[str]]) -> int:
    """Return the characters of a table's columns with two between them."""
    return sum(max(map(len, column)) + 2 for column in zip(*rows, strict=True)) - 2


def _alignment(table: Table) -> str:
    """Return the columns: words to the left, numbers to the right."""
    shown = [heading for heading in table.headings if heading.page is not None]
    return "".join("l" if heading.words or i == 0 else "r" for i, heading in enumerate(shown))


def _lines(table: Table) -> Iterable[str]:
    header, *rows = table.on_page()
    yield f"{' & '.join(escaped(text, breaks=False) for text in header)} \\\\"
    for row in rows:
        last = len(row) - 1
        cells = (_cell(text, hanging=i < last) for i, text in enumerate(row))
        yield f"{' & '.join(cells)} \\\\"


def _cell(text: str, *, hanging: bool) -> str:
    """Return a cell; the marks behind its number hang to the right where another column follows."""
    found = _MARKED.fullmatch(text)
    if found is None or "`" in text:
        return NOTHING.replace("–", "--") if text == NOTHING else escaped(text, breaks=False)
    signs = "".join(f"{{{_MARKS[mark]}}}" for mark in found[2])
    number = escaped(found[1])
    return f"{number}\\rlap{{$^{{{signs}}}$}}" if hanging else f"{number}$^{{{signs}}}$"


def _prose(text: str) -> str:
    signed = _MINUS.split(text)
    return "$-$".join("".join(map(_sign, part)) for part in signed)


def _name(text: str, *, breaks: bool) -> str:
    """Return a name in the typewriter type; with breaks, a line may end behind every sign and behind some letters."""
    shown, since = [], 0
    for place, sign in enumerate(text):
        shown.append(_sign(sign))
        since += len(shown[-1]) if shown[-1].startswith("[U+") else 1
        if breaks and place + 1 < len(text) and (_BREAK.match(sign) or since >= _UNBROKEN):
            shown.append("\\allowbreak{}")
            since = 0
    return f"\\texttt{{{''.join(shown)}}}"


def _sign(sign: str) -> str:
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if sign in _MARKS:
        return f"$^{{{_MARKS[sign]}}}$"
    if sign.isascii():
        return sign if sign.isprintable() or sign == "\n" else " "
    return sign if sign in _LETTERS else f"[U+{ord(sign):04X}]"
