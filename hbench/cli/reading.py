"""Options that say how rows of one's own are read, the same for every command that takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hbench.errors import UsageError

if TYPE_CHECKING:
    from hbench.data.own.read import OwnRows
    from hbench.experiment.suite import Suite

F = TypeVar("F", bound=Callable[..., Any])

#: Options that only say how rows are read, by the name of the parameter.
READING = ("kind", "text", "label", "column", "id", "unlabelled", "split", "config", "revision")
_READING: tuple[Callable[[Any], Any], ...] = (
    click.option("--kind", metavar="K", help="Kind of task, classification by default; see `hbench list kinds`."),
    click.option("--text", metavar="COLUMNS", help="Column of the text, or two with a comma, read as a pair."),
    click.option("--label", metavar="COLUMN", help="Column of the classes, texts or integers."),
    click.option(
        "--column",
        metavar="ROLE=COLUMNS",
        multiple=True,
        help="Column of another role of the kind, such as options=A,B,C,D; may be repeated. A role that is not named "
        "is the column of its name.",
    ),
    click.option("--id", metavar="COLUMN", help="Column of ids; without it rows are numbered from 0."),
    click.option("--unlabelled", metavar="VALUE", help="Label of rows that have none, which are left out."),
    click.option("--split", metavar="S", help="Split of a data set on the hub, or of a folder; train by default."),
    click.option("--config", metavar="C", help="Configuration of a data set on the hub."),
    click.option("--revision", metavar="R", help="Its commit; the current one by default."),
)


def reading_options(command: F) -> F:
    """Add the options that say how rows are read; `rows_of` takes their values."""
    for option in reversed(_READING):
        command = option(command)
    return command


def recipe_option(command: F) -> F:
    """Add `--recipe KEY=VALUE`."""
    return click.option(
        "--recipe",
        metavar="KEY=VALUE",
        multiple=True,
        help="Field of the recipe to change, such as epochs=1; may be repeated.",
    )(command)


def chosen_suite(name: str | None, options: dict[str, Any]) -> Suite:
    """Return the suite that a command names, on rows of the user's own where `--data` gives them, with its options.

    options: all that may change a suite. Raises HbenchError for what is at fault.
    """
    from hbench.experiment.own.suite import changed_recipe
    from hbench.experiment.suite_file import load_suite

    reading = {key: options.pop(key) for key in (*READING, "metric")}
    data, evaluation, recipe = (options.pop(key) for key in ("data", "evaluation", "recipe"))
    if data is None:
        given = next((key for key, value in {**reading, "eval": evaluation}.items() if value), None)
        if given is not None:
            raise UsageError(f"--{given} says how rows of your own are read; name them with --data")
        if name is None:
            raise UsageError("name a suite, see `hbench list suites`, or rows of your own with --data and --eval")
        suite = load_suite(name)
    else:
        suite = _own_suite(name, rows_of(data, evaluation, **reading), options)
    return changed_recipe(suite.overridden(**options), recipe)


def _own_suite(name: str | None, rows: OwnRows, options: dict[str, Any]) -> Suite:
    """Return the suite of rows of one's own, or a named one on them alone."""
    from hbench.data.own.read import read_own
    from hbench.experiment.own.suite import own_suite
    from hbench.experiment.suite_file import load_suite
    from hbench.kinds import find_kind

    if options["tasks"]:
        raise UsageError(f"--task {options['tasks'][0]}: --data names what to train on; leave one of them out")
    if rows.evaluation is None:
        raise UsageError(
            "--data: a board needs rows that no model was trained on; name them with --eval, or use `hbench score` and "
            "`hbench prune`, which need none"
        )
    task = read_own(rows, find_kind).task.ref
    if name is None:
        return own_suite((task,), options["models"], options["scorers"])
    return load_suite(name).overridden(tasks=(task,))


def rows_of(
    data: Any, evaluation: Any = None, *, metric: str | None = None, name: str | None = None, **given: Any
) -> OwnRows:
    """Return what the user says of their rows; given: the values of `READING`. Raises UsageError."""
    from hbench.data.own.read import OwnRows
    from hbench.data.own.source import Origin

    return OwnRows(
        data,
        evaluation,
        kind=given["kind"] or "classification",
        columns=columns_of(given["text"], given["label"], given["column"]),
        id=given["id"],
        unlabelled=given["unlabelled"],
        metric=metric,
        origin=Origin(given["split"] or "train", given["config"], given["revision"]),
        name=name,
    )


def columns_of(text: str | None, label: str | None, others: Sequence[str]) -> dict[str, str | tuple[str, ...]]:
    """Return the columns by role. Raises UsageError for one that cannot be read, or a role that is named twice."""
    named = [(role, names) for role, names in (("text", text), ("label", label)) if names is not None]
    for entry in others:
        role, sign, names = (part.strip() for part in entry.partition("="))
        if not sign or not role:
            raise UsageError(f"--column {entry}: write ROLE=COLUMN, such as question=q")
        named.append((role, names))
    columns: dict[str, str | tuple[str, ...]] = {}
    for role, names in named:
        parts = tuple(part.strip() for part in names.split(","))
        if "" in parts:
            raise UsageError(
                f"{role} {names!r}: an empty name of a column; write one, or two with a comma between them"
            )
        if role in columns:
            raise UsageError(f"the columns of '{role}' are given twice; give them once")
        columns[role] = parts[0] if len(parts) == 1 else parts
    return columns
