"""One record for every paired test of a row, and rooms that know neither text nor the words of the file format."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from support.boards import board_of
from support.paths import ROOT
from support.synthetic_results import SEEDS, cell, failing, outcomes_of, small_board, with_rivals, with_trivial

from hbench.board.comparisons import Comparison
from hbench.statistics import two_t_test


def one_column(*rivals: str):
    full, *others = with_rivals(small_board(tasks=("snli",), keeps=("0.3",)), *rivals)
    return [with_trivial(full), *others]


def row_of(cells, method: str):
    return next(row for row in board_of(cells).rows if row.method == method)


def test_a_row_holds_its_comparisons_by_role():
    cells = one_column("el2n", "length")
    roles = {row.method: [(c.role, c.baseline) for c in row.comparisons] for row in board_of(cells).rows}
    to_both = [("full", "full"), ("random", "random")]
    assert roles == {
        "full": [("trivial", "always entailment")],
        "random": [("full", "full")],
        "el2n": [*to_both, ("rival", "length")],
        "length": [*to_both, ("rival", "el2n")],
        "h-score": [*to_both, ("rival", "el2n"), ("rival", "length")],
    }


@pytest.mark.parametrize(("role", "method"), [("full", "full"), ("random", "random"), ("rival", "el2n")])
def test_every_role_is_the_same_paired_test(role, method):
    found = row_of(one_column("el2n"), "h-score").against(role)
    ours, theirs = (np.stack(outcomes_of("snli", m, k)) for m, k in (("h-score", "0.3"), (method, _keep(method))))
    assert found.test == two_t_test(ours, theirs)
    assert found.cell == cell(method="h-score").cell
    assert found.p == (found.test.p_of(-0.01) if role == "full" else found.test.p)
    assert found.p_adjusted >= found.p


def _keep(method: str) -> str:
    return "1" if method == "full" else "0.3"


def test_a_baseline_without_a_result_is_a_comparison_without_a_test():
    cells = [failing(c, *SEEDS) if c.method == "random" else c for c in one_column() if c.method != "full"]
    full, random = row_of(cells, "el2n").comparisons
    assert full == Comparison(cell().cell, "full", "full", "missing")
    assert random == Comparison(cell().cell, "random", "random", "failed")
    assert random.difference is random.low is random.p is random.verdict is random.pairs is None


def imports_of(folder: Path) -> set[str]:
    """The modules, and the names from them, that the modules of a room import."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_the_words_of_the_file_format_are_known_where_files_are_read_and_written_only():
    for room in ("board", "render", "statistics", "cli"):
        assert "hbench.results.labels" not in imports_of(ROOT / "hbench" / room), room


def test_rooms_import_downward_only():
    above = {"results": ("board", "render"), "board": ("render",)}
    for room, rooms in above.items():
        names = imports_of(ROOT / "hbench" / room)
        assert not [name for name in names if name.startswith(tuple(f"hbench.{other}" for other in rooms))], room
