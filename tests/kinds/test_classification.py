"""Classification: encoding, losses, the signals of a logit vector, and the metrics."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import log_softmax
from scipy.stats import entropy

from hbench import Hub, Task, kinds, metrics
from hbench.data.examples import Examples
from hbench.errors import UsageError
from hbench.kinds import Batch, Encoded
from hbench.kinds.text.tokens import Sequences
from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer
from hbench.plugins.registry import TASKS

KIND = kinds.find_kind("classification")
SNLI = TASKS.find("snli").plugin
LOGITS = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(2, 5)),
    elements=st.floats(-30, 30, width=32),
)


#: What it takes to say how classes are divided: no text is read.
NO_TEXTS = Examples([], {}, "")


def encoded(label: list[int] | np.ndarray) -> Encoded:
    gold = np.asarray(label, dtype=np.int64)
    n = len(gold)
    tokens = Sequences({"input_ids": np.ones(n, dtype=np.int32)}, np.arange(n + 1), {"input_ids": 0})
    return Encoded([str(i) for i in range(n)], tokens, np.arange(n), gold, tokens.lengths)


@settings(max_examples=150, deadline=None)
@given(logits=LOGITS, data=st.data())
def test_signals_are_those_of_the_definitions(logits: np.ndarray, data: st.DataObject) -> None:
    epochs, n, classes = logits.shape
    gold = np.array(data.draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n)))
    found = KIND.signals(logits, encoded(gold))
    log_prob = log_softmax(logits.astype(np.float64), axis=-1)
    prob, target = np.exp(log_prob), np.eye(classes)[gold]
    others = np.where(target.astype(bool), -np.inf, logits.astype(np.float64))
    gold_logit = logits[:, np.arange(n), gold].astype(np.float64)
    expected = {
        "gold_prob": prob[:, np.arange(n), gold],
        "el2n": np.linalg.norm(prob - target, axis=-1),
        "loss": -log_prob[:, np.arange(n), gold],
        "margin": gold_logit - others.max(axis=-1),
        "entropy": entropy(prob, axis=-1),
        "prob": prob,
    }
    for name, value in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], value, rtol=2e-6, atol=2e-6, err_msg=name)
    assert found["correct"].dtype == bool
    np.testing.assert_array_equal(found["correct"], logits.argmax(-1) == gold)
    assert found["loss"].shape == (epochs, n)


def test_signals_of_a_confident_example_are_not_rounded_away() -> None:
    found = KIND.signals(np.array([[40.0, 0.0], [0.0, 40.0], [1000.0, -1000.0]], dtype=np.float32), encoded([0, 0, 0]))
    small = np.exp(-40.0)
    np.testing.assert_allclose(found["loss"], [small, 40.0, 0.0], rtol=1e-6)
    np.testing.assert_allclose(found["el2n"], [np.sqrt(2) * small, np.sqrt(2), 0.0], rtol=1e-6)
    np.testing.assert_allclose(found["gold_prob"], [1.0, small, 1.0], rtol=1e-6)
    np.testing.assert_allclose(found["entropy"], [41 * small, 41 * small, 0.0], rtol=0.05)
    np.testing.assert_allclose(found["margin"], [40.0, -40.0, 2000.0])


def test_signals_are_missing_where_logits_are() -> None:
    logits = np.array([[1.0, 2.0], [np.nan, np.nan]], dtype=np.float32)
    found = KIND.signals(logits, encoded([1, 0]))
    assert found["correct"].tolist() == [True, False]
    for name in ("gold_prob", "el2n", "loss", "margin", "entropy"):
        assert np.isnan(found[name]).tolist() == [False, True], name


def test_distribution_is_kept_for_few_classes_only() -> None:
    for classes, kept in ((16, True), (17, False)):
        assert ("prob" in KIND.signals(np.zeros((2, classes), dtype=np.float32), encoded([0, 1]))) is kept


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_losses_are_per_example_and_in_float32(precision: torch.dtype) -> None:
    logits = torch.tensor([[2.0, 0.5, -1.0], [0.0, 0.0, 0.0]], dtype=precision)
    batch = Batch({}, torch.tensor([0, 2]), torch.tensor([0, 1]))
    read = KIND.logits(SimpleNamespace(logits=logits), batch)
    losses = KIND.losses(read, batch)
    assert losses.dtype == torch.float32
    signals = KIND.signals(KIND.observe(read, batch).numpy(), encoded([0, 2]))
    np.testing.assert_allclose(losses.numpy(), signals["loss"], rtol=1e-6)


def test_head_has_one_logit_per_class_with_its_name() -> None:
    head = KIND.head(SNLI)
    assert head.auto == "AutoModelForSequenceClassification"
    assert head.config["num_labels"] == KIND.width(SNLI) == 3
    assert head.config["id2label"] == {0: "entailment", 1: "neutral", 2: "contradiction"}
    assert head.config["label2id"]["contradiction"] == 2


def examples(**columns: list) -> Examples:
    return Examples([f"id-{i}" for i in range(len(columns["label"]))], columns, "")


def test_encoding_of_pairs() -> None:
    rows = examples(
        premise=["the cat sat", "a dog ran far away from the old house"], hypothesis=["it sat", "it ran"], label=[2, 0]
    )
    tokenizer = load_tokenizer(find_model("tiny"), [*rows.columns["premise"], *rows.columns["hypothesis"]])
    found = KIND.encode(SNLI, rows, tokenizer, max_length=9)
    assert found.ids == ["id-0", "id-1"]
    assert found.label.tolist() == [2, 0]
    assert found.owner.tolist() == [0, 1]
    assert found.length.tolist() == [len(row["input_ids"]) for row in found.sequences] == [8, 9]
    assert tokenizer.decode(found.sequences[0]["input_ids"]) == "[CLS] the cat sat [SEP] it sat [SEP]"
    assert found.sequences[0]["token_type_ids"] == [0] * 5 + [1] * 3
    # the longer text is cut, the other is left whole
    assert tokenizer.decode(found.sequences[1]["input_ids"]) == "[CLS] a dog ran far [SEP] it ran [SEP]"
    assert {array.dtype for array in (found.owner, found.label, found.length)} == {np.dtype(np.int64)}


def test_encoding_of_single_texts() -> None:
    rows = examples(sentence=["good film", "bad"], label=[1, 0])
    tokenizer = load_tokenizer(find_model("tiny"), rows.columns["sentence"])
    found = KIND.encode(TASKS.find("sst2").plugin, rows, tokenizer, max_length=16)
    assert found.length.tolist() == [4, 3]
    assert tokenizer.decode(found.sequences[0]["input_ids"]) == "[CLS] good film [SEP]"


@pytest.mark.parametrize(("metric", "expected"), [("accuracy", 4 / 6), ("f1", 2 / 3), ("matthews", 1 / 3)])
def test_evaluation_of_two_classes(metric: str, expected: float) -> None:
    @dataclass(frozen=True)
    class Two(Task):
        kind, columns, labels = "classification", {"text": "sentence", "label": "label"}, ("no", "yes")

    Two.metric = metric
    prediction, gold = np.array([1, 1, 0, 0, 1, 0]), [1, 1, 1, 0, 0, 0]
    rows = Examples([str(i) for i in range(6)], {}, "")
    found = KIND.evaluate(Two(), np.eye(2, dtype=np.float32)[prediction], rows, encoded(gold))
    assert found.metric == {metric: pytest.approx(expected)}
    assert found.values.tolist() == [1, 1, 0, 1, 0, 1]
    assert found.prediction.tolist() == prediction.tolist()
    assert found.values.dtype == np.float64


def test_f1_of_more_classes_is_the_mean_over_classes() -> None:
    gold, prediction = np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2])
    assert metrics.compute("f1", prediction, gold, classes=3) == {"f1": pytest.approx((1 + 2 / 3 + 2 / 3) / 3)}


@pytest.mark.parametrize("name", ["f1", "matthews"])
def test_metrics_of_a_constant_prediction_are_zero(name: str) -> None:
    assert metrics.compute(name, np.zeros(4, dtype=np.int64), np.array([0, 1, 1, 0]), classes=2) == {name: 0.0}


def test_unknown_metric_is_named_with_the_fix() -> None:
    with pytest.raises(UsageError, match=r"metric 'acuracy' cannot be loaded.*did you mean 'accuracy'"):
        metrics.compute("acuracy", np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), classes=2)


def test_unknown_kind_is_named() -> None:
    with pytest.raises(UsageError, match="unknown kind of task 'clasification'; did you mean 'classification'"):
        kinds.find_kind("clasification")


@pytest.mark.slow
def test_metrics_that_ship_need_no_cache_and_no_network(tmp_path: Path) -> None:
    """Also with a cache that cannot be made, and beside a module that `evaluate` loads by itself."""
    blocked = tmp_path / "home"
    blocked.write_text("a file where the cache folder would be")
    own = tmp_path / "own" / "own.py"
    own.parent.mkdir()
    own.write_text(
        (Path(metrics.__file__).parent / "accuracy" / "accuracy.py").read_text().replace('"accuracy"', '"own"')
    )
    code = f"""
import json, sys
import numpy as np
import evaluate
from hbench import metrics
modules = evaluate.config.HF_MODULES_CACHE
gold, prediction = np.array([0, 1, 1]), np.array([0, 1, 0])
found = [metrics.compute(name, prediction, gold, classes=2) for name in metrics.local_names()]
assert evaluate.config.HF_MODULES_CACHE == modules
evaluate.config.HF_MODULES_CACHE = {str(tmp_path / "elsewhere")!r}
own = evaluate.load({str(own.parent)!r}, cache_dir={str(tmp_path / "elsewhere")!r}, keep_in_memory=True)
found.append(own.compute(predictions=prediction, references=gold))
metrics._load.cache_clear()
found.append(metrics.compute("accuracy", prediction, gold, classes=2))
found.append(own.compute(predictions=prediction, references=gold))
assert "evaluate_modules" in sys.modules
print(json.dumps(found))
"""
    environment = {**os.environ, "HF_HOME": str(blocked), "HF_ENDPOINT": "http://127.0.0.1:9", "HOME": str(blocked)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    third = pytest.approx(2 / 3)
    assert json.loads(done.stdout) == [
        {"accuracy": third},
        {"f1": third},
        {"matthews": pytest.approx(0.5)},
        {"own": third},
        {"accuracy": third},
        {"own": third},
    ]


GLUE = {"rte": "accuracy", "mrpc": "f1", "qnli": "accuracy", "cola": "matthews", "sst2": "accuracy"}


@pytest.mark.parametrize("name", GLUE)
def test_tasks_of_glue_share_its_repository_and_have_its_metrics(name: str) -> None:
    task = TASKS.find(name).plugin
    assert task.hub == Hub("nyu-mll/glue", name, "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c")
    assert (task.metric, task.splits()) == (GLUE[name], ("validation",))
    assert len(task.labels) == 2


@pytest.mark.parametrize("name", [*GLUE, "snli", "mnli", "planted-sentence", "planted-pair"])
def test_declarations_fit_kind_metric_and_recipe(name: str) -> None:
    from hbench.jobs.recipe import Recipe

    task = TASKS.find(name).plugin
    assert kinds.find_kind(task.kind).head(task).config["num_labels"] == len(task.labels)
    assert task.metric in metrics.local_names()
    assert dataclasses.is_dataclass(Recipe().updated(dict(task.recipe), name))
    assert task.licence != "unknown"
    assert task.hub is None or len(str(task.hub.revision)) == 40
    json.dumps(task.declaration())


def test_the_trivial_answer_is_the_most_frequent_class_of_the_split() -> None:
    found = KIND.trivial(TASKS.find("snli").plugin, NO_TEXTS, encoded([2, 1, 2, 0, 2, 1]))
    assert found.answer == "always contradiction"
    assert found.values.tolist() == [1, 0, 1, 0, 1, 0]
    assert found.values.dtype == np.float64


@pytest.mark.parametrize(("metric", "answer"), [("accuracy", "no"), ("f1", "yes"), ("matthews", "no")])
def test_the_trivial_answer_of_two_classes_is_the_best_by_the_metric(metric: str, answer: str) -> None:
    """Naming the rarer class 1 has an F1 above 0, naming the other one has not; by Matthews all are 0."""

    @dataclass(frozen=True)
    class Two(Task):
        kind, columns, labels = "classification", {"text": "sentence", "label": "label"}, ("no", "yes")

    Two.metric = metric
    gold = np.array([0, 0, 0, 1, 0])
    found = KIND.trivial(Two(), NO_TEXTS, encoded(gold.tolist()))
    assert found.answer == f"always {answer}"
    assert found.values.tolist() == (gold == (answer == "yes")).tolist()
