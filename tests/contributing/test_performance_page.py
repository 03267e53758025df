"""The page of benchmarks says what was measured, how it grows, and what was kept from an earlier run."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.paths import ROOT

MACHINE = {
    "processor": "abacus",
    "instructions": "beads",
    "cores": 2,
    "memory_gib": 1,
    "system": "wood",
    "python": "3",
    "versions": {"torch": "2"},
}


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of the benchmarks by its name."""
    monkeypatch.syspath_prepend(str(ROOT))

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"benchmarks.{name}")

    return module


def bench(name: str, **changes: object) -> dict[str, object]:
    return {"name": name, "command": ["-m", f"benchmarks.{name}"], "commit": "aaa", "code": 0, "seconds": 1, **changes}


def measured(folder: Path, found: dict[str, Any], **changes: object) -> None:
    """Write what one benchmark found, and the summary of a run."""
    one = bench("bench_some", **changes)
    (folder / "bench_some.json").write_text(json.dumps(found))
    summary = {"machine": MACHINE, "commit": "aaa", "quick": False, "benches": [one]}
    (folder / "summary.json").write_text(json.dumps(summary))


def test_rows_are_a_table_and_sizes_give_the_exponent_of_processor_time(benchmarks: Any, tmp_path: Path) -> None:
    rows = [
        {"examples": n, "task": task, "seconds": 1.0, "cpu_seconds": n**power / 1e6}
        for n in (100, 1000, 10000)
        for task, power in (("linear", 1), ("square", 2))
    ]
    measured(tmp_path, {"title": "Some", "about": "what it is", "rows": rows, "raw": {"never": "shown"}, "sum": 3})
    page = benchmarks("report").page(tmp_path)
    assert "## Some" in page
    assert "| examples | task | seconds | cpu seconds |" in page
    assert "from 1,000 to 10,000 examples (n log n: 1.12); linear 1.00; square 2.00." in page
    assert "- sum: 3" in page
    assert "never" not in page
    assert "abacus (beads), 2 cores" in page
    assert "docs/gpu.md" in page


def test_parts_are_tables_of_their_own_with_their_own_growth(benchmarks: Any, tmp_path: Path) -> None:
    by_runs = [{"runs": n, "seconds": float(n)} for n in (3, 6)]
    by_seeds = [{"seeds": n, "read_cpu_seconds": float(n**2), "read_seconds": 9.0} for n in (6, 12)]
    parts = [{"title": "Runs", "rows": by_runs}, {"title": "Seeds", "about": "More.", "rows": by_seeds}]
    measured(tmp_path, {"title": "Some", "parts": parts})
    page = benchmarks("report").page(tmp_path)
    assert "### Runs" in page
    assert "from 3 to 6 runs (n log n: 1.71); all 1.00." in page
    assert "More." in page
    assert "read 2.00." in page


def test_a_benchmark_that_failed_and_one_of_another_commit_are_said(benchmarks: Any, tmp_path: Path) -> None:
    measured(tmp_path, {"title": "Some", "rows": []}, code="stopped after 9 s")
    assert "did not finish: stopped after 9 s" in benchmarks("report").page(tmp_path)
    measured(tmp_path, {"title": "Some", "rows": []}, commit="bbb")
    assert "(commit bbb)" in benchmarks("report").page(tmp_path)


def test_what_was_measured_elsewhere_or_failed_is_not_kept(benchmarks: Any, tmp_path: Path) -> None:
    kept = benchmarks("__main__").kept
    assert kept(tmp_path, MACHINE, quick=False) == {}
    measured(tmp_path, {}, commit="unknown")
    assert set(kept(tmp_path, MACHINE, quick=False)) == {"bench_some"}
    assert kept(tmp_path, {**MACHINE, "versions": {"torch": "3"}}, quick=False) == {}
    assert kept(tmp_path, MACHINE, quick=True) == {}
    measured(tmp_path, {}, commit="0000000")
    assert kept(tmp_path, MACHINE, quick=False) == {}
    measured(tmp_path, {}, commit="unknown", code=1)
    assert kept(tmp_path, MACHINE, quick=False) == {}


def test_a_comparison_of_trainings_reads_as_a_table_for_each(benchmarks: Any) -> None:
    rates = {"tokens_per_cpu_second": 10.4, "tokens_per_second": 9.6, "parameters": 5, "peak_mib": 7.5}
    race = {
        "steps": {"trainer-default": 8, "hbench": 50},
        "rounds": 5,
        "arms": {"trainer-default": rates, "hbench": rates},
        "times_the_rate_of": {"trainer-default": {"cpu": 2.0, "seconds": 1.9}},
    }
    losses = {"hbench": [0.5, 0.6], "trainer-default": [0.5, 0.7], "difference": -0.05, "standard_error": 0.1}
    whole = {"hbench, two jobs": 20.0, "trainer-best, two threads": 10.0, "ratio": 2.0}
    told = benchmarks("bench_training").told({"machine": {}, "snli": race, "losses": losses, "whole_machine": whole})
    titles = [part["title"] for part in told["parts"]]
    assert titles == ["SNLI: pairs of short texts, one thread", "The whole machine", "The same losses"]
    first, last = told["parts"][0]["rows"]
    assert first["contestant"] == "Trainer, as it comes"
    assert first["hbench:_so_many_times_as_fast,_processor_time"] == 2.0
    assert last["hbench:_so_many_times_as_fast,_clock"] is None
    assert told["parts"][2]["rows"][1]["seed_2"] == "0.7000"
    assert told["raw"]["snli"] == race
