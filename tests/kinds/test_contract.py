"""The contract every registered kind of task keeps, whoever wrote it: one test per promise, over all of them.

Each kind is tried on a task of it that is built in, with the tiny model.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from support.one_logit import OneLogit, Statements

from hbench.data.examples import Examples
from hbench.data.load import describe_source
from hbench.dynamics.signals import SIGNALS
from hbench.errors import UsageError
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.kinds import Batch, Encoded, Kind, find_kind, load_examples
from hbench.models.catalogue import find_model
from hbench.models.load import auto_class, load_config, load_model, load_tokenizer
from hbench.plugins import KIND_SIGNALS, STANDARD_SIGNALS, KindDeclaration, Task
from hbench.plugins.registry import KINDS, TASKS, Registry

#: Registered by the fixture, as a package or a plugin file would do it.
THIRD_PARTY = "one-logit"


@pytest.fixture(scope="module")
def third_party() -> Iterator[None]:
    kinds, tasks = dict(KINDS._added), dict(TASKS._added)
    KINDS.add(THIRD_PARTY, OneLogit)
    TASKS.add("statements", Statements)
    yield
    KINDS._added, TASKS._added = kinds, tasks


@dataclass(frozen=True)
class Tried:
    """A kind with the examples of a task, encoded, and what an untrained model says of some of them."""

    kind: Kind
    task: Task
    examples: Examples
    tokenizer: Any
    encoded: Encoded
    batch: Batch
    logits: torch.Tensor

    def encode(self, examples: Examples) -> Encoded:
        return self.kind.encode(self.task, examples, self.tokenizer, self.task.recipe.get("max_length", 64))

    @property
    def kept(self) -> np.ndarray:
        """Two epochs of the batch's examples as `observe` keeps them."""
        return np.stack([self.kind.observe(self.logits, self.batch).numpy()] * 2)

    @property
    def of_batch(self) -> Encoded:
        return replace(self.encoded, label=self.encoded.label[:BATCH])


BATCH = 5
SIZE = 16


def built_in_task(kind: str) -> str:
    """Return the name of a task of this kind that needs no files."""
    for name in TASKS.names():
        plugin = TASKS.find(name).plugin
        if plugin.kind == kind and plugin.rows("train") is not None:
            return name
    raise AssertionError(f"no task of the kind '{kind}' is built in")


@pytest.fixture(scope="module", params=[*KINDS.names(), THIRD_PARTY])
def tried(request: pytest.FixtureRequest, third_party: None) -> Tried:
    return try_kind(request.param)


def try_kind(name: str) -> Tried:
    """Encode a few examples of a task of this kind, and ask an untrained model."""
    from hbench.training.batches import Collator

    kind, task = find_kind(name), TASKS.find(built_in_task(name))
    source = describe_source(task.plugin, None, task.name)
    examples = load_examples(task, "train", source=source, data_dir=None, size=SIZE, seed=0)
    model = find_model("tiny")
    tokenizer, head = load_tokenizer(model, kind.texts(task.plugin, examples)), kind.head(task.plugin)
    config = load_config(model, head, tokenizer)
    encoded = kind.encode(task.plugin, examples, tokenizer, task.plugin.recipe.get("max_length", 64))
    batch = Collator(encoded, torch.device("cpu"))(np.arange(BATCH))
    with torch.inference_mode():
        output = load_model(model, head, config, seed=1).eval()(**batch.inputs)
    return Tried(kind, task.plugin, examples, tokenizer, encoded, batch, kind.logits(output, batch))


def test_the_built_in_kinds_are_registered() -> None:
    assert {"classification", "choice", "span", "joint"} <= set(KINDS.names())


def test_declares_signals_metrics_and_attributes_that_there_are(tried: Tried) -> None:
    assert set(tried.kind.extra_signals) <= set(KIND_SIGNALS)
    assert set(tried.kind.records(tried.task)) <= set(tried.kind.extra_signals)
    assert "accuracy" in tried.kind.means
    declared = tried.kind.declaration(tried.task)
    for name in tried.kind.task_attributes:
        assert not hasattr(Task, name)
        assert declared[name] == list(getattr(tried.task, name))
    assert {k: v for k, v in declared.items() if k not in tried.kind.task_attributes} == tried.task.declaration()


def test_checks_rows_and_names_every_text(tried: Tried) -> None:
    used = tried.kind.check_rows(tried.task, tried.examples.columns, lambda row: f"row {row}")
    assert used.dtype == np.int64
    assert used.tolist() == list(range(SIZE))
    texts = list(tried.kind.texts(tried.task, tried.examples))
    assert len(texts) >= SIZE
    assert all(isinstance(text, str) for text in texts)
    assert auto_class(tried.kind.head(tried.task))


def test_encodes_every_example_in_its_order(tried: Tried) -> None:
    encoded = tried.encoded
    assert encoded.ids == tried.examples.ids
    assert np.unique(encoded.owner).tolist() == list(range(SIZE))
    assert (np.diff(encoded.owner) >= 0).all()
    assert len(encoded.owner) == len(encoded.sequences)
    for values in (encoded.label, encoded.length):
        assert values.dtype == np.int64
        assert values.shape == (SIZE,)
    tokens = np.bincount(encoded.owner, weights=encoded.sequences.lengths)
    np.testing.assert_array_equal(encoded.length, tokens)
    for values in encoded.gold.values():
        assert values.shape == encoded.owner.shape
    for values in encoded.token_gold.values():
        assert values.shape == (encoded.sequences.lengths.sum(),)


def test_encoding_is_deterministic_and_follows_the_order_of_the_examples(tried: Tried) -> None:
    turned = list(reversed(range(SIZE)))
    columns = {name: [values[i] for i in turned] for name, values in tried.examples.columns.items()}
    same = tried.encode(tried.examples)
    backward = tried.encode(Examples([tried.examples.ids[i] for i in turned], columns, ""))

    def of(encoded: Encoded, example: int) -> list[Any]:
        rows = np.flatnonzero(encoded.owner == example)
        gold = [values[rows].tolist() for values in encoded.gold.values()]
        return [encoded.label[example], *gold, *(encoded.sequences[row] for row in rows)]

    for example in range(SIZE):
        assert of(same, example) == of(tried.encoded, example)
        assert of(backward, SIZE - 1 - example) == of(tried.encoded, example)


def test_losses_are_one_number_per_example(tried: Tried) -> None:
    losses = tried.kind.losses(tried.logits, tried.batch)
    assert (losses.dtype, losses.shape) == (torch.float32, (BATCH,))
    assert (losses >= 0).all()
    assert losses.isfinite().all()
    assert tried.logits.dtype == torch.float32


def test_records_exactly_the_signals_that_it_declares(tried: Tried) -> None:
    kept = tried.kind.observe(tried.logits, tried.batch)
    assert (kept.dtype, kept.shape) == (torch.float32, (BATCH, tried.kind.width(tried.task)))
    signals = tried.kind.signals(tried.kept, tried.of_batch)
    assert set(signals) == {*STANDARD_SIGNALS, *tried.kind.records(tried.task)}
    for name, values in signals.items():
        declared = SIGNALS[name]
        assert values.dtype == np.dtype(declared.dtype), name
        assert values.shape[:2] == (2, BATCH), name
        assert values.ndim == len(declared.dims) - 1, name
        assert np.isfinite(values).all(), name
        assert declared.low is None or (values >= declared.low).all(), name
        assert declared.high is None or (values <= declared.high).all(), name
    loss = tried.kind.losses(tried.logits, tried.batch).numpy()
    np.testing.assert_allclose(signals["loss"][0], loss, rtol=1e-4, atol=1e-5)


def test_logits_that_are_no_numbers_give_signals_that_are_none_and_nothing_correct(tried: Tried) -> None:
    kept = tried.kind.observe(torch.full_like(tried.logits, torch.nan), tried.batch)
    signals = tried.kind.signals(kept.numpy()[None], tried.of_batch)
    assert not signals.pop("correct").any()
    for name, values in signals.items():
        assert np.isnan(values).all(), name


def test_what_was_not_observed_is_absent_from_the_signals(tried: Tried) -> None:
    signals = tried.kind.signals(np.full_like(tried.kept, np.nan), tried.of_batch)
    assert not signals.pop("correct").any()
    assert all(np.isnan(values).all() for values in signals.values())


def test_evaluates_every_example(tried: Tried) -> None:
    width = tried.kind.predict_width(tried.task, tried.encoded)
    predicted = tried.kind.predict(tried.logits, tried.batch)
    assert predicted.dtype == torch.float32
    assert len(predicted) == BATCH
    assert predicted.shape[1] <= width
    assert predicted.isfinite().all()
    kept = np.full((BATCH, width), -1, dtype=np.float32)
    kept[:, : predicted.shape[1]] = predicted.numpy()
    few = {name: values[:BATCH] for name, values in tried.examples.columns.items()}
    cases = None if tried.examples.cases is None else tried.examples.cases[:BATCH]
    examples = Examples(tried.examples.ids[:BATCH], few, "", cases=cases)
    encoded = tried.encode(examples)
    found = tried.kind.evaluate(tried.task, kept, examples, encoded)
    assert tried.task.metric in found.metric
    assert (found.values.dtype, found.values.shape) == (np.float64, (BATCH,))
    assert ((found.values >= 0) & (found.values <= 1)).all()
    assert found.prediction.dtype == np.int64
    assert len(found.prediction) == BATCH
    assert all(len(values) == BATCH for values in found.details.values())
    if tried.task.metric in tried.kind.means:
        assert found.metric[tried.task.metric] == pytest.approx(found.values.mean())
    trivial = tried.kind.trivial(tried.task, examples, encoded)
    assert trivial.answer
    assert (trivial.values.dtype, trivial.values.shape) == (np.float64, (BATCH,))


def test_logits_that_are_no_numbers_are_not_predicted_from(tried: Tried) -> None:
    predicted = tried.kind.predict(torch.full_like(tried.logits, torch.nan), tried.batch)
    assert not predicted.isfinite().all(dim=1).any()


def test_pickles(tried: Tried) -> None:
    assert pickle.loads(pickle.dumps(tried.kind)) == tried.kind


def test_a_third_party_kind_trains_and_is_recorded(third_party: None) -> None:
    from hbench.training.flops import FlopCount
    from hbench.training.loop import Run, Setting

    kind, task, model = find_kind(THIRD_PARTY), TASKS.find("statements"), find_model("tiny")
    source = describe_source(task.plugin, None, task.name)
    examples = load_examples(task, "train", source=source, data_dir=None, size=None, seed=0)
    tokenizer = load_tokenizer(model, kind.texts(task.plugin, examples))
    config = load_config(model, kind.head(task.plugin), tokenizer)
    encoded = kind.encode(task.plugin, examples, tokenizer, 16)
    setting = Setting(
        model=load_model(model, kind.head(task.plugin), config, seed=1),
        kind=kind,
        flops=FlopCount(1, 1, 1, 0),
        width=1,
        predict_width=1,
        recipe=Recipe(epochs=2, batch_size=4, precision="fp32"),
        seed=1,
    )
    run = Run(setting, encoded, np.arange(16), {"epoch_end": Watch()})
    run.train(lambda done, total: None)
    dynamics = run.observers["epoch_end"].dataset(kind, encoded, 1)
    assert set(dynamics.data_vars) == {*STANDARD_SIGNALS, "label", "length"}


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="unknown kind of task 'clasification'; did you mean 'classification'"):
        find_kind("clasification")


def test_a_class_that_declares_a_kind_and_cannot_train_is_refused(third_party: None) -> None:
    @dataclass(frozen=True)
    class Half(KindDeclaration):
        """Declares nothing more."""

    KINDS.add("half", Half)
    with pytest.raises(UsageError, match=r"kind of task 'half' .*let it be a subclass of hbench\.kinds\.Kind"):
        find_kind("half")


def test_a_name_that_is_taken_is_refused() -> None:
    registry = Registry("hbench.kinds", "kind of task", KindDeclaration)
    with pytest.raises(UsageError, match="kind of task 'choice' exists already"):
        registry.add("choice", OneLogit)
