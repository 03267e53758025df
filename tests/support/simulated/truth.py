"""How results are drawn: what every method is worth is known, so that each claim is right or wrong.

The chance that run s of a method answers evaluation example i right is

    easy[i] - loss[method] + seed[method, s] + subset[method, scoring of s] + taste[method, case of i]

with every term but the loss drawn at random with mean 0, so that the method's true metric is easy's mean minus its
loss, whatever was drawn.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from hbench.statistics.tables import Values

RANDOM = "random"
METHODS = (RANDOM, *(f"method{i}" for i in range(6)))
ROWS = ("full", *METHODS)
#: What all methods lose against the full data where no difference is true but that one: the declared margin.
MARGIN = 0.05
#: Standard deviations of a run's shift of all examples, and of a method's lasting liking of one example or passage.
SEED_SD, TASTE_SD, TASTE_OF_PASSAGE_SD = 0.02, 0.03, 0.06
#: Half the width of the uniform distribution of easy examples, and, beside it, of easy passages.
_SPREAD, _OF_PASSAGE = 0.12, 0.06
#: Share of runs that collapse to the trivial answer, where some do.
COLLAPSING = 1 / 6
_COLLAPSES: dict[str, tuple[str, ...]] = {
    "none": (),
    "everywhere": ROWS,
    "random": (RANDOM,),
    "methods": METHODS[1:],
}

Scoring = Literal["each seed", "halves", "once"]
Collapse = Literal["none", "everywhere", "random", "methods"]


@dataclass(frozen=True)
class World:
    """What is true of a board, and how its results are drawn."""

    seeds: int = 6
    #: Standard deviation of what a subset adds, in those of a seed.
    ratio: float = 0.5
    #: Subsets that a scorer draws: a new one for each seed, one for each half of them, one for all. Random draws a new
    #: one for each seed.
    scoring: Scoring = "each seed"
    #: The methods that are scored so, the others for each seed.
    scored: tuple[str, ...] = METHODS[1:]
    #: Passages that share their examples; None: every example is a case of its own.
    passages: int | None = None
    examples: int = 300
    tasks: int = 5
    #: Of the full data and of the trivial answer.
    level: float = 0.7
    trivial: float = 0.34
    #: What each method loses against the full data; `MARGIN` where it is not named.
    losses: dict[str, float] = field(default_factory=dict)
    #: Whether values are scores, with one spread at every level, instead of answers that are right or wrong.
    scores: bool = False
    collapse: Collapse = "none"
    #: Whether the true losses hold with collapsed runs counted; otherwise among the runs that train.
    counted: bool = False

    def loss(self, row: str) -> float:
        """Return a row's true loss."""
        return 0.0 if row == "full" else self.losses.get(row, MARGIN)

    def worth(self, row: str) -> float:
        """Return a row's true metric, of the runs that train unless collapsed ones are `counted`."""
        return self.level - self.loss(row)

    def sets(self, row: str) -> tuple[int, ...]:
        """Return for each seed the number of the set of scores that its subset is of."""
        sets = {"each seed": self.seeds, "halves": 2, "once": 1}[self.scoring] if row in self.scored else self.seeds
        return tuple(np.repeat(np.arange(sets), self.seeds // sets).tolist())

    def trained_level(self, row: str) -> float:
        """Return the metric of the runs that train."""
        if not self.counted:
            return self.worth(row)
        # With collapsed runs counted the full data are worth less, and every loss is counted from there.
        full = self.level - (COLLAPSING * (self.level - self.trivial) if "full" in _COLLAPSES[self.collapse] else 0.0)
        counted = full - self.loss(row)
        if row not in _COLLAPSES[self.collapse]:
            return counted
        return (counted - COLLAPSING * self.trivial) / (1 - COLLAPSING)


@dataclass(frozen=True)
class Draw:
    """The results of one task."""

    #: Values of each row, float64 [seed, example].
    values: dict[str, Values]
    #: Of the trivial answer, float64 [example].
    trivial: Values
    #: The passage of each example, None where each is a case of its own.
    cases: npt.NDArray[np.int64] | None

    def first(self, seeds: int) -> Draw:
        """Return the results of the first seeds."""
        return replace(self, values={row: values[:seeds] for row, values in self.values.items()})


def generator(*names: object) -> np.random.Generator:
    """Return the random numbers that the names stand for, the same everywhere."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(repr(names).encode()).digest()[:8], "big"))


def draw(world: World, rng: np.random.Generator) -> Draw:
    """Return the results of one task."""
    cases = None if world.passages is None else _passages(world, rng)
    count = world.examples if cases is None else len(cases)
    units = np.arange(count) if cases is None else cases
    easy = rng.uniform(-_SPREAD, _SPREAD, count)
    taste = TASTE_SD if cases is None else TASTE_OF_PASSAGE_SD
    if cases is not None:
        easy = easy + rng.uniform(-_OF_PASSAGE, _OF_PASSAGE, world.passages)[units]
    trivial = (rng.random(count) < world.trivial).astype(np.float64)
    values = {}
    for row in ROWS:
        chance = world.trained_level(row) + easy + rng.normal(0, taste, units.max() + 1)[units]
        shift = rng.normal(0, SEED_SD, world.seeds) + _of_subsets(world, row, rng)
        made = _values(world, chance + shift[:, None], rng)
        if row in _COLLAPSES[world.collapse]:
            made[rng.random(world.seeds) < COLLAPSING] = trivial
        values[row] = made
    return Draw(values, trivial, cases)


def _values(world: World, chance: Values, rng: np.random.Generator) -> Values:
    """Return answers that are right with some chance, or scores with that mean and the largest spread of an answer."""
    if world.scores:
        return chance + rng.normal(0, 0.5, chance.shape)
    return (rng.random(chance.shape) < chance).astype(np.float64)


def _of_subsets(world: World, row: str, rng: np.random.Generator) -> Values:
    """Return what its subset adds to each seed of a row; the full data has no subset."""
    if row == "full":
        return np.zeros(world.seeds)
    scorings = len(set(world.sets(row)))
    drawn = rng.normal(0, world.ratio * SEED_SD, scorings)
    return np.repeat(drawn, world.seeds // scorings)


def _passages(world: World, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return the passage of each example: sizes differ by as much as five to one, about `examples` in all."""
    assert world.passages is not None
    mean = max(2, round(world.examples / world.passages))
    sizes = rng.integers(max(1, mean // 3), mean + (mean - max(1, mean // 3)) + 1, world.passages)
    return np.repeat(np.arange(world.passages), sizes)
