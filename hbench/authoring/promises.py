"""The contract of a scorer, a promise at a time, tried on the dynamics of a small model."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from hbench import dynamics as dynamics_of
from hbench.authoring.word_counts import WordCounts, observe
from hbench.errors import HbenchError, UsageError
from hbench.files import first_line
from hbench.jobs.score import find_planted
from hbench.plugins import EMBEDDING_SIGNALS, Cycle, DynamicScorer, Scorer, at_epochs
from hbench.plugins.scoring import checked, score_examples
from hbench.quiet import quiet_loggers

if TYPE_CHECKING:
    import xarray as xr

S = TypeVar("S")
T = TypeVar("T")
#: AUROC from which on planted examples count as kept first.
FIRST = 0.75
#: Share of the range of the scores within which two are equal: sums depend on the order of adding.
_ROUNDING = 1e-4
#: Planted examples that are seldom worth keeping, and what to ask where they are kept first.
_ASKED = ("mislabelled", "redundant")


@dataclass(frozen=True)
class Finding:
    """One line of a check."""

    #: `ok`: the promise is kept. `note`: worth a look. `wrong`: the plugin must not be used like this.
    level: Literal["ok", "note", "wrong"]
    text: str


@dataclass(frozen=True)
class Tried:
    """A scorer and the dynamics that it asked for, as the engine would give them."""

    scorer: Scorer
    dynamics: xr.Dataset
    words: WordCounts

    @property
    def runs(self) -> int:
        """Number of scoring runs."""
        return int(self.dynamics.sizes.get("run", 0))

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return checked scores of some dynamics, a copy of which the scorer is given."""
        return checked(self.scorer, self.scorer.score(dynamics.copy(deep=True)), dynamics)


#: A promise: what it says, and what raises UsageError where it is broken and returns notes where it is kept.
Promise = tuple[str, Callable[[Tried], list[str]]]


def check_scorer(scorer: Scorer, words: WordCounts) -> list[Finding]:
    """Return a line for each promise, and notes; nothing after scores that are no scores at all."""
    tried = Tried(scorer, _asked(scorer, words), words)
    found: list[Finding] = []
    for text, promise in PROMISES:
        try:
            notes = _own_errors(scorer, promise, tried)
        except HbenchError as error:
            found.append(Finding("wrong", str(error)))
            if promise is _numbers:
                break
        else:
            found.append(Finding("ok", text))
            found += [Finding("note", note) for note in notes]
    return found


def _asked(scorer: Scorer, words: WordCounts) -> xr.Dataset:
    """Return what the scorer declared and nothing else."""
    asked = scorer.asks()
    if asked is None:
        texts = words.texts if scorer.reads_texts() else None
        return dynamics_of.from_arrays(ids=words.ids, label=words.label, length=words.length, text=texts, draw=1)
    held = observe(words, asked.at)[[*asked.signals, "label", "length"]]
    if asked.epochs is not None:
        held = at_epochs(held, *asked.epochs)
    return held.isel(run=[0]) if isinstance(scorer, DynamicScorer) else held


def _own_errors(scorer: Scorer, call: Callable[[S], T], given: S) -> T:
    """Call what runs a scorer's own code. Raises UsageError, with the line, for whatever else that raises."""
    try:
        return call(given)
    except HbenchError:
        raise
    except Exception as error:  # the code being tried may raise anything
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == inspect.getfile(type(scorer))]
        frame = (own or frames)[-1]
        raise UsageError(
            f"raises {type(error).__name__}: {first_line(error)} ({frame.filename}, line {frame.lineno})"
        ) from error


def _numbers(tried: Tried) -> list[str]:
    scores = tried.score(tried.dynamics)
    checked(tried.scorer, tried.scorer.prefer(scores, tried.runs), tried.dynamics)
    natural = tried.scorer.natural(scores, tried.runs)
    if natural is not None:
        checked(tried.scorer, natural, tried.dynamics)
        if not bool(natural.any()):
            return ["its natural subset is empty"]
    return []


def _changes_nothing(tried: Tried) -> list[str]:
    given = tried.dynamics.copy(deep=True)
    scores = tried.scorer.score(given)
    if not given.identical(tried.dynamics):
        names = [
            name for name in tried.dynamics.variables if not given.get(name, scores).identical(tried.dynamics[name])
        ]
        raise UsageError(
            f"changes the dynamics that it is given ({', '.join(map(str, names)) or 'attributes'}), which other "
            "scorers read too; compute with copies"
        )
    before = scores.copy(deep=True)
    tried.scorer.prefer(scores, tried.runs)
    tried.scorer.natural(scores, tried.runs)
    if not scores.identical(before):
        raise UsageError("`prefer` or `natural` changes the scores that it is given; compute with a copy")
    return []


def _again(tried: Tried) -> list[str]:
    first, second = tried.score(tried.dynamics), tried.score(tried.dynamics)
    if not first.identical(second):
        raise UsageError(
            "gives other scores when it is called again on the same dynamics: it draws at random or keeps something; "
            "draw from np.random.default_rng(dynamics.attrs['draw'])"
        )
    return []


def _own_place(tried: Tried) -> list[str]:
    with quiet_loggers("hbench"):
        notes = score_examples(tried.scorer, tried.dynamics, tried.runs).notes
    if notes:
        raise UsageError("; ".join(notes))
    return []


def _ties(tried: Tried) -> list[str]:
    """Score every example together with a twin, which has the same signals and another id."""
    asked = tried.scorer.asks()
    if tried.scorer.fresh or (asked is not None and set(asked.signals) & set(EMBEDDING_SIGNALS)):
        return []  # draws for each example, or choices that keep out what is close to another one
    drawn = tried.score(tried.dynamics.assign_attrs(draw=2))
    if not drawn.equals(tried.score(tried.dynamics)):
        return []  # a draw from the seed that it is given
    import xarray as xr

    names = tried.dynamics["example"].to_numpy()
    twins = tried.dynamics.assign_coords(example=[f"{name} twin" for name in names])
    both = xr.concat([tried.dynamics, twins], dim="example", join="override", combine_attrs="override")
    scores = tried.score(both).to_numpy().astype(np.float64)
    one, other = scores[: len(names)], scores[len(names) :]
    apart = np.abs(one - other) > _ROUNDING * np.ptp(scores)
    if apart.any():
        at = int(apart.argmax())
        raise UsageError(
            f"gives examples with the same signals different scores ({one[at]:g} and {other[at]:g} for "
            f"'{names[at]}' and its twin, {int(apart.sum())} of {len(names)}): their order would follow the file; give "
            "both the same score (ranks: scipy.stats.rankdata with method='average'), hbench breaks ties by a seed"
        )
    return []


def _order_of_runs(tried: Tried) -> list[str]:
    if tried.runs < 2:
        return []
    forward = tried.score(tried.dynamics).to_numpy().astype(np.float64)
    backward = tried.score(tried.dynamics.isel(run=slice(None, None, -1))).to_numpy().astype(np.float64)
    if (np.abs(forward - backward) > _ROUNDING * np.ptp(forward)).any():
        raise UsageError(
            "gives other scores when the runs come in another order; take a mean or a sum over `run`, not the first or "
            "the last one"
        )
    return []


def _little(tried: Tried) -> list[str]:
    """Score with one run, with one epoch, and with one of each."""
    asked, notes = tried.scorer.asks(), []
    if asked is None:
        return []
    parts = {"S = 1 (one run)": {"run": [0]}}
    if asked.epochs is None:
        parts |= {"E = 1 (one epoch)": {"epoch": [0]}, "S = 1 and E = 1": {"run": [0], "epoch": [0]}}
    for name, part in parts.items():
        few = tried.dynamics.isel(part)
        try:
            scores = _own_errors(tried.scorer, tried.scorer.score, few.copy(deep=True))
        except UsageError as error:
            if error.__cause__ is not None and not isinstance(error.__cause__, HbenchError):
                raise UsageError(
                    f"with {name} it {error}; give a score, or raise hbench.errors.UsageError that says why not"
                ) from None
            notes.append(f"with {name} it gives no scores, and says why: {error}")
            continue
        try:
            checked(tried.scorer, scores, few)
            checked(tried.scorer, tried.scorer.prefer(scores, few.sizes["run"]), few)
        except UsageError as error:
            raise UsageError(
                f"with {name}: {error}; give a score (std with ddof=0), or raise hbench.errors.UsageError that says "
                "why not"
            ) from None
    return notes


def _choices(tried: Tried) -> list[str]:
    """Let a scorer that prunes while it trains choose half of the examples."""
    if not isinstance(tried.scorer, DynamicScorer):
        return []
    size = tried.dynamics.sizes["example"]
    cycle = Cycle(number=1, epoch=1, epochs=3, count=size // 2, selection_seed=1)
    choice = tried.scorer.choose(tried.dynamics.copy(deep=True), cycle)
    if choice.members.shape != (size,) or choice.members.dtype != bool:
        raise UsageError(
            f"`choose` gives members of shape {choice.members.shape} and type {choice.members.dtype}; give a bool "
            "for each example"
        )
    if int(choice.members.sum()) != cycle.count:
        raise UsageError(f"`choose` keeps {int(choice.members.sum())} examples where {cycle.count} are asked for")
    return []


def _planted(tried: Tried) -> list[str]:
    scores = tried.score(tried.dynamics)
    preference = tried.scorer.prefer(scores, tried.runs).to_numpy().astype(np.float64)
    found = find_planted(preference, tried.words.planted)
    if not found or tried.scorer.fresh:
        return []
    notes = [
        f'keeps {sort} examples first (AUROC {found[sort]:.2f}): is the sign meant? keep = "lowest" keeps the other end'
        for sort in _ASKED
        if found.get(sort, 0.0) >= FIRST
    ]
    measured = ", ".join(f"{sort} {value:.2f}" for sort, value in found.items())
    return [*notes, f"AUROC of being kept before clean examples: {measured} (0.5: as a random order)"]


#: In the order in which they are tried.
PROMISES: tuple[Promise, ...] = (
    ("gives every example one finite number, from the signals that it declares", _numbers),
    ("changes nothing that it is given", _changes_nothing),
    ("gives the same scores when it is called again", _again),
    ("tells examples apart, and scores each wherever it is in the file", _own_place),
    ("gives equal examples equal scores", _ties),
    ("gives the same scores in any order of the runs", _order_of_runs),
    ("does with one run and one epoch, or says why not", _little),
    ("chooses as many examples as are asked for", _choices),
    ("was compared with planted examples", _planted),
)
