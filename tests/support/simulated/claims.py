"""What a board says of a world whose truth is known: each measure has one number per board."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hbench.board.comparisons import ALPHA, Comparison, Role, against_trivial
from hbench.board.paired import means, shares
from hbench.statistics import holm
from support.simulated.boards import Table, board
from support.simulated.fast import Claim, claims, ranks
from support.simulated.truth import METHODS, RANDOM, World, draw, generator

#: The share of a board's tables, intervals or verdicts for which something is so, by the name of the measure; None
#: where the board has none of them.
Shares = dict[str, float | None]
Measure = Callable[[World, np.random.Generator], Shares]


def _share(events: list[bool]) -> float | None:
    return float(np.mean(events)) if events else None


def false_claims(world: World, rng: np.random.Generator) -> Shares:
    """Measure verdicts where no method differs from random, and all lose exactly the margin against the full data."""
    return said_of(claims(world, [draw(world, rng) for _ in range(world.tasks)]))


@dataclass(frozen=True)
class Looking:
    """Measure false verdicts at any of several looks: one that is right at one look and wrong at another is wrong."""

    #: Numbers of seeds, the last that of the world.
    looks: tuple[int, ...]
    #: Of each verdict.
    level: float

    def __call__(self, world: World, rng: np.random.Generator) -> Shares:
        """Return the shares of tables, and whether the board, say something wrong at any look."""
        drawn = [draw(world, rng) for _ in range(world.tasks)]
        boards = [
            claims(replace(world, seeds=seeds), [made.first(seeds) for made in drawn], self.level)
            for seeds in self.looks
        ]
        shares: Shares = {}
        for name, role, wrong in _WRONG:
            by_look = [_said(tables, role, wrong, self.level) for tables in boards]
            shares[f"{name}, table"] = _share([any(at) for at in zip(*(tables for tables, _ in by_look), strict=True)])
            shares[f"{name}, board"] = float(any(over_board for _, over_board in by_look))
        return shares


def said_of(tables: Sequence[Sequence[Claim]]) -> Shares:
    """Return what the tables of a board say, by measure."""
    shares: Shares = {}
    for name, role, wrong in _WRONG:
        said, over_board = _said(tables, role, wrong, ALPHA)
        shares[f"{name}, table"] = _share(said)
        shares[f"{name}, board"] = float(over_board)
    decided = ("superior", "worse", "non-inferior", "inferior", "undecided")
    shares["tables with a verdict"] = _share([any(c.verdict in decided for c in table) for table in tables])
    return shares


def _said(
    tables: Sequence[Sequence[Claim]], role: str, wrong: Collection[str], level: float
) -> tuple[list[bool], bool]:
    """Return which tables have one of the verdicts, and whether one of them is shown over the whole board."""
    of_role = [[claim for claim in table if claim.role == role] for table in tables]
    over_board = iter(holm([claim.p for table in of_role for claim in table]))
    said = [[(claim.verdict in wrong, next(over_board)) for claim in table] for table in of_role]
    shown = any(claimed and p is not None and p <= level for table in said for claimed, p in table)
    return [any(claimed for claimed, _ in table) for table in said], shown


#: A measure's name, the role it is about, and the verdicts that are wrong there.
_WRONG = (
    ("superior or worse", "random", ("superior", "worse")),
    ("non-inferior", "full", ("non-inferior",)),
)


def coverage(world: World, rng: np.random.Generator) -> Shares:
    """Measure how often the intervals shown hold the truth."""
    found: dict[str, list[bool]] = {}

    def note(kind: str, low: float | None, high: float | None, truth: float) -> None:
        if low is not None and high is not None:
            found.setdefault(kind, []).append(bool(low <= truth <= high))

    gained = world.level - world.trivial
    for table in board(world, rng):
        full = table.of("full")
        rows = (*METHODS, "full")
        for row, test in zip(rows, means([table.of(row) for row in rows]), strict=True):
            if test is not None:
                note("metric", test.low, test.high, world.worth(row))
        for c in (*table.comparisons, *against_trivial(full)):
            note(f"difference to {c.role}", c.low, c.high, _true_difference(world, c))
        for row, kept in zip(METHODS, shares([table.of(row) for row in METHODS], full), strict=True):
            if kept.metric is not None:
                note("share of full", kept.metric.low, kept.metric.high, world.worth(row) / world.level)
            if kept.gain is not None:
                true = (world.worth(row) - world.trivial) / gained
                note("share of the gain", kept.gain.low, kept.gain.high, true)
    return {kind: _share(events) for kind, events in found.items()}


def _true_difference(world: World, found: Comparison) -> float:
    theirs = {"full": world.level, "random": world.worth(RANDOM), "trivial": world.trivial}[found.role]
    return world.worth(found.cell.method) - theirs


def rank_coverage(world: World, rng: np.random.Generator) -> Shares:
    """Measure how often the rank sets of a table hold all ranks at once; methods that tie have all ranks they share."""
    worth = {row: round(world.worth(row), 9) for row in METHODS}
    held, ruled_out = [], []
    for _ in range(world.tasks):
        sets = ranks(draw(world, rng))
        events = []
        for method, found in sets.items():
            own = worth[method]
            best = 1 + sum(other > own for other in worth.values())
            worst = len(worth) - sum(other < own for other in worth.values())
            events.append(found.best <= best and worst <= found.worst)
            ruled_out.append(1 - (found.worst - found.best) / (len(worth) - 1))
        held.append(all(events))
    return {"all ranks held": _share(held), "ranks ruled out": float(np.mean(ruled_out))}


def power(world: World, rng: np.random.Generator) -> Shares:
    """Measure how often a difference is shown on a new board that is exactly the detectable one of the board before.

    The last method has it against random, or against the full data beyond the margin; the others lose the margin.
    """
    last = METHODS[-1]
    shown: dict[str, list[bool]] = {}
    for table in board(world, rng):
        for role, verdict, sign in _CLAIMS:
            printed = _of(table, last, role).detectable
            if printed is None:
                continue
            told = {**world.losses, last: world.loss(last) - sign * printed}
            again = claims(world, [draw(replace(world, losses=told), rng)])[0]
            found = next(c.verdict for c in again if c.role == role and c.method == last)
            shown.setdefault(f"{verdict}, power", []).append(found == verdict)
    return {name: _share(events) for name, events in shown.items()}


#: A role, the verdict that its detectable difference is printed for, and the sign of that difference.
_CLAIMS: tuple[tuple[Role, str, int], ...] = (("random", "superior", 1), ("full", "non-inferior", 1))


def _of(table: Table, row: str, role: Role) -> Comparison:
    return next(c for c in table.comparisons if c.role == role and c.cell.method == row)


def measured(name: str, measure: Measure, world: World, boards: range) -> Iterator[Shares]:
    """Yield what is measured on each board of a row; board b of a row is the same whichever boards are asked for."""
    for number in boards:
        yield measure(world, generator(name, number))
