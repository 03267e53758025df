"""What a figure's file says of itself: what it was drawn from, as a digest, and by which versions of the libraries.

So a run that changed nothing draws nothing, and a figure that does not show the results is found, without the drawing
library, which takes most of a second to import.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from importlib.metadata import version
from pathlib import Path

FOLDER = "figures"
#: What marks a file as a figure of hbench; the digest follows.
MARK = "hbench-figure-"
_MARKED = re.compile(rf">{MARK}([0-9a-f]{{64}})<.*?>drawn with ([^<]*)<", re.DOTALL)
#: Characters of a file that are searched for the mark.
_HEAD = 4000


def library() -> str:
    """Return names and versions of the installed libraries that draw, without importing them."""
    return f"matplotlib {version('matplotlib')}, fonttools {version('fonttools')}"


def drawn_from(path: Path) -> tuple[str, str] | None:
    """Return digest and library that a file names, None where there is no file of hbench."""
    try:
        with path.open(encoding="utf-8") as stream:
            found = _MARKED.search(stream.read(_HEAD))
    except (OSError, UnicodeDecodeError):
        return None
    return None if found is None else (found[1], found[2])


def leftovers(out_dir: Path, names: Collection[str]) -> Iterable[Path]:
    """Return the figures of hbench in a board's folder that the board does not have, sorted."""
    for path in sorted((out_dir / FOLDER).glob("*.svg")):
        if f"{FOLDER}/{path.name}" not in names and drawn_from(path) is not None:
            yield path
