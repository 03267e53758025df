"""`hbench plan`: what a suite would run, what is shared, and what it costs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hbench.cli.options import json_option, run_options
from hbench.cli.output import counted, print_json, print_table, print_text

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
}


@click.command(short_help="Show what a suite would run, and what it costs.")
@run_options
@json_option
def plan(
    suite: str,
    as_json: bool,
    plugins: tuple[Path, ...],
    data_dir: Path | None,
    store: Path,
    results: Path | None,
    out: Path | None,
    jobs: int | None,
    device: str,
    quiet: bool,
    **changes: Any,
) -> None:
    """Show what SUITE would run: jobs, what they share, and the cost in full trainings.

    SUITE is a shipped name (see `hbench list suites`) or a TOML file. The options are those of `hbench run`, and what
    that would refuse at once is refused here. Nothing is downloaded, trained or written.
    """
    from hbench.experiment.check import check_run
    from hbench.experiment.estimate import estimate
    from hbench.experiment.folders import Folders
    from hbench.experiment.plan import make_plan
    from hbench.experiment.suite_file import load_suite

    planned = make_plan(load_suite(suite).overridden(**changes))
    check_run(planned, Folders.beside(store, results, out), data_dir=data_dir, jobs=jobs)
    estimated = asdict(estimate(planned, store))
    if as_json:
        print_json(estimated)
        return
    rows = [*estimated["experiments"], {"task": "total", "model": "", **estimated["total"]}]
    print_table(list(_COLUMNS.values()), [[row[key] for key in _COLUMNS] for row in rows])
    click.echo()
    for sets, runs, scorers in _scoring(estimated["scoring"]):
        about = "; one set for all seeds: its verdicts are about these examples, not the method" if sets == 1 else ""
        print_text(f"Scored by {sets} x {counted(runs, 'run')}: {', '.join(scorers)}{about}.")
    print_text(
        "Pruned runs and cost are upper bounds: scorers that select the same examples share a run. Cost counts in "
        "trainings on the full data of the same task and model; unshared, if every scorer trained its own scoring "
        "runs. Hours are those of one job after the other, measured by the full-data runs that have finished in "
        "--store; without such a run they are not known."
    )


def _scoring(scoring: list[dict[str, Any]]) -> list[tuple[int, int, list[str]]]:
    """Return sets of scores, runs that each takes, and the scorers of which that holds."""
    groups: dict[tuple[int, int], list[str]] = {}
    for found in scoring:
        groups.setdefault((found["sets"], found["runs"]), []).append(found["scorer"])
    return [(sets, runs, scorers) for (sets, runs), scorers in groups.items()]
