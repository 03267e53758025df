"""How the cells of a row are written, on pages and in a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable

from hbench.board.comparisons import Role
from hbench.board.costs import CostSummary
from hbench.board.row import BoardRow
from hbench.render.display import code, count, ends, fixed, marked, percent, plural, points, short, short_p
from hbench.render.table import NOTHING, Value

#: What follows the names of the two baselines.
LABELS = {"full": " (all data)", "random": " (random subset)"}
#: What tests are about where the metric is neither a mean over examples nor recomputed from them.
PER_EXAMPLE = "per-example result"


def tested(row: BoardRow) -> str | None:
    """Return what intervals, differences and tests of a row are about; None without a result."""
    if row.metric is None:
        return None
    return row.metric_name if row.values is None else PER_EXAMPLE


def labelled(row: BoardRow) -> str:
    """Return the method's name, marked where it is a baseline."""
    return code(row.method) + LABELS.get(row.role, "")


def net_costs(row: BoardRow) -> tuple[str, str]:
    """Return the net cost as tables show it, alone and shared."""
    costs = row.costs
    nets = (None, None) if costs is None else (costs.net_alone, costs.net_shared)
    alone, shared = (NOTHING if net is None else fixed(net, 2) for net in nets)
    return alone, shared


def method(row: BoardRow) -> str:
    """Return the method's name, with what makes the row unlike others of its table: fewer seeds, failed ones."""
    name = labelled(row)
    if row.status == "missing":
        return name
    if row.seeds_run < row.most_seeds:
        name += f", {row.seeds_run} of {plural(row.most_seeds, 'seed')}"
    if row.status == "partial":
        name += f", {row.seeds_failed} of {plural(row.seeds_run, 'seed')} failed"
    return name


def method_in_terminal(row: BoardRow) -> str:
    """Return the method's name, and its seeds where it has a result for fewer than others."""
    few = row.seeds < row.most_seeds and _has_result(row)
    return f"{row.method} ({row.seeds} of {row.most_seeds} seeds)" if few else row.method


def _has_result(row: BoardRow) -> bool:
    return row.status not in ("missing", "failed")


def metric(row: BoardRow) -> str:
    """Return the metric, or why there is none."""
    if row.status == "failed":
        return f"failed: {short(row.failures[0][1])}" if row.failures else "failed"
    return "missing" if row.status == "missing" else points(row.metric.value if row.metric else None)


def metric_in_terminal(row: BoardRow) -> str:
    """Return the metric, or the row's status where there is none."""
    return points(row.metric.value if row.metric else None) if _has_result(row) else row.status


def points_to(role: Role) -> Callable[[BoardRow], str]:
    """Return what shows the difference to a baseline in points."""

    def show(row: BoardRow) -> str:
        found = row.against(role)
        return points(None if found is None else found.difference, signed=True)

    return show


def interval_to(role: Role) -> Callable[[BoardRow], str]:
    """Return what shows the interval of the difference to a baseline, for a column of its own."""

    def show(row: BoardRow) -> str:
        found = row.against(role)
        return NOTHING if found is None else ends(found.low, found.high, signed=True)

    return show


def p_to(role: Role) -> Callable[[BoardRow], str]:
    """Return what shows the p value that a verdict on a baseline rests on; nothing where it is withheld."""

    def show(row: BoardRow) -> str:
        found = row.against(role)
        if found is None or found.p_adjusted is None or not found.decided:
            return NOTHING
        return short_p(found.p_adjusted)

    return show


def trained_to(role: Role) -> Callable[[BoardRow], str]:
    """Return what shows the difference to a baseline over the seeds that trained, and how many these are."""

    def show(row: BoardRow) -> str:
        found = row.against(role)
        if found is None or found.trained is None:
            return NOTHING
        return f"{points(found.trained, signed=True)} ({plural(found.trained_pairs, 'seed')})"

    return show


def tone_of(role: Role) -> Callable[[BoardRow], str]:
    """Return what gives the verdict on a baseline as a word for its colour."""

    def tone(row: BoardRow) -> str:
        found = row.against(role)
        return "" if found is None or found.verdict is None else found.verdict.replace(" ", "-")

    return tone


def verdict_on(role: Role) -> Callable[[BoardRow], str]:
    """Return what shows the verdict on the difference to a baseline."""

    def show(row: BoardRow) -> str:
        found = row.against(role)
        return "" if found is None else marked(found)

    return show


def gain(row: BoardRow) -> str:
    """Return the share of the full data's gain over the trivial answer that a row keeps, in per cent."""
    return NOTHING if row.gain is None else percent(row.gain.value)


def trained(row: BoardRow) -> str:
    """Return how many of a row's runs trained, of those that were tried."""
    if row.untrained is None or not row.seeds_run:
        return NOTHING
    return f"{row.seeds_run - len(row.untrained)} of {row.seeds_run}"


def scored_by(row: BoardRow) -> str:
    """Return how many runs the scores of a row took, and how many such sets of scores there are."""
    if row.scorings is None:
        return NOTHING
    of = "" if row.scored_with is None else f" of {code(row.scored_with)}"
    return f"{row.scorings} × {plural(row.scoring_runs, 'run')}{of}"


def excluded(row: BoardRow) -> str:
    """Return the smallest loss against the full data that is excluded, in points; 0 where any loss is."""
    found = row.against("full")
    if found is None or found.excluded is None or not found.decided:
        return NOTHING
    return points(max(found.excluded, 0.0))


def ranks(row: BoardRow) -> str:
    """Return the ranks that are left open: `1`, or `2–5`."""
    if row.ranks is None:
        return NOTHING
    best, worst = row.ranks.best, row.ranks.worst
    return str(best) if best == worst else f"{best}–{worst}"


def size(row: BoardRow) -> str:
    """Return the number of rows kept, smallest and largest where they differ by seed, and their share."""
    if row.kept is None:
        return NOTHING
    size = count(row.kept.rows)
    if row.kept.least != row.kept.most:
        size += f" ({row.kept.least:,} to {row.kept.most:,})"
    return f"{size} ({fixed(row.kept.share * 100, 1)} %)"


def share_in_terminal(row: BoardRow) -> str:
    """Return the share of the rows that is kept."""
    return f"{fixed(row.kept.share * 100, 1)} %" if row.kept is not None and _has_result(row) else NOTHING


def classes(row: BoardRow) -> str:
    """Return the largest deviation of a class's share, or the shares where there is nothing to deviate from."""
    kept = row.kept
    if kept is None:
        return NOTHING
    if kept.deviation is not None and kept.deviating is not None:
        off = fixed(kept.deviation * 100, 1, signed=True)
        return f"{off} {code(kept.deviating)}" if off != "+0.0" else "0.0"
    if len(kept.classes) > 4:
        return f"{len(kept.classes)} classes"
    return ", ".join(f"{code(name)} {fixed(share * 100, 1)} %" for name, share in kept.classes) or NOTHING


def _pair(alone: str, shared: str) -> str:
    return NOTHING if alone == shared == NOTHING else f"{alone} / {shared}"


def net_cost_alone(row: BoardRow) -> str:
    """Return the net cost of the method alone."""
    return net_costs(row)[0]


def net_cost(row: BoardRow) -> str:
    """Return the net cost, alone / shared; of scores made elsewhere it is said that their cost is declared."""
    return _pair(*net_costs(row)) + _declared(row)


def net_cost_in_terminal(row: BoardRow) -> str:
    """Return the net cost, alone / shared, where both are known."""
    alone, shared = net_costs(row)
    known = NOTHING not in (alone, shared) and _has_result(row)
    return f"{alone} / {shared}{_declared(row)}" if known else NOTHING


def _declared(row: BoardRow) -> str:
    return " (declared)" if row.costs is not None and row.costs.declared else ""


def pays_after(row: BoardRow) -> str:
    """Return the number of later trainings after which pruning has paid, alone / shared."""
    found = (break_even(get)(row) for get in (lambda c: c.break_even_alone, lambda c: c.break_even_shared))
    return _pair(*(NOTHING if n is None else f"{n:,}" if isinstance(n, int) else str(n) for n in found))


def break_even(get: Callable[[CostSummary], float | None]) -> Callable[[BoardRow], Value]:
    """Return a getter of a break-even: trainings, `never`, or None where it is not known."""

    def value(row: BoardRow) -> Value:
        trainings = None if row.costs is None else get(row.costs)
        return "never" if trainings == math.inf else trainings

    return value
