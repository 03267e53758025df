"""`hbench list`: the scorers, tasks, kinds, models, suites and executors that can be named."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hbench.cli.options import json_option, plugin_option
from hbench.cli.output import print_entries, print_json
from hbench.errors import HbenchError
from hbench.plugins.references import options_of

if TYPE_CHECKING:
    from hbench.plugins.registry import Registry

#: What is listed of one name, in the order in which it is printed: `name`, `about` and whatever else is known.
Entry = Mapping[str, object]


@click.command("list", short_help="List scorers, tasks, kinds, models, suites or executors.")
@click.argument("what", type=click.Choice(["scorers", "tasks", "kinds", "models", "suites", "executors"]))
@plugin_option
@json_option
def list_command(what: str, as_json: bool, plugins: tuple[Path, ...]) -> None:
    """List what can be named: scorers, tasks, kinds of task, models, suites or executors, with options and defaults."""
    rows = _LISTS[what]()
    if as_json:
        print_json(rows)
        return
    print_entries(rows)


def _scorers() -> list[Entry]:
    from hbench.plugins import Scorer
    from hbench.plugins.claims import register_of
    from hbench.plugins.registry import SCORERS

    def describe(cls: type[Any]) -> Entry:
        natural = cls.natural is not Scorer.natural
        return {
            "about": summary(cls),
            "natural_subset": natural,
            "options": options(cls),
            "claims": [claim.text for claim in register_of(cls)],
        }

    return _plugins(SCORERS, describe)


def _tasks() -> list[Entry]:
    from hbench.plugins.registry import TASKS

    def describe(cls: type[Any]) -> Entry:
        hub = cls.hub
        return {
            "about": summary(cls),
            "kind": cls.kind,
            "hub": hub and hub.id,
            "config": hub and hub.config,
            "revision": hub and hub.revision,
            "splits": [cls.train_split, *cls.eval_splits],
            "licence": cls.licence,
            "options": options(cls),
        }

    return _plugins(TASKS, describe)


def _kinds() -> list[Entry]:
    from hbench.plugins.registry import KINDS

    tasks = _tasks()

    def describe(name: str) -> Entry:
        return {"tasks": [row["name"] for row in tasks if row.get("kind") == name]}

    def declared(cls: type[Any]) -> Entry:
        return {
            "about": summary(cls),
            "extra_signals": list(cls.extra_signals),
            "metrics_that_are_means": list(cls.means),
        }

    return [{**row, **describe(str(row["name"]))} for row in _plugins(KINDS, declared)]


def _executors() -> list[Entry]:
    from hbench.execute import EXECUTORS

    return _plugins(EXECUTORS, lambda cls: {"about": summary(cls), "options": options(cls)})


def _models() -> list[Entry]:
    from hbench.models.catalogue import CATALOGUE, ModelOptions

    return [
        {
            "name": model.name,
            "about": model.note,
            "hub": model.hub,
            "revision": model.revision,
            "options": options(ModelOptions),
        }
        for model in CATALOGUE.values()
    ]


def _suites() -> list[Entry]:
    from hbench.experiment.suite_file import load_suite
    from hbench.experiment.suites import shipped

    rows: list[Entry] = []
    for name in shipped():
        suite = load_suite(name)
        rows.append(
            {
                "name": name,
                "about": suite.description,
                "tasks": list(suite.tasks),
                "models": list(suite.models),
                "scorers": len(suite.scorers),
                "seeds": suite.seeds,
            }
        )
    return rows


_LISTS: dict[str, Callable[[], list[Entry]]] = {
    "scorers": _scorers,
    "tasks": _tasks,
    "kinds": _kinds,
    "models": _models,
    "suites": _suites,
    "executors": _executors,
}


def _plugins(registry: Registry[Any], describe: Any) -> list[Entry]:
    """Describe every plugin; one that cannot be loaded is listed with the reason, and hides none of the others."""
    rows: list[Entry] = []
    for name in registry.names():
        try:
            rows.append({"name": name, **describe(registry.load(name))})
        except HbenchError as error:
            rows.append({"name": name, "about": str(error)})
    return rows


def summary(cls: type[Any]) -> str:
    """Return the first line of a class's docstring; a dataclass without one has none worth showing."""
    text = inspect.getdoc(cls) or ""
    return "" if text.startswith(f"{cls.__name__}(") else text.partition("\n")[0]


def options(cls: type[Any]) -> dict[str, object]:
    """Return the options of a plugin class with their defaults, in the order of their declaration."""
    found = {}
    for option in options_of(cls):
        factory = option.default_factory
        found[option.name] = option.default if factory is dataclasses.MISSING else factory()
    return found
