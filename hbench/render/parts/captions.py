"""Captions of tables that stand alone, as in a paper: what is compared, by which test, and what the marks say."""

from __future__ import annotations

from collections.abc import Collection

from hbench.board.board import Standing
from hbench.board.values import FEWEST_SEEDS
from hbench.render.display import NO_TRAINING, THESE_EXAMPLES, code, fixed, margin, plural

#: What follows a difference that is significant; twice where it is with all comparisons of the board counted too. Not
#: the asterisk of the keyboard, which Markdown takes for emphasis.
HOLDS = "∗"
#: What follows a difference to the full data that excludes a loss as large as the margin.
NON_INFERIOR = "°"

_MARKS = (
    (HOLDS, "superior to or worse than the random subset, or inferior to the full data"),
    (NON_INFERIOR, "non-inferior to the full data"),
    (HOLDS * 2, "likewise with all comparisons of the board counted"),
    (NON_INFERIOR * 2, "likewise with all comparisons of the board counted"),
    (THESE_EXAMPLES, "about these examples, not the method: one set of scores for all seeds"),
    (NO_TRAINING, "no verdict, since some runs did not train"),
)


def caption(standing: Standing, marks: Collection[str], *, intervals: bool) -> str:
    """Return the caption of a contest's table; marks: those that the table shows; intervals: whether it shows any."""
    return " ".join([_what(standing), *_tests(standing, intervals=intervals), _legend(marks)]).rstrip()


def _what(standing: Standing) -> str:
    key = standing.key
    size = f"the size that {code(key.keep)} sets" if standing.natural else f"keep {code(key.keep)}"
    metric = standing.metric[:1].upper() + standing.metric[1:]
    cases = "" if standing.cases == standing.eval_rows else f" in {plural(standing.cases, 'case')}"
    return (
        f"{metric} in points on the split {code(key.split)} of {code(key.task)} ({code(key.model)}, {size}, "
        f"{key.budget}): means over {plural(standing.seeds, 'training seed')}, "
        f"{plural(standing.eval_rows, 'evaluation example')}{cases}."
    )


def _tests(standing: Standing, *, intervals: bool) -> list[str]:
    """Say how differences are tested, or why they are not."""
    if standing.seeds_known < FEWEST_SEEDS:
        return [f"No test, which takes {FEWEST_SEEDS} seeds: {plural(standing.seeds_known, 'seed')}."]
    units = "examples" if standing.cases == standing.eval_rows else "cases"
    looks = standing.looks
    level = 5.0 if looks is None else 100 * looks.level
    said = [
        f"Differences are paired by seed and example; tests: two-t over seeds and {units}, "
        f"{fixed(level, 2).removesuffix('.00')} %, Holm-corrected over the rows of the table; "
        f"margin {margin(standing.margin, ' points')}."
    ]
    if any(row.values is not None for row in standing.rows):
        said.append("Differences are of the mean per-example result.")
    if intervals:
        said.append("Intervals are at 95 %, not corrected.")
    if standing.assay is False:
        said.append("No verdicts: the full data are not better than the trivial answer.")
    return said


def _legend(marks: Collection[str]) -> str:
    used = {*marks, *(mark[:1] for mark in marks)}  # what one mark says, two say of the whole board
    meant: dict[str, list[str]] = {}
    for mark, words in _MARKS:
        if mark in used:
            meant.setdefault(words, []).append(mark)
    said = [f"{', '.join(same)} {words}" for words, same in meant.items()]
    return f"{'; '.join(said)}; no mark: undecided." if said else ""
