"""Every built-in scorer against a formula written out in plain Python, over random (run, epoch, example) arrays."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import hbench
from hbench.dynamics.arrays import from_arrays
from hbench.errors import UsageError

SIZES = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6))
CORRECT = SIZES.flatmap(lambda shape: arrays(bool, shape))
PROBABILITIES = SIZES.flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(0, 1)))


def logits(classes):
    return SIZES.flatmap(lambda shape: arrays(np.float64, (*shape, classes), elements=st.floats(-8, 8)))


LOGITS = st.sampled_from([2, 3]).flatmap(logits)
quick = settings(deadline=None, max_examples=60)


def score(reference, dynamics):
    return hbench.scorer(reference).score(dynamics).values


def histories(values):
    """Return, per example, the list over runs of the list over epochs."""
    runs, epochs, examples = values.shape
    return [[[values[s, e, i] for e in range(epochs)] for s in range(runs)] for i in range(examples)]


@quick
@given(CORRECT)
def test_h_score_counts_the_runs_that_are_always_right(correct):
    expected = [sum(all(run) for run in runs) for runs in histories(correct)]
    assert score("h-score", from_arrays(correct=correct)).tolist() == expected


def forgotten(run):
    """Return the forgetting events of one run, and whether the example was ever learnt, as a state machine."""
    learnt, ever, events = False, False, 0
    for right in run:
        if learnt and not right:
            events += 1
        learnt, ever = bool(right), ever or bool(right)
    return events, ever


@quick
@given(CORRECT)
def test_forgetting_by_every_convention_for_the_never_learnt(correct):
    dynamics = from_arrays(correct=correct)
    runs, epochs = correct.shape[:2]
    for never, worth in (("epochs", epochs), ("1000", 1000), ("0", 0)):
        expected = [sum(e if ever else worth for e, ever in map(forgotten, h)) for h in histories(correct)]
        assert score(f"forgetting[never={never}]", dynamics).tolist() == expected
    infinite = [
        sum(e for e, _ in map(forgotten, h)) if all(ever for _, ever in map(forgotten, h)) else runs * epochs
        for h in histories(correct)
    ]
    assert score("forgetting[never=infinite]", dynamics).tolist() == infinite


@quick
@given(CORRECT)
def test_never_learnt_exceeds_everything_reachable(correct):
    events = score("forgetting[never=infinite]", from_arrays(correct=correct))
    learnt = correct.any(1).all(0)
    if learnt.any() and not learnt.all():
        assert events[learnt].max() < events[~learnt].min()
    for run in range(len(correct)):
        single = score("forgetting", from_arrays(correct=correct[run : run + 1]))
        learnt = correct[run].any(0)
        if learnt.any() and not learnt.all():
            assert single[learnt].max() < single[~learnt].min()


def test_epochs_follow_their_numbers_not_their_places():
    correct = np.array([[[True], [False], [True]]])
    shuffled = from_arrays(correct=correct, epochs=[3, 1, 2])
    assert score("forgetting", shuffled).tolist() == [0]
    assert score("forgetting", from_arrays(correct=correct)).tolist() == [1]


@quick
@given(PROBABILITIES)
def test_cartography_over_the_runs(prob):
    dynamics = from_arrays(gold_prob=prob)
    confidence = [statistics.fmean(map(statistics.fmean, runs)) for runs in histories(prob)]
    variability = [statistics.fmean(map(statistics.pstdev, runs)) for runs in histories(prob)]
    np.testing.assert_allclose(score("cartography", dynamics), variability, atol=1e-7)
    for region in ("easy", "hard"):
        np.testing.assert_allclose(score(f"cartography[region={region}]", dynamics), confidence, atol=1e-12)


@quick
@given(PROBABILITIES)
def test_cartography_pooled_is_the_sample_deviation_over_all_values(prob):
    dynamics = from_arrays(gold_prob=prob)
    if prob.shape[0] * prob.shape[1] == 1:
        with pytest.raises(UsageError, match="no spread"):
            score("cartography[pooled=true]", dynamics)
        return
    expected = [statistics.stdev([p for run in runs for p in run]) for runs in histories(prob)]
    np.testing.assert_allclose(score("cartography[pooled=true]", dynamics), expected, atol=1e-7)


@quick
@given(PROBABILITIES, st.integers(1, 6))
def test_burn_out_uses_the_first_epochs_only(prob, burn_out):
    reference = f"cartography[burn_out={burn_out}]"
    if burn_out > prob.shape[1]:
        with pytest.raises(UsageError, match=f"epoch {prob.shape[1] + 1} is not in the dynamics"):
            score(reference, from_arrays(gold_prob=prob))
        return
    cut = score("cartography", from_arrays(gold_prob=prob[:, :burn_out]))
    np.testing.assert_array_equal(score(reference, from_arrays(gold_prob=prob)), cut)


@quick
@given(LOGITS, st.data())
def test_el2n_is_the_mean_length_of_the_error_vector(values, data):
    runs, epochs, examples, classes = values.shape
    labels = data.draw(arrays(np.int64, examples, elements=st.integers(0, classes - 1)))
    epoch = data.draw(st.integers(1, epochs))
    prob = np.exp(values) / np.exp(values).sum(-1, keepdims=True)
    error = prob - np.eye(classes)[labels]
    expected = [
        sum(sum(x * x for x in error[s, epoch - 1, i]) ** 0.5 for s in range(runs)) / runs for i in range(examples)
    ]
    dynamics = from_arrays(el2n=np.linalg.norm(error, axis=-1), capture="epoch_end")
    np.testing.assert_allclose(score(f"el2n[epoch={epoch}]", dynamics), expected, rtol=1e-9, atol=1e-12)


@quick
@given(PROBABILITIES, st.data())
def test_grand_reads_the_norms_of_its_scope(values, data):
    epoch = data.draw(st.integers(1, values.shape[1]))
    norms = {"grad_norm": values, "grad_norm_head": values + 2, "grad_norm_last": values * 3}
    dynamics = from_arrays(**norms, capture="epoch_end")
    for scope, signal in (("all", "grad_norm"), ("head", "grad_norm_head"), ("last", "grad_norm_last")):
        expected = [sum(run[epoch - 1] for run in h) / len(h) for h in histories(norms[signal])]
        found = score(f"grand[epoch={epoch},scope={scope}]", dynamics)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["el2n", "grand"])
def test_an_epoch_is_found_by_its_number(name):
    values = np.arange(6.0).reshape(1, 3, 2)
    signal = {"el2n": "el2n", "grand": "grad_norm"}[name]
    only_some = from_arrays(**{signal: values}, epochs=[5, 2, 7], capture="epoch_end")
    assert score(f"{name}[epoch=2]", only_some).tolist() == [2, 3]
    with pytest.raises(UsageError, match=r"epoch 1 is not in the dynamics, which hold epoch 5, 2, 7 .*epoch_end"):
        score(name, only_some)


@quick
@given(st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=12, unique=True), st.integers(0, 2**32 - 1))
def test_random_deals_a_seeded_stream_over_the_sorted_ids(ids, draw):
    stream = np.random.default_rng(draw).random(len(ids))
    expected = dict(zip(sorted(ids), stream, strict=True))
    assert score("random", from_arrays(ids=ids, draw=draw)).tolist() == [expected[i] for i in ids]


def test_random_draws_anew_for_every_seed_and_evenly():
    draws = np.array([score("random", from_arrays(ids=range(400), draw=seed)) for seed in range(5)])
    assert len(np.unique(draws)) == draws.size
    assert abs(draws.mean() - 0.5) < 0.03
    assert np.abs(np.corrcoef(draws)[np.triu_indices(5, 1)]).max() < 0.2


@quick
@given(st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_length_counts_tokens_and_keeps_the_end_asked_for(lengths):
    dynamics = from_arrays(length=lengths)
    for keep, sign in (("longest", 1), ("shortest", -1)):
        scorer = hbench.scorer(f"length[keep={keep}]")
        scores = scorer.score(dynamics)
        assert scores.values.tolist() == lengths
        assert scorer.prefer(scores, 0).values.tolist() == [sign * n for n in lengths]


def kept_first(reference, levels, runs):
    """Return groups of levels of H, those kept first in front; levels in one group tie."""
    scorer = hbench.scorer(reference)
    dynamics = from_arrays(correct=np.array([[[s < h for h in levels]] for s in range(runs)]))
    scores = scorer.score(dynamics)
    assert scores.values.tolist() == list(levels)
    preference = scorer.prefer(scores, runs).values
    return [sorted(np.array(levels)[preference == p].tolist()) for p in sorted(set(preference), reverse=True)]


@pytest.mark.parametrize("runs", [1, 2, 3, 6, 10])
def test_h_score_keeps_by_the_nested_subsets(runs):
    order = [*range(runs - 1, 0, -1), runs, 0]
    assert kept_first("h-score", range(runs + 1), runs) == [[h] for h in order]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [(6, [[3], [2, 4], [1, 5], [0, 6]]), (3, [[1, 2], [0, 3]]), (1, [[0, 1]])],
)
def test_h_score_keeps_the_middle_first(runs, expected):
    assert kept_first("h-score[order=middle]", range(runs + 1), runs) == expected


@quick
@given(CORRECT, st.text("0123456789S", min_size=1, max_size=6))
def test_natural_subset_is_the_complement_of_the_removal_set(correct, removed):
    runs = len(correct)
    scorer = hbench.scorer(f"h-score[remove={removed}]")
    scores = scorer.score(from_arrays(correct=correct))
    levels = [runs if level == "S" else int(level) for level in removed]
    if max(levels) > runs:
        with pytest.raises(UsageError, match=f"no level {max(levels)}"):
            scorer.natural(scores, runs)
        return
    assert scorer.natural(scores, runs).values.tolist() == [h not in levels for h in scores.values]


def test_directions():
    prob = np.array([[[0.1, 0.9, 0.5]]])
    for region, best in (("easy", 1), ("hard", 0)):
        scorer = hbench.scorer(f"cartography[region={region}]")
        assert scorer.prefer(scorer.score(from_arrays(gold_prob=prob)), 1).values.argmax() == best
    for reference, signal in (("el2n", "el2n"), ("grand", "grad_norm")):
        scorer = hbench.scorer(reference)
        assert scorer.prefer(scorer.score(from_arrays(**{signal: prob})), 1).values.argmax() == 1


@pytest.mark.parametrize(
    ("reference", "signal"),
    [
        ("cartography", "gold_prob"),
        ("cartography[region=easy]", "gold_prob"),
        ("cartography[pooled=true]", "gold_prob"),
        ("el2n", "el2n"),
        ("grand", "grad_norm"),
    ],
)
def test_a_value_that_is_not_a_number_stays_visible(reference, signal):
    values = np.full((2, 3, 4), 0.5)
    values[0, 0, 2] = np.nan
    assert np.isnan(score(reference, from_arrays(**{signal: values}))).tolist() == [False, False, True, False]


@quick
@given(PROBABILITIES)
def test_scores_of_windows_over_the_gold_probability(prob):
    """Dyn-Unc and DUAL: statistics of every window of two epochs, averaged over windows, then over runs."""
    dynamics = from_arrays(gold_prob=prob.astype(np.float32), capture="train")
    if prob.shape[1] < 2:
        for name in ("dyn-unc", "dual", "dyn-unc[window=2]"):
            with pytest.raises(UsageError, match="use more epochs"):
                score(name, dynamics)
        return
    for window, suffix in ((2, "[window=2]"), (prob.shape[1], "")):
        spread, dual = [], []
        for runs in histories(prob.astype(np.float32).astype(float)):
            parts = [[run[k : k + window] for k in range(len(run) - window + 1)] for run in runs]
            deviation = [[statistics.stdev(part) for part in run] for run in parts]
            hardness = [[1 - statistics.fmean(part) for part in run] for run in parts]
            spread.append(statistics.fmean(map(statistics.fmean, deviation)))
            products = [[d * h for d, h in zip(*pair, strict=True)] for pair in zip(deviation, hardness, strict=True)]
            dual.append(statistics.fmean(map(statistics.fmean, products)))
        np.testing.assert_allclose(score(f"dyn-unc{suffix}", dynamics), spread, atol=1e-7)
        np.testing.assert_allclose(score(f"dual{suffix}", dynamics), dual, atol=1e-7)


@quick
@given(LOGITS)
def test_tdds_is_the_weighted_spread_of_steps(logits):
    prob = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    prob = prob.astype(np.float32)
    dynamics = from_arrays(prob=prob, capture="train")
    epochs = prob.shape[1]
    for window, suffix in ((3, "[window=3]"), (epochs, "")):
        if epochs < max(window, 3):
            with pytest.raises(UsageError, match="use more epochs"):
                score(f"tdds{suffix}", dynamics)
            continue
        expected = []
        for i in range(prob.shape[2]):
            of_runs = []
            for run in prob[:, :, i].astype(float):
                steps = [
                    sum(abs(q * math.log((q + 1e-8) / (p + 1e-8))) for p, q in zip(*pair, strict=True))
                    for pair in itertools.pairwise(run)
                ]
                parts = [steps[k : k + window - 1] for k in range(epochs - window + 1)]
                norms = [math.sqrt(sum((s - statistics.fmean(part)) ** 2 for s in part)) for part in parts]
                of_runs.append(sum(0.9 * 0.1 ** (len(norms) - 1 - k) * norm for k, norm in enumerate(norms)))
            expected.append(statistics.fmean(of_runs))
        np.testing.assert_allclose(score(f"tdds{suffix}", dynamics), expected, rtol=1e-6, atol=1e-9)


@quick
@given(LOGITS)
def test_scores_of_one_late_epoch_and_of_the_margin(logits):
    """Loss, entropy and margin at the last epoch or a named one, and the margin's mean over all (AUM)."""
    values = logits[..., 0].astype(np.float32)
    loss = np.abs(values)
    dynamics = from_arrays(loss=loss, entropy=loss, margin=values, capture="train")
    for epoch, suffix in ((-1, ""), (0, "[epoch=1]")):
        for name, signal in (("loss", loss), ("entropy", loss), ("margin", np.abs(values))):
            expected = [statistics.fmean(float(run[epoch]) for run in runs) for runs in histories(signal)]
            np.testing.assert_allclose(score(f"{name}{suffix}", dynamics), expected, rtol=1e-6)
    signed = [statistics.fmean(float(run[-1]) for run in runs) for runs in histories(values)]
    np.testing.assert_allclose(score("margin[signed=true]", dynamics), signed, rtol=1e-6, atol=1e-7)
    areas = [statistics.fmean(statistics.fmean(map(float, run)) for run in runs) for runs in histories(values)]
    np.testing.assert_allclose(score("aum", dynamics), areas, rtol=1e-6, atol=1e-7)


def test_what_the_new_scorers_keep_first():
    """A mislabelled example has a low margin, a high loss: hard ends are kept first."""
    values = np.array([[[-3.0, 0.5, 4.0]] * 3], dtype=np.float32)
    dynamics = from_arrays(margin=values, loss=np.abs(values), capture="train")
    kept = {
        name: int(np.argmax(hbench.scorer(name).prefer(hbench.scorer(name).score(dynamics), 1).values))
        for name in ("aum", "margin", "margin[signed=true]", "loss")
    }
    assert kept == {"aum": 0, "margin": 1, "margin[signed=true]": 0, "loss": 2}


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("dyn-unc[window=1]", "at least 2"),
        ("dual[window=0]", "at least 2"),
        ("tdds[window=2]", "at least 3"),
        ("tdds[decay=0]", "above 0"),
        ("loss[epoch=0]", "count from 1"),
        ("entropy[epoch=0]", "count from 1"),
        ("margin[epoch=-1]", "count from 1"),
    ],
)
def test_options_of_the_new_scorers_out_of_range(reference, said):
    with pytest.raises(UsageError, match=said):
        hbench.scorer(reference)
