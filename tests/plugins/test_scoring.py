"""Scores that cannot be right: refused or warned of by the scorer's name, with the reason."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import rankdata
from support.random_dynamics import random_dynamics
from support.references import scorers

from hbench import Scorer, dynamics, observe
from hbench.errors import UsageError
from hbench.plugins import scoring
from hbench.plugins.registry import SCORERS
from hbench.plugins.scoring import score_examples

CALLS = itertools.count()


def made(size: int = 40, **more: Any) -> xr.Dataset:
    loss = np.random.default_rng(3).random((2, 3, size), dtype=np.float32)
    names = [f"row {i * 7919 % size}" for i in range(size)]
    return dynamics.from_arrays(ids=names, loss=loss, label=[0] * size, length=range(size), **more)


def mean(d: xr.Dataset) -> xr.DataArray:
    return d.loss.mean(("run", "epoch"))


def like(d: xr.Dataset, values: Any) -> xr.DataArray:
    return xr.DataArray(values, coords={"example": d["example"]}, dims="example")


@dataclass(frozen=True)
class Probe(Scorer):
    """Scores as a test says."""

    needs = observe("loss", at="train")
    how: Any = None

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        return self.how(dynamics)


@dataclass(frozen=True)
class Needless(Probe):
    """The same without anything declared."""

    needs = None


def jitter(d: xr.Dataset) -> xr.DataArray:
    return mean(d) + 1e-9 * np.random.default_rng().random(d.sizes["example"])


def spoiling(d: xr.Dataset) -> xr.DataArray:
    d.loss.values += 1.0
    return mean(d)


REFUSED: list[tuple[Callable[[xr.Dataset], Any], str]] = [
    (lambda d: d.correct.sum(("run", "epoch")), "reads 'correct', which it did not declare"),
    (lambda d: d["margin"].mean(("run", "epoch")), 'write needs = observe("loss", "margin", at="train")'),
    (lambda d: d[["loss", "el2n"]].el2n, "reads 'el2n'"),
    (lambda d: d.grad_norm.mean(("run", "epoch")), 'observe("loss", "grad_norm", at="epoch_end")'),
    (lambda d: d.goldprob.mean(("run", "epoch")), "reads 'goldprob', which is not a signal; did you mean 'gold_prob'"),
    (lambda d: mean(d).to_numpy(), "gave a ndarray"),
    (lambda d: None, "gave a NoneType"),
    (lambda d: d.loss.mean("run"), "expected one number per example"),
    (lambda d: xr.DataArray(mean(d).to_numpy(), dims="example"), "lost their examples' ids"),
    (lambda d: mean(d).drop_vars("example"), "lost their examples' ids"),
    (lambda d: mean(d).sortby(mean(d)), "another order of examples"),
    (lambda d: mean(d)[::-1], "another order of examples"),
    (lambda d: mean(d) + np.inf, "40 scores that are not finite, first at example row 0"),
    (lambda d: like(d, ["a"] * 40), "expected real numbers"),
    (lambda d: mean(d) * 1j, "scores of the type complex"),
    (lambda d: mean(d).argsort(), "gave positions, as argsort does"),
    (lambda d: like(d, np.argsort(mean(d).to_numpy())[::-1]), "use scipy.stats.rankdata for ranks"),
    (lambda d: like(d, np.random.default_rng().random(40)), "gave other scores when it was called again"),
    (jitter, "np.random.default_rng(dynamics.attrs['draw'])"),
    (lambda d: mean(d) + next(CALLS), "keeps something"),
    (spoiling, "changes its input"),
]  # fmt: skip


@pytest.mark.parametrize(("how", "said"), REFUSED)
def test_what_cannot_be_right_is_refused(how: Callable[[xr.Dataset], Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        score_examples(Probe(how), made(), 2)
    assert str(caught.value).startswith("Probe ")
    assert said in str(caught.value)


def test_a_scorer_that_declares_nothing_and_reads_a_signal_is_told_how() -> None:
    blank = dynamics.from_arrays(ids=["a", "b"], length=[1, 2], label=[0, 1])
    with pytest.raises(UsageError, match=r'Needless reads \'loss\'.*write needs = observe\("loss", at="epoch_end"\)'):
        score_examples(Needless(mean), blank, 0)


def test_a_signal_that_the_kind_of_task_lacks_is_not_called_undeclared() -> None:
    with pytest.raises(UsageError, match="Probe reads the signal 'loss', and these dynamics hold"):
        score_examples(Probe(mean), made().drop_vars("loss"), 2)


@pytest.mark.parametrize("how", [lambda d: mean(d).nothing, lambda d: {}["loss2"], lambda d: None.score])
def test_errors_about_something_else_stay_what_they_are(how: Callable[[xr.Dataset], Any]) -> None:
    with pytest.raises((AttributeError, KeyError)):
        score_examples(Probe(how), made(), 2)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda d: mean(d) * 0, "Probe prefers all 40 examples equally"),
        (lambda d: like(d, np.ones(40, dtype=bool)), "a random subset"),
        (lambda d: like(d, np.sort(mean(d).to_numpy())), "Probe scores an example by its position"),
        (lambda d: like(d, np.random.default_rng(d.attrs["draw"]).random(40)), "in another order get other scores"),
        (lambda d: like(d, np.arange(40) % 3), "by its position"),
    ],
)
def test_what_is_odd_is_warned_of(
    how: Callable[[xr.Dataset], Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    scored = score_examples(Probe(how), made(), 2)
    (note,) = scored.notes
    assert said in note
    assert [record.getMessage() for record in caplog.records] == [note]


@pytest.mark.parametrize(
    "how",
    [
        mean,
        lambda d: (mean(d) - mean(d).mean()) / mean(d).std(),
        lambda d: like(d, rankdata(mean(d).to_numpy())),
        lambda d: mean(d).argsort().argsort(),
        lambda d: d["length"],
        lambda d: mean(d) > mean(d).median(),
    ],
)
@pytest.mark.parametrize("size", [40, 3, scoring.CHECKED + 7])
def test_what_is_right_passes_without_a_word(how: Callable[[xr.Dataset], Any], size: int) -> None:
    given = made(size)
    scored = score_examples(Probe(how), given, 2)
    assert scored.notes == ()
    expected = how(given).to_numpy()
    assert scored.scores.dtype == expected.dtype
    np.testing.assert_array_equal(scored.scores, expected)


def test_one_example_and_none_to_compare_with() -> None:
    assert score_examples(Probe(mean), made(1), 2).notes == ()


@pytest.mark.parametrize("reference", scorers())
def test_every_shipped_scorer_passes(reference: str) -> None:
    plugin = SCORERS.find(reference).plugin
    found = score_examples(plugin, random_dynamics(runs=3, epochs=3, classes=3), 3)
    expected = plugin.score(random_dynamics(runs=3, epochs=3, classes=3)).to_numpy()
    assert found.scores.dtype == expected.dtype
    np.testing.assert_array_equal(found.scores, expected)
    assert not any("position" in note for note in found.notes)


def test_of_many_examples_a_sample_is_scored_again() -> None:
    sizes: list[int] = []

    def counting(d: xr.Dataset) -> xr.DataArray:
        sizes.append(d.sizes["example"])
        return mean(d)

    score_examples(Probe(counting), made(3 * scoring.CHECKED), 2)
    assert sizes == [3 * scoring.CHECKED, *[scoring.CHECKED] * 3]
    with pytest.raises(UsageError, match="other scores"):
        score_examples(Probe(jitter), made(3 * scoring.CHECKED), 2)
    with pytest.raises(UsageError, match="positions"):
        score_examples(Probe(lambda d: mean(d).argsort()), made(3 * scoring.CHECKED), 2)


def test_a_scorer_that_needs_all_examples_is_said_not_to_be_checked() -> None:
    whole = made(scoring.CHECKED + 1)

    def picky(d: xr.Dataset) -> xr.DataArray:
        if d.sizes["example"] <= scoring.CHECKED:
            raise ValueError("too few")
        return mean(d)

    (note,) = score_examples(Probe(picky), whole, 2).notes
    assert note == f"Probe could not be called again on {scoring.CHECKED} of its examples (too few): not checked"


@dataclass(frozen=True)
class Alone(Probe):
    """Says that every example's score is its own."""

    per_example = True


@pytest.mark.parametrize("size", [40, scoring.CHECKED + 7])
@pytest.mark.parametrize(
    "how",
    [
        lambda d: mean(d) - mean(d).mean(),
        lambda d: like(d, rankdata(mean(d).to_numpy())),
        lambda d: mean(d) / mean(d).max(),
        jitter,
    ],
)
def test_scores_that_depend_on_other_examples_cannot_be_per_example(
    how: Callable[[xr.Dataset], Any], size: int
) -> None:
    with pytest.raises(UsageError, match=r"Alone declares per_example = True, but what `score` gives .* leave"):
        score_examples(Alone(how), made(size), 2)


def test_an_order_of_keeping_that_depends_on_other_examples_cannot_be_per_example() -> None:
    @dataclass(frozen=True)
    class Ranked(Alone):
        def prefer(self, scores: xr.DataArray, runs: int) -> xr.DataArray:
            return like(scores, rankdata(scores.to_numpy()))

    with pytest.raises(UsageError, match="Ranked declares per_example = True, but what `prefer` gives"):
        score_examples(Ranked(mean), made(), 2)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 40, scoring.CHECKED + 7])
def test_scores_of_examples_alone_may_be_per_example(size: int) -> None:
    np.testing.assert_array_equal(score_examples(Alone(mean), made(size), 2).scores, mean(made(size)).to_numpy())


def test_only_scorers_that_say_so_are_scored_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "BLOCK", 15)
    sizes: list[int] = []

    def counting(d: xr.Dataset) -> xr.DataArray:
        sizes.append(d.sizes["example"])
        return mean(d)

    score_examples(Probe(counting), made(), 2)
    assert max(sizes) == sizes[0] == 40
    sizes.clear()
    score_examples(Alone(counting), made(), 2)
    assert sizes[:3] == [13, 13, 14]
