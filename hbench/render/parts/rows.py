"""The columns of a row of the board, in the order of leaderboard.csv: a new column takes one entry here.

Every format follows: leaderboard.csv, JSON and the data frame show the columns that are data, the page and the
terminal those with a view.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from hbench.board.comparisons import Comparison, Role
from hbench.board.costs import CostSummary
from hbench.board.row import BoardRow, Estimate, Kept
from hbench.render.display import code, count, difference, estimate, fixed, plural, points, short
from hbench.render.table import NOTHING, Column, Table, Value, View

#: What stands behind the names of the two baselines.
LABELS = {"full": " (all data)", "random": " (random subset)"}
#: What tests are about where the metric is not a mean over examples.
PER_EXAMPLE = "per-example result"

_SHARE, _TRAININGS, _ROWS = "share of 1", "full trainings", "rows"


def tested(row: BoardRow) -> str | None:
    """Return what intervals, differences and tests of a row are about; None without a result."""
    if row.metric is None:
        return None
    return row.metric_name if row.values is None else PER_EXAMPLE


def labelled(row: BoardRow) -> str:
    """Return the method's name, marked where it is a baseline."""
    return code(row.method) + LABELS.get(row.role, "")


def net_costs(row: BoardRow) -> tuple[str, str]:
    """Return the net cost as tables show it, shared and alone."""
    costs = row.costs
    nets = (None, None) if costs is None else (costs.net_shared, costs.net_alone)
    shared, alone = (NOTHING if net is None else fixed(net, 2) for net in nets)
    return shared, alone


def _against(role: Role, get: Callable[[Comparison], Value]) -> Callable[[BoardRow], Value]:
    def value(row: BoardRow) -> Value:
        found = row.against(role)
        return None if found is None else get(found)

    return value


def _estimate(get: Callable[[BoardRow], Estimate | None]) -> tuple[Callable[[BoardRow], Value], ...]:
    """Return getters of value, lower and upper end."""

    def part(of: Callable[[Estimate], Value]) -> Callable[[BoardRow], Value]:
        return lambda row: None if (found := get(row)) is None else of(found)

    return part(lambda e: e.value), part(lambda e: e.low), part(lambda e: e.high)


def _kept(get: Callable[[Kept], Value]) -> Callable[[BoardRow], Value]:
    return lambda row: None if row.kept is None else get(row.kept)


def _costs(get: Callable[[CostSummary], Value]) -> Callable[[BoardRow], Value]:
    return lambda row: None if row.costs is None else get(row.costs)


def _break_even(get: Callable[[CostSummary], float | None]) -> Callable[[BoardRow], Value]:
    def value(row: BoardRow) -> Value:
        trainings = None if row.costs is None else get(row.costs)
        return "never" if trainings == math.inf else trainings

    return value


def _method(row: BoardRow) -> str:
    name = labelled(row)
    if row.status == "missing":
        return name
    if row.seeds_run < row.most_seeds:
        name += f", {row.seeds_run} of {plural(row.most_seeds, 'seed')}"
    if row.status == "partial":
        name += f", {row.seeds_failed} of {plural(row.seeds_run, 'seed')} failed"
    return name


def _method_in_terminal(row: BoardRow) -> str:
    few = row.seeds < row.most_seeds and _has_result(row)
    return f"{row.method} ({row.seeds} of {row.most_seeds} seeds)" if few else row.method


def _has_result(row: BoardRow) -> bool:
    return row.status not in ("missing", "failed")


def _metric(row: BoardRow) -> str:
    if row.status == "failed":
        return f"failed: {short(row.failures[0][1])}" if row.failures else "failed"
    return "missing" if row.status == "missing" else estimate(row.metric)


def _metric_in_terminal(row: BoardRow) -> str:
    return points(row.metric.value if row.metric else None) if _has_result(row) else row.status


def _difference(role: Role) -> Callable[[BoardRow], str]:
    return lambda row: difference(row.against(role))


def _points_to(role: Role) -> Callable[[BoardRow], str]:
    def show(row: BoardRow) -> str:
        found = row.against(role)
        return points(None if found is None else found.difference, signed=True)

    return show


def _verdict(role: Role) -> Callable[[BoardRow], str]:
    def show(row: BoardRow) -> str:
        found = row.against(role)
        return "" if found is None else found.verdict or ""

    return show


def _size(row: BoardRow) -> str:
    if row.kept is None:
        return NOTHING
    size = count(row.kept.rows)
    if row.kept.least != row.kept.most:
        size += f" ({row.kept.least:,} to {row.kept.most:,})"
    return f"{size} ({fixed(row.kept.share * 100, 1)} %)"


def _share_in_terminal(row: BoardRow) -> str:
    return f"{fixed(row.kept.share * 100, 1)} %" if row.kept is not None and _has_result(row) else NOTHING


def _classes(row: BoardRow) -> str:
    kept = row.kept
    if kept is None:
        return NOTHING
    if kept.deviation is not None and kept.deviating is not None:
        off = fixed(kept.deviation * 100, 1, signed=True)
        return f"{off} {code(kept.deviating)}" if off != "+0.0" else "0.0"
    if len(kept.classes) > 4:
        return f"{len(kept.classes)} classes"
    return ", ".join(f"{code(name)} {fixed(share * 100, 1)} %" for name, share in kept.classes) or NOTHING


def _pair(shared: str, alone: str) -> str:
    return NOTHING if shared == alone == NOTHING else f"{shared} / {alone}"


def _net_in_terminal(row: BoardRow) -> str:
    shared, alone = net_costs(row)
    return NOTHING if NOTHING in (shared, alone) or not _has_result(row) else f"{shared} / {alone}"


def _pays_after(row: BoardRow) -> str:
    found = (_break_even(get)(row) for get in (lambda c: c.break_even_shared, lambda c: c.break_even_alone))
    return _pair(*(NOTHING if n is None else f"{n:,}" if isinstance(n, int) else str(n) for n in found))


def _detectable(row: BoardRow) -> float | None:
    """Return what the comparison with the random subset could have shown; for that subset, the one with all data."""
    found = row.against("full" if row.role == "random" else "random")
    return None if found is None else found.detectable


_METRIC, _VALUES = _estimate(lambda row: row.metric), _estimate(lambda row: row.values)
_FULL_SHARE, _VALUES_SHARE = _estimate(lambda row: row.share), _estimate(lambda row: row.values_share)

ROWS: tuple[Column[BoardRow], ...] = (
    Column("task", lambda row: row.cell.task, identifies=True),
    Column("split", lambda row: row.cell.split, identifies=True),
    Column("primary", lambda row: row.primary),
    Column("model", lambda row: row.cell.model, identifies=True),
    Column("keep", lambda row: row.cell.keep, identifies=True),
    Column("budget", lambda row: row.cell.budget, identifies=True),
    Column(
        "method",
        lambda row: row.method,
        identifies=True,
        page=View("method", _method),
        terminal=View("method", _method_in_terminal, words=True),
    ),
    Column("role", lambda row: row.role),
    Column("status", lambda row: row.status),
    Column("metric_name", lambda row: row.metric_name),
    Column("tested", tested),
    Column("seeds", lambda row: row.seeds),
    Column("seeds_failed", lambda row: row.seeds_failed),
    Column("scoring_runs", lambda row: row.scoring_runs),
    Column("train_rows", lambda row: row.train_rows, _ROWS),
    Column("eval_rows", lambda row: row.eval_rows, _ROWS),
    Column("metric", _METRIC[0], _SHARE, page=View("metric", _metric), terminal=View("metric", _metric_in_terminal)),
    Column("metric_low", _METRIC[1], _SHARE),
    Column("metric_high", _METRIC[2], _SHARE),
    Column(
        "also",
        lambda row: row.also,
        _SHARE,
        page=View(
            "also",
            lambda row: ", ".join(f"{name} {points(value)}" for name, value in row.also) or NOTHING,
            optional=True,
        ),
    ),
    Column("full_pairs", _against("full", lambda c: c.pairs)),
    Column(
        "full_difference",
        _against("full", lambda c: c.difference),
        _SHARE,
        page=View("difference to full", _difference("full")),
        terminal=View("to full", _points_to("full")),
    ),
    Column("full_low", _against("full", lambda c: c.low), _SHARE),
    Column("full_high", _against("full", lambda c: c.high), _SHARE),
    Column("margin", lambda row: None if row.margin is None else row.margin.used, _SHARE),
    Column("full_verdict", _against("full", lambda c: c.verdict), terminal=View("", _verdict("full"), words=True)),
    Column("full_detectable", _against("full", lambda c: c.detectable), _SHARE),
    Column("full_share", _FULL_SHARE[0], _SHARE),
    Column("full_share_low", _FULL_SHARE[1], _SHARE),
    Column("full_share_high", _FULL_SHARE[2], _SHARE),
    Column("values_mean", _VALUES[0], _SHARE),
    Column("values_low", _VALUES[1], _SHARE),
    Column("values_high", _VALUES[2], _SHARE),
    Column("values_share", _VALUES_SHARE[0], _SHARE),
    Column("values_share_low", _VALUES_SHARE[1], _SHARE),
    Column("values_share_high", _VALUES_SHARE[2], _SHARE),
    Column("trivial", _against("trivial", lambda c: c.baseline)),
    Column("trivial_mean", lambda row: row.trivial_mean, _SHARE),
    Column("trivial_difference", _against("trivial", lambda c: c.difference), _SHARE),
    Column("trivial_low", _against("trivial", lambda c: c.low), _SHARE),
    Column("trivial_high", _against("trivial", lambda c: c.high), _SHARE),
    Column("trivial_p", _against("trivial", lambda c: c.p)),
    Column("trivial_verdict", _against("trivial", lambda c: c.verdict)),
    Column("random", _against("random", lambda c: c.baseline)),
    Column("random_pairs", _against("random", lambda c: c.pairs)),
    Column(
        "random_difference",
        _against("random", lambda c: c.difference),
        _SHARE,
        page=View("difference to random", _difference("random")),
        terminal=View("to random", _points_to("random")),
    ),
    Column("random_low", _against("random", lambda c: c.low), _SHARE),
    Column("random_high", _against("random", lambda c: c.high), _SHARE),
    Column("random_p", _against("random", lambda c: c.p)),
    Column("random_p_holm", _against("random", lambda c: c.p_adjusted)),
    Column(
        "random_verdict", _against("random", lambda c: c.verdict), terminal=View("", _verdict("random"), words=True)
    ),
    Column("random_detectable", _against("random", lambda c: c.detectable), _SHARE),
    Column("kept", _kept(lambda kept: kept.rows), _ROWS, page=View("kept", _size)),
    Column("kept_least", _kept(lambda kept: kept.least), _ROWS),
    Column("kept_most", _kept(lambda kept: kept.most), _ROWS),
    Column("kept_share", _kept(lambda kept: kept.share), _SHARE, terminal=View("kept", _share_in_terminal)),
    Column("class_deviation", _kept(lambda kept: kept.deviation), _SHARE, page=View("classes", _classes)),
    Column("class_deviating", _kept(lambda kept: kept.deviating)),
    Column("class_shares", _kept(lambda kept: kept.classes), _SHARE),
    Column("cost_unit", _costs(lambda costs: costs.unit)),
    Column("cost_full", _costs(lambda costs: costs.full), "cost_unit", places=0),
    Column("cost_train", _costs(lambda costs: costs.train), "cost_unit", places=0),
    Column("cost_scoring_shared", _costs(lambda costs: costs.scoring_shared), "cost_unit", places=0),
    Column("cost_scoring_alone", _costs(lambda costs: costs.scoring_alone), "cost_unit", places=0),
    Column(
        "net_shared",
        _costs(lambda costs: costs.net_shared),
        _TRAININGS,
        page=View("net cost", lambda row: _pair(*net_costs(row))),
        terminal=View("net cost", _net_in_terminal),
    ),
    Column("net_alone", _costs(lambda costs: costs.net_alone), _TRAININGS),
    Column("net_shared_examples", _costs(lambda costs: costs.net_shared_examples), _TRAININGS),
    Column("net_alone_examples", _costs(lambda costs: costs.net_alone_examples), _TRAININGS),
    Column("net_shared_tokens", _costs(lambda costs: costs.net_shared_tokens), _TRAININGS),
    Column("net_alone_tokens", _costs(lambda costs: costs.net_alone_tokens), _TRAININGS),
    Column(
        "break_even_shared",
        _break_even(lambda costs: costs.break_even_shared),
        "later trainings",
        page=View("pays after", _pays_after),
    ),
    Column("break_even_alone", _break_even(lambda costs: costs.break_even_alone), "later trainings"),
    Column(
        "detectable", _detectable, _SHARE, data=False, page=View("detectable", lambda row: points(_detectable(row)))
    ),
    Column("planted", lambda row: row.planted, "AUROC"),
    Column("failures", lambda row: row.failures),
)


def rows_table(rows: Iterable[BoardRow], metric: str | None = None) -> Table:
    """Return the table of some rows, with all columns; `metric`: the heading of the metric where rows share one."""
    return Table.of(ROWS, rows, {} if metric is None else {"metric": metric})
