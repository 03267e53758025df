"""Ranking models on a subset: a table per task, split, size and budget with at least three models."""

from __future__ import annotations

from hbench.board.architectures import FEWEST, MethodRanking, Rankings
from hbench.board.board import Board
from hbench.render.display import code, fixed, listed, title
from hbench.render.section import Section, Text
from hbench.render.table import NOTHING, Column, Table, View

_ABOUT = f"""\
Does training on a subset order models as training on all data does? That is what a search for the best model needs of
it. For every method with results of at least {FEWEST} models: the pairs of models that both order alike, and Kendall's
tau-b (1: the same order, 0: no relation, -1: the opposite one), from the means over seeds. With n models there are
n (n - 1) / 2 pairs, and few pairs prove little: a random order of 3 models has tau = 1 in one of 6 cases, of 4 models
in one of 24."""


def _tau(ranking: MethodRanking) -> str:
    return NOTHING if ranking.tau is None else fixed(ranking.tau, 2)


ARCHITECTURES: tuple[Column[MethodRanking], ...] = (
    Column("method", lambda r: r.method, identifies=True, page=View("method", lambda r: code(r.method))),
    Column("models", lambda r: r.models, page=View("models", lambda r: str(r.models))),
    Column("pairs", lambda r: r.pairs, page=View("pairs", lambda r: str(r.pairs))),
    Column("alike", lambda r: r.alike, page=View("ordered alike", lambda r: str(r.alike))),
    Column("opposite", lambda r: r.opposite, page=View("in opposite ways", lambda r: str(r.opposite))),
    Column("tau", lambda r: r.tau, page=View("tau", _tau)),
    Column("order", lambda r: ";".join(r.order), page=View("best to worst on the subset", lambda r: listed(r.order))),
)


def architectures_sections(board: Board) -> list[Section]:
    """Return the section `Ranking models` and one per table; none where no method has results of three models."""
    if not board.rankings:
        return []
    return [Section("Ranking models", 2, (Text(_ABOUT),)), *map(_section, board.rankings)]


def _section(rankings: Rankings) -> Section:
    about = Text(f"On all data, best to worst: {listed(rankings.order)}.")
    key = (rankings.task, rankings.split, rankings.keep, rankings.budget)
    return Section(title(key), 3, (about, Table.of(ARCHITECTURES, rankings.methods)))
