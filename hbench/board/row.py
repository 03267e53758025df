"""What one row of the board says: a method in one contest, with its numbers and its comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hbench.board.comparisons import Comparison
from hbench.board.costs import CostSummary
from hbench.board.margins import Margin
from hbench.board.steps import Steps
from hbench.board.tables import Role
from hbench.results.cell import CellKey
from hbench.statistics import RankSet

Status = Literal["complete", "partial", "failed", "missing", "diagnostic"]
RowRole = Literal["full", "random", "method"]


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, which is None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Kept:
    """What a method kept of the training rows."""

    #: Rows: mean over seeds, smallest, largest.
    rows: float
    least: int
    most: int
    #: Share of all training rows.
    share: float
    #: Share of each class in the subset, sorted by name.
    classes: tuple[tuple[str, float], ...]
    #: Largest deviation of a class's share from its share in the full data, above 0 = over-represented, and its class.
    deviation: float | None = None
    deviating: str | None = None


@dataclass(frozen=True)
class BoardRow:
    """One row of the board; metrics, differences and margins are shares of 1, None is not known or no test."""

    cell: CellKey
    #: The full-data baseline, the random subset, or a method that is compared with both.
    role: RowRole
    #: complete; partial: some seeds failed; failed: all did; missing: compared, but without a result; diagnostic:
    #: nothing is trained, only the planted examples are ranked.
    status: Status
    #: Whether the split is the task's first one.
    primary: bool
    metric_name: str
    #: The task whose examples it was evaluated on, where that is not the one trained on.
    further: str | None = None
    #: Seeds with a result, seeds without one, and the most seeds that a row of the same contest has, failed ones too.
    seeds: int = 0
    seeds_failed: int = 0
    most_seeds: int = 0
    #: Seeds that failed or are not above the trivial answer; None where that is not known and none failed.
    untrained: tuple[int, ...] | None = None
    #: Whether some seeds are `untrained` though others are clearly above the trivial answer.
    unstable: bool = False
    #: Whether seeds that failed count as the trivial answer; otherwise they are left out.
    failed_as_trivial: bool = False
    #: Full-data runs that a set of scores took, and the sets of scores that the seeds' subsets come from, None where a
    #: subset takes no scores. With one set the row is about these examples, not about the method.
    scoring_runs: int = 0
    scorings: int | None = None
    #: The model of these runs, where it is another one than the one that was trained.
    scored_with: str | None = None
    #: Where seeds share sets of scores: what the mean square of seeds is multiplied by in the row's tests.
    seed_inflation: float | None = None
    train_rows: int = 0
    eval_rows: int = 0
    #: Optimiser steps of its trainings; None where the results do not say them.
    steps: Steps | None = None
    #: Mean over seeds; its interval where it is a mean over examples, or recomputed.
    metric: Estimate | None = None
    #: Whether the metric is no mean over examples but recomputed from them, and its tests are of its pseudo-values.
    recomputed: bool = False
    #: Means of the metrics shown beside it, by name.
    also: tuple[tuple[str, float], ...] = ()
    #: Metric / that of the full data, over the seeds that both have; its interval where the metric has one.
    share: Estimate | None = None
    #: Where the metric is neither a mean over examples nor recomputed: the mean per-example value, which is what the
    #: tests compare, and its share of the full data's.
    values: Estimate | None = None
    values_share: Estimate | None = None
    #: (metric - trivial answer's) / (that of the full data - trivial answer's), of the mean per-example value where
    #: that is tested; None without a trivial answer.
    gain: Estimate | None = None
    #: Loss against the full data that counts as none; None for the full data.
    margin: Margin | None = None
    #: With the full data, the random subset and the rivals; of the full data, with the trivial answer.
    comparisons: tuple[Comparison, ...] = ()
    #: What the trivial answer reaches by what is tested, where the row is compared with one.
    trivial_mean: float | None = None
    #: The ranks that the pairwise tests of the contest leave open, all at once; None without tests.
    ranks: RankSet | None = None
    kept: Kept | None = None
    costs: CostSummary | None = None
    #: AUROC by type of planted example.
    planted: tuple[tuple[str, float], ...] = ()
    #: Reason by seed.
    failures: tuple[tuple[int, str], ...] = ()

    @property
    def method(self) -> str:
        """Return the method's reference."""
        return self.cell.method

    @property
    def seeds_run(self) -> int:
        """Return the number of seeds, failed ones too."""
        return self.seeds + self.seeds_failed

    @property
    def rivals(self) -> tuple[Comparison, ...]:
        """Return the comparisons with rivals, by the rival's name."""
        return tuple(comparison for comparison in self.comparisons if comparison.role == "rival")

    def against(self, role: Role) -> Comparison | None:
        """Return the comparison in a role of which a row has one; None where it is not compared so."""
        return next((comparison for comparison in self.comparisons if comparison.role == role), None)
