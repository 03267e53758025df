"""Where the rows of a figure go: limits and ticks of its axes, and side steps where rows would hide each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

#: The cost axis is logarithmic where the dearest row costs at least this many times the cheapest.
_WIDE = 4
#: Space left at either end of an axis, as a share of its range; units it spans where all values are equal.
_SPACE, _LEAST = 0.06, 0.1
#: The size of a symbol, and the distance between two intervals side by side, in printer's points of 1/72 inch.
_SYMBOL, STEP = 7.0, 2.5


@dataclass(frozen=True)
class Spot:
    """A row in the figure of costs: net cost in full trainings, metric and its interval in points."""

    net: float
    metric: float
    low: float | None
    high: float | None
    front: bool


@dataclass(frozen=True)
class Axis:
    """The limits of an axis."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return where a value lies between the limits, 0..1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return 1, 2 and 5 times the powers of ten within the limits."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (float(f"{step}e{power}") for power in powers for step in (1, 2, 5))
        return [tick for tick in steps if self.low <= tick <= self.high]


def cost_axis(points: Sequence[Spot]) -> Axis:
    """Return the axis of net costs; they are above 0."""
    costs = [point.net for point in points]
    low, high = min(costs), max(costs)
    if high < _WIDE * low:
        return _spaced(low, high)
    space = (high / low) ** _SPACE
    return Axis(low / space, high * space, log=True)


def metric_axis(points: Sequence[Spot], *levels: float | None) -> Axis:
    """Return the axis of the metric, which holds all rows, some levels, and intervals within its bounds.

    Metrics lie between -100 and 100, and most never below 0; the intervals of two or three seeds know nothing of that.
    """
    metrics = [point.metric for point in points] + [level for level in levels if level is not None]
    ends = [end for point in points for end in (point.low, point.high) if end is not None]
    least = 0.0 if min(metrics) >= 0 else -100.0
    inside = [min(max(end, least), 100.0) for end in ends]
    return _spaced(min([*metrics, *inside]), max([*metrics, *inside]))


def _spaced(low: float, high: float) -> Axis:
    space = _SPACE * max(high - low, _LEAST)
    return Axis(low - space, high + space)


def side_steps(points: Sequence[Spot], costs: Axis, metrics: Axis, width: float, height: float) -> list[float]:
    """Return by how many printer's points each row is moved sideways, so that no symbol or interval hides another.

    width, height: of the axes, in printer's points. Rows on the front stay in their place, the others too unless
    somebody is there already; these go to the nearest free place beside it, while there is one.
    """
    boxes = [_Box.of(point, costs, metrics, width, height) for point in points]
    placed: list[_Box] = []
    steps = [0.0] * len(points)
    for i in sorted(range(len(points)), key=lambda i: not points[i].front):
        box = boxes[i]
        if not points[i].front:
            places = (replace(box, x=box.x + step) for step in _nearest_first(width))
            inside = (place for place in places if _SYMBOL / 2 <= place.x <= width - _SYMBOL / 2)
            box = next((place for place in inside if not any(map(place.hides, placed))), box)
        steps[i] = box.x - boxes[i].x
        placed.append(box)
    return steps


def _nearest_first(width: float) -> Iterator[float]:
    yield 0.0
    for number in range(1, int(width / STEP)):
        yield from (number * STEP, -number * STEP)


@dataclass(frozen=True)
class _Box:
    """A row on paper, in printer's points: its symbol at (x, y), its interval from low to high."""

    x: float
    y: float
    low: float
    high: float

    @classmethod
    def of(cls, point: Spot, costs: Axis, metrics: Axis, width: float, height: float) -> _Box:
        y, low, high = (
            metrics.at(point.metric if value is None else value) * height
            for value in (point.metric, point.low, point.high)
        )
        return cls(costs.at(point.net) * width, y, low, high)

    def hides(self, other: _Box) -> bool:
        apart = abs(self.x - other.x)
        symbols = apart < _SYMBOL and abs(self.y - other.y) < _SYMBOL
        return symbols or (apart < STEP and self.low < other.high and other.low < self.high)
