"""`hbench leaderboard`: the tables that follow from result files."""

from __future__ import annotations

from pathlib import Path

import click

from hbench.cli.options import STORE, place_options, places
from hbench.cli.output import complain, print_lines
from hbench.cli.report import REPORTS
from hbench.render.formats import FORMATS

_FOLDER = click.Path(path_type=Path)


@click.group(no_args_is_help=False, short_help="Build, check, review, show or trim a leaderboard.")
def leaderboard() -> None:
    """Build, check, review, show or trim the leaderboard of a folder of result files."""


@leaderboard.command()
@place_options
def build(store: Path, results: Path | None, out: Path | None) -> None:
    """Write the leaderboard's files; the same results give the same bytes."""
    from hbench.render import publish

    for path in publish.build(*places(store, results, out)):
        click.echo(f"wrote {path}")


@leaderboard.command()
@place_options
@click.option("--verbose", is_flag=True, help="Name every difference.")
@click.option(
    "--format",
    metavar="NAME",
    default="text",
    show_default=True,
    type=click.Choice(tuple(REPORTS)),
    help=f"{', '.join(REPORTS)}; github writes annotations and the summary of the job.",
)
def check(store: Path, results: Path | None, out: Path | None, verbose: bool, format: str) -> int:
    """Build anew and compare: exit code 0 the same, 1 drift (named), 2 unreadable or incompatible results.

    A result that was added or removed since the board was built is drift.
    """
    from hbench.render import check as board

    found = board.check(*places(store, results, out))
    if found.code == board.INCOMPATIBLE and format == "text":
        complain("; ".join(found.problems))
    else:
        click.echo(REPORTS[format](found, verbose))
    return found.code


@leaderboard.command()
@click.option(
    "--base", metavar="D", type=_FOLDER, required=True, help="Folder of the result files as they were before."
)
@place_options
@click.option("--name", metavar="NAME", help="What the board is called; by default its folder.")
@click.option("--allow-replaced", is_flag=True, help="Accept results that take the place of others, or are removed.")
@click.option(
    "--format",
    metavar="NAME",
    default="text",
    show_default=True,
    type=click.Choice(("text", "markdown", "json")),
    help="text, markdown (the comment on a pull request) or json.",
)
def review(
    base: Path,
    store: Path,
    results: Path | None,
    out: Path | None,
    name: str | None,
    allow_replaced: bool,
    format: str,
) -> int:
    """Review new results: exit code 0 fine, 1 some were replaced or removed, or drift, 2 some cannot be accepted.

    Names the rows that changed since BASE, with the paired test where old and new share seeds and examples.
    """
    from hbench.render.compare.review import comment, review_page
    from hbench.render.compare.review import review as reviewed
    from hbench.render.compare.show import in_format

    folders = places(store, results, out)
    found = reviewed(base, *folders, allow_replaced=allow_replaced)
    called = str(folders[1]) if name is None else name
    text = comment(found, called) if format == "markdown" else in_format(review_page(found, called), format)
    (print_lines if format == "text" else click.echo)(text.rstrip("\n"))
    return found.code


@leaderboard.command()
@click.option("--to", metavar="D", type=_FOLDER, required=True, help="Folder for the figures; others in it stay.")
@click.option("--results", metavar="D", type=_FOLDER, help="Folder of result files; by default that of `hbench run`.")
@click.option("--task", metavar="T", help="Only this task; a name without options stands for those with.")
def figures(to: Path, results: Path | None, task: str | None) -> None:
    """Draw the figures for a paper: SVG and PDF, as wide as one column and as two."""
    from hbench.render.figures.papers import write_figures

    for path in write_figures(places(STORE, results, None)[0], to, task):
        click.echo(f"wrote {path}")


@leaderboard.command()
@click.option("--method", metavar="M", required=True, help="Method whose rows go, such as 'el2n[epoch=2]'.")
@click.option("--task", "tasks", metavar="T", multiple=True, help="Only from this task; may be repeated.")
@place_options
def remove(method: str, tasks: tuple[str, ...], store: Path, results: Path | None, out: Path | None) -> None:
    """Take a method off: delete its results, and write the board anew.

    The other results of these tasks no longer name it, so that it is not shown as missing. Finished jobs stay in the
    store: `hbench run` brings the rows back without training.
    """
    from hbench.cli.output import counted
    from hbench.render import remove as board

    done = board.remove(*places(store, results, out), method, tasks)
    for path in done.removed:
        click.echo(f"removed {path}")
    click.echo(f"{counted(len(done.removed), 'result')} removed; {len(done.changed)} no longer name '{method}'")


@leaderboard.command()
@click.option("--store", metavar="D", type=_FOLDER, default=STORE, show_default=True, help="Folder of finished jobs.")
@click.option("--results", metavar="D", type=_FOLDER, help="Folder of result files; by default `results` beside it.")
@click.option("--task", metavar="T", help="Only this task; a name without options stands for those with.")
@click.option("--model", metavar="M", help="Only this model.")
@click.option("--keep", metavar="F", help="Only this share kept, or the scorer that sets the size.")
@click.option(
    "--format",
    metavar="NAME",
    default="text",
    show_default=True,
    type=click.Choice(tuple(FORMATS)),
    help=f"{', '.join(FORMATS)}.",
)
@click.option(
    "--columns",
    metavar="NAMES",
    help="The tables in these columns of leaderboard.csv, with commas between them, such as "
    "method,metric,random_difference,random_interval.",
)
def show(store: Path, results: Path | None, format: str, columns: str | None, **choices: str | None) -> None:
    """Print the leaderboard, or a part of it, in a format; for papers, `--format latex`."""
    from hbench.render import show as board

    names = None if columns is None else [name.strip() for name in columns.split(",") if name.strip()]
    text = board.show(places(store, results, None)[0], format=format, columns=names, **choices).rstrip("\n")
    (print_lines if format == "text" else click.echo)(text)
