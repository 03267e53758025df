"""The jobs of the stage under way, kept in the store so that `hbench status` can tell what is still to come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from hbench.errors import StoreError
from hbench.files import digest_text, write_whole
from hbench.jobs.entries import Entries
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
        write_whole(store.root / AGENDA, _sealed(stage, keys))


def agenda_damage(store: Store) -> str | None:
    """Return what is wrong with the jobs that the latest stage wrote down, None when nothing is or none did."""
    try:
        _read(store)
    except StoreError as error:
        return str(error)
    return None


def pending(store: Store, running: Iterable[Job]) -> dict[str, int]:
    """Return by type how many jobs of the latest stage have not started; 0 where what it wrote is lost or damaged."""
    try:
        wanted = _read(store)
    except StoreError:
        return dict.fromkeys(JOB_TYPES, 0)
    started = {job.key for job in running}
    return {
        job_type: sum(
            key not in started
            and not (store.folder(job_type, key) / "result.json").is_file()
            and not (store.folder(job_type, key) / "error.json").is_file()
            for key in set(keys)
        )
        for job_type, keys in wanted.items()
    }


def _read(store: Store) -> dict[str, tuple[str, ...]]:
    """Return the keys of the jobs of the latest stage by type. Raises StoreError for a file that was changed."""
    path = store.root / AGENDA
    if not path.exists():  # no run yet
        return dict.fromkeys(JOB_TYPES, ())
    entries = Entries.of_file(path)
    stage = entries.text("stage")
    keys = entries.within("jobs", lambda inner: {kind: inner.listed(kind, Entries.text) for kind in JOB_TYPES})
    if entries.has("sha256"):  # an earlier hbench wrote none
        entries.text("sha256")
        # any byte of it may say something else: blanks too, which JSON would pass over
        if path.read_bytes() != _sealed(stage, keys).encode(errors="surrogatepass"):
            raise StoreError(f"{path}: changed since written")
    entries.close()
    return keys


def _sealed(stage: str, keys: Mapping[str, Sequence[str]]) -> str:
    """Return the text of the file, with the sha256 of what it would be without that."""
    content = {"stage": stage, "jobs": {kind: list(names) for kind, names in keys.items()}}
    return json.dumps({**content, "sha256": digest_text(json.dumps(content))}, indent=1) + "\n"
