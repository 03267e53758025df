"""The three folders of a run: finished jobs, result files, the board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
        """Raise UsageError for a folder that cannot be used; nothing is written."""
