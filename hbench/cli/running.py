"""`hbench run`: run a suite and print its leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hbench.cli.options import STORE, run_options
from hbench.cli.output import counted, print_lines
from hbench.cli.reading import chosen_suite
from hbench.experiment.folders import Folders

if TYPE_CHECKING:
    from hbench.experiment.suite import Suite


@click.command(short_help="Run a suite and print its leaderboard.")
@run_options
def run(
    suite: str | None,
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
) -> int:
    """Run SUITE and print its leaderboard; what the store holds already is not run again.

    SUITE is a shipped name (see `hbench list suites`) or a TOML file; it may be left out where --data and --eval name
    rows of your own. Exit code 1 when some cells failed.
    """
    from hbench.cli.progress import watch
    from hbench.experiment.check import check_run
    from hbench.experiment.plan import make_plan
    from hbench.jobs.store import Store
    from hbench.training.interrupts import stop_signals

    chosen = chosen_suite(suite, changes)
    folders = Folders.beside(store, results, out)
    check_run(make_plan(chosen), folders, data_dir=data_dir, jobs=jobs)
    Store(store).prepare()

    with stop_signals(), watch(quiet=quiet) as progress:
        progress.note(_announcement(chosen))
        # the imports take seconds, hence after everything that is said at once
        from hbench.experiment.run import run_suite

        report = run_suite(
            chosen,
            store=folders.store,
            results=folders.results,
            out=folders.out,
            data_dir=data_dir,
            jobs=jobs,
            device=device,
            checkpoint_minutes=checkpoint_minutes,
            plugins=plugins,
            progress=progress,
        )
        progress.note(
            f"{counted(report.ran, 'job')} run, {report.reused} finished before, {report.failed_jobs} failed; "
            f"the board is in {report.page}"
        )
    print_lines(report.board)
    if not quiet:  # to standard error: what is piped is the board alone
        click.echo("\n".join(["", "Next:", *_next(chosen.name, folders.results)]), err=True)
    return 1 if report.failed_cells else 0


def _next(suite: str, results: Path) -> list[str]:
    """Return two commands to try next, with what they show."""
    here = f" --results {results}" if results != Folders.beside(STORE).results else ""
    commands = [
        (f"hbench leaderboard show{here}", "every table, and what its verdicts rest on"),
        (f"hbench leaderboard show{here} --format csv", "every number"),
    ]
    if suite == "quickstart":
        commands = [
            ("hbench run quickstart --scorer forgetting", "one more method; the trainings on all data are there"),
            ("hbench plan small", "the same on SST-2, SNLI and MNLI: what would run, and what it costs"),
        ]
    width = max(len(command) for command, _ in commands)
    return [f"  {command.ljust(width)}  # {about}" for command, about in commands]


def _announcement(suite: Suite) -> str:
    """Return a line that says what is about to run, before anything that takes time."""
    tasks = counted(len(suite.tasks) + len(suite.diagnose), "task")
    models, scorers = counted(len(suite.models), "model"), counted(len(suite.scorers), "scorer")
    return f"suite {suite.name}: {tasks}, {models}, {scorers}, {counted(suite.seeds, 'seed')}; loading libraries"
