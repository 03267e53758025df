"""Options of the commands on rows of one's own: how they are read, what they are scored by, and where that runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hbench.cli.options import STORE, checkpoint_option, device_option, plugin_option
from hbench.cli.reading import reading_options, recipe_option

F = TypeVar("F", bound=Callable[..., Any])

_SCORING: tuple[Callable[[Any], Any], ...] = (
    click.option("--model", metavar="M", help="Model; four layers of MiniLM by default. See `hbench list models`."),
    click.option("--scorer", "scorers", metavar="S", multiple=True, help="Scorer, such as el2n; may be repeated."),
    click.option("--runs", metavar="N", type=int, help="Trainings behind every score; 3 by default."),
)
_RUNNING: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--store",
        metavar="D",
        type=click.Path(path_type=Path),
        default=STORE,
        show_default=True,
        help="Folder of finished trainings; the same command again goes on where it stopped.",
    ),
    click.option("--executor", metavar="E", default="local", show_default=True, help="Where trainings run."),
    click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Trainings at a time."),
    device_option,
    checkpoint_option,
    click.option("--quiet", "-q", is_flag=True, help="Show no progress, warnings only."),
)


def scoring_options(command: F) -> F:
    """Add the options that say how rows are read, what they are scored by, and where that runs."""
    for option in reversed((*_SCORING, *_RUNNING)):
        command = option(command)
    return plugin_option(reading_options(recipe_option(command)))
