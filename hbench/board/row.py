"""What one row of the board says, and how leaderboard.csv calls it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import ClassVar, Literal

from hbench.results.cell import CellKey

Status = Literal["complete", "partial", "failed", "missing", "diagnostic"]
Role = Literal["full", "chance", "method"]


@dataclass(frozen=True)
class BoardRow:
    """One row of the board; the fields are the columns of leaderboard.csv, in this order.

    Metrics, differences, intervals, margins and smallest detectable differences are shares of 1, net costs are in
    full trainings, break-evens in later trainings (or "never"). None is an empty cell: not known, or no test.
    """

    #: Columns that tell rows apart.
    KEY: ClassVar = ("task", "split", "model", "keep", "budget", "method")

    task: str
    split: str
    primary: bool
    model: str
    keep: str
    budget: str
    method: str
    role: Role
    #: complete; partial: some seeds failed; failed: all did; missing: compared, but without a result here.
    status: Status
    metric_name: str
    #: What intervals, differences and tests are about: the metric, or the per-example values where it is not a mean.
    tested: str = ""
    seeds: int = 0
    seeds_failed: int = 0
    scoring_runs: int = 0
    train_rows: int = 0
    eval_rows: int = 0
    metric: float | None = None
    metric_low: float | None = None
    metric_high: float | None = None
    #: Means of the metrics that stand beside it.
    also: tuple[tuple[str, float], ...] = ()
    #: Seeds that this row shares with the full-data baseline.
    full_pairs: int | None = None
    full_difference: float | None = None
    full_low: float | None = None
    full_high: float | None = None
    margin: float | None = None
    full_verdict: str = ""
    full_detectable: float | None = None
    #: Metric / that of the full data, over the seeds that both have; its interval where the metric is a mean.
    full_share: float | None = None
    full_share_low: float | None = None
    full_share_high: float | None = None
    #: Where the metric is not a mean: the mean of the per-example values, its interval, its share of the full data's.
    values_mean: float | None = None
    values_low: float | None = None
    values_high: float | None = None
    values_share: float | None = None
    values_share_low: float | None = None
    values_share_high: float | None = None
    #: The full data's row only: what a fixed answer or a guess does, the mean of its values, and the metric's
    #: difference to it (of the per-example values where the metric is not a mean).
    trivial: str = ""
    trivial_mean: float | None = None
    trivial_difference: float | None = None
    trivial_low: float | None = None
    trivial_high: float | None = None
    trivial_p: float | None = None
    trivial_verdict: str = ""
    chance: str = ""
    chance_pairs: int | None = None
    chance_difference: float | None = None
    chance_low: float | None = None
    chance_high: float | None = None
    chance_p: float | None = None
    #: Holm-adjusted over the methods of the column.
    chance_p_holm: float | None = None
    chance_verdict: str = ""
    chance_detectable: float | None = None
    #: Rows kept: mean over seeds, smallest, largest.
    kept: float | None = None
    kept_least: int | None = None
    kept_most: int | None = None
    kept_share: float | None = None
    #: Largest deviation of a class's share from its share in the full data, above 0 = over-represented, and its class.
    class_deviation: float | None = None
    class_deviating: str = ""
    class_shares: tuple[tuple[str, float], ...] = ()
    cost_unit: str = ""
    cost_full: float | None = field(default=None, metadata={"places": 0})
    cost_train: float | None = field(default=None, metadata={"places": 0})
    cost_scoring_shared: float | None = field(default=None, metadata={"places": 0})
    cost_scoring_alone: float | None = field(default=None, metadata={"places": 0})
    net_shared: float | None = None
    net_alone: float | None = None
    net_shared_examples: float | None = None
    net_alone_examples: float | None = None
    net_shared_tokens: float | None = None
    net_alone_tokens: float | None = None
    break_even_shared: int | str | None = None
    break_even_alone: int | str | None = None
    #: AUROC by sort of planted example.
    planted: tuple[tuple[str, float], ...] = ()
    #: Reason by seed.
    failures: tuple[tuple[int, str], ...] = ()

    @property
    def cell(self) -> CellKey:
        """Return what identifies the row."""
        return self.task, self.split, self.model, self.keep, self.budget, self.method

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the names of the columns of leaderboard.csv."""
        return tuple(f.name for f in fields(cls))
