"""Whether the files of a finished or failed job are what was written.

result.json    holds the sha256 of every other file of the job; of a failed one, error.json does
result.sha256  holds that of result.json, and error.sha256 that of error.json; older stores have neither
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from hbench.errors import StoreError
from hbench.files import digest_file, write_whole
from hbench.jobs.entries import Entries
from hbench.jobs.result import JobResult, dump_result, load_score, load_training

RESULT, ERROR = "result.json", "error.json"


def write_result(draft: Path, result: JobResult) -> None:
    """Write result.json of a job with the digests of the files already in its folder (spec.json and the log too)."""
    _write_sealed(draft / RESULT, dump_result(result, _digests(draft)))


def write_error(draft: Path, reason: str) -> None:
    """Write error.json of a job that failed, with the digests of the files already in its folder."""
    _write_sealed(draft / ERROR, json.dumps({"reason": reason, "files": _digests(draft)}, indent=1) + "\n")


def damage(folder: Path) -> str | None:
    """Return what is wrong with the files of a finished job, naming each that is damaged, None when nothing is.

    folder: that of the job, in the folder of its type.
    """
    load = load_score if folder.parent.name == "score" else load_training
    try:
        _check_seal(folder / RESULT)
        _, files = load(folder / RESULT)
        _check_files(folder / RESULT, files)
    except StoreError as error:
        return str(error)
    return None


def read_error(folder: Path) -> str:
    """Return the reason of a failed job. Raises StoreError naming each of its files that is damaged."""
    path = folder / ERROR
    _check_seal(path)
    entries = Entries.of_file(path)
    reason = entries.text("reason")
    if entries.has("files"):
        _check_files(path, entries.within("files", lambda e: e.each(Entries.text)))
    entries.close()
    return reason


def _digests(draft: Path) -> dict[str, str]:
    return {path.name: digest_file(path) for path in sorted(draft.iterdir())}


def _seal(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _write_sealed(path: Path, text: str) -> None:
    write_whole(path, text)
    write_whole(_seal(path), digest_file(path) + "\n")


def _check_seal(path: Path) -> None:
    """Raise StoreError when a file is not what its seal says; any byte of it may say something else."""
    seal = _seal(path)
    try:
        sealed = seal.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{seal}: cannot be read ({error.strerror})") from None
    try:
        digest = digest_file(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from None
    if sealed != f"{digest}\n".encode():
        raise StoreError(f"{path}: changed since written, or {seal.name} has")


def _check_files(listing: Path, files: Mapping[str, str]) -> None:
    """Raise StoreError naming every file that is not what `listing` says."""
    folder = listing.parent
    wrong = [problem for name, digest in files.items() if (problem := _problem(folder / name, digest)) is not None]
    if wrong:
        doubt = "" if _seal(listing).exists() else f", or {listing.name} has, which no seal vouches for"
        raise StoreError("; ".join(wrong) + doubt)


def _problem(path: Path, digest: str) -> str | None:
    try:
        return None if digest_file(path) == digest else f"{path}: changed since written"
    except (OSError, ValueError) as error:  # not there; a name that no file can have
        return f"{path}: cannot be read ({error.strerror if isinstance(error, OSError) else error})"
