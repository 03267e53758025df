"""How long a board takes to build: 327 cells of 6 seeds and 2,000 evaluation examples, every test recomputed.

    python -m pytest benchmarks/bench_board.py

Compared, for one difference of one cell, with what papers use: 10,000 resamples of the examples by scipy's bootstrap.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.synthetic_results import small_board, write_all

from hbench.render.publish import build
from hbench.statistics import crossed_test


def test_build(benchmark: Any, tmp_path: Path) -> None:
    """Build a large board from its result files."""
    keeps = tuple(f"0.{i}" for i in range(1, 10))
    cells = small_board(tasks=("snli", "mnli", "sst2"), keeps=keeps, examples=2000)
    offsets = [f"el2n[offset=0.{i}]" for i in range(8)]
    cells += [replace(c, method=m, compared=(m, "random")) for c in cells if c.method == "el2n" for m in offsets]
    results = write_all(cells, tmp_path / "results")
    benchmark.extra_info["cells"] = len(cells)
    benchmark(build, results, tmp_path)


def test_one_crossed_test(benchmark: Any) -> None:
    """Time the crossed test of one cell."""
    method, baseline = np.random.default_rng(0).random((2, 6, 2000)).round()
    benchmark(crossed_test, method, baseline)


def test_one_bootstrap(benchmark: Any) -> None:
    """Time a bootstrap over examples of the same cell, which ignores the seeds."""
    method, baseline = np.random.default_rng(0).random((2, 6, 2000)).round()
    difference = (method - baseline).mean(0)
    benchmark.pedantic(stats.bootstrap, args=((difference,), np.mean), kwargs={"n_resamples": 10000}, rounds=3)
