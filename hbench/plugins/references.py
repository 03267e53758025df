"""The notation `name[option=value,...]` in which users name scorers, tasks and models.

A scorer made of others names them in parentheses: `ccs(el2n[epoch=2])[strata=20]`. A name or a value with a space, a
comma, `=`, `[` or `]` is written in double quotes: `"my model"[layers=2]`. The entries of a tuple are joined by `+`:
`[epochs=1+3]`; a tuple without entries is `()`.
"""

from __future__ import annotations

import dataclasses
import re
import typing
import unicodedata
from collections.abc import Mapping, Sequence
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
#: What may stand before the parentheses of a scorer made of others, and its options behind them.
_BEFORE = re.compile(r'[^\[\]()\s,="]+')
#: Parentheses inside each other that anybody can mean.
_DEEPEST = 5
#: Metadata of a field that no option fills.
NO_OPTION = {"option": False}


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


def split_parts(text: str) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """Split `ccs(el2n[epoch=2])[strata=20]` into its name, the references in its parentheses and its options as text.

    A reference without parentheses behind its name has no parts. Raises UsageError as `split_reference` does, and for
    parentheses that do not match or hold nothing.
    """
    opening = re.match(rf"\s*{_BEFORE.pattern}\s*\(", text)
    if opening is None:
        name, options = split_reference(text)
        return name, (), options
    if not speakable(text):
        raise UsageError(f"{short_repr(text)} holds a control character or broken text; write the name without it")
    parts, end = _parts(text, opening.end())
    if text[end:].strip() and not text[end:].lstrip().startswith("["):
        raise UsageError(f"'{shorten(text)}' cannot be read; write NAME(SCORER,SCORER)[option=value,option=value]")
    name, options = split_reference(text[: opening.end() - 1] + text[end:])
    return name, parts, options


def join_reference(name: str, options: Mapping[str, object], parts: Sequence[str] = ()) -> str:
    """Return the canonical text of a reference: options sorted by name, none when there are none.

    parts: references of what it is made of. What the notation cannot hold otherwise is quoted. Raises UsageError for a
    double quote, which nothing can hold.
    """
    name = name if _PLAIN_NAME.fullmatch(name) else _quoted(name)
    if parts:
        name = f"{name}({','.join(parts)})"
    if not options:
        return name
    return f"{name}[{','.join(f'{key}={_show(options[key])}' for key in sorted(options))}]"


def with_options(reference: str, options: Mapping[str, object]) -> str:
    """Return the canonical text of a reference without options, such as `rank-mean(el2n,aum)`, with some."""
    name, parts, _ = split_parts(reference)
    return join_reference(name, options, parts)


def options_of(plugin: Any) -> list[dataclasses.Field[Any]]:
    """Return the fields of a plugin, or of its class, that users fill as options, in their order."""
    return [f for f in dataclasses.fields(plugin) if f.init and f.metadata.get("option", True)]


def speakable(text: str) -> bool:
    """Return whether a string is one line that can be printed and encoded: no control character, no half character."""
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)


def configure(cls: type[P], name: str, options: dict[str, str], **given: object) -> P:
    """Build a plugin from options given as text, each converted to the type its dataclass field declares.

    given: values of fields that are no options. Raises UsageError for an unknown option (with a suggestion) or a value
    of the wrong type.
    """
    hints = hints_of(cls)
    declared = options_of(cls)
    fields = {f.name: hints[f.name] for f in declared}
    values: dict[str, object] = {}
    for key, text in options.items():
        if key not in fields:
            raise UsageError(f"{name} has no option '{shorten(key)}'{suggest(key, fields)}")
        values[key] = convert(text, fields[key], f"{name}[{key}={shorten(text)}]")
    for f in declared:
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if required and f.name not in values:
            raise UsageError(f"{name} needs the option '{f.name}'; write {name}[{f.name}=...]")
    return cls(**values, **given)


def changed_options(plugin: Any) -> dict[str, object]:
    """Return the options of a plugin that differ from their defaults."""
    changed = {}
    for f in options_of(plugin):
        default = f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
        value = getattr(plugin, f.name)
        if value != default:
            changed[f.name] = value
    return changed


def _parts(text: str, start: int) -> tuple[tuple[str, ...], int]:
    """Return the references in parentheses that open before `start`, and where the text goes on behind them."""
    parts, begin, depth, bracket, quoted = [], start, 1, 0, False
    for position in range(start, len(text)):
        sign = text[position]
        if sign == '"':
            quoted = not quoted
        if quoted or sign not in "()[],":
            continue
        bracket += (sign == "[") - (sign == "]")
        if bracket:
            continue  # an option may hold () for a tuple without entries
        depth += (sign == "(") - (sign == ")")
        if depth > _DEEPEST:
            raise UsageError(f"'{shorten(text)}': parentheses go {depth} deep; use at most {_DEEPEST}")
        if depth == 0 or (depth == 1 and sign == ","):
            parts.append(text[begin:position].strip())
            begin = position + 1
        if depth == 0:
            if "" in parts:
                raise UsageError(f"'{shorten(text)}': names nothing between two signs; write NAME(SCORER,SCORER)")
            return tuple(parts), position + 1
    raise UsageError(f"'{shorten(text)}': a parenthesis is not closed; write NAME(SCORER)[option=value]")


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
