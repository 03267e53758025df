"""docs/performance.md, from the JSON files of the benchmarks.

python -m benchmarks.report DIR > docs/performance.md
"""

from __future__ import annotations

import heapq
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

#: What a GPU is taken to do where none was measured: an H100's 989 TFLOP/s in bf16 (data sheet, without sparsity), of
#: which fine-tuning short texts is taken to use 35 %.
PEAK, USED = 989e12, 0.35
GPUS = (1, 8, 64)
#: What grows: the column of a size, by which the others are compared.
SIZES = ("examples", "results", "runs", "methods", "seeds")


def page(folder: Path) -> str:
    """Return the whole page."""
    summary = json.loads((folder / "summary.json").read_text())
    parts = ["# Performance", "", *_head(summary)]
    for bench in summary["benches"]:
        parts += ["", *_bench(bench, folder / f"{bench['name']}.json")]
    return "\n".join([*parts, "", *on_paper(), ""])


def _head(summary: dict[str, Any]) -> list[str]:
    machine = summary["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return [
        "Written by `python -m benchmarks` from the JSON files of its benchmarks; do not edit. Figures are medians. "
        "Only ratios within one run are worth comparing with those of another machine.",
        "",
        f"Measured on {machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}: {versions}.",
        *(["", "**Tiny settings: these figures try the command and mean nothing.**"] if summary["quick"] else []),
    ]


def _bench(bench: dict[str, Any], file: Path) -> list[str]:
    title = bench["name"].removeprefix("bench_").replace("_", " ").capitalize()
    shown = " ".join(["python", *(part if not part.startswith("/") else Path(part).name for part in bench["command"])])
    if bench["code"] != 0 or not file.is_file():
        return [f"## {title}", "", f"`{shown}` did not finish: {bench['code']}."]
    found = json.loads(file.read_text())
    if "benchmarks" in found:
        rows = [
            {"measured": one["name"].removeprefix("test_"), "seconds": one["stats"]["median"], **one["extra_info"]}
            for one in found["benchmarks"]
        ]
        return [f"## {title}", "", f"`{shown}`", "", *_table(rows)]
    rest = {name: value for name, value in found.items() if name not in ("title", "about", "rows", "raw")}
    lines = [
        f"## {found.get('title', title)}",
        "",
        f"`{shown}`",
        "",
        *([found["about"] + ".", ""] if "about" in found else []),
    ]
    lines += _table(found.get("rows", []))
    lines += ["", *(f"- {name.replace('_', ' ')}: {_cell(value)}" for name, value in rest.items())] if rest else []
    growth = list(_growth(found.get("rows", [])))
    return [
        *lines,
        *(["", "Growth, as the exponent between the two largest sizes: " + "; ".join(growth) + "."] if growth else []),
    ]


def _growth(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    """Yield how each time grows: b where it is proportional to size^b; n log n is about 1.1 from 10^5 to 10^7."""
    by = next((name for name in SIZES if rows and name in rows[0]), None)
    if by is None:
        return
    for task in dict.fromkeys(row.get("task") for row in rows):
        of_task = sorted((row for row in rows if row.get("task") == task), key=lambda row: row[by])
        if len(of_task) < 2:
            continue
        small, large = of_task[-2:]
        for name in (n for n in large if n == "seconds" or n.endswith("_seconds")):
            if small.get(name, 0) > 0 and large[name] > 0 and large[by] > small[by]:
                power = math.log(large[name] / small[name]) / math.log(large[by] / small[by])
                yield f"{task or name.removesuffix('_seconds')} {power:.2f}"


def on_paper() -> list[str]:
    """Return the section that works out the suite `paper` on GPUs that were not there."""
    from hbench.experiment.estimate import estimate
    from hbench.experiment.plan import make_plan
    from hbench.experiment.suite_file import load_suite

    found, rate = estimate(make_plan(load_suite("paper"))), PEAK * USED
    rows: list[dict[str, Any]] = []
    first: list[float] = []
    second: list[float] = []
    for one in found.experiments:
        assert one.flops_at_most is not None
        whole = one.flops_at_most / one.cost_at_most
        pruned = one.pruned_runs_at_most
        # full runs carry the passes of scoring; what the estimate has beyond them are the pruned runs
        first += [whole * _PASSES] * one.full_runs
        second += [max(0.0, one.flops_at_most - whole * _PASSES * one.full_runs) / pruned] * pruned
        rows.append(
            {
                "task": one.task,
                "model": one.model,
                "FLOPs of a training": f"{whole:.2e}",
                "trainings' worth": one.cost_at_most,
                "FLOPs": f"{one.flops_at_most:.2e}",
                "GiB a job": one.memory_gib,
            }
        )
    total = found.total.flops_at_most or 0.0
    spans = [
        {
            "GPUs": gpus,
            "total / (GPUs x rate), hours": round(total / rate / gpus / 3600, 1),
            "full runs, hours": round(makespan(first, gpus) / rate / 3600, 1),
            "then pruned runs, hours": round(makespan(second, gpus) / rate / 3600, 1),
            "together, hours": round((makespan(first, gpus) + makespan(second, gpus)) / rate / 3600, 1),
        }
        for gpus in GPUS
    ]
    return [
        "## The suite `paper` on paper",
        "",
        "Worked out, not measured: operations as `hbench plan paper` counts them, every sequence as long as the recipe "
        f"allows, over a rate of {PEAK / 1e12:.0f} TFLOP/s x {USED:.0%} = {rate / 1e12:.0f} TFLOP/s for each GPU "
        "(H100, bf16, and the share of its peak that is taken to be used). A training takes 3 x epochs x sequences x "
        "layers x (8 T w^2 + 4 T w v + 4 T^2 w) operations; memory is 16 bytes a parameter and T B w (34 + 5 a T / w) "
        "bytes a layer.",
        "",
        *_table(rows),
        "",
        f"In all {total:.2e} operations, {total / rate / 3600:,.0f} GPU hours at that rate. Pruned runs start when the "
        "full runs have given the scores; a job runs on one GPU, the longest first, so that with many GPUs the longest "
        "job and the last round decide.",
        "",
        *_table(spans),
    ]


#: A full run of the suite observes after one epoch for EL2N and GraNd: about this many trainings.
_PASSES = 1.5


def makespan(jobs: Sequence[float], workers: int) -> float:
    """Return when the last of `jobs` ends, the longest started first, each on the worker that is free first."""
    free = [0.0] * workers
    for job in sorted(jobs, reverse=True):
        heapq.heapreplace(free, free[0] + job)
    return max(free)


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not columns:
        return []
    lines = ["| " + " | ".join(name.replace("_", " ") for name in columns) + " |", "|" + "---|" * len(columns)]
    return [*lines, *("| " + " | ".join(_cell(row.get(name)) for name in columns) + " |" for row in rows)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(inner)}" for name, inner in value.items())
    return str(value)


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1])))
