"""The page of a board: every section and table, built once for all formats."""

from __future__ import annotations

from hbench.board.board import Board
from hbench.render.notes import notes_sections
from hbench.render.parts.across import across_sections
from hbench.render.parts.architectures import architectures_sections
from hbench.render.parts.chosen import captioned
from hbench.render.parts.claims import claims_sections
from hbench.render.parts.planted import planted_sections
from hbench.render.parts.provenance import provenance_sections
from hbench.render.parts.regime import regime_sections
from hbench.render.parts.results import results_sections
from hbench.render.parts.rivals import rivals_table
from hbench.render.parts.rows import rows_table
from hbench.render.parts.sensitivity import sensitivity_sections
from hbench.render.parts.summary import summary_sections
from hbench.render.parts.tradeoff import tradeoff_sections
from hbench.render.parts.trivial import trivial_sections
from hbench.render.section import Page, Section, Text

_TITLE = """\
Which training examples can be dropped before fine-tuning, and does the scorer that picked them beat a random subset?"""

#: The parts of the page, in their order.
_PARTS = (
    summary_sections,
    results_sections,
    claims_sections,
    tradeoff_sections,
    planted_sections,
    across_sections,
    architectures_sections,
    sensitivity_sections,
    trivial_sections,
    regime_sections,
    notes_sections,
    provenance_sections,
)


def page_of(board: Board) -> Page:
    """Return the whole page of a board."""
    sections = [section for part in _PARTS for section in part(board)]
    return _page(board, [Section("Leaderboard", 1, (Text(_TITLE),)), *sections])


def glance_of(board: Board) -> Page:
    """Return the page of what a run shows at its end: the matrices, and what they show."""
    return _page(board, summary_sections(board))


def results_of_part(board: Board) -> Page:
    """Return the page of a part of a board, as `Board.narrowed` returns it: its contests alone."""
    return _page(board, results_sections(board))


def _page(board: Board, sections: list[Section]) -> Page:
    return Page(tuple(sections), rows_table(board.rows), rivals_table(board.rivalries), captioned(board))
