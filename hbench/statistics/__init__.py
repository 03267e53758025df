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
from hbench.statistics.ranksets import PairTest, RankSet, rank_sets
from hbench.statistics.ratio import Ratio, two_t_ratio
from hbench.statistics.runs import RunsAbove, runs_above
from hbench.statistics.two_t import TwoT, TwoTTest, two_t_mean, two_t_p, two_t_test
from hbench.statistics.verdicts import MarginVerdict, Superiority, margin_verdict, superiority

__all__ = [
    "CrossedTest",
    "Friedman",
    "GroupedMeans",
    "Interval",
    "MarginVerdict",
    "McNemar",
    "PairTest",
    "PairedRanks",
    "PartialConjunction",
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
    "margin_verdict",
    "mcnemar_by_seed",
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
    "two_t_ratio",
    "two_t_test",
    "wilcoxon_holm",
]
