"""A change to a board, reviewed: may its results be accepted, which rows change, do the committed files follow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hbench.board.board import Board
from hbench.board.compare.versions import Versions, versions_of
from hbench.files import shorten
from hbench.render.check import DRIFT, INCOMPATIBLE, SAME, Check, check
from hbench.render.compare.markup import literal
from hbench.render.compare.versions import rows_of, versions_blocks
from hbench.render.markdown import markdown
from hbench.render.section import Page, Picture, Section, Text
from hbench.render.table import Table
from hbench.results.contribution import Contribution, contribution_of
from hbench.results.fields import ResultError

#: What a comment of HTML cannot be ended by.
_SIGNS = re.compile(r"[^A-Za-z0-9_./]+")
#: Rows and lines that a comment shows, and characters of a line; a forge takes 65,536 in all.
_ROWS, _LINES, _WIDEST, _LONGEST = 60, 30, 400, 60_000


@dataclass(frozen=True)
class Review:
    """What a change does to a board."""

    #: `SAME` where it can be merged as it is, `DRIFT` where a person has to decide or a board was not built anew,
    #: `INCOMPATIBLE` where results cannot be accepted.
    code: int
    contribution: Contribution
    #: Why a board cannot be made of the new results, beside the faults of single files.
    faults: tuple[str, ...]
    #: Rows that changed; None where there is no board, old or new, to compare.
    versions: Versions | None
    check: Check
    #: Whether replaced and removed results are accepted.
    allowed: bool


def review(before: Path, results: Path, out: Path, *, allow_replaced: bool = False) -> Review:
    """Review what a folder of results has become since `before`, an older copy of it, and the board in `out`.

    allow_replaced: whether results that were there may be replaced or removed without a fault.
    """
    contribution = contribution_of(before, results)
    faults, versions = list(contribution.faults), None
    if not faults:
        try:
            new = Board.of_folder(results)
            versions = versions_of(_old(before), new)
        except ResultError as error:
            faults.append(str(error))
    checked = check(results, out)
    touched = bool(contribution.replaced or contribution.removed)
    code = max(checked.code, DRIFT if touched and not allow_replaced else SAME)
    more = tuple(fault for fault in faults if fault not in contribution.faults)
    return Review(INCOMPATIBLE if faults else code, contribution, more, versions, checked, allow_replaced)


def _old(before: Path) -> Board | None:
    """Return the board of the older results, None where there are none; older ones may be of another schema."""
    try:
        return Board.of_folder(before)
    except ResultError:
        return None


def comment(found: Review, name: str) -> str:
    """Return the review in Markdown; its first line marks it, so that a later one can take its place.

    name: what the board is called. Without the table of rows where a forge would refuse so long a comment.
    """
    marker = f"<!-- hbench leaderboard {_SIGNS.sub('-', name)} -->\n"
    whole = marker + markdown(review_page(found, name))
    return whole if len(whole) <= _LONGEST else marker + markdown(review_page(found, name, rows=0))


def review_page(found: Review, name: str, rows: int = _ROWS) -> Page:
    """Return the review as a page: what is to be decided, then the rows that changed, then the files that differ."""
    blocks: list[Text | Table | Picture] = []
    touched = [*_named("replaced", found.contribution.replaced), *_named("removed", found.contribution.removed)]
    blocks += _listed("These results cannot be accepted:", (*found.contribution.faults, *found.faults))
    if not found.allowed:
        blocks += _listed("Results that were there before have to be approved by a person:", touched)
    if found.versions is not None:
        blocks += versions_blocks(found.versions, rows)
    differing = found.check.problems if found.check.code == DRIFT else ()
    blocks += _listed("The committed files do not follow from the results; run `hbench leaderboard build`:", differing)
    table = rows_of(() if found.versions is None else found.versions.changes)
    return Page((Section(f"Leaderboard {literal(name)}: {_outcome(found)}", 3, tuple(blocks)),), table, Table((), ()))


def _outcome(found: Review) -> str:
    if found.code == INCOMPATIBLE:
        return "cannot be accepted"
    if found.code == SAME:
        return "follows from its results"
    touched = not found.allowed and (found.contribution.replaced or found.contribution.removed)
    parts = [*(["results were replaced or removed"] if touched else []), *(["drift"] if found.check.code else [])]
    return ", ".join(parts)


def _named(what: str, paths: Iterable[Path]) -> list[str]:
    return [f"{what}: {path}" for path in paths]


def _listed(about: str, lines: Sequence[str]) -> list[Text]:
    """Return a sentence and a list of lines from outside, none of which is taken for Markdown; nothing without any."""
    if not lines:
        return []
    left = len(lines) - _LINES
    shown = [shorten(" ".join(line.split()), _WIDEST) for line in lines[:_LINES]]
    more = [f"and {left} more"] if left > 0 else []
    page = "\n".join([about, "", *(f"- {literal(line)}" for line in shown), *(f"- {line}" for line in more)])
    return [Text(page, "\n".join([about.replace("`", ""), *(f"  {line}" for line in (*shown, *more))]))]
