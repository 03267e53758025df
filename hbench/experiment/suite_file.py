"""Reading a suite from a shipped name or a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

from hbench.errors import HbenchError, UsageError, suggest
from hbench.experiment.suite import Suite
from hbench.experiment.suites import shipped
from hbench.files import JsonObject, read_text, short_repr, shorten

#: Keys of earlier suites, and what they are called now.
_RENAMED = {"chance": "baseline"}


def load_suite(name: str) -> Suite:
    """Return the suite that a shipped name (`hbench list suites`) or the path of a TOML file names.

    Raises UsageError naming the file, and the line where the TOML cannot be read, and the key that is wrong.
    """
    files = shipped()
    path = files.get(name, Path(name))
    if name not in files and path.suffix != ".toml" and not path.is_file():
        raise UsageError(f"unknown suite '{name}'{suggest(name, files)}; or give the path of a TOML file")
    text = read_text(path, UsageError, f"suite {path}")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The error names the line in words, "(at line 3, column 7)", or says "(at end of document)".
        what, _, where = str(error).rstrip(")").rpartition(" (at ")
        place = where if where.startswith("line") else f"line {len(text.splitlines())}"
        raise UsageError(f"suite {path}, {place}: malformed TOML: {what.lower()}; fix the line") from None
    except RecursionError:
        raise UsageError(f"suite {path}: malformed TOML: nested too deeply; write flat lists and tables") from None
    except ValueError:  # Python converts no integer of more than some thousand digits
        raise UsageError(f"suite {path}: malformed TOML: an integer has too many digits; write a shorter one") from None
    try:
        return _from_table(table, path)
    except HbenchError as error:
        raise type(error)(f"suite {path}: {error}") from None


def _from_table(table: JsonObject, path: Path) -> Suite:
    data = table.pop("data", {})
    if data != {}:
        from hbench.experiment.own.table import own_tasks  # suites without such rows do without what reads them

        tasks = own_tasks(data, path.parent)
        table.setdefault("tasks", tasks)
    known = [*(f.name for f in fields(Suite) if f.name != "task_recipes"), "data"]
    for name in table:
        if name in _RENAMED:
            raise UsageError(f"unknown key '{name}'; it is called '{_RENAMED[name]}' now, rename it")
        if name not in known:
            raise UsageError(f"unknown key '{shorten(name)}'{suggest(name, known)}")
    recipe = table.pop("recipe", {})
    if not isinstance(recipe, dict):
        raise UsageError(f"recipe {short_repr(recipe)}: use a table, such as [recipe] with epochs = 3")
    return Suite(
        **{"name": path.stem, **table},
        recipe={k: v for k, v in recipe.items() if not isinstance(v, dict)},
        task_recipes={k: v for k, v in recipe.items() if isinstance(v, dict)},
    )
