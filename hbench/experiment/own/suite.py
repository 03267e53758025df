"""The suite of a user's own rows, for whoever names no other: sizes of a laptop, and a recipe that suits the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hbench.errors import UsageError
from hbench.experiment.suite import Suite
from hbench.jobs.recipe import Recipe
from hbench.models.catalogue import find_model

#: The model, where none is named.
MODEL = "minilm-l6[layers=4]"
#: For pretrained weights on one CPU.
_PRETRAINED = {"epochs": 3, "batch_size": 32, "learning_rate": 1e-4, "max_length": 128}
#: For random weights, which learn slowly at the rates that suit a pretrained model.
_RANDOM = {"epochs": 3, "batch_size": 16, "learning_rate": 2e-3, "warmup": 0.1, "max_length": 128, "precision": "fp32"}
_SCORERS = ("h-score", "forgetting", "cartography", "el2n", "length")


def own_suite(tasks: Sequence[str], models: Sequence[str] = (), scorers: Sequence[str] = ()) -> Suite:
    """Return the suite that compares scorers on tasks made of a user's own rows.

    models, scorers: instead of its own ones. Raises UsageError for a name that is not known.
    """
    named = tuple(scorers) or _SCORERS
    return Suite(
        name="own",
        description="Your own rows on one CPU: four layers of MiniLM, three epochs.",
        tasks=tuple(tasks),
        models=tuple(models) or (MODEL,),
        scorers=named,
        scoring_runs={"default": 1, "h-score": 3} if "h-score" in named else 1,
        recipe=own_recipe(models or (MODEL,)),
    )


def own_recipe(models: Sequence[str]) -> dict[str, Any]:
    """Return the recipe for models: another one where all have random weights."""
    found = [find_model(model) for model in models]
    return dict(_RANDOM if all(model.folder is None and model.hub is None for model in found) else _PRETRAINED)


def changed_recipe(suite: Suite, given: Sequence[str]) -> Suite:
    """Return a suite whose recipe has the changes of texts KEY=VALUE, for all of its tasks."""
    if not given:
        return suite
    changes = recipe_changes(given)
    tasks = {task: {k: v for k, v in of.items() if k not in changes} for task, of in suite.task_recipes.items()}
    return replace(suite, recipe={**suite.recipe, **changes}, task_recipes=tasks)


def recipe_changes(given: Sequence[str]) -> dict[str, Any]:
    """Return the changes to a recipe that texts KEY=VALUE make, each value of its key's type.

    Raises UsageError naming a text that is none.
    """
    types: Mapping[str, Any] = {name: type(value) for name, value in vars(Recipe()).items() if name != "max_steps"}
    changes: dict[str, Any] = {}
    for text in given:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not value:
            raise UsageError(f"--recipe {text}: write KEY=VALUE, such as epochs=1")
        if name in changes:
            raise UsageError(f"--recipe {text}: {name} is given twice; give it once")
        kind = types.get(name, str)
        try:
            changes[name] = value.lower() == "true" if kind is bool else kind(value)
        except ValueError:
            raise UsageError(f"--recipe {text}: expected {kind.__name__}") from None
        if kind is bool and value.lower() not in ("true", "false"):
            raise UsageError(f"--recipe {text}: expected true or false")
    Recipe().updated(changes, "--recipe")  # names an unknown key
    return changes
