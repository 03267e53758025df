"""What the commands write: JSON and tables to standard output, one line per error to standard error."""

from __future__ import annotations

import codecs
import io
import json
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

#: Blanks between two columns of a table.
_GAP = 2


def complain(message: str) -> None:
    """Write an error as one line, whatever line ends the message holds."""
    from rich.text import Text

    text = Text.assemble(("error: ", "bold red"), " ".join(message.split()))
    console = errors()
    console.print(text, soft_wrap=not console.is_terminal)  # in a terminal lines end between words


def fit_encoding() -> None:
    """Let standard output and error replace what the locale cannot show: dashes by hyphens, anything else by `?`."""

    def replace(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        text = error.object[error.start : error.end]
        return "".join("-" if unicodedata.category(c) == "Pd" else "?" for c in text), error.end

    codecs.register_error("hbench", replace)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="hbench")


def errors() -> Console:
    """Return the console of standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 job` or `12 jobs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def print_json(value: Any) -> None:
    """Write a value as indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table; cells are shown as they are, numbers to the right, None as a dash.

    Where a terminal is too narrow for it, the rows are written one below the other, as `print_entries` does. Laid out
    here because rich takes longer to import than a suite takes to plan.
    """
    body = [list(row) for row in rows]
    lines = [list(columns), *([" ".join(show(cell).splitlines()) for cell in row] for row in body)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    whole = sum(widths) + _GAP * (len(widths) - 1)
    if sys.stdout.isatty() and whole > shutil.get_terminal_size().columns:
        for first, *rest in body:
            print_entries([{"name": show(first), **dict(zip(columns[1:], rest, strict=True))}])
        return
    numeric = [bool(body) and all(isinstance(row[i], int | float | None) for row in body) for i in range(len(widths))]
    head, *under = (_line(line, widths, numeric) for line in lines)
    click.secho(head, bold=True)
    click.echo("-" * whole)
    for line in under:
        click.echo(line)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    """Return the cells of a row side by side, each filled up to its width."""
    filled = (
        f"{' ' * (width - _width(cell))}{cell}" if numeric else f"{cell}{' ' * (width - _width(cell))}"
        for cell, width, numeric in zip(cells, widths, right, strict=True)
    )
    return (" " * _GAP).join(filled).rstrip()


def _width(text: str) -> int:
    """Return the columns that a text takes in a terminal: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def print_entries(entries: Iterable[Mapping[str, object]]) -> None:
    """Write named entries one below the other: name, what it is about, and a line for everything else that is set."""
    for entry in entries:
        click.secho(entry["name"], bold=True)
        for key, value in entry.items():
            if key == "about" and value:
                print_text(str(value), indent="  ")
            elif key not in ("name", "about") and value not in (None, False, {}, [], ""):
                print_text(f"{key.replace('_', ' ')}: {show(value)}", indent="  ")


def print_text(text: str, *, indent: str = "") -> None:
    """Write a paragraph; in a terminal its lines end between words, elsewhere it is one line."""
    if sys.stdout.isatty():
        width = max(shutil.get_terminal_size().columns, 20)
        hanging = f"{indent}  " if indent else ""
        text = textwrap.fill(
            text,
            width,
            initial_indent=indent,
            subsequent_indent=hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
        click.echo(text)
    else:
        click.echo(f"{indent}{text}")


def print_lines(text: str) -> None:
    """Write lines as they are; in a terminal, those that are too long go on below, broken between words."""
    if sys.stdout.isatty():
        width = max(shutil.get_terminal_size().columns, 20)
        text = "\n".join(part for line in text.split("\n") for part in _within(line, width))
    click.echo(text)


def _within(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    return textwrap.wrap(line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def show(value: Any) -> str:
    """Return a cell's text: a dash for nothing, numbers with separators, lists joined, options as `name=value`."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    if isinstance(value, dict):
        return ", ".join(f"{key}={_option(entry)}" for key, entry in value.items())
    return ", ".join(show(entry) for entry in value) if isinstance(value, list | tuple) else str(value)


def _option(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
