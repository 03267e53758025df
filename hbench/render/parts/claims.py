"""The claims of the authors, each beside what this board says to it."""

from __future__ import annotations

from hbench.board.board import Board
from hbench.board.claims import Answer, counts
from hbench.render.display import code, difference, fixed, points, verdict
from hbench.render.section import Section, Text
from hbench.render.table import NOTHING, Column, Table, Value, View

_ABOUT = """\
What the authors of the methods claim, and what this board says to it: `supported` or `contradicted` where the verdict
of the row holds with all comparisons of its kind on the board, `undecided` where it does not, and `not tested` where no
row is in the range of the claim, or its table has no assay. The board's models are smaller and its data fewer than
theirs: an answer is about the regime of the board."""


def _range(answer: Answer) -> str:
    """Return the share of the examples that a claim is about."""
    kept = answer.claim.kept
    if kept is None:
        return "its own size"
    low, high = kept
    if low == 0:
        return "any" if high == 1 else f"up to {fixed(high * 100, 0)} %"
    return f"{fixed(low * 100, 0)} to {fixed(high * 100, 0)} %"


def _theirs(answer: Answer) -> str:
    claim = answer.claim
    return "; ".join(filter(None, (claim.setting, claim.figure))) or NOTHING


def _where(answer: Answer) -> str:
    if answer.cell is None:
        return NOTHING
    cell = answer.cell
    evaluated = f" on {code(cell.split)}" if answer.claim.further else ""
    return f"{code(cell.task)}{evaluated}, {cell.keep}, {cell.budget}, {code(cell.model)}"


def _answer(answer: Answer) -> str:
    text: str = answer.answer
    if answer.reason:
        text += f": {answer.reason}"
    elif answer.comparison is not None and answer.answer == "not tested":
        text += f": {verdict(answer.comparison)}"
    return text + (" (these examples, not the method)" if answer.one_scoring and answer.comparison else "")


def _ours(answer: Answer) -> str:
    found = answer.comparison
    if found is None or found.difference is None or not found.decided:
        return NOTHING
    text = difference(found)
    if found.role == "full" and found.excluded is not None:
        text += f", losses of {points(max(found.excluded, 0.0))} and more excluded"
    return text


def _difference(answer: Answer) -> Value:
    return None if answer.comparison is None else answer.comparison.difference


#: The title of what a page folds away under the table.
_THEIRS = "Where the claims are made, and in which setting"

CLAIMS: tuple[Column[Answer], ...] = (
    Column("method", lambda a: a.method, identifies=True, page=View("method", lambda a: code(a.method), words=True)),
    Column("claim", lambda a: a.claim.text, identifies=True, page=View("claim", lambda a: a.claim.text, words=True)),
    Column(
        "kept",
        _range,
        page=View("kept", _range, words=True),
        about="The share of the examples that the claim is about.",
    ),
    Column("where", _where, identifies=True, page=View("row", _where, words=True), about="The row that answers it."),
    Column(
        "difference",
        _difference,
        "share of 1",
        page=View("difference here", _ours, words=True),
        about="What the claim is about, as this board has it: a difference in points with its 95 % interval.",
    ),
    Column(
        "answer",
        lambda a: a.answer,
        page=View("answer", _answer, words=True),
        about="What this board says to the claim, with all comparisons of its kind counted.",
        tone=lambda a: a.answer.replace(" ", "-"),
    ),
    Column(
        "source",
        lambda a: a.claim.source,
        page=View("source (how it is known)", lambda a: f"{a.claim.source} ({a.claim.read})", words=True, fold=_THEIRS),
    ),
    Column("theirs", _theirs, page=View("their setting and figure", _theirs, words=True, fold=_THEIRS)),
)


def claims_sections(board: Board) -> list[Section]:
    """Return the section with one line per claim and row that answers it; none where the results carry no claims."""
    if not board.claims:
        return []
    made = counts(board.claims)
    summary = f"Answers: {', '.join(f'{number} {answer}' for answer, number in made.items())}."
    return [Section("Claims of the papers", 2, (Text(_ABOUT), Text(summary), Table.of(CLAIMS, board.claims)))]
