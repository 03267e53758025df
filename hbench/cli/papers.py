"""`hbench cite` and `hbench describe`: what a paper that uses results needs."""

from __future__ import annotations

from pathlib import Path

import click

_RESULTS = click.argument("results", metavar="RESULTS", type=click.Path(path_type=Path))


@click.command(short_help="Print the BibTeX of what results rest on.")
@_RESULTS
def cite(results: Path) -> None:
    """Print BibTeX for exactly the methods, tasks, models, tests and the hbench behind RESULTS.

    RESULTS is a folder of result files, or that of a board. What has no entry is named on standard error.
    """
    from hbench.render.papers.cite import cited, unknown
    from hbench.render.papers.sources import sources_of
    from hbench.render.show import board_in

    board = board_in(results)
    click.echo(cited(board).rstrip("\n"))
    for line in unknown(sources_of(board)):
        click.echo(f"{line}; cite what its authors ask for", err=True)


@click.command(short_help="Print a paragraph on the methods behind results.")
@_RESULTS
@click.option(
    "--format",
    metavar="NAME",
    default="text",
    show_default=True,
    type=click.Choice(("text", "markdown", "latex")),
    help="text, markdown or latex; the latter two cite the entries of `hbench cite`.",
)
def describe(results: Path, format: str) -> None:
    """Print a paragraph for the methods section of a paper, made from RESULTS alone.

    RESULTS is a folder of result files, or that of a board.
    """
    from hbench.cli.output import print_lines
    from hbench.render.papers import prose
    from hbench.render.papers.describe import described
    from hbench.render.show import board_in

    shapes = {"text": prose.plain, "markdown": prose.markdown, "latex": prose.latex}
    text = shapes[format](described(board_in(results)))
    (print_lines if format == "text" else click.echo)(text)
