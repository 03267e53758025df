"""What the tests of the command line share."""

from __future__ import annotations

PLUGIN = '''
from dataclasses import dataclass
from hbench import Scorer

@dataclass(frozen=True)
class Shortest(Scorer):
    """Fewest words first.

    More of it.
    """
    scale: float = 1.5
    def score(self, dynamics):
        return -dynamics["length"]
'''


def refused(done, *fragments):
    """One line on standard error that names thing, place and fix; nothing else anywhere; exit code 2."""
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
    for fragment in fragments:
        assert fragment in done.err
