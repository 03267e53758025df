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

#: Width of tables that are not shown in a terminal: wide enough to cut nothing.
_FILE_WIDTH = 400


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

    Where a terminal is too narrow for it, the rows are written one below the other, as `print_entries` does.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    body = [list(row) for row in rows]
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, column in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[place], int | float | None) for row in body)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in body:
        # Text, because rich would take the options of a reference, el2n[epoch=2], for markup.
        table.add_row(*(Text(show(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    elif console.measure(table, options=console.options.update(width=_FILE_WIDTH)).maximum > console.width:
        for first, *rest in body:
            print_entries([{"name": show(first), **dict(zip(columns[1:], rest, strict=True))}])
        return
    console.print(table)


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
