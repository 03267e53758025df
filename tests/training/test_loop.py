"""The fine-tuning loop: what is observed, in which order, and that watching changes nothing."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from hbench import dynamics
from hbench.errors import TrainingFailed
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.kinds import Encoded, find_kind
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins.registry import TASKS
from hbench.training.batches import reading_order, training_order
from hbench.training.flops import FlopCount, count_flops
from hbench.training.gradients.norms import gradient_norms
from hbench.training.loop import Run, Setting

TASK = TASKS.find("planted-sentence[size=50]").plugin
KIND = find_kind("classification")
RECIPE = Recipe(epochs=2, batch_size=8, learning_rate=2e-3, precision="fp32")
EVERYTHING = {"train": Watch(), "epoch_end": Watch((1, 2), ("all", "last"))}


@pytest.fixture(scope="module")
def parts() -> tuple[Encoded, Any]:
    from hbench.data.load import describe_source
    from hbench.kinds import load_examples

    source = describe_source(TASK, None, "planted-sentence")
    examples = load_examples(TASK, "train", source=source, data_dir=None, size=None, seed=0)
    tokenizer = load_tokenizer(find_model("tiny"), examples.columns["sentence"])
    config = load_config(find_model("tiny"), KIND.head(TASK), tokenizer)
    return KIND.encode(TASK, examples, tokenizer, 32), config


def make(parts: Any, observe: Any = None, members: Any = None, seed: int = 3, **recipe: Any) -> Run:
    encoded, config = parts
    changed = dataclasses.replace(RECIPE, **recipe)
    setting = Setting(
        model=load_model(find_model("tiny"), KIND.head(TASK), config, seed),
        kind=KIND,
        flops=FlopCount(1, 1, 1, 0),
        width=2,
        predict_width=2,
        recipe=changed,
        seed=seed,
    )
    return Run(setting, encoded, np.arange(50) if members is None else members, observe)


def trained(parts: Any, observe: Any = None, **more: Any) -> Run:
    run = make(parts, observe, **more)
    run.train(lambda done, total: None)
    return run


def test_observing_changes_no_bit_of_the_training(parts: Any) -> None:
    plain, watched = trained(parts), trained(parts, EVERYTHING)
    assert (plain.predict(parts[0]) == watched.predict(parts[0])).all()
    for a, b in zip(plain.setting.model.parameters(), watched.setting.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_seed_decides_everything(parts: Any) -> None:
    first = trained(parts).predict(parts[0])
    assert (first == trained(parts).predict(parts[0])).all()
    assert (first != trained(parts, seed=4).predict(parts[0])).any()


def test_train_capture_is_the_training_forward_itself(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(parts, {"train": Watch()})
    seen = np.full((2, 50, 2), np.nan, dtype=np.float32)
    counts = np.zeros((2, 50), dtype=int)
    orders: list[list[int]] = [[], []]
    forward, collate = run._logits, run.collate
    current: dict[str, Any] = {}

    def collating(members: Any) -> Any:
        current["members"] = members
        return collate(members)

    def logits(batch: Any) -> torch.Tensor:
        assert run.model.training
        out = forward(batch)
        epoch = 0 if len(orders[0]) < 50 else 1
        seen[epoch, current["members"]] = out.detach().numpy()
        counts[epoch, current["members"]] += 1
        orders[epoch] += current["members"].tolist()
        return out

    monkeypatch.setattr(run, "collate", collating)
    monkeypatch.setattr(run, "_logits", logits)
    run.train(lambda done, total: None)
    assert (counts == 1).all()
    assert orders[0] != orders[1]
    found = run.observers["train"].dataset(KIND, parts[0], 3)
    expected = KIND.signals(seen, parts[0])
    for name in ("correct", "gold_prob", "el2n", "loss", "margin", "entropy"):
        np.testing.assert_array_equal(found[name].to_numpy()[0], expected[name])
    assert found.sizes["epoch"] == 2


def test_epoch_end_capture_is_a_pass_with_fixed_weights_in_eval_mode(parts: Any) -> None:
    run = trained(parts, EVERYTHING)
    found = run.observers["epoch_end"].dataset(KIND, parts[0], 3)
    last = KIND.signals(run.predict(parts[0]), parts[0])
    np.testing.assert_allclose(found["gold_prob"].sel(epoch=2).to_numpy()[0], last["gold_prob"], atol=1e-6)
    batch = run.collate(np.arange(50))
    norms = gradient_norms(
        run.setting.model, batch.inputs, lambda out: KIND.losses(out.logits, batch), scopes=("all", "last")
    )
    for signal, scope in (("grad_norm", "all"), ("grad_norm_last", "last")):
        values = found[signal].sel(epoch=2).to_numpy()[0]
        np.testing.assert_allclose(values, norms[scope].numpy(), rtol=1e-4)


def test_dynamics_survive_the_disk(parts: Any, tmp_path: Any) -> None:
    run = trained(parts, EVERYTHING)
    made = {name: o.dataset(KIND, parts[0], 3) for name, o in run.observers.items()}
    dynamics.save(tmp_path / "dynamics.nc", made)
    for name, dataset in made.items():
        read = dynamics.load(tmp_path / "dynamics.nc", name)
        assert read.equals(dataset)
        assert read.attrs["capture"] == name
        assert read["correct"].dtype == bool
        assert read["example"].to_numpy().tolist() == parts[0].ids


def test_subset_trains_on_its_members_alone(parts: Any) -> None:
    members = np.array([3, 5, 7, 11, 13, 17, 19, 23, 29, 31])
    run = trained(parts, members=members)
    assert [used.examples for used in run.bill.trained] == [10, 10]
    assert run.bill.trained[0].tokens == int(parts[0].length[members].sum())


def test_step_budget_goes_on_over_epochs_and_stops_in_the_middle_of_one(parts: Any) -> None:
    run = trained(parts, members=np.arange(16), max_steps=5)
    assert [used.examples for used in run.bill.trained] == [16, 16, 8]
    assert run.scheduler.get_last_lr() == [0.0]


def test_divergence_is_said(parts: Any) -> None:
    with pytest.raises(TrainingFailed, match="not a finite number in epoch 1"):
        trained(parts, learning_rate=1e30, max_grad_norm=0.0)


def test_examples_and_operations_are_counted(parts: Any) -> None:
    run = trained(parts, EVERYTHING, batch_size=50)  # one batch, whatever the pass: the padding is the same
    assert [one.what for one in run.bill.observed] == ["signals", "gradients"] * 2
    passes = [one.used for one in run.bill.observed]
    assert all(used.examples == 50 for used in (*run.bill.trained, *passes))
    assert passes[1].flops == 3 * passes[0].flops


@pytest.mark.parametrize("bucket_batches", [1, 3])
def test_order_is_a_fresh_permutation_every_epoch(bucket_batches: int) -> None:
    lengths = np.arange(50) % 7
    members = np.arange(0, 50, 2)
    orders = [
        training_order(lengths, members, batch_size=4, bucket_batches=bucket_batches, seed=1, epoch=epoch)
        for epoch in (1, 1, 2)
    ]
    flat = [np.concatenate(order) for order in orders]
    assert (flat[0] == flat[1]).all()
    assert (flat[0] != flat[2]).any()
    assert all(sorted(order) == members.tolist() for order in flat)
    assert all(len(order) == math.ceil(25 / 4) for order in orders)


def test_buckets_make_batches_of_like_lengths() -> None:
    lengths = np.random.default_rng(0).integers(5, 100, 640)

    def padding(bucket_batches: int) -> int:
        order = training_order(lengths, np.arange(640), batch_size=32, bucket_batches=bucket_batches, seed=1, epoch=1)
        return int(sum(lengths[b].max() * len(b) - lengths[b].sum() for b in order))

    assert padding(20) < padding(1) / 5


def test_reading_starts_with_the_longest() -> None:
    lengths = np.array([3, 9, 1, 7, 5])
    order = reading_order(lengths, np.array([0, 1, 3, 4]), 2)
    assert [b.tolist() for b in order] == [[1, 3], [4, 0]]


def test_attention_is_the_plain_one_on_every_path(parts: Any) -> None:
    run = make(parts)
    assert run.setting.model.config._attn_implementation == "eager"
    config = AutoModelForSequenceClassification.from_config(parts[1], attn_implementation="sdpa").config
    count_flops(AutoModelForSequenceClassification, config)
    assert config._attn_implementation == "sdpa"  # counting leaves no trace


def test_a_model_that_ends_in_numbers_that_are_not_finite_is_a_failure(parts: Any) -> None:
    run = trained(parts)
    with torch.no_grad():
        next(run.setting.model.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingFailed, match="not finite"):
        run.predict(parts[0])
