"""Arguments and options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hbench.cli.reading import reading_options, recipe_option
from hbench.cost.budgets import BUDGETS
from hbench.errors import UsageError
from hbench.jobs import CHECKPOINT_MINUTES

F = TypeVar("F", bound=Callable[..., Any])

#: Where finished jobs are kept when nothing else is said; results and leaderboard are beside it.
STORE = Path(".hbench/store")


def _folder(*names: str, help: str, **settings: Any) -> Callable[[F], F]:
    return click.option(*names, metavar="D", type=click.Path(path_type=Path), help=help, **settings)


def _list(*names: str, metavar: str, help: str, **settings: Any) -> Callable[[F], F]:
    return click.option(*names, metavar=metavar, multiple=True, help=f"{help}; may be repeated.", **settings)


def _number(name: str, help: str) -> Callable[[F], F]:
    return click.option(name, metavar="N", type=int, help=help)


_SUITE: tuple[Callable[[Any], Any], ...] = (
    click.argument("suite", metavar="SUITE", required=False),
    _list("--task", "tasks", metavar="T", help="Task instead of the suite's"),
    _list(
        "--also-evaluate",
        "also_evaluate",
        metavar="T",
        help="Task of the same classes whose evaluation splits every model is evaluated on too, such as anli",
    ),
    _list("--model", "models", metavar="M", help="Model instead of the suite's"),
    _list("--scorer", "scorers", metavar="S", help="Scorer instead of the suite's, such as 'el2n[epoch=2]'"),
    _list("--keep", "keep", metavar="F", help="Share kept, such as 0.3, or a scorer whose own subset sets the size"),
    _list("--budget", "budgets", metavar="B", help=f"Budget of pruned trainings, {' or '.join(BUDGETS)}"),
    click.option(
        "--score-with",
        metavar="M",
        help="Model whose full-data runs give the scores, instead of the one that is trained on the subset.",
    ),
    _number("--seeds", help="Trainings behind each result."),
    _list(
        "--scoring-runs",
        "scoring_runs",
        metavar="N",
        help="Full-data runs that a set of scores takes, NAME=N for one scorer",
    ),
    click.option(
        "--data",
        metavar="FILE",
        help="Rows of your own to train on instead of the suite's tasks: .csv, .jsonl, .parquet, a folder of "
        "`save_to_disk`, or an id of the hub. SUITE may then be left out.",
    ),
    click.option("--eval", "evaluation", metavar="FILE", help="Rows of your own to evaluate on."),
    click.option("--metric", metavar="M", help="Metric of your own rows, accuracy for classes by default."),
    _number("--train-size", help="Training examples drawn from each task."),
    _number("--eval-size", help="Evaluation examples drawn from each split."),
    click.option(
        "--label-noise",
        metavar="F",
        type=float,
        help="Share of the training labels replaced by another class, such as 0.1; the board says who finds them.",
    ),
)
_CHECKPOINT = click.option(
    "--checkpoint-minutes",
    type=click.FloatRange(min=0),
    default=CHECKPOINT_MINUTES,
    show_default=True,
    metavar="M",
    help="Minutes between two checkpoints of a training; 0 for one only when it is told to stop.",
)
_DEVICE = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="D",
    callback=lambda _context, _option, name: _device(name),
    help="auto, cpu, cuda (all GPUs), cuda:1, or mps; resolved where the jobs run.",
)
_RUN: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        metavar="D",
        help="Folder with <task>/<split>.jsonl[.gz], .parquet or .csv, instead of the hub.",
    ),
    click.option(
        "--executor",
        metavar="E",
        help="Where jobs run: local (processes of this machine), inline, or an installed one; see `hbench list "
        "executors`. By default what the suite names, else local.",
    ),
    click.option(
        "--jobs", type=click.IntRange(min=1), metavar="N", help="Jobs at a time; by default one per core or GPU."
    ),
    _DEVICE,
    _CHECKPOINT,
    click.option("--quiet", "-q", is_flag=True, help="Show no progress, warnings only."),
)
_PLACES: tuple[Callable[[Any], Any], ...] = (
    _folder("--store", default=STORE, show_default=True, help="Folder of finished jobs; naming it again resumes."),
    _folder("--results", help="Folder of result files; by default `results` beside the store."),
    _folder("--out", help="Folder of the leaderboard; by default `leaderboard` beside the store."),
)
_PLUGINS = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=lambda _context, _option, paths: load_plugins(paths),
    is_eager=True,
    help="Python file that defines a scorer or a task; may be repeated.",
)


def run_options(command: F) -> F:
    """Add the suite and everything that says how it is run: `plan` and `run` take the same.

    The names of those that override the suite are those of `Suite.overridden`.
    """
    return _all(_SUITE, reading_options(recipe_option(plugin_option(_all(_RUN, place_options(command))))))


def place_options(command: F) -> F:
    """Add `--store`, `--results` and `--out`; see `places` for the defaults of the latter two."""
    return _all(_PLACES, command)


def places(store: Path, results: Path | None, out: Path | None) -> tuple[Path, Path]:
    """Return the folders of result files and of the leaderboard: those given, or the ones beside the store."""
    from hbench.experiment.folders import Folders

    folders = Folders.beside(store, results, out)
    return folders.results, folders.out


def plugin_option(command: F) -> F:
    """Add `--plugin FILE`; the files are loaded before the command runs."""
    return _PLUGINS(command)


def checkpoint_option(command: F) -> F:
    """Add `--checkpoint-minutes`."""
    return _CHECKPOINT(command)


def device_option(command: F) -> F:
    """Add `--device`."""
    return _DEVICE(command)


def json_option(command: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def load_plugins(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Load plugin files and return their absolute paths, each once."""
    from hbench.plugins.registry import load_plugin_file

    distinct = {path.resolve(): path for path in paths}
    for path in distinct.values():
        load_plugin_file(path)
    return tuple(distinct)


def _device(name: str) -> str:
    if re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name) is None:
        raise UsageError(f"--device {name}: unknown device; use auto, cpu, cuda, cuda:N or mps")
    return name


def _all(decorators: tuple[Callable[[Any], Any], ...], command: F) -> F:
    for decorate in reversed(decorators):
        command = decorate(command)
    return command
