"""What a board says to the claims of the authors: never more than its verdicts, and nothing without an assay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hbench.board.comparisons import Comparison
from hbench.board.row import BoardRow, Kept
from hbench.plugins.claims import RANDOM, Claim
from hbench.plugins.references import split_reference
from hbench.results.cell import CellKey, CellResult, kept_share

Answered = Literal["supported", "contradicted", "undecided", "not tested"]


@dataclass(frozen=True)
class Answer:
    """What a board says to one claim about one method: in one row, or over the rows of one model."""

    method: str
    claim: Claim
    answer: Answered
    #: Why it was not tested, or what an answer over several rows rests on; empty where the comparison says it.
    reason: str = ""
    #: The row that answers; None where none does.
    cell: CellKey | None = None
    #: What was compared; None where nothing was.
    comparison: Comparison | None = None
    #: Whether the scores of the row are one set, so that the answer is about these examples.
    one_scoring: bool = False


def answers_of(results: Iterable[CellResult], rows: Sequence[BoardRow]) -> tuple[Answer, ...]:
    """Return the answers to all claims that the results carry: by method, claims in their order, then by row.

    Verdicts count where they hold with all comparisons of their role on the board.
    """
    claims = {result.method: result.claims for result in results if result.claims and not result.is_diagnostic}
    asked = [row for row in rows if row.primary or row.further is not None]
    pruned = [row for row in asked if row.role == "method" and row.status != "diagnostic"]
    found = []
    for method in sorted(claims):
        own = [row for row in pruned if row.method == method]
        for claim in claims[method]:
            found += _answers(claim, method, [row for row in own if _covers(claim, row)])
    return tuple(found)


def _covers(claim: Claim, row: BoardRow) -> bool:
    """Return whether a row is in the range of a claim; a size that another scorer sets is a share of the rows."""
    name, options = split_reference(row.cell.task)
    # what authors claim is about their data as they are
    if claim.further != (row.further is not None) or "label_noise" in options:
        return False
    share = kept_share(row.cell.keep)
    if share is None and row.cell.keep != row.method:
        share = None if row.kept is None else row.kept.share
        if share is None:
            return False
    if claim.budget not in (None, row.cell.budget):
        return False
    return claim.covers(name, share)


def _answers(claim: Claim, method: str, rows: Sequence[BoardRow]) -> list[Answer]:
    if claim.relation == "other":
        return [Answer(method, claim, "not tested", "no comparison of this board is about it")]
    if not rows:
        return [Answer(method, claim, "not tested", "no row of this board is in its range")]
    if claim.relation == "size varies":
        models = sorted({row.cell.model for row in rows})
        return [_sizes(claim, method, [row for row in rows if row.cell.model == model], model) for model in models]
    return [_answer(claim, row) for row in rows]


def _answer(claim: Claim, row: BoardRow) -> Answer:
    found = _comparison(claim, row)
    answer, reason = _verdict(claim, row, found)
    return Answer(row.method, claim, answer, reason, row.cell, found, one_scoring=row.scorings == 1)


def _comparison(claim: Claim, row: BoardRow) -> Comparison | None:
    if claim.relation == "not worse than full":
        return row.against("full")
    if claim.against == RANDOM:
        return row.against("random")
    return next((c for c in row.comparisons if c.role == "rival" and c.baseline == claim.against), None)


def _verdict(claim: Claim, row: BoardRow, found: Comparison | None) -> tuple[Answered, str]:
    if found is None:
        against = "the full data" if claim.against is None else claim.against
        return "not tested", f"not compared with {against} here"
    if not row.seeds or found.difference is None:
        return "not tested", "no result"
    if not found.decided:
        return "not tested", str(found.verdict or "no test")
    if claim.relation == "not worse than full":
        return _against_full(claim, found), ""
    if not found.holds_over_board or found.verdict == "undecided":
        return "undecided", ""
    for_it = "superior" if claim.relation == "better than" else "worse"
    return ("supported" if found.verdict == for_it else "contradicted"), ""


def _against_full(claim: Claim, found: Comparison) -> Answered:
    """Return the answer at the board's margin, or at the loss that the claim allows."""
    if claim.loss is None:
        if not found.holds_over_board or found.verdict == "undecided":
            return "undecided"
        return "supported" if found.verdict == "non-inferior" else "contradicted"
    if found.excluded is not None and found.excluded <= claim.loss:
        return "supported"
    return "contradicted" if found.high is not None and found.high < -claim.loss else "undecided"


def _sizes(claim: Claim, method: str, rows: Sequence[BoardRow], model: str) -> Answer:
    """Return whether the sizes of two tasks lie apart, over all seeds of each."""
    by_task = {row.cell.task: _range(row.kept, row.train_rows) for row in rows if row.kept and row.train_rows}
    if len(by_task) < 2:
        return Answer(method, claim, "not tested", f"{model}: sizes of one task only")
    listed = ", ".join(f"{task} {low:.1%} to {high:.1%}" for task, (low, high) in sorted(by_task.items()))
    apart = max(low for low, _ in by_task.values()) > min(high for _, high in by_task.values())
    return Answer(method, claim, "supported" if apart else "undecided", f"{model}: {listed}")


def _range(kept: Kept, rows: int) -> tuple[float, float]:
    return kept.least / rows, kept.most / rows


def counts(answers: Iterable[Answer]) -> Mapping[Answered, int]:
    """Return how many answers there are of each kind, kinds without one included."""
    made: dict[Answered, int] = {"supported": 0, "contradicted": 0, "undecided": 0, "not tested": 0}
    for answer in answers:
        made[answer.answer] += 1
    return made
