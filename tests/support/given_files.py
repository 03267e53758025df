"""Files of scores and of a subset for the examples of `random_dynamics`, so that scorers that read one can be tried."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from hbench.plugins import GivenScorer
from hbench.plugins.registry import SCORERS
from support.random_dynamics import random_dynamics


def with_file(name: str) -> str:
    """Return a reference that works: a scorer's name, with a file of its own where it reads one."""
    cls = SCORERS.load(name)
    if not issubclass(cls, GivenScorer):
        return name
    scores, subset = _files()
    return f"{name}[path={subset if cls.whole else scores}]"


@functools.cache
def _files() -> tuple[Path, Path]:
    folder = Path(tempfile.mkdtemp(prefix="hbench-given-"))
    ids = [str(name) for name in random_dynamics()["example"].to_numpy()]
    scores, subset = folder / "scores.csv", folder / "ids.txt"
    scores.write_text("id,score\n" + "".join(f"{name},{(7 * at) % 11}\n" for at, name in enumerate(ids)))
    subset.write_text("".join(f"{name}\n" for name in ids[::2]))
    return scores, subset
