"""Names of what a process is writing into a store, from which the next one tells whether anybody still writes it."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

#: Names this machine in drafts: a store may be shared by several, and process ids mean something on one only.
HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def draft_prefix(name: str) -> str:
    """Return how the draft of a file or folder of this name begins, when this process writes it."""
    return f".{name[:16]}-{HOST}-{os.getpid()}-"


def drafts(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield the drafts in a folder that processes of this machine write or wrote, with the ids of these."""
    for draft in folder.glob(f".*-{HOST}-*-*"):
        yield draft, int(draft.name.split("-")[2])


def left_behind(folder: Path, alive: Callable[[int], bool]) -> list[Path]:
    """Return the drafts in a folder whose processes are gone; `alive` tells whether a process id still runs."""
    return [draft for draft, process in drafts(folder) if not alive(process)]
