"""What the leaderboard may claim: paired tests, multiplicity, power, and comparisons across tasks.

Importing this needs numpy only; scipy and statsmodels are imported by the functions that use them.
"""

from __future__ import annotations

from hbench.statistics.across import (
    Friedman,
    PairedRanks,
    TooFewBlocks,
    can_reach,
    critical_difference,
    friedman,
    reachable_p,
    wilcoxon_holm,
)
from hbench.statistics.bootstrap import Interval, crossed_bootstrap
from hbench.statistics.crossed import CrossedTest, crossed_test
from hbench.statistics.detectable import detectable_difference
from hbench.statistics.groups import GroupedMeans, inflation, pooled_lambda
from hbench.statistics.jackknife import pseudo_values
from hbench.statistics.looks import pocock_level
from hbench.statistics.mcnemar import McNemar, mcnemar_by_seed
from hbench.statistics.multiplicity import PartialConjunction, benjamini_hochberg, holm, partial_conjunction
from hbench.statistics.parts import Parts
from hbench.statistics.ranksets import PairTest, RankSet, rank_sets
from hbench.statistics.ratio import Ratio, two_t_ratio, two_t_ratios
from hbench.statistics.runs import RunsAbove, runs_above
from hbench.statistics.sum_of_ts import Errors, TwoT
from hbench.statistics.two_t import TwoTTest, lower_bounds, p_of, two_t_mean, two_t_p, two_t_ps, two_t_test, two_t_tests
from hbench.statistics.verdicts import MarginVerdict, Superiority, margin_verdict, superiority

__all__ = [
    "CrossedTest",
    "Errors",
    "Friedman",
    "GroupedMeans",
    "Interval",
    "MarginVerdict",
    "McNemar",
    "PairTest",
    "PairedRanks",
    "PartialConjunction",
    "Parts",
    "RankSet",
    "Ratio",
    "RunsAbove",
    "Superiority",
    "TooFewBlocks",
    "TwoT",
    "TwoTTest",
    "benjamini_hochberg",
    "can_reach",
    "critical_difference",
    "crossed_bootstrap",
    "crossed_test",
    "detectable_difference",
    "friedman",
    "holm",
    "inflation",
    "lower_bounds",
    "margin_verdict",
    "mcnemar_by_seed",
    "p_of",
    "partial_conjunction",
    "pocock_level",
    "pooled_lambda",
    "pseudo_values",
    "rank_sets",
    "reachable_p",
    "runs_above",
    "superiority",
    "two_t_mean",
    "two_t_p",
    "two_t_ps",
    "two_t_ratio",
    "two_t_ratios",
    "two_t_test",
    "two_t_tests",
    "wilcoxon_holm",
]
