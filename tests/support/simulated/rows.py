"""The rows of the table in docs/statistics.md: what is true, and what is measured."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from hbench.results.looks import ALPHA
from hbench.statistics import pocock_level
from support.simulated.claims import Looking, Measure, coverage, false_claims, power, rank_coverage
from support.simulated.truth import METHODS, Collapse, World

BASE = World()
#: Losses of methods that differ, two of them equal.
SPREAD = dict(zip(METHODS, (0.05, 0.0, 0.03, 0.03, 0.1, 0.15, 0.02), strict=True))


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    #: Names its random numbers too.
    name: str
    part: str
    measure: Measure
    world: World


def rows() -> Iterator[Row]:
    """Yield every row, in the order of the table."""
    for name, world in _worlds():
        yield Row(name, "no difference", false_claims, world)
    for seeds in (6, 12):
        for collapse in ("everywhere", "random", "methods"):
            yield from _collapsing(seeds, collapse)
    for looks in ((6, 12), (6, 12, 18)):
        world = replace(BASE, seeds=looks[-1])
        name = " and ".join(map(str, looks))
        yield Row(f"looks at {name} seeds, planned", "looks", Looking(looks, pocock_level(len(looks))), world)
        yield Row(f"looks at {name} seeds, not planned", "looks", Looking(looks, ALPHA), world)
    one = replace(BASE, tasks=1)
    worlds = (
        ("6 seeds", one),
        ("4 seeds", replace(one, seeds=4)),
        ("12 seeds", replace(one, seeds=12)),
        ("13 passages", replace(one, passages=13)),
        ("60 passages", replace(one, passages=60)),
        ("4 seeds, 13 passages", replace(one, seeds=4, passages=13)),
    )
    for name, world in worlds:
        yield Row(f"coverage, {name}", "coverage", coverage, replace(world, losses=SPREAD))
    for name, world in worlds:
        yield Row(f"ranks, {name}, all equal", "ranks", rank_coverage, world)
        yield Row(f"ranks, {name}, different", "ranks", rank_coverage, replace(world, losses=SPREAD))
    for name, world in worlds:
        yield Row(f"power, {name}", "power", power, replace(world, scores=True))


def _worlds() -> Iterator[tuple[str, World]]:
    """Yield the worlds without a difference: one factor changed at a time, then corners."""
    yield "6 seeds, 300 examples, ratio 0.5", BASE
    yield "ratio 0", replace(BASE, ratio=0.0)
    yield "ratio 1", replace(BASE, ratio=1.0)
    yield "4 seeds", replace(BASE, seeds=4)
    yield "12 seeds", replace(BASE, seeds=12)
    for passages in (13, 60, 300):
        yield f"{passages} passages", replace(BASE, passages=passages)
    for seeds, ratio, passages in ((4, 0.0, 13), (4, 1.0, 13), (12, 0.0, 13), (12, 1.0, 13), (4, 1.0, 60)):
        yield (
            f"{seeds} seeds, {passages} passages, ratio {ratio:g}",
            replace(BASE, seeds=seeds, passages=passages, ratio=ratio),
        )
    yield "4 seeds, ratio 1", replace(BASE, seeds=4, ratio=1.0)
    yield "4 seeds, ratio 0", replace(BASE, seeds=4, ratio=0.0)
    yield "12 seeds, ratio 1", replace(BASE, seeds=12, ratio=1.0)
    halves = replace(BASE, scoring="halves")
    for ratio in (0.0, 0.5, 1.0):
        yield f"two scorings, ratio {ratio:g}", replace(halves, ratio=ratio)
        alone = replace(halves, ratio=ratio, scored=METHODS[1:2])
        yield f"two scorings in one of six methods, ratio {ratio:g}", alone
    for seeds in (4, 12):
        yield f"two scorings, {seeds} seeds, ratio 1", replace(halves, seeds=seeds, ratio=1.0)
    yield "two scorings, 13 passages, ratio 1", replace(halves, passages=13, ratio=1.0)
    for ratio in (0.5, 1.0):
        yield f"one scoring for all seeds, ratio {ratio:g}", replace(BASE, scoring="once", ratio=ratio)


def _collapsing(seeds: int, collapse: Collapse) -> Iterator[Row]:
    for counted in (False, True):
        world = replace(BASE, seeds=seeds, collapse=collapse, counted=counted)
        truth = "equal with collapsed runs counted" if counted else "equal among the runs that train"
        yield Row(f"{seeds} seeds, {collapse}, {truth}", "collapse", false_claims, world)


def named(names: Collection[str] = (), parts: Collection[str] = ()) -> list[Row]:
    """Return the rows of some parts whose name contains one of the names; without names or parts, of all."""
    found = (row for row in rows() if not parts or row.part in parts)
    return [row for row in found if not names or any(name in row.name for name in names)]
