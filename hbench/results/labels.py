"""The words by which a result file names what has no method, size or training of its own.

Only reading and writing result files needs them: a cell says by itself what it is (`CellResult.is_full` and its like).
"""

from __future__ import annotations

#: The method of the full-data baseline, which trains on everything; no scorer can have this name.
FULL = "full"
#: Keep label of the full-data baseline, which prunes nothing.
FULL_KEEP = "1"
#: Keep label of a cell without trainings, which only says how well a method ranks the planted examples.
DIAGNOSTIC = "none"
