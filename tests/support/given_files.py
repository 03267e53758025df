"""Files of scores and of a subset for the examples of `random_dynamics`, so that scorers that read one can be tried."""

from __future__ import annotations

from pathlib import Path

from hbench.plugins import GivenScorer
from hbench.plugins.registry import SCORERS

#: In the repository, so that a reference is the same in every process of a run of tests.
GIVEN = Path(__file__).parent / "given"
SCORES, SUBSET = GIVEN / "scores.csv", GIVEN / "ids.txt"


def with_file(name: str) -> str:
    """Return a reference that works: a scorer's name, with a file of its own where it reads one."""
    cls = SCORERS.load(name)
    if not issubclass(cls, GivenScorer):
        return name
    return f"{name}[path={SUBSET if cls.whole else SCORES}]"
