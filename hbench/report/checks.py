"""Checks of one result file: every field has its form, and the fields agree with each other."""

from __future__ import annotations

import json
from typing import Any

from hbench.report.fields import Fields, ResultError, is_number
from hbench.report.outcomes import ENCODINGS, Outcomes
from hbench.report.results import DIAGNOSTIC, FULL_KEEP, SCHEMA, CellResult, Charge, Cost, Data, Failed, Subset
from hbench.spec import BUDGETS, FULL, PROTOCOL

#: Metrics that are the mean of the per-example values, so that the two can be checked against each other.
MEAN_METRICS = ("accuracy",)
#: float32 values are exact to seven digits.
_MEAN_TOLERANCE = 1e-6


def parse_cell(text: str, file: str) -> CellResult:
    """Return the result that a file's text holds. Raises ResultError naming the file, the field and the fix."""
    try:
        payload = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise ResultError(f"{file}: is not JSON ({error}); write it again with `hbench run`") from None
    fields = Fields(payload, file)
    _version(fields, "schema", SCHEMA)
    _version(fields, "protocol", PROTOCOL)
    result = CellResult(
        task=fields.text("task"),
        split=fields.text("split"),
        primary=bool(fields.take("primary", "true or false", lambda v: isinstance(v, bool))),
        model=fields.text("model"),
        method=fields.text("method"),
        keep=fields.text("keep"),
        budget=fields.choice("budget", BUDGETS),
        kind=fields.text("kind"),
        metric=fields.text("metric"),
        chance=fields.text("chance"),
        margin=fields.number_or_none("margin", 0.0, 1.0),
        data=_data(fields),
        model_source=_object(fields, "model_source"),
        recipe=_object(fields, "recipe"),
        seeds=fields.wholes("seeds"),
        scoring_runs=fields.wholes("scoring_runs"),
        values=_values(fields),
        examples=_examples(fields),
        failures=_failures(fields),
        subset=_subset(fields),
        cost=_cost(fields),
        planted=_planted(fields),
        protocol=PROTOCOL,
        also=_also(fields),
    )
    fields.close()
    _check_seeds(fields, result)
    _check_examples(fields, result)
    _check_labels(fields, result)
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _version(fields: Fields, name: str, ours: int) -> None:
    theirs = fields.whole(name)
    if theirs != ours:
        raise fields.error(
            name, f"is {theirs}, this hbench reads {ours}; run the cell again, or use the hbench that wrote it"
        )


def _object(fields: Fields, name: str) -> dict[str, Any]:
    return dict(fields.take(name, "an object", lambda v: isinstance(v, dict)))


def _data(fields: Fields) -> Data:
    inner = fields.within("data")
    if inner is None:
        raise fields.error("data", "is null; say what was trained and evaluated on")
    data = Data(
        source=_object(inner, "source"),
        train_rows=inner.whole("train_rows"),
        eval_rows=inner.whole("eval_rows"),
        declaration=_object(inner, "declaration"),
        train_digest=inner.text_or_empty("train_digest"),
        eval_digest=inner.text_or_empty("eval_digest"),
    )
    inner.close()
    return data


def _values(fields: Fields, name: str = "values") -> tuple[float | None, ...]:
    values = fields.take(
        name,
        "a list of numbers from -1 to 1 (shares, not points), null where a seed failed",
        lambda v: isinstance(v, list) and all(x is None or (is_number(x) and -1 <= x <= 1) for x in v),
    )
    return tuple(None if v is None else float(v) for v in values)


def _also(fields: Fields) -> dict[str, tuple[float | None, ...]]:
    inner = fields.within("also") if fields.has("also") else None
    return {} if inner is None else {name: _values(inner, name) for name in inner.names()}


def _examples(fields: Fields) -> Outcomes | None:
    inner = fields.within("examples")
    if inner is None:
        return None
    count = inner.whole("count")
    packed = inner.take(
        "values",
        "a list of base64 texts, null where a seed failed",
        lambda v: isinstance(v, list) and all(x is None or isinstance(x, str) for x in v),
    )
    cases = inner.take(
        "cases",
        f"null, or a list of {count} whole numbers",
        lambda v: v is None or (isinstance(v, list) and len(v) == count and all(type(x) is int for x in v)),
    )
    outcomes = Outcomes(
        count=count,
        encoding=inner.choice("encoding", ENCODINGS),
        values=tuple(packed),
        cases=None if cases is None else tuple(cases),
    )
    inner.close()
    return outcomes


def _failures(fields: Fields) -> tuple[Failed, ...]:
    failures = []
    for inner in fields.objects("failures"):
        reason = inner.take("reason", "a text", lambda v: isinstance(v, str) and bool(v.strip()))
        failures.append(Failed(seed=inner.whole("seed"), reason=str(reason)))
        inner.close()
    return tuple(failures)


def _subset(fields: Fields) -> Subset | None:
    inner = fields.within("subset")
    if inner is None:
        return None
    subset = Subset(
        sizes=inner.wholes("sizes"), share=inner.number("share", 0.0, 1.0), classes=inner.numbers("classes", 0.0, 1.0)
    )
    inner.close()
    return subset


def _cost(fields: Fields) -> Cost | None:
    inner = fields.within("cost")
    if inner is None:
        return None
    unit, compute = inner.text("unit"), _charge(inner)
    other = {}
    for name in ("examples", "tokens"):
        charged = inner.within(name)
        other[name] = None if charged is None else _charge(charged)
        if charged is not None:
            charged.close()
    inner.close()
    return Cost(unit=unit, compute=compute, examples=other["examples"], tokens=other["tokens"])


def _charge(fields: Fields) -> Charge:
    return Charge(
        full=fields.take("full", "a number above 0, or null", lambda v: v is None or (is_number(v) and v > 0)),
        train=fields.number_or_none("train", 0.0),
        scoring_alone=fields.number_or_none("scoring_alone", 0.0),
        scoring_shared=fields.number_or_none("scoring_shared", 0.0),
    )


def _planted(fields: Fields) -> dict[str, float] | None:
    value = fields.take("planted", "an object or null", lambda v: v is None or isinstance(v, dict))
    return None if value is None else fields.numbers("planted", 0.0, 1.0)


def _check_seeds(fields: Fields, result: CellResult) -> None:
    """One value per seed, and a reason for every seed without one."""
    seeds = result.seeds
    if len(set(seeds)) != len(seeds):
        raise fields.error("seeds", f"holds a seed twice: {list(seeds)}; give each seed once")
    if len(result.values) != len(seeds):
        raise fields.error("values", f"holds {len(result.values)} numbers for {len(seeds)} seeds; give one per seed")
    if result.subset is not None and len(result.subset.sizes) > len(seeds):
        raise fields.error(
            "subset.sizes", f"holds {len(result.subset.sizes)} for {len(seeds)} seeds; give one per seed"
        )
    if result.subset is not None and max(result.subset.sizes, default=0) > result.data.train_rows:
        raise fields.error("subset.sizes", f"exceeds data.train_rows = {result.data.train_rows}; correct one of them")
    for name, values in result.also.items():
        if [v is None for v in values] != [v is None for v in result.values]:
            raise fields.error(f"also.{name}", "and values disagree on the seeds that failed; give one number per seed")
    missing = {s for s, v in zip(seeds, result.values, strict=True) if v is None}
    if result.keep == DIAGNOSTIC:
        return  # its failures are those of scoring runs
    named = {f.seed for f in result.failures}
    for seed in sorted(missing - named):
        raise fields.error("failures", f"gives no reason for seed {seed}, which has no value; add it")
    for seed in sorted(named - missing):
        raise fields.error("failures", f"names seed {seed}, which has a value or is not in seeds; remove it")


def _check_examples(fields: Fields, result: CellResult) -> None:
    """Per-example values for every seed that has a metric, and a metric that follows from them where it is a mean."""
    outcomes = result.examples
    if outcomes is None:
        if result.seeds:
            raise fields.error("examples", "is null although there are seeds; add the per-example results")
        return
    if len(outcomes.values) != len(result.seeds):
        raise fields.error(
            "examples.values", f"holds {len(outcomes.values)} for {len(result.seeds)} seeds; one per seed"
        )
    measured = any(value is not None for value in result.values)
    if measured and not (result.data.train_rows and result.data.train_digest and result.data.eval_digest):
        raise fields.error("data", "does not say how many rows, with which digests, the values rest on; fill it in")
    if measured and outcomes.count != result.data.eval_rows:
        raise fields.error(
            "examples.count", f"is {outcomes.count}, data.eval_rows is {result.data.eval_rows}; they have to be equal"
        )
    for i, value in enumerate(result.values):
        try:
            row = outcomes.decode(i)
        except ValueError as error:
            raise fields.error(f"examples.values[{i}]", f"{error}; write the file again with `hbench run`") from None
        if (row is None) != (value is None):
            raise fields.error(f"examples.values[{i}]", "and values disagree on whether the seed failed; correct one")
        if row is None or value is None or result.metric not in MEAN_METRICS:
            continue
        mean = float(row.mean()) if row.size else 0.0
        if abs(mean - value) > _MEAN_TOLERANCE:
            raise fields.error(
                f"values[{i}]", f"is {value:g}, the mean of its per-example results is {mean:g}; correct one of them"
            )


def _check_labels(fields: Fields, result: CellResult) -> None:
    """The keep label fits what the cell holds."""
    if result.method == FULL and result.keep != FULL_KEEP:
        raise fields.error("keep", f"is '{result.keep}' for method '{FULL}', which prunes nothing; use '{FULL_KEEP}'")
    if result.keep == DIAGNOSTIC:
        if result.seeds:
            raise fields.error("seeds", f"is not empty although keep is '{DIAGNOSTIC}'; name the share kept")
    elif not result.seeds:
        raise fields.error("seeds", f"is empty; name the training seeds, or set keep to '{DIAGNOSTIC}'")
