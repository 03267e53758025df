"""Dynamics recorded of a Trainer's run and of a plain loop are those of hbench's own run of the same training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from accelerate import Accelerator
from support.recorded import (
    BATCH,
    EPOCHS,
    PARTS,
    SCORERS,
    SIZE,
    Items,
    Order,
    collator,
    fresh_model,
    loop,
    order,
    own,
    seed_with_the_small_batch_last,
    trained,
)

import hbench
from hbench.errors import DataError, UsageError

pytestmark = pytest.mark.usefixtures("one_thread")
SEED = 3


def same(recorded: xr.Dataset, expected: xr.Dataset, ids: bool = True) -> None:
    """Assert that two dynamics agree in all that they hold, to the tolerance of float32."""
    assert set(recorded.data_vars) == set(expected.data_vars)
    assert recorded.attrs == expected.attrs
    assert recorded["epoch"].equals(expected["epoch"])
    if ids:
        assert recorded["example"].equals(expected["example"])
    for name in expected.data_vars:
        np.testing.assert_allclose(recorded[name], expected[name], rtol=2e-4, atol=2e-5, err_msg=name)


def expected(run: Any, seed: int) -> dict[str, xr.Dataset]:
    return {capture: watcher.dataset(PARTS.kind, PARTS.encoded, seed) for capture, watcher in run.observers.items()}


def loader(seed: int, size: int = BATCH, **settings: Any) -> torch.utils.data.DataLoader:
    return torch.utils.data.DataLoader(Items(), batch_sampler=Order(seed, size), collate_fn=collator(), **settings)


def test_a_trainer_and_a_plain_loop_record_what_hbench_observes_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = expected(own(monkeypatch, SEED, dropout=True), SEED)
    callback = hbench.DynamicsCallback(Items(), SCORERS, ids=PARTS.encoded.ids)
    trained(tmp_path, [callback], SEED)
    with hbench.record(
        model := fresh_model(SEED, dropout=True),
        loader(SEED),
        SCORERS,
        seed=SEED,
        ids=PARTS.encoded.ids,
        tokenizer=PARTS.tokenizer,
    ) as batches:
        loop(model, batches)
    for recorded in (callback, batches):
        same(recorded.dynamics(), wanted["train"])
        same(recorded.dynamics("grand"), wanted["epoch_end"])


def test_so_they_do_with_gradients_accumulated_over_batches_and_a_last_small_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = seed_with_the_small_batch_last()
    assert [len(batch) for batch in order(seed, 1, 4)][-2:] == [4, 2]
    wanted = expected(own(monkeypatch, seed, dropout=False), seed)
    callback = hbench.DynamicsCallback(Items(), SCORERS, ids=PARTS.encoded.ids)
    trained(tmp_path, [callback], seed, dropout=False, per_device_train_batch_size=4, gradient_accumulation_steps=2)
    model = fresh_model(seed, dropout=False)
    with hbench.record(
        model, loader(seed, 4), SCORERS, seed=seed, ids=PARTS.encoded.ids, tokenizer=PARTS.tokenizer
    ) as batches:
        loop(model, batches, accumulate=2)
    for recorded in (callback, batches):
        same(recorded.dynamics(), wanted["train"])
        same(recorded.dynamics("el2n"), wanted["epoch_end"])


def test_recording_changes_no_bit_of_a_training(tmp_path: Path) -> None:
    from transformers import Trainer

    def weights(*callbacks: Any) -> list[torch.Tensor]:
        return list(trained(tmp_path, callbacks, SEED, kind=Trainer).parameters())

    for one, other in zip(weights(), weights(hbench.DynamicsCallback(Items(), SCORERS)), strict=True):
        assert torch.equal(one, other)

    def looped(recorded: bool) -> list[torch.Tensor]:
        model = fresh_model(SEED, dropout=True)
        torch.manual_seed(11)
        shuffled = torch.utils.data.DataLoader(Items(), batch_size=BATCH, shuffle=True, collate_fn=collator())
        if not recorded:
            loop(model, shuffled)
        else:
            with hbench.record(model, shuffled, SCORERS, tokenizer=PARTS.tokenizer) as batches:
                loop(model, batches)
        return list(model.parameters())

    for one, other in zip(looped(False), looped(True), strict=True):
        assert torch.equal(one, other)


def test_any_order_and_workers_that_read_ahead(tmp_path: Path) -> None:
    from transformers import Trainer

    found = []
    for workers in (0, 2):
        callback = hbench.DynamicsCallback(Items())
        trained(tmp_path, [callback], SEED, kind=Trainer, dataloader_num_workers=workers)
        found.append(callback.dynamics())
    xr.testing.assert_identical(*found)
    assert found[0]["example"].values.tolist() == [str(i) for i in range(SIZE)]
    assert found[0]["label"].values.tolist() == PARTS.encoded.label.tolist()
    assert found[0]["length"].values.tolist() == PARTS.encoded.length.tolist()


def test_every_training_with_another_seed_is_a_run(tmp_path: Path) -> None:
    callback = hbench.DynamicsCallback(Items(), ["el2n"])
    for seed in (5, 9):
        trained(tmp_path, [callback], seed)
    dynamics = callback.dynamics()
    assert dict(dynamics.sizes) == {"run": 2, "epoch": EPOCHS, "example": SIZE, "class": 2}
    assert dynamics["run"].values.tolist() == [5, 9]
    assert hbench.scorer("h-score").score(dynamics).max() <= 2
    assert hbench.scorer("el2n").score(callback.dynamics("el2n")).shape == (SIZE,)
    assert callback.dynamics("el2n")["epoch"].values.tolist() == [1]  # the one that the scorer reads
    with pytest.raises(UsageError, match="seed 9 is recorded already; give this one another seed"):
        trained(tmp_path, [callback], 9)

    first = None
    for seed in (5, 9):
        model = fresh_model(seed, dropout=True)
        with hbench.record(model, loader(seed), seed=seed, after=first) as first:
            loop(model, first)
    same(first.dynamics(), dynamics)


def test_a_loop_with_a_loader_of_accelerate(tmp_path: Path) -> None:
    accelerator = Accelerator(cpu=True)
    model = fresh_model(SEED, dropout=True)
    prepared = accelerator.prepare(loader(SEED))
    before = prepared.base_dataloader
    with hbench.record(model, prepared, seed=SEED) as batches:
        loop(model, batches)
    assert prepared.base_dataloader is before
    plain = fresh_model(SEED, dropout=True)
    with hbench.record(plain, loader(SEED), seed=SEED) as wanted:
        loop(plain, wanted)
    xr.testing.assert_identical(batches.dynamics(), wanted.dynamics())


def test_a_model_of_ones_own_with_batches_of_tuples() -> None:
    torch.manual_seed(0)
    data = torch.utils.data.TensorDataset(torch.randn(20, 5), torch.arange(20) % 3)
    model = torch.nn.Linear(5, 3)
    shuffled = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True)
    labels = data.tensors[1].tolist()
    options = {"labels": labels, "forward": lambda model, batch: model(batch[0])}
    with hbench.record(model, shuffled, ["el2n"], **options) as batches:
        loop(model, batches, ask=lambda model, batch: torch.nn.functional.cross_entropy(model(batch[0]), batch[1]))
    assert "length" not in batches.dynamics()
    assert batches.dynamics("el2n")["label"].values.tolist() == labels
    assert np.isfinite(hbench.scorer("el2n").score(batches.dynamics("el2n"))).all()
    with (
        pytest.raises(UsageError, match=r"a batch is a list.*give forward="),
        hbench.record(model, shuffled, ["el2n"], labels=labels) as batches,
    ):
        loop(model, batches)


def test_a_training_that_breaks_off_leaves_model_and_loader_and_can_be_repeated(tmp_path: Path) -> None:
    from transformers import TrainerCallback

    class Break(TrainerCallback):
        def on_epoch_end(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("power cut")

    callback = hbench.DynamicsCallback(Items())
    with pytest.raises(RuntimeError, match="power cut"):
        trained(tmp_path, [callback, Break()], SEED)
    with pytest.raises(UsageError, match="no training was recorded to its end"):
        callback.dynamics()
    trained(tmp_path, [callback], SEED)
    assert callback.dynamics().sizes["epoch"] == EPOCHS


def test_a_last_epoch_that_is_broken_off_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    callback = hbench.DynamicsCallback(Items())
    trained(tmp_path, [callback], SEED, max_steps=9)
    assert callback.dynamics()["epoch"].values.tolist() == [1]
    assert f"epoch 2 of the run with seed {SEED} saw 16 of 50 examples" in caplog.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dataloader_drop_last": True}, "epoch 1 .* saw 48 of 50 examples; .*drop_last=False"),
        ({"max_steps": 3}, "epoch 1 .* saw 24 of 50 examples; train whole epochs"),
    ],
)
def test_an_epoch_that_did_not_see_every_example_is_refused(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    from transformers import Trainer

    callback = hbench.DynamicsCallback(Items())
    trained(tmp_path, [callback], SEED, kind=Trainer, **settings)
    with pytest.raises(DataError, match=message):
        callback.dynamics()


class Other(Items):
    """The same examples the other way round."""

    def __getitem__(self, position: int) -> dict[str, Any]:
        return super().__getitem__(SIZE - 1 - position)


def test_a_training_on_other_examples_is_refused_before_its_first_step(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the training's example \d+ .* give both the same one, in one order"):
        trained(tmp_path, [hbench.DynamicsCallback(Other())], SEED)
    shorter = torch.utils.data.Subset(Items(), range(20))
    with pytest.raises(DataError, match="has 50 examples, the data set given to hbench 20"):
        trained(tmp_path, [hbench.DynamicsCallback(shorter)], SEED)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((Items(), "el2n"), UsageError, r"give a list, \['el2n'\]"),
        ((Items(), ["eln2"]), UsageError, "unknown scorer 'eln2'; did you mean 'el2n'"),
        ((Items(), ["dynamic-el2n"]), UsageError, "prunes while it trains"),
        ((Items(), ["el2n[joint=sum]"]), UsageError, "'el2n_sum', which a classification does not give"),
        (([],), DataError, "no examples"),
        ((iter([]),), DataError, "no positions"),
        (([{"text": "a"}],), DataError, "no column 'labels' or 'label', but text"),
        (([{"label": -1}],), DataError, "the class -1"),
        (([{"label": 0.5}],), DataError, "0.5"),
    ],
)
def test_what_cannot_be_recorded_is_refused_at_once(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        hbench.DynamicsCallback(*arguments)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ids": ["a"] * SIZE}, "example id 'a' is there twice"),
        ({"ids": ["a"]}, "1 ids for 50 examples"),
        ({"ids": "guid"}, "no column 'guid'"),
        ({"labels": [0, 1]}, r"labels have shape \(2,\); give one class to each of the 50"),
    ],
)
def test_ids_and_labels_that_do_not_fit_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        hbench.DynamicsCallback(Items(), **settings)


def test_a_scorer_whose_pass_was_not_made_is_named(tmp_path: Path) -> None:
    callback = hbench.DynamicsCallback(Items(), ["el2n"])
    trained(tmp_path, [callback], SEED)
    with pytest.raises(UsageError, match=r"'grad_norm', which was not recorded; .*scorers=\['grand'\]"):
        callback.dynamics("grand")
    callback = hbench.DynamicsCallback(Items())
    trained(tmp_path, [callback], SEED)
    with pytest.raises(UsageError, match=r"a pass at the end of an epoch.*scorers=\['el2n'\]"):
        callback.dynamics("el2n")


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (lambda x: x.sum(), r"logits of shape \(\); what is recorded is one softmax"),
        (lambda x: x[:, :1], r"logits of shape \(8, 1\)"),
        (lambda x: x[:, :2], "is of class 2, and the model has 2 classes"),
        (lambda x: x[:4], "logits for 4 examples in a batch of 8; call it once with the whole batch"),
    ],
)
def test_a_model_that_gives_something_else_is_named(gives: Any, message: str) -> None:
    class Model(torch.nn.Module):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return gives(values)

    data = torch.utils.data.TensorDataset(torch.randn(16, 3, requires_grad=True), torch.arange(16) % 3)
    model = Model().train()
    labels = data.tensors[1].tolist()
    with (
        pytest.raises(DataError, match=message),
        hbench.record(model, torch.utils.data.DataLoader(data, batch_size=8), labels=labels) as batches,
    ):
        for batch in batches:
            model(batch[0])


def test_a_model_that_is_not_in_training_mode_is_named_after_the_first_epoch() -> None:
    data = torch.utils.data.TensorDataset(torch.randn(16, 3), torch.arange(16) % 3)
    model = torch.nn.Linear(3, 3).eval()
    batches = hbench.record(model, torch.utils.data.DataLoader(data, batch_size=8), labels=data.tensors[1].tolist())
    with pytest.raises(UsageError, match=r"no training step was seen in epoch 1: .*model\.train\(\)"), batches:
        for _epoch in range(2):
            for batch in batches:
                model(batch[0])


def test_loops_that_cannot_be_recorded_are_refused() -> None:
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self) -> Any:
            yield from [{"label": 0}]

        def __len__(self) -> int:
            return 1

        def __getitem__(self, position: int) -> dict[str, int]:
            return {"label": 0}

    model = torch.nn.Linear(2, 2)
    with pytest.raises(UsageError, match="over a Stream does not tell which examples"):
        hbench.record(model, torch.utils.data.DataLoader(Stream()))
    with pytest.raises(UsageError, match=r"a list is not a torch\.utils"):
        hbench.record(model, [1, 2])
    outside = hbench.record(model, torch.utils.data.DataLoader([{"label": 0}, {"label": 1}]))
    with pytest.raises(UsageError, match=r"inside the block `with hbench.record"):
        next(iter(outside))
