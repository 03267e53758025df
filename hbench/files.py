"""Files and texts that every room handles in one way: UTF-8, whole writes, digests, short words for what is shown."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from glob import escape
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
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file as `write_whole` does."""
    if _holds(path, data):
        return
    draft: Path | None = None
    try:
        draft = _draft(path, data)
        draft.replace(path)
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)  # it is there still only where something, an interrupt too, came between


def write_together(texts: Mapping[Path, str | None]) -> None:
    """Write text files, making their folders, and remove those whose text is None: all of them or none.

    Drafts of all files are written first, then renamed one after the other; where one of these steps fails, or is
    interrupted, the files that were replaced are put back. What a killed process left is removed by the next one that
    writes the same files. Raises OSError whose `filename` is the file that could not be written.
    """
    wanted = {path: None if text is None else text.encode() for path, text in texts.items()}
    changed = {path: data for path, data in wanted.items() if not _holds(path, data)}
    drafts: dict[Path, Path] = {}
    before: dict[Path, bytes | None] = {}
    path = Path()
    try:
        for path, data in changed.items():
            if data is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                for left in path.parent.glob(f".{escape(path.name)}-*"):
                    left.unlink(missing_ok=True)
                drafts[path] = _draft(path, data)
        for path in changed:
            before[path] = path.read_bytes() if path.exists() else None
            if path in drafts:
                drafts[path].replace(path)
            else:
                path.unlink(missing_ok=True)
    except BaseException as error:  # an interrupt between two files too: what was replaced goes back, then it goes on
        for replaced, old in before.items():
            _put_back(replaced, old)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _holds(path: Path, data: bytes | None) -> bool:
    """Return whether a file has these bytes already, or, for None, is not there."""
    try:
        return path.read_bytes() == data if data is not None else not path.exists()
    except OSError:
        return False


def _draft(path: Path, data: bytes) -> Path:
    """Write bytes beside the file that they are to become, down to the disk."""
    import tempfile  # commands that only read do without it

    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.chmod(0o644)
    except BaseException:  # an interrupt too leaves no draft behind, and goes on
        draft.unlink(missing_ok=True)
        raise
    return draft


def _put_back(path: Path, old: bytes | None) -> None:
    """Restore what a file held; one that is in the way of nothing is left when even that fails."""
    with suppress(OSError):
        if old is None:
            path.unlink(missing_ok=True)
        elif path.read_bytes() != old:
            path.write_bytes(old)


def digest_file(path: Path) -> str:
    """Return the sha256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_text(text: str) -> str:
    """Return the sha256 of a string in UTF-8, as 64 hexadecimal digits."""
    # the same as strict for all texts but paths that are not text in the locale's encoding
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
