"""`hbench leaderboard`: the tables that follow from result files."""

from __future__ import annotations

from pathlib import Path

import click

from hbench.cli.options import place_options, places


@click.group(no_args_is_help=False, short_help="Build, check or show a leaderboard.")
def leaderboard() -> None:
    """Build, check or show the leaderboard of a folder of result files."""


@leaderboard.command()
@place_options
def build(store: Path, results: Path | None, out: Path | None) -> None:
    """Write the leaderboard's files; the same results give the same bytes."""
    from hbench.report import board

    results, out = places(store, results, out)
    board.build(results, out)
    click.echo(f"leaderboard written to {out}")


@leaderboard.command()
@place_options
def check(store: Path, results: Path | None, out: Path | None) -> int:
    """Build anew and compare: exit code 0 the same, 1 drift (named), 2 missing or incompatible results."""
    from hbench.report import board

    return board.check(*places(store, results, out))


@leaderboard.command()
@place_options
def show(store: Path, results: Path | None, out: Path | None) -> None:
    """Print the leaderboard."""
    from hbench.report import board

    click.echo(board.show(places(store, results, out)[0]))
