"""Checkpoints of unfinished jobs in a store, from which the next run goes on.

    <store>/checkpoints/<key>/  spec.json  <number>-<step>-of-<steps>-<sha256>.safetensors

A checkpoint is one file, written beside its place and renamed; its name holds the digest of its bytes, so one that is
damaged tells. There is one a job, two for the moment between writing the next and deleting the last. The folder is
deleted when its job has finished, and when its specification is none that this hbench can run.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hbench.errors import UsageError
from hbench.files import digest_file, sync, write_whole
from hbench.jobs.drafts import draft_prefix, left_behind
from hbench.jobs.spec import Job, dump, load

FOLDER = "checkpoints"
_SUFFIX = ".safetensors"
_NAME = re.compile(rf"(\d+)-(\d+)-of-(\d+)-([0-9a-f]{{64}}){re.escape(_SUFFIX)}")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as its name tells it."""

    path: Path
    #: Counts the checkpoints of a job; the highest is the latest.
    number: int
    #: Optimiser steps done, of all that the job takes.
    step: int
    steps: int
    #: sha256 of the bytes that were written.
    digest: str

    @property
    def sound(self) -> bool:
        """Whether the file's bytes are those that were written; it is read whole."""
        try:
            return digest_file(self.path) == self.digest
        except OSError:
            return False

    @property
    def age(self) -> float:
        """Seconds since it was written, by the clock of the file system; 0 where that lies ahead."""
        try:
            return max(0.0, time.time() - self.path.stat().st_mtime)
        except OSError:  # another process has just replaced it
            return 0.0


class JobCheckpoints:
    """The folder of one job's checkpoints; there is none until the first is written."""

    def __init__(self, root: Path, job: Job) -> None:
        self.job = job
        self.folder = root / FOLDER / job.key

    def latest(self) -> Checkpoint | None:
        """Return the latest checkpoint, sound or not, None when there is none."""
        return max(_checkpoints(self.folder), key=lambda found: found.number, default=None)

    @contextmanager
    def writing(self, step: int, steps: int) -> Iterator[Path]:
        """Give a file to write a checkpoint into; on leaving it is the latest, and those before it are deleted.

        Raises OSError when the disk is full, or the folder cannot be written; the latest checkpoint is then the one
        before.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "spec.json").exists():
            write_whole(self.folder / "spec.json", dump(self.job))
        # a folder, since whoever writes may draft beside the file as well
        draft = Path(tempfile.mkdtemp(prefix=draft_prefix("checkpoint"), dir=self.folder))
        try:
            file = draft / f"draft{_SUFFIX}"
            yield file
            sync(file)
            before = _checkpoints(self.folder)
            number = max((found.number for found in before), default=0) + 1
            file.rename(self.folder / f"{number:06d}-{step}-of-{steps}-{digest_file(file)}{_SUFFIX}")
            sync(self.folder)
            for old in before:
                old.path.unlink(missing_ok=True)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def drop(self) -> None:
        """Delete the folder, if there is one."""
        shutil.rmtree(self.folder, ignore_errors=True)


def unfinished_jobs(root: Path) -> list[tuple[Job, Checkpoint]]:
    """Return the jobs of a store that have a checkpoint, with the latest one, in the order of their keys."""
    found = []
    for folder in sorted((root / FOLDER).glob("*")):
        job = _job(folder)
        latest = None if job is None else JobCheckpoints(root, job).latest()
        if job is not None and latest is not None:
            found.append((job, latest))
    return found


def sweep_checkpoints(root: Path, has_finished: Callable[[Job], bool], alive: Callable[[int], bool]) -> None:
    """Delete the checkpoints that no job can go on from, and the drafts of processes that are gone.

    has_finished: whether a job has its result. alive: whether a process id of this machine still runs.
    """
    for folder in (root / FOLDER).glob("*"):
        job = _job(folder)
        if job is None or job.key != folder.name or has_finished(job):
            shutil.rmtree(folder, ignore_errors=True)
        for draft in left_behind(folder, alive):
            shutil.rmtree(draft, ignore_errors=True)


def _checkpoints(folder: Path) -> list[Checkpoint]:
    found = []
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            if (name := _NAME.fullmatch(path.name)) is not None:
                found.append(Checkpoint(path, int(name[1]), int(name[2]), int(name[3]), name[4]))
    return found


def _job(folder: Path) -> Job | None:
    """Return the job whose checkpoints a folder holds, None where this hbench cannot run it."""
    try:
        return load((folder / "spec.json").read_text(encoding="utf-8"))
    except (UsageError, OSError, ValueError, TypeError, KeyError):
        return None
