"""Entry points of installed packages, read from the files in which the standard puts them.

`importlib.metadata` finds the same, but loading it, with Python's packages for mail and sockets, and reading what all
packages register takes a fifth of the time that a whole plan may. What is in an archive is left to it.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = "entry_points.txt"
#: Endings of the folders, beside a package, that say what is installed there.
_ENDINGS = (".dist-info", ".egg-info")
#: `package.module:attribute`; what an older package may write behind it, `[extra]`, is of no use here.
_VALUE = re.compile(r"(?P<module>[\w.]+)\s*(:\s*(?P<attribute>[\w.]+)\s*)?(\[.*\]\s*)?")


@dataclass(frozen=True)
class Entry:
    """One line of a package's entry points."""

    name: str
    #: Module and attribute.
    value: str

    def load(self) -> Any:
        """Import the module and return what the entry names in it. Raises what importing it does, and ValueError."""
        match = _VALUE.fullmatch(self.value)
        if match is None:
            raise ValueError(f"'{self.value}' is not of the form package.module:attribute")
        attributes = (match["attribute"] or "").split(".")
        return functools.reduce(getattr, filter(None, attributes), importlib.import_module(match["module"]))


@functools.cache
def installed(prefix: str) -> dict[str, dict[str, Entry]]:
    """Return the entry points of the groups that begin so, by group and name; read once in a process.

    Of a package that is there twice the first one counts, as when it is imported.
    """
    found: dict[str, dict[str, Entry]] = {}
    seen: set[str] = set()
    for folder in sys.path:
        for package, text in _packages(folder or os.curdir):
            if package not in seen and f"[{prefix}" in text:
                for group, entry in _parsed(text):
                    if group.startswith(prefix):
                        found.setdefault(group, {})[entry.name] = entry
            seen.add(package)
    return found


def _packages(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the name of every package that is installed in a folder, and the text of its entry points."""
    try:
        with os.scandir(folder) as listed:
            names = sorted(entry.name for entry in listed if entry.name.endswith(_ENDINGS))
    except NotADirectoryError:
        yield from _archived(folder)
        return
    except OSError:  # not there, or not for us to read: nothing can be imported from it
        return
    for name in names:
        try:
            text = Path(folder, name, _FILE).read_text(encoding="utf-8")
        except OSError:  # most packages have none
            text = ""
        yield _normal(name.partition("-")[0].removesuffix(_ENDINGS[1])), text


def _archived(archive: str) -> Iterator[tuple[str, str]]:
    from importlib.metadata import distributions

    for package in distributions(path=[archive]):
        yield _normal(package.metadata["Name"]), package.read_text(_FILE) or ""


def _normal(name: str) -> str:
    """Return a package's name in the form in which two ways to write it are the same."""
    return re.sub(r"[-_.]+", "_", name).lower()


def _parsed(text: str) -> Iterator[tuple[str, Entry]]:
    """Yield the group and the entry of every line; a group is headed by its name in brackets."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1]
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield group, Entry(name.strip(), value.strip())
