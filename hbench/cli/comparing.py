"""`hbench compare`: two methods of a board, or two versions of one."""

from __future__ import annotations

from pathlib import Path

import click

from hbench.cli.options import STORE, places

_FORMATS = ("text", "markdown", "json")


@click.command(short_help="Compare two methods, or two versions of a board.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option(
    "--results",
    metavar="D",
    type=click.Path(path_type=Path),
    help="Folder of the results of two methods; by default `results` beside the store.",
)
@click.option(
    "--format",
    metavar="NAME",
    default="text",
    show_default=True,
    type=click.Choice(_FORMATS),
    help=f"{', '.join(_FORMATS)}.",
)
def compare(first: str, second: str, results: Path | None, format: str) -> None:
    """Say what differs between A and B: two methods, or two folders of results or of boards, the older one first.

    Methods are compared in every table that has both; folders by their rows. Where rows share seeds and examples,
    differences are tested, paired by both.
    """
    from hbench.cli.output import print_lines
    from hbench.errors import UsageError
    from hbench.render.compare.show import compared_folders, compared_methods
    from hbench.render.show import board_in

    folders = [name for name in (first, second) if Path(name).is_dir()]
    if len(folders) == 2:
        text = compared_folders(Path(first), Path(second), format)
    elif not folders:
        board = board_in(places(STORE, results, None)[0])
        text = compared_methods(board, first, second, format)
    else:
        other = second if folders[0] == first else first
        raise UsageError(f"'{other}' is no folder, and '{folders[0]}' is one; name two methods or two folders")
    (print_lines if format == "text" else click.echo)(text.rstrip("\n"))
