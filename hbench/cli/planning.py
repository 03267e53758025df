"""`hbench plan`: what a suite would run, what is shared, and what it costs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hbench.cli.options import json_option, run_options
from hbench.cli.output import counted, print_json, print_table, print_text
from hbench.cli.reading import chosen_suite
from hbench.errors import UsageError
from hbench.experiment.rates import Rate, machine_name, rates_file, read_rate, write_rate

#: Columns of the table: field of an estimate -> heading.
_COLUMNS = {
    "task": "task",
    "model": "model",
    "full_runs": "full runs",
    "score_jobs": "scores",
    "pruned_runs_at_most": "pruned runs",
    "cost_at_most": "cost",
    "cost_unshared": "unshared",
    "hours_at_most": "hours",
    "flops_at_most": "FLOPs",
    "gpu_hours_at_most": "GPU hours",
    "flops_per_job": "FLOPs a job",
    "gpu_hours_per_job": "GPU hours a job",
    "memory_gib": "GiB a job",
}


@click.command(short_help="Show what a suite would run, and what it costs.")
@run_options
@json_option
@click.option("--calibrate", is_flag=True, help="Train for a few seconds to measure this machine, and keep its rate.")
def plan(
    suite: str | None,
    as_json: bool,
    calibrate: bool,
    plugins: tuple[Path, ...],
    data_dir: Path | None,
    store: Path,
    results: Path | None,
    out: Path | None,
    jobs: int | None,
    device: str,
    checkpoint_minutes: float,
    quiet: bool,
    **changes: Any,
) -> None:
    """Show what SUITE would run: jobs, what they share, and the cost in full trainings.

    SUITE is a shipped name (see `hbench list suites`) or a TOML file. The options are those of `hbench run`, and what
    that would refuse at once is refused here. Nothing is downloaded, trained or written, but what --calibrate measures.
    """
    from hbench.experiment.check import check_run
    from hbench.experiment.estimate import ASSUMED_RATE, estimate
    from hbench.experiment.folders import Folders
    from hbench.experiment.plan import make_plan

    planned = make_plan(chosen_suite(suite, changes))
    check_run(planned, Folders.beside(store, results, out), data_dir=data_dir, jobs=jobs)
    rate = _calibrated(device) if calibrate else read_rate(_kind(device))
    estimated = asdict(estimate(planned, store, None if rate is None else rate.flops))
    if as_json:
        print_json({**estimated, "rate": None if rate is None else asdict(rate)})
        return
    rows = [*estimated["experiments"], {"task": "total", "model": "", **estimated["total"]}]
    print_table(list(_COLUMNS.values()), [[_shown(key, row[key]) for key in _COLUMNS] for row in rows])
    click.echo()
    for sets, runs, scorers in _scoring(estimated["scoring"]):
        about = "; one set for all seeds: its verdicts are about these examples, not the method" if sets == 1 else ""
        print_text(f"Scored by {sets} x {counted(runs, 'run')}: {', '.join(scorers)}{about}.")
    for task, further in {e["task"]: e["further"] for e in estimated["experiments"]}.items():
        if further:
            print_text(f"Every model trained on {task} is also evaluated on {', '.join(further)}.")
    print_text(
        "Pruned runs and cost are upper bounds: scorers that select the same examples share a run. Cost counts in "
        "trainings on the full data of the same task and model; unshared, if every scorer trained its own scoring "
        "runs. FLOPs take every sequence to be as long as the recipe allows. A job's memory is 16 bytes a parameter "
        "(weights, gradients, AdamW) and the activations of a batch; its FLOPs are those of one training on the full "
        f"data. GPU hours are FLOPs at {ASSUMED_RATE / 1e12:,.0f} TFLOP/s, which is assumed, not measured. Hours are "
        "those of one job after the other: measured by the full-data runs that have finished in --store, "
        + (
            "without such a run not known; --calibrate measures this machine."
            if rate is None
            else f"else FLOPs at {rate.flops / 1e9:,.0f} GFLOP/s, measured on {rate.device} of {rate.machine} in "
            f"{rate.precision} ({rate.model})."
        )
    )


def _scoring(scoring: list[dict[str, Any]]) -> list[tuple[int, int, list[str]]]:
    """Return sets of scores, runs that each takes, and the scorers of which that holds."""
    groups: dict[tuple[int, int], list[str]] = {}
    for found in scoring:
        groups.setdefault((found["sets"], found["runs"]), []).append(found["scorer"])
    return [(sets, runs, scorers) for (sets, runs), scorers in groups.items()]


def _shown(column: str, value: Any) -> Any:
    return f"{value:.2e}" if column.startswith("flops") and value is not None else value


def _kind(device: str) -> str:
    """Return `cpu` or `cuda`, whichever a device of a run is; an hour is that of one GPU, however many there are."""
    from hbench.training.device import resolve_device

    return resolve_device(device).partition(":")[0]


def _calibrated(device: str) -> Rate:
    """Measure the device and keep its rate. Raises UsageError where the rate cannot be kept."""
    from hbench.training.calibration import measure  # imports torch, which no other plan does

    kind = _kind(device)
    flops, name, precision = measure(kind)
    rate = Rate(machine_name(), name, precision, "a made-up encoder, batches of 32 x 128 tokens", flops)
    try:
        write_rate(kind, rate)
    except OSError as error:
        raise UsageError(f"{rates_file()}: cannot be written ({error.strerror}); set XDG_CACHE_HOME") from None
    return rate
