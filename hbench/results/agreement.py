"""Whether the fields of one result file agree with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hbench.cost.budgets import DEFAULT_BUDGET
from hbench.cost.charges import DECLARED
from hbench.results.cell import CellResult, Scoring, kept_share
from hbench.results.fields import Fields
from hbench.results.labels import DIAGNOSTIC, FULL, FULL_KEEP
from hbench.statistics.confusion import counts_by_example

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hbench.results.outcomes import Outcomes

#: float32 values are exact to seven digits.
_MEAN_TOLERANCE = 1e-6
_SHARE_TOLERANCE = 1e-9
#: The way out: nobody knows which of two fields that disagree is right.
_AGAIN = "run the cell again, or restore the file"


def check_agreement(fields: Fields, result: CellResult) -> None:
    """Raise ResultError naming the file, the field and the fix where two fields of a result contradict each other."""
    _check_seeds(fields, result)
    _check_examples(fields, result)
    _check_trivial(fields, result)
    _check_labels(fields, result)
    _check_size(fields, result)
    _check_scoring(fields, result)


def _check_seeds(fields: Fields, result: CellResult) -> None:
    """One value per seed, and a reason for every seed without one."""
    seeds = result.seeds
    if len(set(seeds)) != len(seeds):
        raise fields.error("seeds", f"holds a seed twice: {list(seeds)}; {_AGAIN}")
    if len(result.values) != len(seeds):
        raise fields.error("values", f"holds {len(result.values)} numbers for {len(seeds)} seeds; {_AGAIN}")
    if result.steps and [s is None for s in result.steps] != [v is None for v in result.values]:
        raise fields.error("steps", f"and values disagree on the seeds that failed; {_AGAIN}")
    for name, values in result.also.items():
        if [v is None for v in values] != [v is None for v in result.values]:
            raise fields.error(f"also.{name}", f"and values disagree on the seeds that failed; {_AGAIN}")
    missing = {s for s, v in zip(seeds, result.values, strict=True) if v is None}
    if result.is_diagnostic:
        return  # its failures are those of scoring runs
    named = {f.seed for f in result.failures}
    for seed in sorted(missing - named):
        raise fields.error("failures", f"gives no reason for seed {seed}, which has no value; {_AGAIN}")
    for seed in sorted(named - missing):
        raise fields.error("failures", f"names seed {seed}, which has a value or is not in seeds; {_AGAIN}")


def _check_examples(fields: Fields, result: CellResult) -> None:
    """Per-example values for every seed that has a metric, and a metric that follows from them where it is a mean."""
    outcomes = result.examples
    if outcomes is None:
        if result.seeds:
            raise fields.error("examples", f"is null although there are seeds; {_AGAIN}")
        return
    if len(outcomes.values) != len(result.seeds):
        raise fields.error("examples.values", f"holds {len(outcomes.values)} for {len(result.seeds)} seeds; {_AGAIN}")
    measured = any(value is not None for value in result.values)
    if measured and not (result.data.train_rows and result.data.train_digest and result.data.eval_digest):
        raise fields.error("data", f"does not say how many rows, with which digests, the values rest on; {_AGAIN}")
    if measured and outcomes.count != result.data.eval_rows:
        raise fields.error(
            "examples.count", f"is {outcomes.count}, data.eval_rows is {result.data.eval_rows}; {_AGAIN}"
        )
    gold = _gold(fields, result, outcomes)
    for i, value in enumerate(result.values):
        try:
            row = outcomes.decode(i)
        except ValueError as error:
            raise fields.error(f"examples.values[{i}]", f"{error}; {_AGAIN}") from None
        if (row is None) != (value is None):
            raise fields.error(f"examples.values[{i}]", f"and values disagree on whether the seed failed; {_AGAIN}")
        if row is None or value is None:
            continue
        if result.metric_is_mean:
            what, computed = "the mean of its per-example results", float(row.mean()) if row.size else 0.0
        elif gold is not None and result.metric_of_counts is not None:
            what = f"the {result.metric} of its per-example results"
            computed = float(result.metric_of_counts(counts_by_example(row, gold).sum(axis=0)))
        else:
            continue
        if abs(computed - value) > _MEAN_TOLERANCE:
            raise fields.error(f"values[{i}]", f"is {value:g}, {what} is {computed:g}; {_AGAIN}")


def _gold(fields: Fields, result: CellResult, outcomes: Outcomes) -> npt.NDArray[np.bool_] | None:
    """Return the gold classes of the evaluation examples, which only a file holds whose metric needs them."""
    if outcomes.gold is None:
        return None
    if result.metric_of_counts is None or outcomes.encoding != "bits":
        raise fields.error("examples.gold", f"is of no use to {result.metric} of these values; {_AGAIN}")
    try:
        return outcomes.gold_classes()
    except ValueError as error:
        raise fields.error("examples.gold", f"{error}; {_AGAIN}") from None


def _check_trivial(fields: Fields, result: CellResult) -> None:
    """Check that only the full data have a trivial answer, with one value for each of its evaluation examples."""
    if result.trivial is None:
        return
    if not result.is_full:
        raise fields.error("trivial", f"belongs to method '{result.method}'; {_AGAIN}")
    outcomes = result.trivial.examples
    if len(outcomes.values) != 1 or outcomes.values[0] is None:
        raise fields.error(
            "trivial.examples.values", f"holds {len(outcomes.values)} rows, not one without null; {_AGAIN}"
        )
    if outcomes.count != result.data.eval_rows:
        raise fields.error(
            "trivial.examples.count",
            f"is {outcomes.count}, data.eval_rows is {result.data.eval_rows}; {_AGAIN}",
        )
    if outcomes.cases is not None:
        raise fields.error("trivial.examples.cases", f"is not null; {_AGAIN}")
    if outcomes.gold is not None:
        raise fields.error("trivial.examples.gold", f"belongs to `examples`; {_AGAIN}")
    try:
        outcomes.decode(0)
    except ValueError as error:
        raise fields.error("trivial.examples.values[0]", f"{error}; {_AGAIN}") from None


def _check_labels(fields: Fields, result: CellResult) -> None:
    """The keep label fits what the cell holds."""
    if result.is_full and result.keep != FULL_KEEP:
        raise fields.error("keep", f"is '{result.keep}' for method '{FULL}', which prunes nothing; {_AGAIN}")
    if result.is_diagnostic:
        if result.seeds:
            raise fields.error("seeds", f"is not empty although keep is '{DIAGNOSTIC}'; {_AGAIN}")
    elif not result.seeds:
        raise fields.error("seeds", f"is empty although keep is not '{DIAGNOSTIC}'; {_AGAIN}")
    if result.is_full and result.budget != DEFAULT_BUDGET:
        raise fields.error("budget", f"is '{result.budget}' for method '{FULL}', not '{DEFAULT_BUDGET}'; {_AGAIN}")
    if result.budget == DEFAULT_BUDGET and result.recipe.get("max_steps") is not None:
        raise fields.error(
            "recipe", f"sets max_steps although the budget is '{result.budget}', as long as the recipe; {_AGAIN}"
        )
    for name in sorted({result.method, result.baseline, *result.rivals} - {FULL}):
        if name not in result.compared:
            raise fields.error("compared", f"does not name '{name}', which this file compares; {_AGAIN}")
    if result.baseline in result.rivals:
        raise fields.error("rivals", f"names '{result.baseline}', the random baseline (`chance`); {_AGAIN}")
    if result.further is not None and (result.primary or result.is_diagnostic):
        raise fields.error("further", f"names '{result.further.task}' for the task's own split; {_AGAIN}")


def _check_size(fields: Fields, result: CellResult) -> None:
    """One size per seed, for every seed that trained; share and label say the same as the sizes."""
    subset, rows = result.subset, result.data.train_rows
    if subset is None:
        if any(value is not None for value in result.values):
            raise fields.error("subset", f"is null although there are values; {_AGAIN}")
        return
    if len(subset.sizes) != len(result.seeds):
        raise fields.error("subset.sizes", f"holds {len(subset.sizes)} for {len(result.seeds)} seeds; {_AGAIN}")
    for seed, size, value in zip(result.seeds, subset.sizes, result.values, strict=True):
        if size is None and value is not None:
            raise fields.error("subset.sizes", f"is null for seed {seed}, which has a value; {_AGAIN}")
    known = list(result.sizes.values())
    if not known:
        raise fields.error("subset", f"gives no size; {_AGAIN}")
    if max(known) > rows:
        raise fields.error("subset.sizes", f"exceeds data.train_rows = {rows}; {_AGAIN}")
    mean = sum(known) / len(known) / rows
    if abs(subset.share - mean) > _SHARE_TOLERANCE:
        raise fields.error("subset.share", f"is {subset.share:g}, the sizes come to {mean:g}; {_AGAIN}")
    share = kept_share(result.keep)
    if share is not None and max(abs(size - share * rows) for size in known) > 1 + _SHARE_TOLERANCE:
        raise fields.error(
            "keep",
            f"is '{result.keep}' of {rows} rows, but subset.sizes runs from {min(known)} to {max(known)}; {_AGAIN}",
        )


def _check_scoring(fields: Fields, result: CellResult) -> None:
    """Who reads scoring runs is charged for them, and nobody else; the groups hold these runs, and score every seed.

    What is declared for scores made elsewhere is a charge without runs.
    """
    if result.scored_with is not None and not result.scoring_runs:
        raise fields.error("scored_with", f"names a model of which no run is read; {_AGAIN}")
    if (scoring := result.scoring) is not None:
        _check_groups(fields, result, scoring)
    cost = result.cost
    charges = {} if cost is None else {"": cost.compute, "examples.": cost.examples, "tokens.": cost.tokens}
    for name, charge in charges.items():
        measured = charge is not None and any(part.what != DECLARED for part in charge.scoring)
        if charge is not None and measured != bool(result.scoring_runs):
            how = "names no part of" if result.scoring_runs else "names parts of"
            raise fields.error(f"cost.{name}scoring", f"{how} {len(result.scoring_runs)} scoring runs; {_AGAIN}")


def _check_groups(fields: Fields, result: CellResult, scoring: Scoring) -> None:
    """Every seed is scored by one of the groups, and by one that does not hold it where there are several."""
    if set(scoring.seeds) != set(result.scoring_runs):
        raise fields.error("scoring.groups", f"does not hold the runs of scoring_runs, each once; {_AGAIN}")
    if len(scoring.scored_by) != len(result.seeds):
        raise fields.error(
            "scoring.scored_by", f"names {len(scoring.scored_by)} groups for {len(result.seeds)} seeds; {_AGAIN}"
        )
    for seed, place in zip(result.seeds, scoring.scored_by, strict=True):
        if place >= len(scoring.groups):
            raise fields.error("scoring.scored_by", f"names group {place} of {len(scoring.groups)}, from 0; {_AGAIN}")
        if len(scoring.groups) > 1 and seed in scoring.groups[place]:
            raise fields.error(
                "scoring.scored_by", f"lets seed {seed} be scored by group {place}, which holds its run; {_AGAIN}"
            )
