"""`hbench status`, `hbench retry` and the hidden `hbench run-job`: jobs in a store."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hbench.cli.options import STORE, checkpoint_option, json_option, plugin_option
from hbench.cli.output import print_json, print_table
from hbench.errors import Interrupted, StoreError

if TYPE_CHECKING:
    from hbench.jobs.store import Store

_STORE = click.argument("store", type=click.Path(path_type=Path), default=STORE)


@click.command(short_help="Show finished, failed, running and pending jobs.")
@_STORE
@json_option
def status(store: Path, as_json: bool) -> None:
    """Show what is finished, failed (with reasons), running and pending in STORE (default: .hbench/store).

    Pending are the jobs of the latest stage that have not started; those of later stages follow from its scores.
    """
    from hbench.cli.progress import duration
    from hbench.execute.base import describe
    from hbench.execute.processes import is_alive
    from hbench.jobs.agenda import agenda_damage, pending
    from hbench.jobs.checkpoints import unfinished_jobs
    from hbench.jobs.store import JOB_TYPES

    opened = _open(store)
    failures, running = opened.failures(), opened.running(is_alive)
    waiting = pending(opened, running)
    if (damage := agenda_damage(opened)) is not None:
        click.echo(f"damaged: {damage}; pending jobs are not counted until the next run writes it anew", err=True)
    counts: dict[str, dict[str, int]] = {
        job_type: {
            "finished": len(list((opened.root / job_type).glob("*/result.json"))),
            "failed": sum(job.job_type == job_type for job, _ in failures),
            "running": sum(job.job_type == job_type for job in running),
            "pending": waiting[job_type],
        }
        for job_type in JOB_TYPES
    }
    for numbers in counts.values():
        numbers["total"] = sum(numbers.values())
    failed = [
        {"job": describe(job), "key": job.key, "reason": failure.reason, "log": str(failure.log)}
        for job, failure in failures
    ]
    unfinished = [(describe(job), job.key, latest) for job, latest in unfinished_jobs(opened.root)]
    if as_json:
        checkpoints = [
            {"job": name, "key": key, "step": latest.step, "steps": latest.steps, "seconds_ago": round(latest.age)}
            for name, key, latest in unfinished
        ]
        print_json({**counts, "failures": failed, "checkpoints": checkpoints})
        return
    print_table(
        ["jobs", "finished", "failed", "running", "pending", "total"],
        [[job_type, *counts[job_type].values()] for job_type in JOB_TYPES],
    )
    if unfinished:
        print_table(
            ["unfinished job", "checkpoint at step", "written"],
            [[name, f"{at.step:,} of {at.steps:,}", f"{duration(at.age)} ago"] for name, _, at in unfinished],
        )
    if failed:
        print_table(["failed job", "reason", "log"], [[row["job"], row["reason"], row["log"]] for row in failed])
        click.echo(f"`hbench retry {store}` lets the next `hbench run` try them again")


@click.command(short_help="Let the next run try failed jobs again.")
@_STORE
def retry(store: Path) -> None:
    """Forget the failed jobs in STORE (default: .hbench/store), so that the next `hbench run` tries them again."""
    count = _open(store).forget_failures()
    jobs = "1 failed job" if count == 1 else f"{count} failed jobs"
    click.echo(f"{jobs} forgotten; run the suite again to try them" if count else "no failed jobs")


@click.command("run-job", hidden=True)
@click.argument("specs", nargs=-1, required=True)
@click.option("--store", type=click.Path(path_type=Path), default=STORE, show_default=True, metavar="D")
@click.option("--device", default="auto", show_default=True, metavar="D")
@checkpoint_option
@plugin_option
def run_job(
    specs: tuple[str, ...], store: Path, device: str, checkpoint_minutes: float, plugins: tuple[Path, ...]
) -> int:
    """Run the jobs whose specification files are named, or, with `-`, those named on standard input.

    What happens is written to standard output, one JSON object per line.
    """
    from hbench.execute.worker import work, work_for_parent
    from hbench.jobs.store import Store

    opened = Store(store)
    opened.prepare()
    if specs == ("-",):
        # Ctrl-C in a terminal reaches the whole process group; the parent decides, and ends its workers.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            failed = work_for_parent(opened, device, (), checkpoint_minutes)
        except Interrupted as stopped:  # the parent says so, once for all of its workers
            return stopped.exit_code
    else:
        failed = work(opened, specs, device, (), sys.stdout, checkpoint_minutes)
    return 1 if failed else 0


def _open(root: Path) -> Store:
    from hbench.jobs.store import Store

    if not root.is_dir():
        raise StoreError(f"store {root}: no such folder; name the one given to `hbench run --store`")
    return Store(root)
