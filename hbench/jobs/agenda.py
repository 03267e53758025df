"""The jobs of the stage under way, kept in the store so that `hbench status` can tell what is still to come."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from hbench.files import write_whole
from hbench.jobs.store import JOB_TYPES

if TYPE_CHECKING:
    from hbench.jobs.spec import Job
    from hbench.jobs.store import Store

AGENDA = "stage.json"


def write_agenda(store: Store, stage: str, jobs: Iterable[Job]) -> None:
    """Write which jobs the latest stage of a run takes, whether they have finished or not.

    Where the disk is full nothing is written: the first job says so, and without this file only a count is lost.
    """
    keys: dict[str, list[str]] = {job_type: [] for job_type in JOB_TYPES}
    for job in jobs:
        keys[job.job_type].append(job.key)
    with suppress(OSError):
        write_whole(store.root / AGENDA, json.dumps({"stage": stage, "jobs": keys}, indent=1) + "\n")


def pending(store: Store, running: Iterable[Job]) -> dict[str, int]:
    """Return by type how many jobs of the latest stage have not started; 0 where no run has written what it takes."""
    try:
        keys = json.loads((store.root / AGENDA).read_text(encoding="utf-8"))["jobs"]
        wanted = {job_type: set(keys[job_type]) for job_type in JOB_TYPES}
    except (OSError, ValueError, KeyError, TypeError):  # of no run yet, or damaged: nothing but this count is lost
        return dict.fromkeys(JOB_TYPES, 0)
    started = {job.key for job in running}
    return {
        job_type: sum(
            key not in started
            and not (store.folder(job_type, key) / "result.json").is_file()
            and not (store.folder(job_type, key) / "error.json").is_file()
            for key in keys
        )
        for job_type, keys in wanted.items()
    }
