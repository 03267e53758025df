"""The notation `name[option=value,...]` in which users name scorers, tasks and models."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from typing import Any

from hbench.errors import UsageError, suggest

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

P = typing.TypeVar("P", bound="DataclassInstance")

_FORM = re.compile(r"\s*(?P<name>[^\[\]\s,=]+)\s*(?:\[(?P<options>[^\[\]]*)\])?\s*")


def split_reference(text: str) -> tuple[str, dict[str, str]]:
    """Split `el2n[epoch=2,offset=0.05]` into its name and its options as text.

    Raises UsageError naming the text when it is not of this form or an option is listed twice.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise UsageError(f"'{text}' cannot be read; write NAME or NAME[option=value,option=value]")
    options: dict[str, str] = {}
    for part in (match["options"] or "").split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise UsageError(f"'{text}': '{part.strip()}' cannot be read; write option=value")
        if key.strip() in options:
            raise UsageError(f"'{text}': option '{key.strip()}' is listed twice; give it once")
        options[key.strip()] = value.strip()
    return match["name"], options


def join_reference(name: str, options: dict[str, Any]) -> str:
    """Return the canonical text of a reference: options sorted by name, none when there are none."""
    if not options:
        return name
    return f"{name}[{','.join(f'{key}={_show(options[key])}' for key in sorted(options))}]"


def configure(cls: type[P], name: str, options: dict[str, str]) -> P:
    """Build a plugin from options given as text, each converted to the type its dataclass field declares.

    Raises UsageError for an unknown option (with a suggestion) or a value of the wrong type.
    """
    hints = typing.get_type_hints(cls)
    declared = dataclasses.fields(cls)
    fields = {f.name: hints[f.name] for f in declared if f.init}
    values: dict[str, Any] = {}
    for key, text in options.items():
        if key not in fields:
            raise UsageError(f"{name} has no option '{key}'{suggest(key, fields)}")
        values[key] = convert(text, fields[key], f"{name}[{key}={text}]")
    for f in declared:
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if f.init and required and f.name not in values:
            raise UsageError(f"{name} needs the option '{f.name}'; write {name}[{f.name}=...]")
    return cls(**values)


def changed_options(plugin: Any) -> dict[str, Any]:
    """Return the options of a plugin that differ from their defaults."""
    changed = {}
    for f in dataclasses.fields(plugin):
        default = f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
        value = getattr(plugin, f.name)
        if value != default:
            changed[f.name] = value
    return changed


def convert(text: str, hint: Any, where: str) -> Any:
    """Convert option text to the annotated type: bool, int, float, str, a Literal, or a union.

    Of a union the text may be None, a word of its Literals, or of its first other type.
    """
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        allowed = typing.get_args(hint)
        if text not in allowed:
            raise UsageError(f"{where}: use one of {', '.join(map(str, allowed))}")
        return text
    if origin in (typing.Union, types.UnionType):
        members = [m for m in typing.get_args(hint) if m is not type(None)]
        if text.lower() == "none" and len(members) < len(typing.get_args(hint)):
            return None
        words = [w for m in members if typing.get_origin(m) is typing.Literal for w in typing.get_args(m)]
        kinds = [m for m in members if typing.get_origin(m) is not typing.Literal]
        if text in words or not kinds:
            return convert(text, typing.Literal[*words], where)
        try:
            return convert(text, kinds[0], where)
        except UsageError as error:
            raise UsageError(f"{error}{''.join(f', or use {word}' for word in words)}") from None
    if hint is bool:
        lowered = text.lower()
        if lowered not in ("true", "false"):
            raise UsageError(f"{where}: expected true or false")
        return lowered == "true"
    if hint in (int, float):
        try:
            return hint(text)
        except ValueError:
            kind = "an integer" if hint is int else "a number"
            raise UsageError(f"{where}: expected {kind}, found '{text}'") from None
    return text


def _show(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
