"""`hbench new`, `hbench check` and `hbench try`: from an empty file to a method that is compared."""

from __future__ import annotations

import time
from pathlib import Path

import click

from hbench.cli.options import STORE
from hbench.cli.output import counted, print_lines, print_text
from hbench.errors import UsageError

_FILE = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
#: How a finding begins.
_MARKS = {"ok": ("ok   ", "green"), "note": ("note ", "yellow"), "wrong": ("wrong", "red")}


@click.command(short_help="Write a file for a new scorer, task or kind.")
@click.argument("what", type=click.Choice(["scorer", "task", "kind"]))
@click.argument("name", metavar="NAME")
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="Where to write it; by default ./<name>.py."
)
def new(what: str, name: str, out: Path | None) -> None:
    """Write a file that defines a scorer, a task or a kind of task called NAME and works before a line is changed."""
    from hbench.authoring.templates import What, new_file

    kinds: dict[str, What] = {"scorer": "scorer", "task": "task", "kind": "kind"}
    made = new_file(kinds[what], name)
    path = Path(made.name) if out is None else out
    if path.exists():
        raise UsageError(f"{path}: exists already; choose another name, or --out FILE")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.text.replace(made.name, str(path)), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}); use --out FILE") from None
    click.echo(f"wrote {path}; next: hbench check {path}")


@click.command(short_help="Check a file of plugins in seconds.")
@_FILE
@click.option("--data-dir", metavar="D", type=click.Path(path_type=Path), help="Folder of the data of its tasks.")
def check(file: Path, data_dir: Path | None) -> int:
    """Try every scorer, task and kind that FILE defines against its contract, on a small task with planted examples.

    Exit code 1 when something has to be changed.
    """
    started = time.monotonic()
    from hbench.authoring.check import check_file

    found = check_file(file, data_dir)
    for checked in found:
        click.secho(f"{checked.noun} {checked.name}", bold=True)
        for finding in checked.findings:
            mark, colour = _MARKS[finding.level]
            print_text(f"{click.style(mark, fg=colour)} {finding.text}", indent="  ")
    wrong = sum(finding.level == "wrong" for checked in found for finding in checked.findings)
    notes = sum(finding.level == "note" for checked in found for finding in checked.findings)
    verdict = f"{wrong} wrong" if wrong else "nothing wrong"
    click.echo(f"{verdict}, {counted(notes, 'note')}; {time.monotonic() - started:.1f} s")
    return 1 if wrong else 0


@click.command("try", short_help="Compare a new plugin with el2n and a random subset.")
@_FILE
@click.option(
    "--seeds", metavar="N", type=click.IntRange(min=1), default=4, show_default=True, help="Trainings behind each row."
)
@click.option(
    "--store",
    metavar="D",
    type=click.Path(path_type=Path),
    default=STORE,
    show_default=True,
    help="Folder of finished jobs.",
)
@click.option("--quiet", "-q", is_flag=True, help="Show no progress, warnings only.")
def try_command(file: Path, seeds: int, store: Path, quiet: bool) -> int:
    """Check FILE, then print a small board: its scorers, or its tasks, with el2n and a random subset of the same size.

    Trainings are kept in the store, so that another try trains what has changed alone.
    """
    from hbench.authoring.check import check_file, load_file
    from hbench.cli.progress import watch
    from hbench.experiment.run import run_suite
    from hbench.experiment.suite_file import load_suite

    faults = [(c, f) for c in check_file(file) for f in c.findings if f.level == "wrong"]
    if faults:
        checked, finding = faults[0]
        raise UsageError(f"{file}: {checked.noun} {checked.name}: {finding.text}; see `hbench check {file}`")
    plugins, suite = load_file(file), load_suite("quickstart")
    tasks = plugins.tasks or suite.tasks[:1]
    suite = suite.overridden(tasks=tasks, scorers=(*plugins.scorers, "el2n"), seeds=seeds)
    beside = store.parent / "try" / file.stem
    with watch(quiet=quiet) as progress:
        report = run_suite(
            suite,
            store=store,
            results=beside / "results",
            out=beside / "leaderboard",
            plugins=(file.resolve(),),
            progress=progress,
        )
    print_lines(report.board)
    click.echo(f"the whole page: {report.page}")
    return 1 if report.failed_cells else 0
