"""The columns of a row of the board, in the order of leaderboard.csv: a new column takes one entry here.

Every format follows: leaderboard.csv, JSON and the data frame show the columns that are data, the page and the
terminal those with a view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hbench.board.comparisons import Comparison, Role
from hbench.board.costs import CostSummary
from hbench.board.row import BoardRow, Estimate, Kept
from hbench.render.display import ends_of, points
from hbench.render.parts import row_text
from hbench.render.table import NOTHING, Column, Table, Value, View

_SHARE, _TRAININGS, _ROWS = "share of 1", "full trainings", "rows"
#: The titles of what a page folds away under the table of a contest.
_AGAINST_FULL, _AGAINST_RANDOM = "Against all data", "More on the comparison with the random subset"
_MADE = "Subsets, scores and further costs"
_INTERVAL = "95 %"


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


def _detectable(row: BoardRow) -> float | None:
    """Return what the comparison with the random subset could have shown; for that subset, the one with all data."""
    found = row.against("full" if row.role == "random" else "random")
    return None if found is None else found.detectable


_METRIC, _VALUES = _estimate(lambda row: row.metric), _estimate(lambda row: row.values)
_FULL_SHARE, _VALUES_SHARE = _estimate(lambda row: row.share), _estimate(lambda row: row.values_share)
_GAIN = _estimate(lambda row: row.gain)

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
        page=View("method", row_text.method, words=True),
        terminal=View("method", row_text.method_in_terminal, words=True),
        about="What picks the examples that are kept; `full` keeps all, `random` a fresh random subset for every seed.",
    ),
    Column("role", lambda row: row.role),
    Column("status", lambda row: row.status),
    Column("metric_name", lambda row: row.metric_name),
    Column("tested", row_text.tested),
    Column("seeds", lambda row: row.seeds),
    Column("seeds_failed", lambda row: row.seeds_failed),
    Column("scoring_runs", lambda row: row.scoring_runs),
    Column("train_rows", lambda row: row.train_rows, _ROWS),
    Column("eval_rows", lambda row: row.eval_rows, _ROWS),
    Column(
        "metric",
        _METRIC[0],
        _SHARE,
        page=View("metric", row_text.metric),
        terminal=View("metric", row_text.metric_in_terminal),
        about="The metric in points, mean over training seeds.",
    ),
    Column(
        "metric_interval",
        lambda row: None if row.metric is None else ends_of(row.metric),
        data=False,
        page=View(_INTERVAL, lambda row: ends_of(row.metric)),
        about="95 % interval of the metric over training seeds and evaluation examples.",
    ),
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
            fold=_MADE,
        ),
        about="Further metrics of the task in points, without tests.",
    ),
    Column(
        "seeds_untrained",
        lambda row: None if row.untrained is None else len(row.untrained),
        page=View("trained", row_text.trained, optional=True, fold=_MADE),
        about="Runs that are above the trivial answer, of those that were tried; with some that are not, no verdict.",
    ),
    Column("unstable", lambda row: row.unstable),
    Column(
        "scorings",
        lambda row: row.scorings,
        page=View("scored by", row_text.scored_by, optional=True, fold=_MADE),
        terminal=View("scored by", row_text.scored_by, optional=True),
        about="Sets of scores, and the full-data runs that each takes; with one set a verdict is about these examples.",
    ),
    Column("these_examples", lambda row: row.scorings == 1),
    Column("seed_inflation", lambda row: row.seed_inflation),
    Column("full_pairs", _against("full", lambda c: c.pairs)),
    Column(
        "full_difference",
        _against("full", lambda c: c.difference),
        _SHARE,
        page=View("to full", row_text.points_to("full"), fold=_AGAINST_FULL),
        terminal=View("to full", row_text.points_to("full")),
        about="Difference to the model trained on all data, in points; above 0 it does better.",
    ),
    Column(
        "full_interval",
        row_text.interval_to("full"),
        data=False,
        page=View(_INTERVAL, row_text.interval_to("full"), fold=_AGAINST_FULL),
        about="95 % interval of the difference to all data, of this comparison alone.",
    ),
    Column("full_low", _against("full", lambda c: c.low), _SHARE),
    Column("full_high", _against("full", lambda c: c.high), _SHARE),
    Column("full_p_margin", _against("full", lambda c: c.p)),
    Column(
        "full_p_holm",
        _against("full", lambda c: c.p_adjusted),
        page=View("p of the margin", row_text.p_to("full"), fold=_AGAINST_FULL),
        about="p value of a loss as large as the margin, Holm-adjusted over the rows of the table.",
    ),
    Column("full_p_board", _against("full", lambda c: c.p_board)),
    Column(
        "full_loss_excluded",
        _against("full", lambda c: c.excluded),
        _SHARE,
        page=View("loss excluded", row_text.excluded, fold=_AGAINST_FULL),
        about="The smallest loss against all data that the table rules out for the row, in points.",
    ),
    Column(
        "full_trained",
        _against("full", lambda c: c.trained),
        _SHARE,
        page=View("over trained seeds", row_text.trained_to("full"), optional=True, fold=_AGAINST_FULL),
        about="The same difference over the seeds that trained on both sides, where some did not.",
    ),
    Column("margin", lambda row: None if row.margin is None else row.margin.used, _SHARE),
    Column(
        "full_verdict",
        _against("full", lambda c: c.verdict),
        page=View("verdict", row_text.verdict_on("full"), words=True, fold=_AGAINST_FULL),
        terminal=View("", row_text.verdict_on("full"), words=True),
        about="Whether a loss as large as the margin is rejected (non-inferior), shown (inferior), or neither.",
        tone=row_text.tone_of("full"),
    ),
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
    Column("gain", _GAIN[0], _SHARE),
    Column("gain_low", _GAIN[1], _SHARE),
    Column("gain_high", _GAIN[2], _SHARE),
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
        page=View("to random", row_text.points_to("random")),
        terminal=View("to random", row_text.points_to("random")),
        about="Difference to a random subset of the same size, budget and seeds, in points; above 0 it does better.",
        tone=row_text.tone_of("random"),
    ),
    Column(
        "random_interval",
        row_text.interval_to("random"),
        data=False,
        page=View(_INTERVAL, row_text.interval_to("random")),
        about="95 % interval of the difference to the random subset, of this comparison alone.",
    ),
    Column("random_low", _against("random", lambda c: c.low), _SHARE),
    Column("random_high", _against("random", lambda c: c.high), _SHARE),
    Column("random_p", _against("random", lambda c: c.p)),
    Column(
        "random_p_holm",
        _against("random", lambda c: c.p_adjusted),
        page=View("p", row_text.p_to("random"), fold=_AGAINST_RANDOM),
        about="p value of no difference to the random subset, Holm-adjusted over the methods of the table.",
    ),
    Column("random_p_board", _against("random", lambda c: c.p_board)),
    Column(
        "random_trained",
        _against("random", lambda c: c.trained),
        _SHARE,
        page=View("over trained seeds", row_text.trained_to("random"), optional=True, fold=_AGAINST_RANDOM),
        about="The same difference over the seeds that trained on both sides, where some did not.",
    ),
    Column(
        "random_verdict",
        _against("random", lambda c: c.verdict),
        page=View("verdict", row_text.verdict_on("random"), words=True),
        terminal=View("", row_text.verdict_on("random"), words=True),
        about="superior or worse than the random subset, with all methods of the table counted; else undecided.",
        tone=row_text.tone_of("random"),
    ),
    Column(
        "gain_kept",
        lambda row: _GAIN[0](row),
        _SHARE,
        data=False,
        page=View("gain kept", row_text.gain, optional=True),
        about="Share of what training on all data gains over the trivial answer: 0 % has learnt nothing.",
    ),
    Column(
        "gain_interval",
        lambda row: ends_of(row.gain),
        data=False,
        page=View("gain kept, 95 %", lambda row: ends_of(row.gain), optional=True, fold=_AGAINST_RANDOM),
        about="95 % interval of the share of the gain that is kept, in per cent.",
    ),
    Column("random_detectable", _against("random", lambda c: c.detectable), _SHARE),
    Column(
        "detectable",
        _detectable,
        _SHARE,
        data=False,
        page=View("detectable", lambda row: points(_detectable(row)), fold=_AGAINST_RANDOM),
        about="The smallest true difference that a repetition of this comparison shows with 80 % power, in points.",
    ),
    Column("rank_best", lambda row: None if row.ranks is None else row.ranks.best),
    Column("rank_worst", lambda row: None if row.ranks is None else row.ranks.worst),
    Column(
        "ranks",
        lambda row: None if row.ranks is None else f"{row.ranks.best}-{row.ranks.worst}",
        data=False,
        page=View("ranks", row_text.ranks, optional=True, fold=_AGAINST_RANDOM),
        about="The ranks that the tests of all pairs in the table leave open, all rows at once at 95 %.",
    ),
    Column(
        "kept",
        _kept(lambda kept: kept.rows),
        _ROWS,
        page=View("kept", row_text.size, fold=_MADE),
        about="Training rows kept, and their share of all.",
    ),
    Column("kept_least", _kept(lambda kept: kept.least), _ROWS),
    Column("kept_most", _kept(lambda kept: kept.most), _ROWS),
    Column("kept_share", _kept(lambda kept: kept.share), _SHARE, terminal=View("kept", row_text.share_in_terminal)),
    Column(
        "class_deviation",
        _kept(lambda kept: kept.deviation),
        _SHARE,
        page=View("classes", row_text.classes, fold=_MADE),
        about="The class whose share in the subset differs most from its share in all data, and by how many points.",
    ),
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
        page=View("net cost, alone / shared", row_text.net_cost, fold=_MADE),
        terminal=View("cost alone/shared", row_text.net_cost_in_terminal),
        about="Net cost, with each part of the scoring runs split among the methods of the board that use it.",
    ),
    Column(
        "net_alone",
        _costs(lambda costs: costs.net_alone),
        _TRAININGS,
        page=View("net cost", row_text.net_cost_alone),
        about="(scoring + one training on the subset) / one training on all data, as if this were the only method.",
    ),
    Column("net_shared_examples", _costs(lambda costs: costs.net_shared_examples), _TRAININGS),
    Column("net_alone_examples", _costs(lambda costs: costs.net_alone_examples), _TRAININGS),
    Column("net_shared_tokens", _costs(lambda costs: costs.net_shared_tokens), _TRAININGS),
    Column("net_alone_tokens", _costs(lambda costs: costs.net_alone_tokens), _TRAININGS),
    Column(
        "break_even_shared",
        row_text.break_even(lambda costs: costs.break_even_shared),
        "later trainings",
        page=View("pays after, alone / shared", row_text.pays_after, fold=_MADE),
        about="Later trainings on the subset after which pruning has paid.",
    ),
    Column("break_even_alone", row_text.break_even(lambda costs: costs.break_even_alone), "later trainings"),
    Column("planted", lambda row: row.planted, "AUROC"),
    Column("failures", lambda row: row.failures),
)


def rows_table(rows: Iterable[BoardRow], metric: str | None = None) -> Table:
    """Return the table of some rows, with all columns; `metric`: the heading of the metric where rows share one."""
    return Table.of(ROWS, rows, {} if metric is None else {"metric": metric})
