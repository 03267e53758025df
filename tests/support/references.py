"""References of registered scorers: of one made of others its name alone is none."""

from __future__ import annotations

from hbench.plugins.composed import Composed
from hbench.plugins.registry import SCORERS
from support.given_files import with_file

#: What a scorer made of others is tried with, in this order.
OTHERS = ("aum", "el2n[epoch=2]", "length")


def written(name: str) -> str:
    """Return the shortest reference with a registered name: behind that of one made of others, some in parentheses.

    Behind that of one that reads a file is a file of its own.
    """
    cls = SCORERS.load(name)
    return f"{name}({','.join(OTHERS[: cls.fewest])})" if issubclass(cls, Composed) else with_file(name)


def scorers() -> list[str]:
    """Return a reference for every registered scorer."""
    return [written(name) for name in SCORERS.names()]
