"""The entries of a suite: checks of their form, and errors that start with the name of the field or option."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hbench.errors import UsageError
from hbench.files import short_repr, shorten


def checked_text(name: str, value: Any) -> str:
    """Return a string. Raises UsageError for anything else."""
    if not isinstance(value, str):
        raise UsageError(f"{name} {short_repr(value)}: use a string in quotes")
    return value


#: More examples, or a larger seed, than anyone has; what is worked out with one still fits into a float.
_MOST = 10**12


def check_whole(name: str, value: Any, least: int) -> None:
    """Raise UsageError for anything but an integer of at least `least`, and for one that is too large for a count."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        allowed = f"of at least {least}" if not isinstance(value, int) or value < least else f"of at most {_MOST}"
        raise UsageError(f"{name} {short_repr(value)}: use an integer {allowed}")


def sequence(name: str, value: Any) -> Sequence[Any]:
    """Return a list or tuple. Raises UsageError for anything else."""
    if not isinstance(value, list | tuple):
        raise UsageError(f"{name} {short_repr(value)}: use a list, such as {name} = [{_toml(value)}]")
    return value


def distinct(name: str, values: Sequence[Any], canonical: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return values in their canonical form. Raises UsageError for one that is listed twice."""
    found: list[Any] = []
    for value in values:
        entry = canonical(value)
        if entry in found:
            raise UsageError(f"{name}: {_toml(entry)} is listed twice; name it once")
        found.append(entry)
    return tuple(found)


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Let an error start with where the entry is."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None


@contextmanager
def renaming(option: str, name: str) -> Iterator[None]:
    """Let an error about a field start with the option of the command line that gave it."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{option}{str(error).removeprefix(name)}") from None


def _toml(value: Any) -> str:
    shown = str(value)
    if isinstance(value, str):
        shown = f'"{value}"' if value.isprintable() else json.dumps(value)
    return shorten(shown)
