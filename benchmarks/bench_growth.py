"""How the numbers of a board grow with its methods and its seeds: results are read and worked out on one core.

    python -m benchmarks.bench_growth --methods 5 10 20 40 --seeds 6 12 24 48 --json growth.json

One task with 1,000 evaluation examples and five sizes of subset. Examples and runs grow in `bench_scale`, results in
`bench_results`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.synthetic_results import small_board, with_trivial, write_all

from hbench.board.board import Board
from hbench.experiment.seeds import training_seeds
from hbench.results.folder import results_of

KEEPS = tuple(f"0.{k}" for k in range(1, 6))
ROUNDS = 3


def board_seconds(methods: int, seeds: int) -> dict[str, float]:
    """Return the processor seconds that reading the results and working out the board take, the least of a few rounds.

    methods: those beside the random baseline.
    """
    names = ("random", *(f"el2n[offset=0.{number:03d}]" for number in range(1, methods + 1)))
    full, *rows = small_board(tasks=("t",), keeps=KEEPS, methods=names, examples=1000, seeds=training_seeds(seeds))
    read, worked = [], []
    with tempfile.TemporaryDirectory() as folder:
        write_all([with_trivial(full), *rows], Path(folder))
        for _ in range(ROUNDS):
            started = time.process_time()
            results = results_of(Path(folder))
            read.append(time.process_time() - started)
            started = time.process_time()
            Board.of(results)
            worked.append(time.process_time() - started)
    return {"results": 1 + len(rows), "read_cpu_seconds": min(read), "statistics_cpu_seconds": min(worked)}


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--methods", type=int, nargs="+", default=[5, 10, 20, 40])
    parser.add_argument("--seeds", type=int, nargs="+", default=[6, 12, 24, 48])
    given = parser.parse_args()
    found = {
        "title": "Growth of a board",
        "about": f"One task, {len(KEEPS)} sizes, 1,000 evaluation examples; processor seconds of one core",
        "parts": [
            part("methods", [{"methods": n, **board_seconds(n, 6)} for n in given.methods], "6 seeds"),
            part("seeds", [{"seeds": n, **board_seconds(5, n)} for n in given.seeds], "5 methods"),
        ],
    }
    text = json.dumps(found, indent=1)
    if given.json is None:
        sys.stdout.write(text + "\n")
    else:
        given.json.write_text(text + "\n")


def part(name: str, rows: Sequence[dict[str, Any]], rest: str) -> dict[str, Any]:
    """Return a table of the page."""
    return {"title": f"By {name}, {rest}", "rows": list(rows)}


if __name__ == "__main__":
    main()
