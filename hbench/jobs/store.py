"""Finished jobs on disk.

    <store>/finetune/<key>/  spec.json  dynamics.nc  examples.npz  predictions.npz  log.txt  result.json  result.sha256
    <store>/score/<key>/     spec.json  scores.npz   log.txt       result.json  result.sha256
    <store>/checkpoints/     see `hbench.jobs.checkpoints`

A job writes into a folder beside its place and is renamed into it when complete, result.json last with the digests
of the other files: a kill at any moment leaves either the whole job or none of it. A failed job has error.json and
error.sha256 instead.
A job with a file that is damaged has not finished: it is run again, and replaces what is there.
Formats are data only (JSON, NetCDF, npz without pickles): loading never runs code.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from hbench.errors import StoreError, UsageError
from hbench.files import first_line, sync
from hbench.jobs.checkpoints import JobCheckpoints, sweep_checkpoints
from hbench.jobs.drafts import HOST, draft_prefix, drafts, left_behind
from hbench.jobs.integrity import ERROR, RESULT, damage, read_error, write_error
from hbench.jobs.result import ScoreResult, TrainingResult, load_score, load_training
from hbench.jobs.spec import FineTune, Job, covers, dump, load

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

JOB_TYPES = ("finetune", "score")


@dataclass(frozen=True)
class Failure:
    """Why a job failed: one line for the board, and where the whole log is."""

    reason: str
    log: Path


class Store:
    """A folder of finished jobs. Several processes may share one; they meet only through atomic renames."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        #: Folders of finished jobs whose files have been read whole and are what was written.
        self._sound: set[Path] = set()

    def prepare(self) -> None:
        """Create the folder and prove that it can be written. Raises StoreError when it cannot."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise StoreError(
                f"store {self.root}: cannot be written ({error.strerror}); name a writable folder with --store"
            ) from None

    def place(self, job: Job) -> Path:
        """Return the folder that holds a job's files once it has finished."""
        return self.folder(job.job_type, job.key)

    def folder(self, job_type: str, job_key: str) -> Path:
        """Return the folder of a job by its job_type and key."""
        return self.root / job_type / job_key

    def queued(self, job: Job) -> Path:
        """Return the file in which this process hands a job to a worker process."""
        return self.root / "queue" / f"{job.key}-{HOST}-{os.getpid()}.json"

    def checkpoints(self, job: Job) -> JobCheckpoints:
        """Return the folder of a job's checkpoints."""
        return JobCheckpoints(self.root, job)

    def finished(self, job: Job) -> bool:
        """Return whether the job's result is complete, and each of its files what was written.

        Files are read whole once, by whoever asks first; damage that comes later is for the next process.
        """
        return self._is_sound(self.place(job))

    def damage(self, job: Job) -> str | None:
        """Return which file of a job is damaged, and how, None when none is or the job has not run."""
        folder = self.place(job)
        if (folder / RESULT).is_file():
            return None if self._is_sound(folder) else damage(folder)
        if (folder / ERROR).is_file():
            try:
                read_error(folder)
            except StoreError as error:
                return str(error)
        return None

    def reusable_run(self, job: FineTune) -> FineTune:
        """Return a finished job of the same training that gives all that this one asks for, or the job itself.

        Neither observing nor further sets change a bit of a training, so a run that was watched more closely, or
        evaluated on more, serves as well: another choice of scorers trains nothing again.
        """
        if (self.place(job) / RESULT).is_file():  # one that is damaged is run again
            return job
        for path in sorted((self.root / job.job_type).glob(f"*/{RESULT}")):
            other = self._read_spec(path.parent)
            if isinstance(other, FineTune) and covers(other, job):
                closer = replace(job, observe=other.observe, further=other.further)
                if closer.key == path.parent.name:
                    return closer
        return job

    def failure(self, job: Job) -> Failure | None:
        """Return why the job failed, or None when it did not, or left no reason that can be read."""
        folder = self.place(job)
        reason = _reason(folder) if (folder / ERROR).is_file() else None
        return None if reason is None else Failure(reason, folder / "log.txt")

    def training(self, job_key: str) -> TrainingResult:
        """Return the result of a finished fine-tuning job, after checking the digests of its other files.

        Raises StoreError when a file is missing or damaged.
        """
        folder = self.folder("finetune", job_key)
        self._require(folder)
        return load_training(folder / RESULT)[0]

    def scoring(self, job_key: str) -> ScoreResult:
        """Return the result of a finished score job, as `training` does."""
        folder = self.folder("score", job_key)
        self._require(folder)
        return load_score(folder / RESULT)[0]

    def digest(self, job_type: str, job_key: str, name: str) -> str | None:
        """Return the sha256 of a file of a finished job, as its result.json says, None where it says nothing of it."""
        path = self.folder(job_type, job_key) / RESULT
        return (load_score if job_type == "score" else load_training)(path)[1].get(name)

    def arrays(self, job_type: str, job_key: str, name: str) -> dict[str, npt.NDArray[np.generic]]:
        """Return the arrays of an npz file of a job. Raises StoreError naming a file that cannot be read as such."""
        import numpy as np

        path = self.folder(job_type, job_key) / name
        try:
            with np.load(path, allow_pickle=False) as file:
                return {k: file[k] for k in file.files}
        # The last one is what zipfile raises where a flipped bit names a compression that it does not know.
        except (OSError, ValueError, EOFError, BadZipFile, zlib.error, NotImplementedError) as error:
            raise StoreError(f"{path}: cannot be read ({first_line(error)}); delete its folder and run again") from None

    @contextmanager
    def writing(self, job: Job) -> Iterator[Path]:
        """Give a folder to write a job's files into; publish it as one on leaving, drop it when an error passes."""
        target = self.place(job)
        with self._guard():
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=draft_prefix(target.name), dir=target.parent))
            draft.chmod(0o777 & ~_umask())  # mkdtemp's 0700 would hide jobs from those a store is shared with
        try:
            (draft / "spec.json").write_text(dump(job), encoding="utf-8")
            yield draft
            with self._guard():
                self._publish(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def fail(self, job: Job, reason: str, log: str) -> None:
        """Record that a job failed: error.json with the reason, log.txt with the whole log.

        A job that another process has finished meanwhile stays finished.
        """
        if not self.finished(job):
            with self.writing(job) as draft:
                (draft / "log.txt").write_text(log, encoding="utf-8")
                write_error(draft, reason)

    def failures(self) -> list[tuple[Job, Failure]]:
        """Return all failed jobs that this hbench can run, with their reasons, in the order of their folders."""
        found = []
        for job_type in JOB_TYPES:
            for path in sorted((self.root / job_type).glob(f"*/{ERROR}")):
                job = self._read_spec(path.parent)
                if job is not None:
                    reason = _reason(path.parent) or f"{path} cannot be read; the next run tries the job again"
                    found.append((job, Failure(reason, path.parent / "log.txt")))
        return found

    def finished_jobs(self) -> Iterator[tuple[Job, Path]]:
        """Yield all jobs with a result that this hbench can run, with their folders, in the order of these."""
        for job_type in JOB_TYPES:
            for path in sorted((self.root / job_type).glob(f"*/{RESULT}")):
                job = self._read_spec(path.parent)
                if job is not None:
                    yield job, path.parent

    def forget_failures(self) -> int:
        """Delete the failed jobs, so that the next run tries them again; return how many there were."""
        failed = [path.parent for job_type in JOB_TYPES for path in (self.root / job_type).glob(f"*/{ERROR}")]
        for folder in failed:
            shutil.rmtree(folder)
        return len(failed)

    def sweep(self, alive: Callable[[int], bool]) -> None:
        """Delete what processes of this machine that are gone left: their drafts, and jobs on their way to workers.

        Checkpoints that no job can go on from are deleted too.

        alive: tells whether a process id still runs.
        """
        for job_type in JOB_TYPES:
            for draft in left_behind(self.root / job_type, alive):
                shutil.rmtree(draft, ignore_errors=True)
        for path in (self.root / "queue").glob(f"*-{HOST}-*.json"):
            if not alive(int(path.stem.split("-")[2])):
                path.unlink(missing_ok=True)
        sweep_checkpoints(self.root, lambda job: (self.place(job) / RESULT).is_file(), alive)

    def running(self, alive: Callable[[int], bool]) -> list[Job]:
        """Return the jobs that processes of this machine are writing; `alive` tells whether a process id still runs."""
        return [
            job
            for job_type in JOB_TYPES
            for draft, process in sorted(drafts(self.root / job_type))
            if alive(process) and (job := self._read_spec(draft)) is not None
        ]

    def _is_sound(self, folder: Path) -> bool:
        if not (folder / RESULT).is_file():
            return False
        if folder not in self._sound and damage(folder) is None:
            self._sound.add(folder)
        return folder in self._sound

    def _require(self, folder: Path) -> None:
        if folder not in self._sound and (problem := damage(folder)) is not None:
            raise StoreError(f"{problem}; run the suite again, which runs this job again")

    def _read_spec(self, folder: Path) -> Job | None:
        try:
            return load((folder / "spec.json").read_text(encoding="utf-8"))
        except (UsageError, OSError, ValueError, TypeError, KeyError):  # of another hbench, or damaged
            return None

    def _publish(self, draft: Path, target: Path) -> None:
        for path in draft.iterdir():
            sync(path)
        if target.exists() and not self._is_sound(target):
            shutil.rmtree(target)  # an earlier failure, or damaged
        try:
            draft.rename(target)
        except OSError:
            if not (target / RESULT).is_file():  # otherwise another process finished the same job first
                raise
        else:
            sync(target.parent)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"store {self.root}: {error.strerror or error}; free space or name another --store"
            ) from error


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]], *, compressed: bool = False) -> None:
    """Write an npz file, which holds data only; `Store.arrays` reads it back."""
    import numpy as np

    save: Callable[..., None] = np.savez_compressed if compressed else np.savez
    save(path, **arrays)


def _reason(folder: Path) -> str | None:
    """Return the reason of a failed job, None when one of its files is damaged."""
    try:
        return read_error(folder)
    except StoreError:
        return None


def _umask() -> int:
    """Return the process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
