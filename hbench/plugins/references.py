"""The notation `name[option=value,...]` in which users name scorers, tasks and models.

A name or a value that holds a space, a comma, `=`, `[` or `]` is written in double quotes: `"my model"[layers=2]`.
The entries of a tuple are joined by `+`: `[epochs=1+3]`; a tuple without entries is `()`.
"""

from __future__ import annotations

import dataclasses
import re
import typing
import unicodedata
from collections.abc import Mapping
from typing import Any

from hbench.errors import UsageError, suggest
from hbench.files import short_repr, shorten
from hbench.plugins.option_types import convert, hints_of, show

if typing.TYPE_CHECKING:
    from _typeshed import DataclassInstance

P = typing.TypeVar("P", bound="DataclassInstance")

_QUOTED = r'"[^"]+"'
_FORM = re.compile(rf'\s*(?P<name>{_QUOTED}|[^\[\]\s,="]+)\s*(?:\[(?P<options>(?:{_QUOTED}|[^\[\]"])*)\])?\s*')
#: One option, up to the next comma outside quotes.
_PART = re.compile(rf'(?:{_QUOTED}|[^,"])+')
#: What a name or a value may hold without quotes.
_PLAIN_NAME = re.compile(r'[^\[\]\s,="]+')
_PLAIN_VALUE = re.compile(r'[^\[\],"\s](?:[^\[\],"]*[^\[\],"\s])?')


def split_reference(text: str) -> tuple[str, dict[str, str]]:
    """Split `el2n[epoch=2,offset=0.05]` into its name and its options as text.

    Raises UsageError naming the text when it is not of this form, holds a control character or lists an option twice.
    """
    if not speakable(text):
        raise UsageError(f"{short_repr(text)} holds a control character or broken text; write the name without it")
    match = _FORM.fullmatch(text)
    if match is None:
        raise UsageError(
            f"'{shorten(text)}' cannot be read; write NAME or NAME[option=value,option=value], and a name or a value "
            'with a space, a comma, = or a bracket in double quotes: "NAME"'
        )
    options: dict[str, str] = {}
    for part in _PART.findall(match["options"] or ""):
        if not part.strip():
            continue
        key, equals, value = (half.strip() for half in part.partition("="))
        if not equals or not _PLAIN_NAME.fullmatch(key) or not value:
            raise UsageError(f"'{shorten(text)}': '{shorten(part.strip())}' cannot be read; write option=value")
        if key in options:
            raise UsageError(f"'{shorten(text)}': option '{key}' is listed twice; give it once")
        options[key] = _unquoted(value, text)
    return _unquoted(match["name"], text), options


def join_reference(name: str, options: Mapping[str, object]) -> str:
    """Return the canonical text of a reference: options sorted by name, none when there are none.

    What the notation cannot hold otherwise is quoted. Raises UsageError for a double quote, which nothing can hold.
    """
    name = name if _PLAIN_NAME.fullmatch(name) else _quoted(name)
    if not options:
        return name
    return f"{name}[{','.join(f'{key}={_show(options[key])}' for key in sorted(options))}]"


def speakable(text: str) -> bool:
    """Return whether a string is one line that can be printed and encoded: no control character, no half character."""
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)


def configure(cls: type[P], name: str, options: dict[str, str]) -> P:
    """Build a plugin from options given as text, each converted to the type its dataclass field declares.

    Raises UsageError for an unknown option (with a suggestion) or a value of the wrong type.
    """
    hints = hints_of(cls)
    declared = dataclasses.fields(cls)
    fields = {f.name: hints[f.name] for f in declared if f.init}
    values: dict[str, object] = {}
    for key, text in options.items():
        if key not in fields:
            raise UsageError(f"{name} has no option '{shorten(key)}'{suggest(key, fields)}")
        values[key] = convert(text, fields[key], f"{name}[{key}={shorten(text)}]")
    for f in declared:
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if f.init and required and f.name not in values:
            raise UsageError(f"{name} needs the option '{f.name}'; write {name}[{f.name}=...]")
    return cls(**values)


def changed_options(plugin: Any) -> dict[str, object]:
    """Return the options of a plugin that differ from their defaults."""
    changed = {}
    for f in dataclasses.fields(plugin):
        default = f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
        value = getattr(plugin, f.name)
        if f.init and value != default:
            changed[f.name] = value
    return changed


def _show(value: Any) -> str:
    text = show(value)
    return text if _PLAIN_VALUE.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    if '"' in text or not text:
        raise UsageError(f"{short_repr(text)} cannot be written in a reference; use one without double quotes")
    return f'"{text}"'


def _unquoted(text: str, whole: str) -> str:
    """Return a name or value without the quotes around it."""
    if '"' not in text:
        return text
    if not re.fullmatch(_QUOTED, text):
        raise UsageError(
            f"'{shorten(whole)}': put all of {shorten(text)} into one pair of double quotes, or none of it"
        )
    return text[1:-1]
