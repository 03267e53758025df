"""Groups of full-data runs: how many runs one set of scores takes, and which group scores for which seed.

A random baseline draws a fresh subset for every training seed. A scorer's subset that is computed once is the same for
all of them, and its luck looks like merit. So the full-data runs, which exist anyway, are split into groups, and every
seed is scored by a group that does not hold its own run:

    S seeds, groups of g runs: R = S // g groups of consecutive seeds when 2 g <= S; seed s of group b is scored by
    group (b + 1) mod R. Seeds left over are in no group: the first is scored by group 0, the next by group 1, ...
    When 2 g > S there are no two such groups: one group of the first g training seeds scores for all seeds.

Where looks are planned, at 6, 12 and 18 seeds, the seeds that a look adds score for each other, and S above is the
number of seeds that each look adds: no subset of an earlier look changes, and none of its runs is trained again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hbench.errors import UsageError, suggest
from hbench.experiment.histories import holds_any
from hbench.experiment.seeds import MOST_SEEDS, training_seeds
from hbench.files import short_repr, shorten
from hbench.plugins.registry import SCORERS, with_parts

if TYPE_CHECKING:
    from hbench.plugins import Scorer
    from hbench.plugins.registry import Named

#: Key of a suite's `scoring_runs` for the scorers that it does not name.
DEFAULT = "default"
_FIELD = "scoring_runs"


@dataclass(frozen=True)
class Groups:
    """The groups of full-data runs that a method's scores come from."""

    #: Training seeds of each group's runs, no seed twice; a single empty group where a method reads no run.
    runs: tuple[tuple[int, ...], ...]
    #: By training seed: the place in `runs` of the group that scores for it.
    scored_by: Mapping[int, int]

    def of(self, seed: int) -> tuple[int, ...]:
        """Return the seeds of the runs that score for a training seed."""
        return self.runs[self.scored_by[seed]]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Return the seeds of all runs that are read."""
        return tuple(seed for group in self.runs for seed in group)


def groups_of(count: int, size: int, step: int | None = None) -> Groups:
    """Return the groups of `size` runs that score for the first `count` training seeds; size 0: no run is read.

    step: seeds that each planned look adds, a divisor of `count`; None where there is one look.
    """
    seeds, step = training_seeds(count), step or count
    if 2 * size > step or size == 0:
        return Groups((training_seeds(size),), MappingProxyType(dict.fromkeys(seeds, 0)))
    runs: list[tuple[int, ...]] = []
    scored_by: dict[int, int] = {}
    for start in range(0, count, step):
        first, number, own = len(runs), step // size, seeds[start : start + step]
        runs += [own[size * b : size * (b + 1)] for b in range(number)]
        scored_by |= {seed: first + (i // size + 1) % number for i, seed in enumerate(own[: size * number])}
        scored_by |= {seed: first + i % number for i, seed in enumerate(own[size * number :])}
    return Groups(tuple(runs), MappingProxyType(scored_by))


def runs_per_score(table: int | Mapping[str, int], scorer: Named[Scorer], step: int) -> int:
    """Return how many runs a scorer's scores take: what its reference says, else its name, else the table's default.

    A scorer made of others takes what all of these take, where they agree, before the default. Where the table says
    nothing it is one run; for a scorer that needs several, which is known from its natural subset being empty with one,
    half of the `step` seeds that a look adds, so that there are two groups, and at least 2.
    """
    if isinstance(table, int):
        return table
    named = table.get(scorer.ref, table.get(scorer.name))
    if named is not None:
        return named
    of_parts = {runs_per_score(table, part, step) for part in scorer.parts}
    if len(of_parts) == 1:
        return of_parts.pop()
    if DEFAULT in table:
        return table[DEFAULT]
    return max(2, step // 2) if holds_any(scorer.plugin, runs=1, epochs=2) is False else 1


def checked_scoring_runs(value: Any, scorers: Sequence[Named[Scorer]]) -> dict[str, int]:
    """Return a suite's `scoring_runs`, a number or a table, by scorer; the default only where it is given.

    scorers: those of the suite; others cannot be named. Raises UsageError that starts with the name of the field.
    """
    if not isinstance(value, Mapping):
        _check_number(_FIELD, value)
        return {DEFAULT: int(value)}
    table: dict[str, int] = {}
    for key, number in value.items():
        name = _scorer_named(key, scorers)
        _check_number(f"{_FIELD}.{shorten(str(key))}", number)
        if name in table:
            raise UsageError(f"{_FIELD}: '{name}' is listed twice; name it once")
        table[name] = int(number)
    return table


def of_these(table: int | Mapping[str, int], scorers: Sequence[str]) -> int | dict[str, int]:
    """Return `scoring_runs` without the scorers that are not among some references; those that are unknown stay out."""
    if isinstance(table, int):
        return table
    names = {name for ref in scorers for scorer in with_parts(_found(ref)) for name in (scorer.ref, scorer.name)}
    return {key: number for key, number in table.items() if key == DEFAULT or key in names}


def updated(table: int | Mapping[str, int], given: int | Sequence[str]) -> int | dict[str, Any]:
    """Return `scoring_runs` with what the command line gives: N for all scorers, or NAME=N for one, however many.

    N replaces the whole table; NAME=N changes one entry. Raises UsageError that starts with the name of the field.
    """
    if isinstance(given, int):
        return given
    named: dict[str, Any] = {}
    plain: list[int] = []
    for text in given:
        name, sign, number = text.rpartition("=")
        try:
            runs = int(number)
        except ValueError:
            raise UsageError(
                f"{_FIELD} {short_repr(text)}: use a number such as 1, or a scorer with one, such as h-score=3"
            ) from None
        if not sign:
            plain.append(runs)
        elif name in named:
            raise UsageError(f"{_FIELD}: {shorten(name)} is given twice; give it once")
        else:
            named[name] = runs
    if len(plain) > 1:
        raise UsageError(f"{_FIELD}: {plain[0]} and {plain[1]} are both given for all scorers; give one of them")
    if plain and not named:
        return plain[0]
    kept: dict[str, Any] = {DEFAULT: table} if isinstance(table, int) else dict(table)
    return ({DEFAULT: plain[0]} if plain else kept) | _by_reference(named)


def _by_reference(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return entries by the reference of their scorer, so that one replaces what the suite says of the same scorer."""
    found = {}
    for name, number in named.items():
        found[name if name == DEFAULT else _found(name).ref] = number
    return found


def _scorer_named(key: Any, scorers: Sequence[Named[Scorer]]) -> str:
    if key == DEFAULT:
        return DEFAULT
    named = _found(str(key))
    known = [part for scorer in scorers for part in with_parts(scorer)]
    if all(named.ref not in (scorer.ref, scorer.name) for scorer in known):
        names = dict.fromkeys(name for scorer in known for name in (scorer.name, scorer.ref))
        raise UsageError(
            f"{_FIELD}: '{named.ref}' is not among the scorers of this suite{suggest(named.ref, tuple(names))}; "
            "name one of them, or leave it out"
        )
    return named.ref


def _found(name: str) -> Named[Scorer]:
    try:
        return SCORERS.find(name)
    except UsageError as error:
        raise UsageError(f"{_FIELD}: {error}") from None


def _check_number(place: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{place} {short_repr(value)}: use an integer of at least 1")
    if value > MOST_SEEDS:
        raise UsageError(f"{place} {shorten(str(value))}: use an integer of at most {MOST_SEEDS}")
