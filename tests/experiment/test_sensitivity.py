"""How much scorers depend on runs and epochs: against the definitions written out, and end to end from a store."""

from __future__ import annotations

import statistics
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from support.bench import SMALL_SUITE, Bench
from support.random_dynamics import random_dynamics

import hbench
from hbench.experiment.sensitivity.measure import measure
from hbench.plugins.scoring import choose
from hbench.results.sensitivity import SENSITIVITY, read_sensitivity
from hbench.selection import count_for


def measured(reference, dynamics, keeps=(0.4,)):
    found = list(measure(hbench.scorer(reference), dynamics, keeps))
    return {(m.runs, m.epochs, m.keep): m for m in found}


def of(dynamics, runs, epochs, signals=("margin",)):
    return dynamics[[*signals, "label", "length"]].isel(run=runs).sel(epoch=list(range(1, epochs + 1)))


def test_it_is_the_mean_over_cyclic_sets_of_runs():
    dynamics = random_dynamics(runs=4, epochs=3, examples=30)
    scorer = hbench.scorer("aum")
    found = measured("aum", of(dynamics, range(4), 3))
    assert {(runs, epochs) for runs, epochs, _ in found} == {(r, e) for r in (1, 2, 3, 4) for e in (1, 2, 3)}
    everything = scorer.score(of(dynamics, range(4), 3))
    labels = dynamics["label"].values

    def subset(scores):
        preference = scorer.prefer(scores, 1).values
        return set(np.flatnonzero(choose(scorer, preference, dynamics["example"].values, labels, count=12, seed=0)))

    assert count_for(0.4, 30) == 12
    for size, sets in ((1, [[0], [1], [2], [3]]), (2, [[0, 1], [1, 2], [2, 3], [0, 3]]), (4, [[0, 1, 2, 3]])):
        scores = [scorer.score(of(dynamics, runs, 2)) for runs in sets]
        one = found[size, 2, 0.4]
        correlations = [spearmanr(s, everything)[0] for s in scores]
        overlaps = [len(subset(s) & subset(everything)) / len(subset(s) | subset(everything)) for s in scores]
        assert one.sets == len(sets)
        assert one.share == pytest.approx(12 / 30)
        assert (one.correlation, one.lowest_correlation) == pytest.approx(
            (statistics.fmean(correlations), min(correlations))
        )
        assert (one.overlap, one.lowest_overlap) == pytest.approx((statistics.fmean(overlaps), min(overlaps)))
        apart = [(a, b) for a, b in combinations(range(len(sets)), 2) if not set(sets[a]) & set(sets[b])]
        assert one.pairs == len(apart)
        if apart:
            between = [spearmanr(scores[a], scores[b])[0] for a, b in apart]
            assert one.pair_correlation == pytest.approx(statistics.fmean(between))
        else:
            assert one.pair_correlation is one.pair_overlap is None
    whole = found[4, 3, 0.4]
    assert (whole.correlation, whole.overlap, whole.sets) == (pytest.approx(1.0), 1.0, 1)


def test_the_natural_subset_has_its_own_size():
    dynamics = random_dynamics(runs=3, epochs=3, examples=40, classes=2)
    signals = of(dynamics, range(3), 3, ("correct",))
    found = measured("h-score", signals)
    scorer = hbench.scorer("h-score")
    for runs, epochs in ((1, 3), (2, 1), (3, 3)):
        sets = {1: [[0], [1], [2]], 2: [[0, 1], [1, 2], [0, 2]], 3: [[0, 1, 2]]}[runs]
        sizes = [scorer.natural(scorer.score(of(dynamics, s, epochs, ("correct",))), runs).values.mean() for s in sets]
        assert found[runs, epochs, None].share == pytest.approx(statistics.fmean(sizes))
    assert found[1, 3, None].share == 0  # one run: 0 and S leave nothing
    assert found[1, 3, None].overlap == 0


def test_a_scorer_of_one_epoch_has_lines_for_that_alone_and_refusals_have_none():
    dynamics = random_dynamics(runs=3, epochs=3)
    assert {e for _, e, _ in measured("el2n[epoch=2]", of(dynamics, range(3), 3, ("el2n",)).sel(epoch=[2]))} == {2}
    assert {e for _, e, _ in measured("dyn-unc", of(dynamics, range(3), 3, ("gold_prob",)))} == {2, 3}
    assert {e for _, e, _ in measured("tdds", of(dynamics, range(3), 3, ("prob",)))} == {3}


def test_scores_that_are_all_equal_have_no_correlation():
    dynamics = random_dynamics(runs=2, epochs=1, examples=6)
    dynamics["correct"][:] = True
    found = measured("h-score", of(dynamics, range(2), 1, ("correct",)))
    assert found[1, 1, 0.4].correlation is None
    assert found[1, 1, 0.4].overlap == 1


@pytest.mark.slow
def test_from_a_store_to_the_board_and_back(tmp_path: Path) -> None:
    """Measured twice the bytes are the same; the board shows them, and says when they were changed."""
    bench = Bench(tmp_path)
    bench.write(SMALL_SUITE)
    command = ("sensitivity", "suite.toml", "--store", "a/store", "--quiet")
    early = bench.hbench(*command, check=False)
    assert early.returncode == 2
    assert "run `hbench run`" in early.stderr
    bench.hbench("run", "suite.toml", "--store", "a/store", "--quiet")
    bench.hbench(*command)
    path = tmp_path / "a/results" / SENSITIVITY
    first = path.read_bytes()
    rows = read_sensitivity(path.parent)
    assert {row.method for row in rows} >= {"h-score", "el2n"}
    assert all(row.correlation == pytest.approx(1.0) for row in rows if row.sets == 1 and row.epochs == 3)
    page = (tmp_path / "a/leaderboard/LEADERBOARD.md").read_text()
    assert "## Runs and epochs" in page
    assert list((tmp_path / "a/leaderboard/figures").glob("sensitivity--*.svg"))
    path.unlink()
    assert bench.hbench("leaderboard", "check", "--store", "a/store", check=False).returncode == 1
    bench.hbench(*command)
    assert path.read_bytes() == first
    assert bench.hbench("leaderboard", "check", "--store", "a/store").returncode == 0
    path.write_text(path.read_text().replace("h-score", "h-scare"))
    assert bench.hbench("leaderboard", "check", "--store", "a/store", check=False).returncode == 1
