"""The page as one HTML file that needs no network: sections, tables that can be sorted and filtered, figures.

The same page and figures give the same bytes. What the browser does is in `assets`; no number is made here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from hbench.render.display import fixed
from hbench.render.html.figures import inlined
from hbench.render.html.markup import block, inline, visible
from hbench.render.section import Page, Picture, Section, Text
from hbench.render.table import Cell, Heading, Part, Table, Value

#: What readers filter by: the identifying column, and what a choice of all its values is called.
_FILTERS = (("task", "all tasks"), ("method", "all methods"), ("keep", "all sizes"), ("budget", "all budgets"))
_FILES = "hbench.render.html"


@dataclass(frozen=True)
class _Column:
    """The words above a column."""

    html: str
    #: Of the explanation that opens when asked; None where there is none.
    about: str | None
    #: Identifying column and value that it is about, `task=sst2`; empty where it is about no single one.
    only: str
    words: bool


@dataclass(frozen=True)
class _Cell:
    html: str
    #: What it is sorted by, as JSON; empty where nothing is known, which comes last.
    value: str
    tone: str


@dataclass(frozen=True)
class _Row:
    #: What links to it; empty in the folded tables, whose rows are those of the main one.
    id: str
    #: What it can be filtered by.
    marks: tuple[tuple[str, str], ...]
    cells: tuple[_Cell, ...]


@dataclass(frozen=True)
class _Grid:
    """One table of the page."""

    title: str
    label: str
    columns: tuple[_Column, ...]
    rows: tuple[_Row, ...]


@dataclass(frozen=True)
class _Block:
    """A paragraph, a figure or the tables of one block; one of the three is there."""

    text: str = ""
    figure: str = ""
    grids: tuple[_Grid, ...] = ()


@dataclass(frozen=True)
class _Section:
    id: str
    title: str
    level: int
    fold: str
    blocks: tuple[_Block, ...]


def html_page(page: Page, figures: Mapping[str, str]) -> str:
    """Return the text of index.html; figures: their SVG by path, without an entry where there is none to show."""
    layout = _Layout(figures)
    head, *rest = (layout.section(section) for section in page.sections)
    style, script = _asset("page.css"), _asset("page.js")
    return _template().render(
        head=head,
        sections=rest,
        filters=_filters(page.rows),
        abouts=layout.abouts,
        style=style,
        script=script,
        # only this script runs, whatever a result may smuggle into the page
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


class _Layout:
    """Lays out sections; ids and explanations are those of one page."""

    def __init__(self, figures: Mapping[str, str]) -> None:
        self._figures = figures
        self._ids: Counter[str] = Counter()
        #: Explanations by their ids.
        self.abouts: dict[str, str] = {}
        self._known: dict[str, str] = {}

    def section(self, section: Section) -> _Section:
        """Return a section; its tables are labelled by its title."""
        own = self._id(section.title)
        blocks = tuple(self._block(found, own, section.title) for found in section.blocks)
        shown = tuple(found for found in blocks if found.text or found.figure or found.grids)
        return _Section(own, section.title, section.level, section.fold, shown)

    def _block(self, found: Text | Table | Picture, own: str, title: str) -> _Block:
        if isinstance(found, Text):
            return _Block(text=block(found.page) if found.page else "")
        if isinstance(found, Picture):
            svg = self._figures.get(found.path, "")
            return _Block(figure=inlined(svg, self._id(found.path), found.title) if svg else "")
        return _Block(grids=tuple(self._grid(found, part, own, title) for part in found.parts()))

    def _grid(self, table: Table, part: Part, own: str, title: str) -> _Grid:
        columns = tuple(self._column(table.headings[i]) for i in part.positions)
        names = [i for i, heading in enumerate(table.headings) if heading.identifies]
        filtered = [(i, table.headings[i].key) for i in names if table.headings[i].key in dict(_FILTERS)]
        told = [i for i in names if len({row[i].value for row in table.rows}) > 1] or names[-1:]
        rows = tuple(
            _Row(
                "" if part.title else self._id("-".join([own, *(str(row[i].value) for i in told)])),
                tuple((key, str(row[i].value)) for i, key in filtered),
                tuple(_cell(row[i]) for i in part.positions),
            )
            for row in table.rows
        )
        return _Grid(part.title, f"{title}: {part.title}" if part.title else title, columns, rows)

    def _column(self, heading: Heading) -> _Column:
        about = self._about(heading.about) if heading.about else None
        only = "" if heading.only is None else "=".join(heading.only)
        return _Column(inline(heading.page or ""), about, only, heading.page_words)

    def _about(self, text: str) -> str:
        if text not in self._known:
            self._known[text] = f"about-{len(self._known) + 1}"
            self.abouts[self._known[text]] = text
        return self._known[text]

    def _id(self, text: str) -> str:
        """Return an id that nothing else on the page has."""
        plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"
        self._ids[plain] += 1
        if self._ids[plain] == 1:
            return plain
        return self._id(f"{plain}-{self._ids[plain]}")


def _cell(cell: Cell) -> _Cell:
    return _Cell(inline(cell.page), _sorted_by(cell.value), cell.tone)


def _sorted_by(value: Value) -> str:
    """Return what a cell is sorted by: of several numbers the difference, else the first."""
    if isinstance(value, tuple):
        pairs = dict(value)
        value = pairs.get("difference", None if "metric" in pairs else next(iter(pairs.values()), None))
    if isinstance(value, float):
        return fixed(value, 6)  # which is the same on all machines
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _filters(rows: Table) -> list[tuple[str, str, list[str]]]:
    """Return every filter: key, what a choice of all is called, and the choices, those of the full data apart."""
    found = [row for row in rows.records() if row["role"] != "full"]
    return [(key, every, _choices(str(row[key]) for row in found)) for key, every in _FILTERS]


def _choices(values: Iterable[str]) -> list[str]:
    return sorted(dict.fromkeys(values))


def _asset(name: str) -> str:
    return files(_FILES).joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    return environment.get_template("page.html.jinja")
