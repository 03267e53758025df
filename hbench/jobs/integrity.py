"""Whether the files of a finished job are what was written.

result.json    holds the sha256 of every other file of the job
result.sha256  holds that of result.json; stores of before it was written have none
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hbench.errors import StoreError
from hbench.files import digest_file, write_whole
from hbench.jobs.result import JobResult, dump_result, load_score, load_training

RESULT, SEAL = "result.json", "result.sha256"


def write_result(draft: Path, result: JobResult) -> None:
    """Write result.json of a job with the digests of the files already in its folder (spec.json and the log too)."""
    files = {p.name: digest_file(p) for p in sorted(draft.iterdir())}
    write_whole(draft / RESULT, dump_result(result, files))
    write_whole(draft / SEAL, digest_file(draft / RESULT) + "\n")


def damage(folder: Path) -> str | None:
    """Return what is wrong with the files of a finished job, naming each that is damaged, None when nothing is.

    folder: that of the job, in the folder of its type.
    """
    load = load_score if folder.parent.name == "score" else load_training
    try:
        _check_seal(folder)
        _, files = load(folder / RESULT)
        _check_files(folder, files)
    except StoreError as error:
        return str(error)
    return None


def _check_seal(folder: Path) -> None:
    """Raise StoreError when result.json is not what its seal says; any byte of it may say something else."""
    try:
        sealed = (folder / SEAL).read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{folder / SEAL}: cannot be read ({error.strerror})") from None
    try:
        digest = digest_file(folder / RESULT)
    except OSError as error:
        raise StoreError(f"{folder / RESULT}: cannot be read ({error.strerror})") from None
    if sealed != f"{digest}\n".encode():
        raise StoreError(f"{folder / RESULT}: changed since written, or {SEAL} has")


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    """Raise StoreError naming every file that is not what result.json says."""
    wrong = [problem for name, digest in files.items() if (problem := _problem(folder / name, digest)) is not None]
    if wrong:
        doubt = "" if (folder / SEAL).exists() else f", or {RESULT} has, which no seal vouches for"
        raise StoreError("; ".join(wrong) + doubt)


def _problem(path: Path, digest: str) -> str | None:
    try:
        return None if digest_file(path) == digest else f"{path}: changed since written"
    except (OSError, ValueError) as error:  # not there; a name that no file can have
        return f"{path}: cannot be read ({error.strerror if isinstance(error, OSError) else error})"
