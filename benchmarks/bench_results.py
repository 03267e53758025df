"""A board of many results: reading, statistics, pages and figures, each timed, and how they grow.

    python benchmarks/bench_results.py --results 500 5000 --json results.json

A board is made of evaluations with a full-data result and 10 tables (5 sizes, 2 budgets) of 10 methods, 6 seeds and
1,000 examples each. On two cores tables and statistics are to take 10 seconds for 5,000 results, all of it 90 for
50,000.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.synthetic_results import small_board, with_trivial

from hbench.board.board import Board
from hbench.parallel import spread
from hbench.render import publish
from hbench.render.figures.drawing import draw
from hbench.render.figures.plots import plots_of
from hbench.render.html.page import html_page
from hbench.render.sections import page_of
from hbench.results.folder import results_of

METHODS = ("random", *(f"el2n[offset=0.{number:02d}]" for number in range(1, 10)))
T = TypeVar("T")


def write_results(folder: Path, results: int) -> int:
    """Write at least so many result files; return how many."""
    keeps = tuple(f"0.{k}" for k in range(1, 6))
    full, *rows = small_board(tasks=("t",), keeps=keeps, methods=METHODS, examples=1000)
    one = [with_trivial(full), *(replace(row, budget=b) for b in ("equal-epochs", "equal-steps") for row in rows)]
    count = -(-results // len(one))
    for number in range(count):
        for result in one:
            made = replace(result, task=f"t{number // 5}", model=f"m{number % 5}")
            path = folder / made.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made.dump())
    return count * len(one)


def timed(seconds: dict[str, float], name: str, call: Callable[[], T]) -> T:
    """Call and keep how long it took, and the time of this process's and its children's processors."""
    started, before = time.perf_counter(), os.times()
    found = call()
    after = os.times()
    seconds[f"{name}_seconds"] = round(time.perf_counter() - started, 2)
    seconds[f"{name}_cpu"] = round(sum(after[:4]) - sum(before[:4]), 2)
    return found


def measure(results: int, figures: bool) -> dict[str, float]:
    """Return the seconds of every step of a board."""
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        seconds["results"] = write_results(Path(folder), results)
        cells = timed(seconds, "read", lambda: results_of(Path(folder)))
    board = timed(seconds, "statistics", lambda: Board.of(cells))
    page = timed(seconds, "layout", lambda: page_of(board))
    timed(seconds, "pages", lambda: publish.files_of(page))
    timed(seconds, "html", lambda: html_page(page, {}))
    if figures:
        plots = list(plots_of(board).values())
        timed(seconds, "figures", lambda: spread(draw, plots, fewest=1))
    return seconds


def main() -> None:
    """Measure boards of growing sizes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--no-figures", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = {
        "title": "Boards of many results",
        "about": "tables of 10 methods, 6 seeds, 1,000 examples",
        "rows": [measure(results, not given.no_figures) for results in given.results],
    }
    text = json.dumps(found, indent=1)
    if given.json is None:
        sys.stdout.write(text + "\n")
    else:
        given.json.write_text(text)


if __name__ == "__main__":
    main()
