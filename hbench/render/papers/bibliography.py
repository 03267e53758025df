"""BibTeX entries: those that hbench ships, and those in a `.bib` file beside a plugin."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from hbench.errors import UsageError
from hbench.files import read_text

#: The entry of hbench itself; its note holds the version.
HBENCH = "hbench2026benchmark"
#: An entry from the line that names its key to the brace at the start of a line that ends it.
_ENTRY = re.compile(r"^@\w+\{([^,\s]+),.*?^\}", re.MULTILINE | re.DOTALL)


def entries_in(text: str) -> dict[str, str]:
    """Return the entries of a BibTeX file by key; each begins and ends at the start of a line."""
    return {found[1]: found[0] for found in _ENTRY.finditer(text)}


@cache
def shipped() -> Mapping[str, str]:
    """Return the entries that hbench ships, by key."""
    return entries_in(files("hbench").joinpath("references.bib").read_text(encoding="utf-8"))


def entry_of(key: str, plugin: type[Any]) -> str | None:
    """Return the entry that a plugin's class names: one of hbench's, or of the `.bib` file beside its module.

    None where neither has it. Raises UsageError when the file cannot be read.
    """
    if key in shipped():
        return shipped()[key]
    path = Path(inspect.getfile(plugin)).with_suffix(".bib")
    return entries_in(read_text(path, UsageError)).get(key) if path.is_file() else None
