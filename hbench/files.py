"""Files and texts that every room handles in one way: whole writes, digests, and short words for errors and values."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

#: Characters of a value that an error message repeats.
SHORT = 60


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that readers see the old or the new one, never a part; leave an equal one alone."""
    try:
        if path.read_text(encoding="utf-8") == text:
            return
    except (OSError, UnicodeDecodeError):
        pass
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)  # it is there still only where something, an interrupt too, came between


def digest_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_text(text: str) -> str:
    """Return the sha256 of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its class where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def root_cause(error: BaseException) -> BaseException:
    """Return the innermost error behind one: libraries wrap what went wrong in a general remark."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def shorten(text: str, longest: int = SHORT) -> str:
    """Return a text of at most `longest` characters, its end replaced by three dots where it is cut."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def short_repr(value: Any, longest: int = SHORT) -> str:
    """Return a value as Python writes it, cut to `longest` characters."""
    return shorten(repr(value), longest)
