"""Where the names of methods go in a figure: beside what they name, and not on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Width of a letter, and height of a line, in sizes of the letters.
_LETTER, _LINE = 0.58, 1.25


def spread(wanted: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Return heights as near to those wanted as can be, at least `apart` from each other, in the same order.

    Between low and high, unless there is no room; all in one unit.
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    groups: list[list[int]] = []
    middles: list[float] = []
    for i in order:
        groups.append([i])
        middles.append(_within(wanted[i], 1, apart, low, high))
        while len(groups) > 1 and middles[-1] - middles[-2] < apart * (len(groups[-1]) + len(groups[-2])) / 2:
            joined = groups.pop(-2) + groups.pop()
            middles = middles[:-2]
            groups.append(joined)
            mean = sum(wanted[j] for j in joined) / len(joined)
            middles.append(_within(mean, len(joined), apart, low, high))
    heights = [0.0] * len(wanted)
    for group, middle in zip(groups, middles, strict=True):
        for place, i in enumerate(group):
            heights[i] = middle + apart * (place - (len(group) - 1) / 2)
    return heights


def _within(middle: float, count: int, apart: float, low: float, high: float) -> float:
    half = apart * (count - 1) / 2
    return max(min(middle, high - half), low + half)


@dataclass(frozen=True)
class Box:
    """A rectangle on paper."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """Return the area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(wide, 0.0) * max(high, 0.0)


def beside(text: str, x: float, y: float, letters: float, taken: Sequence[Box], room: Box) -> tuple[Box, float]:
    """Return the best place for a name near (x, y), and what of it is covered or outside; all in printer's points.

    letters: their size. taken: what is there already. room: what the name should stay within.
    """
    wide, high, gap = len(text) * letters * _LETTER, letters * _LINE, letters * 0.75
    places = [
        (x + gap, y - high / 2),
        (x - gap - wide, y - high / 2),
        (x - wide / 2, y + gap),
        (x - wide / 2, y - gap - high),
        *((x + gap * k, y + gap * (k - 0.5)) for k in (1, 2)),
        *((x - gap * k - wide, y + gap * (k - 0.5)) for k in (1, 2)),
        *((x + gap * k, y - gap * (k - 0.5) - high) for k in (1, 2)),
        *((x - gap * k - wide, y - gap * (k - 0.5) - high) for k in (1, 2)),
    ]
    boxes = [Box(left, bottom, left + wide, bottom + high) for left, bottom in places]
    return min(((box, _covered(box, taken, room)) for box in boxes), key=lambda found: round(found[1], 6))


def _covered(box: Box, taken: Sequence[Box], room: Box) -> float:
    area = (box.right - box.left) * (box.top - box.bottom)
    return sum(map(box.overlap, taken)) + 4 * (area - box.overlap(room))
