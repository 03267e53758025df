"""`hbench run`: do a suite and print its leaderboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from hbench.cli.options import place_options, places, suite_options
from hbench.errors import UsageError


def _device(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value) is None:
        raise UsageError(f"--device {value}: unknown device; use auto, cpu, cuda, cuda:N or mps")
    return value


@click.command(short_help="Run a suite and print its leaderboard.")
@suite_options
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    metavar="D",
    help="Folder with <task>/<split>.jsonl[.gz], .parquet or .csv, instead of the hub.",
)
@place_options
@click.option(
    "--executor",
    default="local",
    show_default=True,
    metavar="E",
    help="local (processes), inline, or an installed one.",
)
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Jobs at a time; by default one per core or GPU.")
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="D",
    callback=_device,
    help="auto, cpu, cuda (all GPUs), cuda:1, or mps.",
)
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def run(
    suite: str,
    plugins: tuple[Path, ...],
    data_dir: Path | None,
    store: Path,
    results: Path | None,
    out: Path | None,
    executor: str,
    jobs: int | None,
    device: str,
    quiet: bool,
    **changes: Any,
) -> int:
    """Run SUITE and print its leaderboard; what the store holds already is not run again.

    SUITE is a shipped name (see `hbench list suites`) or a TOML file. Exit code 1 when some cells failed.
    """
    from hbench.cli.progress import watch
    from hbench.experiment.suite_file import load_suite
    from hbench.jobs.store import Store

    chosen = load_suite(suite).overridden(**changes)
    if data_dir is not None and not data_dir.is_dir():
        raise UsageError(f"--data-dir {data_dir}: no such folder; name the one that holds <task>/<split>.jsonl")
    Store(store).prepare()  # said before the heavy imports below, which take seconds

    from hbench.experiment.run import run_suite

    results, out = places(store, results, out)
    with watch(quiet=quiet) as progress:
        report = run_suite(
            chosen,
            store=store,
            results=results,
            out=out,
            data_dir=data_dir,
            executor=executor,
            jobs=jobs,
            device=device,
            plugins=plugins,
            progress=progress,
        )
        progress.note(f"{report.ran} jobs run, {report.reused} found finished, {report.failed_jobs} failed")
    click.echo(report.board)
    return 1 if report.failed_cells else 0
