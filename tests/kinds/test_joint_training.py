"""Training on intents and slots: plain and pruned, its cost, and the variants of EL2N that it records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers
from support.counted_models import CONFIGS
from support.joint_examples import KIND
from support.random_dynamics import random_dynamics
from torch.utils.flop_counter import FlopCounterMode

from hbench.data.examples import Examples
from hbench.data.load import describe_source
from hbench.errors import TrainingFailed, UsageError
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.kinds import Encoded, load_examples
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins import signal_of
from hbench.plugins.registry import SCORERS, TASKS, scorer
from hbench.training.curriculum import Curriculum
from hbench.training.flops import FlopCount, count_flops
from hbench.training.loop import Run, Setting


def prepared(max_length: int = 24) -> tuple[Any, Encoded, Any, Examples]:
    task = TASKS.find("planted-joint[size=60]")
    source = describe_source(task.plugin, None, task.name)
    rows = load_examples(task, "train", source=source, data_dir=None, size=None, seed=0)
    tokenizer = load_tokenizer(find_model("tiny"), KIND.texts(task.plugin, rows))
    config = load_config(find_model("tiny"), KIND.head(task.plugin), tokenizer)
    return task.plugin, KIND.encode(task.plugin, rows, tokenizer, max_length), config, rows


def trained(parts: Any, method: str | None = None, count: int = 60, seed: int = 3, **changes: Any) -> Run:
    task, encoded, config, _ = parts
    recipe = Recipe(epochs=3, batch_size=8, learning_rate=2e-3, schedule="constant", precision="fp32", **changes)
    setting = Setting(
        model=load_model(find_model("tiny"), KIND.head(task), config, seed),
        kind=KIND,
        flops=FlopCount(0, 0, 1, 0),
        width=KIND.width(task),
        predict_width=KIND.predict_width(task, encoded),
        recipe=recipe,
        seed=seed,
    )
    settings = {"epochs": 3, "batch_size": 8, "max_steps": None, "seed": seed, "selection_seed": 0}
    curriculum = None
    if method is not None:
        curriculum = Curriculum(scorer(method), KIND, encoded, width=setting.width, count=count, **settings)
    run = Run(setting, encoded, np.arange(60), {"train": Watch()} if method is None else None, curriculum)
    run.train(lambda done, total: None)
    return run


def weights(run: Run) -> torch.Tensor:
    return torch.cat([value.flatten() for value in run.setting.model.state_dict().values()])


@pytest.mark.slow
def test_keeping_everything_is_plain_training_to_the_bit_and_variants_choose_otherwise() -> None:
    parts = prepared()
    plain = trained(parts)
    assert torch.equal(weights(plain), weights(trained(parts)))
    assert torch.equal(weights(plain), weights(trained(parts, "dynamic-el2n")))
    chosen = {
        joint: trained(parts, f"dynamic-el2n[joint={joint}]", 30).curriculum.chosen[0][1].members
        for joint in ("norm", "sum", "mean")
    }
    assert {int(members.sum()) for members in chosen.values()} == {30}
    assert (chosen["sum"] != chosen["mean"]).any()
    dynamics = plain.observers["train"].dataset(KIND, parts[1], 3)
    assert {"el2n", "el2n_sum", "el2n_mean"} <= set(dynamics.data_vars)
    assert "prob" not in dynamics


@pytest.mark.parametrize("name", ["bert", "deberta", "gpt2", "llama"])
def test_operations_are_counted_with_the_head_at_every_token(name: str) -> None:
    auto, config = transformers.AutoModelForTokenClassification, CONFIGS[name]
    model = auto.from_config(config, attn_implementation="eager").eval().requires_grad_(False)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(input_ids=torch.full((3, 21), 5), attention_mask=torch.ones(3, 21, dtype=torch.long))
    assert count_flops(auto, config).forward(3, 21) == counter.get_total_flops()


def test_a_model_that_diverged_predicts_nothing() -> None:
    parts = prepared()
    run = trained(parts)
    with torch.no_grad():
        run.setting.model.classifier.weight.fill_(torch.nan)
    with pytest.raises(TrainingFailed, match="not finite"):
        run.predict(parts[1])


def test_runs_that_recorded_none_of_the_signals_are_refused_by_the_scorer_that_reads_them() -> None:
    known = random_dynamics(seed=1, runs=1)[["label", "length"]]
    for given in (known, random_dynamics(seed=1, runs=1)[["el2n", "label", "length"]]):
        with pytest.raises(UsageError, match="El2n reads the signal 'el2n_sum'") as error:
            scorer("el2n[joint=sum]").score(given)
        assert "of some kinds only" in str(error.value)
    with pytest.raises(UsageError, match=r"option joint=sum: the signal 'el2n_sum' .* leave the option out"):
        signal_of(known, "el2n_sum", "joint=sum")


def test_the_variants_are_read_by_el2n_and_refused_elsewhere() -> None:
    dynamics = random_dynamics()
    for joint, signal in (("norm", "el2n"), ("sum", "el2n_sum"), ("mean", "el2n_mean")):
        found = scorer(f"el2n[joint={joint}]").score(dynamics).values
        expected = dynamics[signal].sel(epoch=1).astype("float64").mean("run").values
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert scorer(f"dynamic-el2n[joint={joint}]").asks().signals == (signal,)
    elsewhere = dynamics.drop_vars(["el2n_sum", "el2n_mean"])
    for reference in ("el2n[joint=sum]", "dynamic-el2n[joint=mean]"):
        joint = reference.partition("=")[2].rstrip("]")
        message = f"reads the signal 'el2n_{joint}' .recorded for tasks of some kinds only.*another scorer or option"
        with pytest.raises(UsageError, match=message):
            scorer(reference).score(elsewhere)
    # the default is no option, and keeps the keys that jobs have
    assert SCORERS.find("el2n[joint=norm]").ref == "el2n"
    assert SCORERS.find("dynamic-el2n[joint=norm]").options == {}
