"""Reading one result file, the form of every field checked."""

from __future__ import annotations

import json
from typing import Any

from hbench.cost.budgets import BUDGETS
from hbench.files import JsonObject, lone_surrogate, short_repr
from hbench.jobs.spec import PROTOCOL
from hbench.plugins.registry import KINDS
from hbench.results.agreement import check_agreement
from hbench.results.authors import parse_claims, parse_settings
from hbench.results.cell import (
    SCHEMA,
    WORK,
    CellResult,
    Charge,
    Cost,
    Data,
    Failed,
    Further,
    Part,
    ScoredWith,
    Scoring,
    Subset,
    TrivialAnswer,
)
from hbench.results.fields import Fields, ResultError, is_number, is_text, is_whole
from hbench.results.labels import FULL
from hbench.results.looks import parse_looks
from hbench.results.outcomes import ENCODINGS, Outcomes

#: Objects and lists inside each other; a result file has five.
_DEEPEST = 50


def parse_cell(text: str, file: str) -> CellResult:
    """Return the result that a file's text holds. Raises ResultError naming the file, the field and the fix."""
    try:
        payload = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except ValueError as error:
        raise ResultError(f"{file}: is not JSON ({error}); write it again with `hbench run`") from None
    except RecursionError:
        raise _too_deep(file) from None
    _check_depth(payload, file)
    if "\\u" in text and lone_surrogate([json.dumps(payload, ensure_ascii=False)]):
        raise ResultError(f"{file}: holds half of a surrogate pair (\\ud...); write it again with `hbench run`")
    fields = Fields(payload, file)
    _version(fields, "schema", oldest=SCHEMA, newest=SCHEMA)
    protocol = _version(fields, "protocol", oldest=1, newest=PROTOCOL)
    result = CellResult(
        task=fields.text("task"),
        split=fields.text("split"),
        primary=bool(fields.take("primary", "true or false", lambda v: isinstance(v, bool))),
        model=fields.text("model"),
        method=fields.text("method"),
        keep=fields.text("keep"),
        budget=fields.choice("budget", BUDGETS),
        kind=_kind(fields),
        metric=fields.text("metric"),
        baseline=fields.text("chance"),
        compared=_methods(fields, "compared", "methods compared"),
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
        protocol=protocol,
        also=_also(fields),
        rivals=_methods(fields, "rivals", "rivals") if fields.has("rivals") else (),
        published=fields.text("published") if fields.has("published") else None,
        claims=parse_claims(fields),
        trivial=_trivial(fields),
        scoring=_scored_from(fields),
        looks=parse_looks(fields, len(fields.wholes("seeds"))),
        further=_further(fields),
        steps=_steps(fields),
        settings=parse_settings(fields),
        scored_with=_scored_with(fields),
    )
    fields.close()
    check_agreement(fields, result)
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    """Return an object. Raises ValueError naming a key that it holds twice: readers differ on which one counts."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(key for key in made if sum(key == other for other, _ in pairs) > 1)
        raise ValueError(f"the key {short_repr(twice)} is given twice")
    return made


def _check_depth(payload: Any, file: str) -> None:
    """Walk without recursion: whatever reads the values later may recurse."""
    level = [payload]
    for _ in range(_DEEPEST):
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise _too_deep(file)


def _too_deep(file: str) -> ResultError:
    return ResultError(f"{file}: is nested too deeply to be a result; write it again with `hbench run`")


def _kind(fields: Fields) -> str:
    known, kind = KINDS.names(), fields.text("kind")
    if kind not in known:
        raise fields.error(
            "kind",
            f"is {short_repr(kind)}, which is not installed (installed: {', '.join(known)}); install the package that "
            "registers this kind",
        )
    return kind


def _version(fields: Fields, name: str, oldest: int, newest: int) -> int:
    theirs = fields.whole(name)
    if not oldest <= theirs <= newest:
        ours = str(newest) if oldest == newest else f"{oldest} to {newest}"
        raise fields.error(
            name, f"is {theirs}, this hbench reads {ours}; run the cell again, or use the hbench that wrote it"
        )
    return theirs


def _object(fields: Fields, name: str) -> JsonObject:
    return dict(fields.take(name, "an object", lambda v: isinstance(v, dict)))


def _methods(fields: Fields, name: str, what: str) -> tuple[str, ...]:
    found = fields.take(
        name,
        f"a sorted list of the {what}, each once, without '{FULL}', and at least one",
        lambda v: isinstance(v, list) and all(map(is_text, v)) and len(v) > 0 and v == sorted(set(v)) and FULL not in v,
    )
    return tuple(found)


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
    inner = fields.optional("also")
    return {} if inner is None else {name: _values(inner, name) for name in inner.names()}


def _examples(fields: Fields) -> Outcomes | None:
    inner = fields.within("examples")
    if inner is None:
        return None
    count = inner.whole("count")
    packed = inner.take(
        "values",
        "a list of base64 strings, null where a seed failed",
        lambda v: isinstance(v, list) and all(x is None or isinstance(x, str) for x in v),
    )
    cases = inner.take(
        "cases",
        f"null, or a list of {count} integers",
        lambda v: v is None or (isinstance(v, list) and len(v) == count and all(type(x) is int for x in v)),
    )
    outcomes = Outcomes(
        count=count,
        encoding=inner.choice("encoding", ENCODINGS),
        values=tuple(packed),
        cases=None if cases is None else tuple(cases),
        gold=inner.text("gold") if inner.has("gold") else None,
    )
    inner.close()
    return outcomes


def _trivial(fields: Fields) -> TrivialAnswer | None:
    inner = fields.optional("trivial")
    if inner is None:
        return None
    answer, outcomes = inner.text("answer"), _examples(inner)
    if outcomes is None:
        raise inner.error("examples", "is null, expected the value of each evaluation example; restore the file")
    inner.close()
    return TrivialAnswer(answer, outcomes)


def _scored_from(fields: Fields) -> Scoring | None:
    inner = fields.optional("scoring")
    if inner is None:
        return None
    groups = inner.take(
        "groups",
        "a list of groups, each a list of the seeds of its runs, none twice, and all of one size of at least 1",
        lambda v: (
            isinstance(v, list)
            and len(v) > 0
            and all(isinstance(group, list) and len(group) > 0 for group in v)
            and len({len(group) for group in v}) == 1
            and all(is_whole(seed) and seed >= 0 for group in v for seed in group)
            and len({seed for group in v for seed in group}) == sum(map(len, v))
        ),
    )
    found = Scoring(tuple(map(tuple, groups)), inner.wholes("scored_by"))
    inner.close()
    return found


def _scored_with(fields: Fields) -> ScoredWith | None:
    inner = fields.optional("scored_with")
    if inner is None:
        return None
    found = ScoredWith(inner.text("model"), _object(inner, "source"))
    inner.close()
    return found


def _steps(fields: Fields) -> tuple[int | None, ...]:
    if not fields.has("steps"):
        return ()
    return tuple(
        fields.take(
            "steps",
            "a list of integers of at least 1, null where a seed failed",
            lambda v: isinstance(v, list) and all(x is None or (is_whole(x) and x >= 1) for x in v),
        )
    )


def _further(fields: Fields) -> Further | None:
    inner = fields.optional("further")
    if inner is None:
        return None
    found = Further(inner.text("task"), _object(inner, "source"), _object(inner, "declaration"))
    inner.close()
    return found


def _failures(fields: Fields) -> tuple[Failed, ...]:
    failures = []
    for inner in fields.objects("failures"):
        reason = inner.take("reason", "a string", lambda v: isinstance(v, str) and bool(v.strip()))
        failures.append(Failed(seed=inner.whole("seed"), reason=str(reason)))
        inner.close()
    return tuple(failures)


def _subset(fields: Fields) -> Subset | None:
    inner = fields.within("subset")
    if inner is None:
        return None
    sizes = inner.take(
        "sizes",
        "a list of integers of at least 1, null where a seed has no subset",
        lambda v: isinstance(v, list) and all(x is None or (is_whole(x) and x >= 1) for x in v),
    )
    subset = Subset(
        sizes=tuple(sizes), share=inner.number("share", 0.0, 1.0), classes=inner.numbers("classes", 0.0, 1.0)
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
        scoring=_scoring(fields),
    )


def _scoring(fields: Fields) -> tuple[Part, ...]:
    parts = fields.take(
        "scoring",
        f"a sorted list of [epoch, {' or '.join(WORK)}, number of at least 0, or null], each epoch and work once",
        lambda v: (
            isinstance(v, list)
            and all(isinstance(part, list) and len(part) == 3 and _is_part(*part) for part in v)
            and [part[:2] for part in v] == sorted(map(list, {(epoch, what) for epoch, what, _ in v}))
        ),
    )
    return tuple(Part(epoch, what, None if amount is None else float(amount)) for epoch, what, amount in parts)


def _is_part(epoch: Any, what: Any, amount: Any) -> bool:
    known = amount is None or (is_number(amount) and amount >= 0)
    return is_whole(epoch) and epoch >= 1 and what in WORK and known


def _planted(fields: Fields) -> dict[str, float] | None:
    value = fields.take("planted", "an object or null", lambda v: v is None or isinstance(v, dict))
    return None if value is None else fields.numbers("planted", 0.0, 1.0)
