"""References of registered scorers: of one made of others its name alone is none."""

from __future__ import annotations

from hbench.plugins.composed import Composed
from hbench.plugins.registry import SCORERS

#: What a scorer made of others is tried with, in this order.
OTHERS = ("aum", "el2n[epoch=2]", "length")


def written(name: str) -> str:
    """Return the shortest reference with a registered name: behind that of one made of others, some in parentheses."""
    cls = SCORERS.load(name)
    return f"{name}({','.join(OTHERS[: cls.fewest])})" if issubclass(cls, Composed) else name


def scorers() -> list[str]:
    """Return a reference for every registered scorer."""
    return [written(name) for name in SCORERS.names()]
