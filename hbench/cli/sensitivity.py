"""`hbench sensitivity`: how much scorers depend on runs and epochs, from the dynamics of finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hbench.cli.options import run_options
from hbench.cli.output import counted, errors, print_table
from hbench.cli.reading import chosen_suite

if TYPE_CHECKING:
    from hbench.results.sensitivity import Sensitivity


@click.command(short_help="Measure how much scorers depend on runs and epochs.")
@run_options
@click.option("--slow", is_flag=True, help="Also scorers that look at all examples together, such as k-centre.")
def sensitivity(
    suite: str | None,
    slow: bool,
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
    """Compare what the scorers of SUITE give from few runs and epochs with what they give from all.

    Reads the dynamics of the full-data runs in --store, trains nothing, and writes sensitivity.csv into the folder of
    results and the board anew. Run the suite first, with the same options and at least two scoring runs.
    """
    from hbench.experiment.check import check_run
    from hbench.experiment.folders import Folders
    from hbench.experiment.plan import make_plan
    from hbench.experiment.sensitivity.compute import sensitivity_of
    from hbench.jobs.store import Store
    from hbench.render.publish import publish_sensitivity

    chosen = chosen_suite(suite, changes)
    folders = Folders.beside(store, results, out)
    check_run(make_plan(chosen), folders, data_dir=data_dir, jobs=jobs)
    console = errors()

    def note(text: str) -> None:
        if not quiet:
            console.print(f"left out: {text}", soft_wrap=True, markup=False)

    rows = list(sensitivity_of(chosen, Store(store), data_dir=data_dir, device=device, slow=slow, note=note))
    path = publish_sensitivity(rows, folders.results, folders.out)
    last = {(row.task, row.model, row.method): row.epochs for row in rows}
    shown = [row for row in rows if row.epochs == last[row.task, row.model, row.method]]
    print_table(
        ["task", "model", "scorer", "runs", "keep", "% kept", "rank correlation", "overlap", "between sets"],
        [[r.task, r.model, r.method, r.runs, r.keep, f"{r.share * 100:.1f}", *map(_two, _numbers(r))] for r in shown],
    )
    click.echo(f"{counted(len(rows), 'line')} in {path}; from all epochs above, all numbers in the file")


def _numbers(row: Sensitivity) -> tuple[float | None, ...]:
    return row.correlation, row.overlap, row.pair_correlation


def _two(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
