"""Ranking models on a subset: does training on it order models as training on all data does?

In a search for the best model, a subset serves if it tells good models from bad ones, whatever it costs in accuracy.
Everything follows from the results of the models that are on the board: nothing is trained for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from hbench.board.row import BoardRow

#: Models below which no order is told.
FEWEST = 3
#: Differences of metrics up to this are ties: sums that differ in their last bits on two machines.
_TIE = 1e-10


@dataclass(frozen=True)
class MethodRanking:
    """How a method's subsets order the models."""

    method: str
    #: Models with a result both on all data and on the method's subset.
    models: int
    #: Pairs of them that both order alike, that they order in opposite ways, and all pairs: the others are ties.
    alike: int
    opposite: int
    pairs: int
    #: Kendall's tau-b, -1..1, 1 = the same order; None where one of the two orders nothing.
    tau: float | None
    #: The models from the best on the subset to the worst.
    order: tuple[str, ...]


@dataclass(frozen=True)
class Rankings:
    """The orders of the models of one evaluation split at one size and budget."""

    task: str
    split: str
    keep: str
    budget: str
    #: The models with a result on all data, from the best to the worst.
    order: tuple[str, ...]
    #: Highest tau first, then by name.
    methods: tuple[MethodRanking, ...]


def rankings_of(contests: Iterable[Sequence[BoardRow]]) -> tuple[Rankings, ...]:
    """Return one per task, split, size and budget where a method has results of three models; in the board's order."""
    full: dict[tuple[str, str], dict[str, float]] = {}
    pruned: dict[tuple[str, str, str, str], dict[str, dict[str, float]]] = {}
    for rows in contests:
        for row in rows:
            if row.metric is None:
                continue
            cell = row.cell
            if row.role == "full":
                full.setdefault((cell.task, cell.split), {})[cell.model] = row.metric.value
            else:
                of_method = pruned.setdefault((cell.task, cell.split, cell.keep, cell.budget), {})
                of_method.setdefault(row.method, {})[cell.model] = row.metric.value
    return tuple(
        Rankings(*key, order=_order(everything), methods=methods)
        for key, found in pruned.items()
        if len(everything := full.get(key[:2], {})) >= FEWEST and (methods := _methods(found, everything))
    )


def _methods(found: Mapping[str, Mapping[str, float]], full: Mapping[str, float]) -> tuple[MethodRanking, ...]:
    rankings = []
    for method, metrics in found.items():
        both = {model: metric for model, metric in metrics.items() if model in full}
        if len(both) >= FEWEST:
            rankings.append(_ranking(method, both, full))
    return tuple(sorted(rankings, key=lambda r: (r.tau is None, -(r.tau or 0.0), r.method)))


def _ranking(method: str, metrics: Mapping[str, float], full: Mapping[str, float]) -> MethodRanking:
    pairs = [(_sign(full[a] - full[b]), _sign(metrics[a] - metrics[b])) for a, b in combinations(sorted(metrics), 2)]
    alike, opposite = (sum(one * other == sign for one, other in pairs) for sign in (1, -1))
    ordered = [sum(1 for pair in pairs if pair[side]) for side in (0, 1)]
    tau = (alike - opposite) / (ordered[0] * ordered[1]) ** 0.5 if all(ordered) else None
    return MethodRanking(method, len(metrics), alike, opposite, len(pairs), tau, _order(metrics))


def _sign(difference: float) -> int:
    return 0 if abs(difference) <= _TIE else 1 if difference > 0 else -1


def _order(metrics: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(metrics, key=lambda model: (-round(metrics[model], 10), model)))
