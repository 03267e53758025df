"""The three folders of a run: finished jobs, result files, the board."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hbench.errors import UsageError

#: What a store holds, besides hidden files: a folder with none of these, but with others, is something else.
_OF_A_STORE = ("finetune", "score", "queue", "stage.json")


@dataclass(frozen=True)
class Folders:
    """Where a run keeps its jobs, its results and its board."""

    store: Path
    results: Path
    out: Path

    @classmethod
    def beside(cls, store: Path, results: Path | None = None, out: Path | None = None) -> Folders:
        """Return the folders that were named, the others beside the store: `results` and `leaderboard`."""
        return cls(store, results or store.parent / "results", out or store.parent / "leaderboard")

    def check(self) -> None:
        """Refuse folders that cannot be used, without writing anything.

        Raises UsageError for a folder that cannot be written, for a store that holds something else, and for a store
        that is to hold results or the board too.
        """
        for option, folder in (("store", self.store), ("results", self.results), ("out", self.out)):
            _check_writable(option, folder)
        for option, folder in (("results", self.results), ("out", self.out)):
            if folder.resolve() == self.store.resolve():
                raise UsageError(f"--{option} {folder}: is the store too; name another folder")
        if self.store.is_dir():
            entries = sorted(path.name for path in self.store.iterdir() if not path.name.startswith("."))
            if entries and not set(entries) & set(_OF_A_STORE):
                raise UsageError(
                    f"--store {self.store}: holds {entries[0]} and no jobs; name a new folder or one of an earlier run"
                )


def _check_writable(option: str, folder: Path) -> None:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        why = f"{there} is a file"
    elif not os.access(there, os.W_OK | os.X_OK):
        why = f"no permission to write in {there}"
    else:
        return
    raise UsageError(f"--{option} {folder}: cannot be written ({why}); name a writable folder with --{option}")
