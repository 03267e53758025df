"""At which numbers of seeds the results were looked at: as planned, or because seeds were added afterwards.

A result file says it in `looks`, which is left out where nothing was planned and no seeds were added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hbench.results.fields import Fields, is_whole

#: Of verdicts where a board is looked at once.
ALPHA = 0.05
MOST_LOOKS = 20


@dataclass(frozen=True)
class Looks:
    """Numbers of seeds at which results were, or will be, looked at.

    planned: of all looks that the suite declares, equally spaced from the first; empty for none. unplanned: of earlier
    results of the same cell that no plan foresaw: seeds were added, or planned, after these had been seen.
    """

    planned: tuple[int, ...] = ()
    unplanned: tuple[int, ...] = ()

    @property
    def level(self) -> float:
        """Return the level of each verdict, so that all planned looks together hold `ALPHA`."""
        if not self.planned:
            return ALPHA
        from hbench.statistics import pocock_level  # it brings numpy, which a plan does without

        return pocock_level(len(self.planned), ALPHA)


def fault_of(planned: Sequence[int]) -> str | None:
    """Return what is wrong with planned looks, None for nothing; Pocock's bound is for equal steps from 0 on."""
    if not 2 <= len(planned) <= MOST_LOOKS:
        return f"plan 2 to {MOST_LOOKS} looks, such as [6, 12], or none"
    step = planned[0]
    if step < 1 or list(planned) != [step * (i + 1) for i in range(len(planned))]:
        return "use equal steps that start with the first look, such as [6, 12, 18]"
    return None


def looks_after(new: Looks | None, seeds: int, old: Looks | None, old_seeds: int) -> Looks | None:
    """Return the looks of a result that replaces one of the same cell which had measured `old_seeds` seeds."""
    ours, theirs = new or Looks(), old or Looks()
    unplanned = {*ours.unplanned, *theirs.unplanned}
    # A plan does not cover what was seen before it was made.
    changed = bool(ours.planned) and ours.planned != theirs.planned
    if changed or (not ours.planned and old_seeds != seeds):
        unplanned.add(old_seeds)
    found = Looks(ours.planned, tuple(sorted(unplanned)))
    return None if found == Looks() else found


def parse_looks(fields: Fields, seeds: int) -> Looks | None:
    """Return the looks of a result of `seeds` seeds. Raises ResultError naming the field and the fix."""
    inner = fields.optional("looks")
    if inner is None:
        return None
    planned, unplanned = inner.wholes("planned"), inner.take("unplanned", "a sorted list of numbers", _is_sorted)
    inner.close()
    if planned and (fault := fault_of(planned)) is not None:
        raise inner.error("planned", f"is {list(planned)}; {fault}")
    if planned and seeds not in planned:
        raise inner.error("planned", f"has no look at {seeds} seeds; run the cell again, or restore the file")
    return Looks(planned, tuple(unplanned))


def _is_sorted(value: Any) -> bool:
    if not isinstance(value, list) or not all(is_whole(one) and one > 0 for one in value):
        return False
    return value == sorted(set(value))
