"""Arrays handed over as dynamics: taken as they are, or refused by name with the fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import hbench
from hbench import dynamics
from hbench.data.examples import Examples
from hbench.dynamics.signals import SIGNALS
from hbench.errors import DataError, HbenchError, UsageError
from hbench.kinds import find_kind
from hbench.plugins.registry import TASKS

RIGHT = np.array([[[1.0, 1.0], [1.0, 0.0]]])
HALF = np.full((1, 2, 2), 0.5)


def put(value: float) -> np.ndarray:
    """Return truths with one other value, of the second epoch's first example."""
    array = RIGHT.copy()
    array[0, 1, 0] = value
    return array


@pytest.mark.parametrize("given", [RIGHT, RIGHT.astype(int), RIGHT.astype(bool), RIGHT.astype(bool).tolist()])
def test_truths_are_booleans_or_zeros_and_ones(given: Any) -> None:
    found = dynamics.from_arrays(correct=given)["correct"]
    assert found.dtype == bool
    assert found.values.tolist() == [[[True, True], [True, False]]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (put(np.nan), "holds nan"),
        (put(-1), r"holds -1\.0"),
        (put(0.5), r"holds 0\.5"),
        (put(2).astype(int), "holds 2"),
        (np.array([[["True", "False"]]]), "holds 'True'"),
        (np.array([[[True, None]]], dtype=object), "holds None"),
    ],
)
def test_what_is_neither_true_nor_false_is_refused(given: Any, said: str) -> None:
    with pytest.raises(DataError, match=f"signal 'correct' {said}.*neither true nor false; use booleans or 0 and 1"):
        dynamics.from_arrays(correct=given)


@pytest.mark.parametrize("name", [name for name, signal in SIGNALS.items() if signal.low is not None])
def test_a_value_below_the_range_of_its_signal_is_refused(name: str) -> None:
    signal = SIGNALS[name]
    array = np.full((1, 2, 3, 2)[: len(signal.dims)], 0.5)
    capture = signal.captures[-1]
    assert dynamics.from_arrays(**{name: array}, capture=capture)[name].dims == signal.dims
    array[0, 1, 2] = -0.01
    with pytest.raises(DataError, match=rf"signal '{name}' holds -0\.01, first for example 2"):
        dynamics.from_arrays(**{name: array}, capture=capture)


@pytest.mark.parametrize(("name", "shape"), [("gold_prob", (1, 1, 2)), ("prob", (1, 1, 2, 2))])
def test_a_probability_is_from_0_to_1(name: str, shape: tuple[int, ...]) -> None:
    assert float(dynamics.from_arrays(**{name: np.ones(shape) + 1e-7})[name].max()) > 1  # rounding of float32
    with pytest.raises(DataError, match=rf"signal '{name}' holds 50\.0, first for example 0.*from 0 to 1"):
        dynamics.from_arrays(**{name: np.full(shape, 50.0)})


def test_numbers_keep_their_precision() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        assert dynamics.from_arrays(loss=HALF.astype(dtype))["loss"].dtype == dtype
    with pytest.raises(DataError, match=r"signal 'loss' holds 'low' of type .*give it as real numbers"):
        dynamics.from_arrays(loss=[[["low", "high"]]])


def test_a_value_may_be_absent_where_an_example_was_not_trained_on() -> None:
    absent = HALF.copy()
    absent[0, 0, 1] = np.nan
    for capture in (None, "train"):
        assert np.isnan(dynamics.from_arrays(loss=absent, capture=capture)["loss"].values[0, 0, 1])
    with pytest.raises(DataError, match=r"signal 'loss' holds NaN, first for example 1.*every example"):
        dynamics.from_arrays(loss=absent, capture="epoch_end")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"goldprob": HALF}, r"'goldprob' is not a signal of training; did you mean 'gold_prob'\?"),
        ({"lable": [1, 2], "correct": RIGHT}, "'lable' is not a signal"),
        ({"loss": HALF[0]}, r"signal 'loss' has shape \(2, 2\); expected dimensions \(run, epoch, example\)"),
        ({"loss": [[[1.0], [1.0, 2.0]]]}, "'loss' cannot be read as an array"),
        ({"prob": HALF}, r"signal 'prob' has shape .* \(run, epoch, example, class\)"),
        ({"embedding": HALF}, r"signal 'embedding' has shape .* \(run, epoch, example, dim\)"),
        ({"grad_norm": HALF, "capture": "train"}, "'grad_norm' cannot be captured at train.* epoch_end only"),
        (
            {"correct": RIGHT, "capture": "epoch-end"},
            "capture='epoch-end' is not a capture point; use one of train, ep",
        ),
        ({"correct": RIGHT, "label": [0.5, 1]}, "'label' holds 0.5 .*one integer for each example"),
        ({"correct": RIGHT, "label": ["a", "b"]}, "'label' holds 'a' .*one integer for each example"),
        ({"correct": RIGHT, "length": [1, 2, 3]}, r"'length' has shape \(3,\); expected one value for each of 2"),
        ({"correct": RIGHT, "loss": np.ones((1, 1, 2))}, "signals disagree"),
        ({"correct": RIGHT, "ids": ["a", "a"]}, "ids holds an entry twice"),
        ({"correct": RIGHT, "runs": [1, 2]}, "runs has 2 entries; expected 1"),
        ({}, "no signal, no per-example value and no ids"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        dynamics.from_arrays(**given)


@pytest.mark.parametrize(
    ("reference", "given", "wanted"),
    [
        ("h-score", {"gold_prob": HALF}, "signal 'correct'"),
        ("forgetting", {"gold_prob": HALF}, "signal 'correct'"),
        ("cartography", {"correct": RIGHT}, "signal 'gold_prob'"),
        ("grand", {"correct": RIGHT}, "signal 'grad_norm'"),
        ("grand[scope=head]", {"grad_norm": HALF}, "signal 'grad_norm_head'"),
        ("el2n", {"correct": RIGHT}, "signal 'el2n'"),
        ("dynamic-loss", {"correct": RIGHT}, "signal 'loss'"),
        ("length", {"correct": RIGHT}, "value 'length'"),
    ],
)
def test_a_signal_that_is_absent_is_named_with_what_there_is(
    reference: str, given: dict[str, Any], wanted: str
) -> None:
    with pytest.raises(HbenchError) as error:
        hbench.scorer(reference).score(dynamics.from_arrays(**given))
    [held] = given
    for text in (f"reads the {wanted}", f"these dynamics hold {held}", "from_arrays("):
        assert text in str(error.value)


def test_other_errors_of_a_scorer_stay_what_they_are() -> None:
    class Broken(hbench.Scorer):
        """Fails in its own way."""

        needs = hbench.observe("correct")

        def score(self, dynamics: xr.Dataset) -> xr.DataArray:
            return {}["correct"]

    with pytest.raises(KeyError):
        Broken().score(dynamics.from_arrays(correct=RIGHT))


def test_dynamics_of_another_capture_point_are_refused() -> None:
    given = {"el2n": HALF, "correct": RIGHT}
    el2n, h_score = hbench.scorer("el2n"), hbench.scorer("h-score")
    assert el2n.score(dynamics.from_arrays(**given)).shape == (2,)  # nothing is said of where
    assert el2n.score(dynamics.from_arrays(**given, capture="epoch_end")).shape == (2,)
    assert hbench.scorer("el2n[capture=train]").score(dynamics.from_arrays(**given, capture="train")).shape == (2,)
    for scorer, capture, own in ((el2n, "train", "epoch_end"), (h_score, "epoch_end", "train")):
        with pytest.raises(UsageError) as error:
            scorer.score(dynamics.from_arrays(**given, capture=capture))
        for text in (f"captured at {own}", f"captured at {capture}", f"the option capture={capture}"):
            assert text in str(error.value)


def test_dynamics_with_absent_values_are_written_and_read_back(tmp_path: Path) -> None:
    absent = HALF.copy()
    absent[0, 0, 1] = np.nan
    made = dynamics.from_arrays(loss=absent, embedding=np.ones((1, 2, 2, 3)), ids=["a", "b"], label=[0, 1])
    dynamics.save(tmp_path / "dynamics.nc", {"train": made})
    read = dynamics.load(tmp_path / "dynamics.nc", "train")
    xr.testing.assert_equal(read, made)
    assert (made.attrs.get("capture"), read.attrs["capture"]) == (None, "train")


def test_logits_give_the_signals_of_the_kind_that_classifies() -> None:
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(0, 3, (2, 3, 7, 4)).astype(np.float32), rng.integers(0, 4, 7)
    found = dynamics.from_logits(logits, labels, runs=[5, 6], capture="epoch_end")
    kind, task = find_kind("classification"), TASKS.find("snli").plugin
    assert found.attrs["capture"] == "epoch_end"
    prob = np.exp(logits.astype(np.float64))
    prob /= prob.sum(axis=-1, keepdims=True)
    gold = np.eye(4)[labels]
    np.testing.assert_allclose(found["prob"], prob, rtol=1e-5)
    np.testing.assert_allclose(found["gold_prob"], (prob * gold).sum(-1), rtol=1e-5)
    np.testing.assert_allclose(found["el2n"], np.linalg.norm(prob - gold, axis=-1), rtol=1e-5)
    np.testing.assert_allclose(found["loss"], -np.log((prob * gold).sum(-1)), rtol=1e-5)
    np.testing.assert_array_equal(found["correct"], logits.argmax(-1) == labels)
    np.testing.assert_array_equal(found["label"], labels)
    assert set(found.data_vars) == {*kind.signals(logits, _encoded(labels)), "label"}
    for name, values in kind.signals(logits, _encoded(labels)).items():
        np.testing.assert_array_equal(found[name], values)
    assert "prob" in kind.records(task)
    assert "prob" not in dynamics.from_logits(rng.normal(size=(1, 1, 3, 17)), [0, 16, 3])
    assert hbench.scorer("cartography").score(dynamics.from_logits(logits, labels)).shape == (7,)


def _encoded(labels: np.ndarray) -> Any:
    task, kind = TASKS.find("snli").plugin, find_kind("classification")
    from hbench.models.catalogue import find_model
    from hbench.models.load import load_tokenizer

    ids = [str(i) for i in range(len(labels))]
    columns = {"premise": ids, "hypothesis": ids, "label": labels.tolist()}
    return kind.encode(task, Examples(ids, columns, ""), load_tokenizer(find_model("tiny"), ["a"]), 8)


@pytest.mark.parametrize(
    ("logits", "labels", "said"),
    [
        (np.ones((1, 1, 2)), [0, 1], r"logits have shape \(1, 1, 2\)"),
        (np.ones((1, 1, 2, 1)), [0, 0], "two classes or more"),
        (np.ones((1, 1, 2, 3)), [0, 3], "the class 3; with 3 classes they go from 0 to 2"),
        (np.ones((1, 1, 2, 3)), [0, -1], "the class -1"),
        (np.ones((1, 1, 2, 3)), [0, 1, 2], r"labels have shape \(3,\)"),
        (np.ones((1, 1, 2, 3)), [0, 0.5], "'labels' holds 0.0 of type float64; give one integer"),
        (np.full((1, 1, 2, 3), np.inf), [0, 1], "not finite"),
        (np.array([[[[np.nan, 1.0]]]]), [0], "NaN for some classes of an example only"),
        (np.array([[[["a", "b"]]]]), [0], "expected real numbers"),
    ],
)
def test_logits_of_another_form_are_refused(logits: np.ndarray, labels: list[Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        dynamics.from_logits(logits, labels)
