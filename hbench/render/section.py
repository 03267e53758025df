"""What a page is made of: sections of paragraphs, tables and figures."""

from __future__ import annotations

from dataclasses import dataclass

from hbench.render.table import Table


@dataclass(frozen=True)
class Text:
    """A paragraph or a list, with names in back quotes; `terminal`: what a terminal shows of it, mostly nothing."""

    page: str
    terminal: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure: its path beside the page, and what it shows."""

    path: str
    title: str


@dataclass(frozen=True)
class Section:
    """A heading, and the blocks under it; `level`: 1 for the page itself, 3 for the sections with tables."""

    title: str
    level: int
    blocks: tuple[Text | Table | Picture, ...]
    #: Words to press for the blocks, which are folded away until then; empty where they are not.
    fold: str = ""


@dataclass(frozen=True)
class Captioned:
    """A table that stands alone, as in a paper: the label that a text refers to, and its caption, names in quotes."""

    label: str
    caption: str
    table: Table


@dataclass(frozen=True)
class Page:
    """The board laid out for every format: the sections that people read, and the tables that programs read."""

    sections: tuple[Section, ...]
    #: Every row of the board once, with all its columns: leaderboard.csv.
    rows: Table
    #: Every comparison with a rival: comparisons.csv; without rows where no suite names a rival.
    rivals: Table
    #: The table of every contest with a caption, for papers.
    papers: tuple[Captioned, ...] = ()
