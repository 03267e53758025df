"""Files and texts that every room handles in one way: UTF-8, whole writes, digests, short words for what is shown."""

from __future__ import annotations

import codecs
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hbench.errors import HbenchError

#: One object of JSON or TOML, as its reader returns it or its writer takes it.
JsonObject = dict[str, Any]

#: Characters of a value that an error message repeats.
SHORT = 60


def read_text(path: Path, error: type[HbenchError], place: str | None = None) -> str:
    """Return the text of a file in UTF-8, whatever the locale; line ends stay, a byte order mark is left out.

    place: words for the file, its path unless given. Raises `error` naming the file when it cannot be read, and the
    line and the byte when it is not UTF-8.
    """
    place = str(path) if place is None else place
    try:
        data = path.read_bytes()
    except OSError as cause:
        raise error(f"{place}: cannot be read ({cause.strerror}); check the path") from None
    return decode(data, place, error)


def decode(data: bytes, place: str, error: type[HbenchError], *, line: int = 1, offset: int = 0) -> str:
    """Return the text of bytes in UTF-8, without a byte order mark at the start of a file.

    line, offset: the line, from 1, and the byte, from 0, of a file at which the data begin. Raises `error` naming the
    line and the byte, counted from 1, of what is not UTF-8.
    """
    mark = len(codecs.BOM_UTF8) if offset == 0 and data.startswith(codecs.BOM_UTF8) else 0
    try:
        return str(data[mark:] if mark else data, "utf-8")
    except UnicodeDecodeError as cause:
        at = mark + cause.start
        line += data.count(b"\n", 0, at)
        raise error(
            f"{place}, line {line}: not UTF-8 text (byte {offset + at + 1} of the file is "
            f"0x{data[at]:02x}); save the file as UTF-8"
        ) from None


def lone_surrogate(texts: Iterable[str]) -> bool:
    """Return whether one of the texts holds half of a surrogate pair, which JSON can write and no file can hold."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return True
    return False


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
    """Return the sha256 of a string in UTF-8, as 64 hexadecimal digits."""
    # the same as strict for all texts but paths that are not text in the locale's encoding
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


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
    """Return a string of at most `longest` characters, its end replaced by three dots where it is cut."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def short_repr(value: Any, longest: int = SHORT) -> str:
    """Return a value as Python writes it, cut to `longest` characters."""
    return shorten(repr(value), longest)
