"""False claims of whole boards without any true difference, through the functions that make a board.

`PYTHONPATH=tests python tests/statistics/test_board_rules.py 2000` prints the table of docs/statistics.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from support.synthetic_results import cell, with_trivial

from hbench.board.board import Board
from hbench.results.cell import CellResult
from hbench.results.outcomes import Outcomes

EXAMPLES, MARGIN = 300, 0.05
METHODS = ("random", *(f"method{i}" for i in range(6)))
TRIVIAL = (np.arange(EXAMPLES) < 0.34 * EXAMPLES).astype(float)
#: Where one run in six gives the trivial answer.
COLLAPSE = {"none": (), "everywhere": ("full", *METHODS), "random": ("random",), "methods": METHODS[1:]}


def board(rng: np.random.Generator, seeds: int, collapse: str) -> Board:
    """Return a board of one table: random and six methods that all lose exactly the margin against the full data."""
    easy = rng.uniform(0.6, 0.85, EXAMPLES)

    def made(method: str) -> CellResult:
        level = easy - (0 if method == "full" else MARGIN) + rng.normal(0, 0.02, (seeds, 1))
        level = level + rng.normal(0, 0.03, EXAMPLES)
        rows = (rng.random((seeds, EXAMPLES)) < level).astype(float)
        if method in COLLAPSE[collapse]:
            rows[rng.random(seeds) < 1 / 6] = TRIVIAL
        return replace(
            cell("snli", method, seeds=range(seeds), examples=EXAMPLES),
            margin=MARGIN,
            values=tuple(rows.mean(axis=1).tolist()),
            examples=Outcomes.encode(list(rows)),
        )

    return Board.of([with_trivial(made("full")), *map(made, METHODS)])


def false_claims(seeds: int, collapse: str, boards: int) -> tuple[float, float, float]:
    """Return the shares of boards with a false superior or worse, with a false non-inferior, and with verdicts."""
    rng = np.random.default_rng([seeds, list(COLLAPSE).index(collapse)])
    found = []
    for _ in range(boards):
        compared = [c for row in board(rng, seeds, collapse).rows for c in row.comparisons if c.role != "trivial"]
        said = {(c.role, c.verdict) for c in compared}
        found.append(
            (
                ("random", "superior") in said or ("random", "worse") in said,
                ("full", "non-inferior") in said,
                any(c.decided for c in compared),
            )
        )
    superior, non_inferior, decided = np.mean(found, axis=0).tolist()
    return superior, non_inferior, decided


CASES = [
    *((seeds, "none") for seeds in (4, 6, 12)),
    *((seeds, where) for seeds in (6, 12) for where in ("everywhere", "random", "methods")),
]
#: Boards of a case in the tests, and the cases: what a minute allows. The table above takes all of them.
BOARDS, TESTED = 80, [case for case in CASES if case[0] < 12 and case != (6, "everywhere")]


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "collapse"), TESTED)
def test_boards_without_a_difference_claim_none(seeds, collapse):
    superior, non_inferior, _ = false_claims(seeds, collapse, BOARDS)
    bar = 0.05 + 2 * (0.05 * 0.95 / BOARDS) ** 0.5
    assert superior <= bar
    assert non_inferior <= bar


def test_a_board_whose_random_subset_collapses_once_claims_nothing_against_it():
    rng = np.random.default_rng(1)
    boards = [board(rng, 6, "random") for _ in range(8)]
    rows = [row for made in boards for row in made.rows]
    unstable = {id(made) for made in boards for row in made.rows if row.role == "random" and row.unstable}
    assert 0 < len(unstable) < len(boards)
    assert all(row.role == "random" for row in rows if row.unstable)
    for made in boards:
        said = {c.verdict for row in made.rows for c in row.comparisons if c.role == "random"}
        assert (said == {"unstable"}) == (id(made) in unstable)


def lines(boards: int) -> Iterator[str]:
    """Return the table of docs/statistics.md, line by line."""
    yield "| seeds | one run in six collapses in | superior or worse, % | non-inferior, % | tables with a verdict, % |"
    yield "|---|---|---|---|---|"
    for seeds, collapse in CASES:
        shares = " | ".join(f"{100 * share:.1f}" for share in false_claims(seeds, collapse, boards))
        yield f"| {seeds} | {collapse} | {shares} |"


if __name__ == "__main__":
    for line in lines(int(sys.argv[1])):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
