"""At which numbers of seeds the results of a table are looked at, and at which level its verdicts are made."""

from __future__ import annotations

from hbench.board.contests import Contest
from hbench.results.looks import ALPHA, Looks


def looks_of(contest: Contest) -> Looks | None:
    """Return the longest plan of a table's results and all their looks without one; None where there is neither."""
    cells = contest.cells if contest.full is None else (contest.full, *contest.cells)
    found = [cell.looks for cell in cells if cell.looks is not None]
    if not found:
        return None
    planned = max((looks.planned for looks in found), key=lambda plan: (len(plan), plan))
    return Looks(planned, tuple(sorted({seeds for looks in found for seeds in looks.unplanned})))


def level_of(contest: Contest) -> float:
    """Return the level of a table's verdicts."""
    looks = looks_of(contest)
    return ALPHA if looks is None else looks.level
