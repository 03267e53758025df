"""Training on a GPU: the same bits twice, the CPU's numbers, exact gradient norms, and no waiting inside an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from support.architectures import ARCHITECTURES, SCOPES, TOKEN_TYPES, build
from support.embedded_training import train_embedded
from support.gpu import DEVICE, need_gpu
from torch.nn import functional

from hbench import scorer
from hbench.data.load import describe_source
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.kinds import Encoded, find_kind, load_examples
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins.registry import TASKS
from hbench.training.curriculum import Curriculum
from hbench.training.device import allow_tf32
from hbench.training.flops import FlopCount
from hbench.training.gradients.norms import gradient_norms
from hbench.training.loop import Run, Setting
from hbench.training.memory import give_memory_back, memory_taken, why_memory_ran_out

pytestmark = pytest.mark.cuda

SIZE, BATCH = 200, 16
EVERYTHING = {"train": Watch(), "epoch_end": Watch(None, ("all", "last"))}


@pytest.fixture(autouse=True, scope="module")
def gpu() -> None:
    need_gpu()


@pytest.fixture(scope="module")
def task() -> Any:
    return TASKS.find(f"planted-sentence[size={SIZE}]").plugin


@pytest.fixture(scope="module")
def encoded(task: Any) -> tuple[Encoded, Any]:
    source = describe_source(task, None, "planted-sentence")
    examples = load_examples(task, "train", source=source, data_dir=None, size=None, seed=0)
    tokenizer = load_tokenizer(find_model("tiny"), examples.columns["sentence"])
    config = load_config(find_model("tiny"), find_kind("classification").head(task), tokenizer)
    return find_kind("classification").encode(task, examples, tokenizer, 32), config


@pytest.fixture
def make(task: Any, encoded: tuple[Encoded, Any]) -> Callable[..., Run]:
    """Return what makes a run of three epochs."""
    examples, config = encoded
    kind = find_kind("classification")

    def run(
        precision: str = "fp32",
        device: str = DEVICE,
        observe: Any = EVERYTHING,
        method: str | None = None,
        dropout: float = 0.1,
        **more: Any,
    ) -> Run:
        recipe = Recipe(**{"epochs": 3, "batch_size": BATCH, "learning_rate": 2e-3, "precision": precision, **more})
        changed = type(config).from_dict(
            config.to_dict() | {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
        )
        changed._attn_implementation = config._attn_implementation
        setting = Setting(
            model=load_model(find_model("tiny"), kind.head(task), changed, 3),
            kind=kind,
            flops=FlopCount(1, 1, 1, 0),
            width=2,
            predict_width=2,
            recipe=recipe,
            seed=3,
            device=device,
        )
        curriculum = None
        if method is not None:
            curriculum = Curriculum(
                scorer(method),
                kind,
                examples,
                width=2,
                count=SIZE // 2,
                epochs=recipe.epochs,
                batch_size=BATCH,
                max_steps=None,
                seed=3,
                selection_seed=0,
            )
        return Run(setting, examples, np.arange(SIZE), observe, curriculum)

    return run


def train(run: Run, told: Callable[[int, int], None] = lambda done, total: None) -> Run:
    run.train(told)
    return run


def bits(run: Run, encoded: Encoded) -> list[np.ndarray]:
    """Return all that a run leaves: weights, what was observed, and what is predicted."""
    weights = [parameter.detach().float().cpu().numpy() for parameter in run.setting.model.parameters()]
    kind = run.setting.kind
    observed = [o.dataset(kind, encoded, 3) for o in run.observers.values()]
    signals = [data[name].to_numpy() for data in observed for name in sorted(data.data_vars)]
    return [*weights, *signals, run.predict(encoded)]


def assert_same(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("precision", ["fp32", "bf16", pytest.param("tf32", marks=pytest.mark.cuda(rehearsed=False))])
def test_a_seed_gives_the_same_bits_twice(make: Any, encoded: Any, precision: str) -> None:
    first, second = (bits(train(make(precision)), encoded[0]) for _ in range(2))
    assert_same(first, second)


def test_training_is_that_of_the_cpu_but_for_rounding(make: Any, encoded: Any) -> None:
    there, here = (train(make(device=device, dropout=0.0, epochs=1)) for device in (DEVICE, "cpu"))
    np.testing.assert_allclose(there.predict(encoded[0]), here.predict(encoded[0]), rtol=0, atol=2e-3)
    for capture in EVERYTHING:
        one, other = (run.observers[capture].dataset(run.setting.kind, encoded[0], 3) for run in (there, here))
        np.testing.assert_allclose(one["gold_prob"].to_numpy(), other["gold_prob"].to_numpy(), rtol=0, atol=2e-3)


@pytest.mark.parametrize("method", ["dynamic-el2n", "dynamic-random", "infobatch[quantile=0.9]"])
def test_a_curriculum_chooses_the_same_twice(make: Any, method: str) -> None:
    first, second = (train(make("bf16", observe=None, method=method)) for _ in range(2))
    assert first.curriculum is not None
    assert second.curriculum is not None
    chosen = [choice.members for _, choice in first.curriculum.chosen]
    assert chosen
    assert all(0 < members.sum() < SIZE for members in chosen)
    assert_same(chosen, [choice.members for _, choice in second.curriculum.chosen])
    assert_same([first.members], [second.members])


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_gradient_norms_equal_a_loop_over_single_examples(name: str) -> None:
    allow_tf32(False)
    model = build(name).to(DEVICE).eval()
    lengths, generator = [9, 4, 12, 34, 6], torch.Generator().manual_seed(0)
    ids = torch.randint(2, 60, (len(lengths), max(lengths)), generator=generator)
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    inputs = {"input_ids": torch.where(mask.bool(), ids, 1), "attention_mask": mask}
    if ARCHITECTURES[name][0] in TOKEN_TYPES:
        inputs["token_type_ids"] = mask * (torch.arange(max(lengths)) > 3).long()
    inputs = {field: values.to(DEVICE) for field, values in inputs.items()}
    labels = torch.arange(len(lengths), device=DEVICE) % 3
    found = gradient_norms(
        model, inputs, lambda out: functional.cross_entropy(out.logits, labels, reduction="none"), SCOPES
    )
    truth = []
    for i, length in enumerate(lengths):
        one = {field: values[i : i + 1, :length] for field, values in inputs.items()}
        loss = functional.cross_entropy(model(**one).logits, labels[i : i + 1])
        wanted = [p for p in model.parameters() if p.requires_grad]
        gradients = torch.autograd.grad(loss, wanted, allow_unused=True)
        truth.append(torch.cat([g.flatten() for g in gradients if g is not None]).norm())
    torch.testing.assert_close(found["all"], torch.stack(truth).float(), rtol=1e-4, atol=0.0)


@pytest.fixture
def complaining() -> Iterator[Callable[[bool], None]]:
    """Return what makes torch raise, or not, when the process waits for the GPU; nothing on a CPU."""

    def complain(on: bool) -> None:
        if DEVICE == "cuda":
            torch.cuda.set_sync_debug_mode("error" if on else "default")

    yield complain
    complain(False)


@pytest.mark.parametrize("method", [None, "infobatch[quantile=0.9]"])
def test_no_step_inside_an_epoch_waits_for_the_gpu(make: Any, complaining: Any, method: str | None) -> None:
    run = make("bf16", observe={"train": Watch()}, method=method)
    per_epoch = -(-SIZE // BATCH)
    steps = []

    def told(done: int, total: int) -> None:
        steps.append(done)
        # at the end of an epoch its mean loss is read, and a curriculum chooses: after its first step, none may wait
        complaining(done < per_epoch - 1)

    train(run, told)
    assert len(steps) >= per_epoch


@pytest.mark.parametrize("task", ["planted-pair", "planted-choice", "planted-span", "planted-joint"])
def test_no_kind_of_task_waits_for_the_gpu_in_a_step(complaining: Any, task: str) -> None:
    steps = []

    def told(done: int, total: int) -> None:
        steps.append(done)
        complaining(0 < done < total - 1)

    train_embedded(f"{task}[size={SIZE}]", told, DEVICE, epochs=1, batch_size=BATCH)
    assert len(steps) == -(-SIZE // BATCH)


def test_a_precision_is_what_products_are_rounded_to(make: Any) -> None:
    exact = rounding(make("fp32"))
    assert exact < 1e-5
    assert rounding(make("bf16")) > 10 * exact


@pytest.mark.cuda(rehearsed=False)
def test_tf32_rounds_less_than_bf16_and_more_than_fp32(make: Any) -> None:
    fp32, tf32, bf16 = (rounding(make(precision)) for precision in ("fp32", "tf32", "bf16"))
    assert fp32 < tf32 / 3
    assert tf32 < bf16 / 3


def rounding(run: Run) -> float:
    """Return the error of a product of matrices as the run computes it, relative to float64."""
    left, right = torch.randn(2, 256, 256, generator=torch.Generator().manual_seed(0))
    with run.accelerator.autocast():
        found = left.to(DEVICE) @ right.to(DEVICE)
    truth = left.double() @ right.double()
    return float((found.double().cpu() - truth).norm() / truth.norm())


@pytest.mark.cuda(rehearsed=False)
def test_memory_is_told_and_given_back_and_its_end_is_explained(make: Any) -> None:
    train(make(observe=None, epochs=1))
    taken = memory_taken()
    assert taken > 0
    total = torch.cuda.get_device_properties(0).total_memory
    with pytest.raises(torch.OutOfMemoryError) as caught:
        torch.empty(2 * total, dtype=torch.uint8, device="cuda")
    assert "--jobs" in str(why_memory_ran_out(caught.value))
    give_memory_back()
    assert memory_taken() <= taken


def test_a_run_is_on_the_device_that_was_named(make: Any) -> None:
    run = make(observe=None)
    assert run.accelerator.device.type == DEVICE
    assert {parameter.device.type for parameter in run.setting.model.parameters()} == {DEVICE}


# The last, since compiling takes the longest.
@pytest.mark.cuda(rehearsed=False)
def test_a_compiled_model_trains_like_a_plain_one_and_gives_the_same_bits_twice(make: Any, encoded: Any) -> None:
    plain, first, second = (
        train(make(observe={"train": Watch()}, dropout=0.0, epochs=1, compile=compiled))
        for compiled in (False, True, True)
    )
    assert_same(bits(first, encoded[0]), bits(second, encoded[0]))
    np.testing.assert_allclose(first.predict(encoded[0]), plain.predict(encoded[0]), rtol=0, atol=5e-3)
