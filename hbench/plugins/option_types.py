"""The types that an option of a plugin may have, and reading a value of each from text."""

from __future__ import annotations

import functools
import math
import types
import typing
from typing import Any

from hbench.errors import UsageError
from hbench.files import shorten

#: How an empty tuple is written; the entries of others are joined by `+`.
NO_ENTRIES = "()"
_SCALARS = (bool, int, float, str)
#: What an annotation may be, for messages.
TYPES = "bool, int, float, str, a Literal of these, tuple[TYPE, ...] of one of them, or a union with None"


def hints_of(cls: type[Any]) -> dict[str, Any]:
    """Return the types of the attributes of a class, read once: anew for every mention they cost most of a plan.

    Raises what `typing.get_type_hints` does for annotations that cannot be read.
    """
    whole: Any = cls
    return _hints_of(whole)


@functools.cache
def _hints_of(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def convert(text: str, hint: Any, where: str) -> Any:
    """Convert option text to the annotated type: bool, int, float, str, a Literal, a tuple, or a union.

    Of a union the text is None, a choice of its Literals, or else of the first of its other types that can read it.
    Raises UsageError that begins with `where`, also for a number that is not finite.
    """
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return _choice(text, typing.get_args(hint), where)
    if origin in (typing.Union, types.UnionType):
        return _member(text, hint, where)
    if origin is tuple:
        return _entries(text, typing.get_args(hint)[0], where)
    if hint is bool:
        lowered = text.lower()
        if lowered not in ("true", "false"):
            raise UsageError(f"{where}: expected true or false")
        return lowered == "true"
    if hint in (int, float):
        return _number(text, hint, where)
    return text


def show(value: Any) -> str:
    """Return the text that `convert` reads back as the value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):  # a list is a tuple that JSON has held
        # 1e+16 would be read as two entries
        entries = (show(entry).replace("e+", "e") if isinstance(entry, float) else show(entry) for entry in value)
        return "+".join(entries) or NO_ENTRIES
    return str(value)


def unreadable(hint: Any) -> str | None:
    """Return the part of an annotation that no option can have, as text, or None where `convert` reads all of it."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        told = {str(part).lower() if isinstance(part, bool) else str(part) for part in parts}
        fit = all(isinstance(part, bool | int | str) or part is None for part in parts)
        return None if fit and len(told) == len(parts) else str(hint)
    if origin in (typing.Union, types.UnionType):
        return next((bad for part in parts if part is not type(None) and (bad := unreadable(part))), None)
    if origin is tuple:
        plain = len(parts) == 2 and parts[1] is Ellipsis
        entry = plain and (parts[0] in _SCALARS or typing.get_origin(parts[0]) is typing.Literal)
        return unreadable(parts[0]) if entry else str(hint)
    if hint in _SCALARS:
        return None
    return hint.__name__ if isinstance(hint, type) else str(hint)


def _choice(text: str, allowed: tuple[Any, ...], where: str) -> Any:
    """Return the member of a Literal that a string names, of the member's own type."""
    for value in allowed:
        if isinstance(value, str):
            same = text == value
        elif value is None or isinstance(value, bool):
            same = text.lower() == str(value).lower()
        else:
            same = _integer(text) == value
        if same:
            return value
    shown = (str(value).lower() if value is None or isinstance(value, bool) else str(value) for value in allowed)
    raise UsageError(f"{where}: use one of {', '.join(shown)}")


def _entries(text: str, hint: Any, where: str) -> tuple[Any, ...]:
    """Return the entries of a tuple, each of the type `hint`."""
    if text == NO_ENTRIES:
        return ()
    parts = [part.strip() for part in text.split("+")]
    if "" in parts:
        raise UsageError(f"{where}: an entry between two + is empty; write one, or {NO_ENTRIES} for no entries")
    return tuple(convert(part, hint, where) for part in parts)


def _member(text: str, hint: Any, where: str) -> Any:
    """Return the value of a union that a string names."""
    members = typing.get_args(hint)
    others = [m for m in members if m is not type(None)]
    if text.lower() == "none" and len(others) < len(members):
        return None
    words = tuple(w for m in others if typing.get_origin(m) is typing.Literal for w in typing.get_args(m))
    kinds = [m for m in others if typing.get_origin(m) is not typing.Literal]
    if words:
        try:
            return _choice(text, words, where)
        except UsageError:
            if not kinds:
                raise
    first: UsageError | None = None
    for kind in kinds:
        try:
            return convert(text, kind, where)
        except UsageError as error:
            first = first or error
    raise UsageError(f"{first}{''.join(f', or use {word}' for word in words)}")


def _number(text: str, hint: type[int] | type[float], where: str) -> int | float:
    try:
        value = hint(text)
    except ValueError:
        kind = "an integer" if hint is int else "a number"
        raise UsageError(f"{where}: expected {kind}, found '{shorten(text)}'") from None
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise UsageError(f"{where}: expected a finite number, found '{shorten(text)}'; give one with digits")
    return value + 0.0  # -0.0 becomes 0.0, which it equals


def _integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
