"""Pruning while training: what is chosen, what it costs, and that choosing everything changes nothing."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from support import paths
from support.bench import Bench

from hbench import dynamics, scorer
from hbench.data.load import describe_source
from hbench.errors import TrainingFailed, UsageError
from hbench.jobs.recipe import Recipe
from hbench.jobs.store import Store
from hbench.kinds import Encoded, find_kind, load_examples
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins import Choice, Cycle, DynamicScorer
from hbench.plugins.registry import TASKS
from hbench.training.curriculum import Curriculum
from hbench.training.flops import FlopCount
from hbench.training.loop import Run, Setting

GOLDEN = json.loads((paths.GOLDEN / "dynamic_smoothing.json").read_text())
TASK = TASKS.find("planted-sentence[size=60]").plugin
KIND = find_kind("classification")
RECIPE = Recipe(epochs=4, batch_size=8, learning_rate=2e-3, schedule="constant", precision="fp32")
NAMES = ("dynamic-el2n", "dynamic-loss", "dynamic-random", "infobatch")


@pytest.fixture(scope="module")
def parts() -> tuple[Encoded, Any]:
    source = describe_source(TASK, None, "planted-sentence")
    examples = load_examples(TASK, "train", source=source, data_dir=None, size=None, seed=0)
    tokenizer = load_tokenizer(find_model("tiny"), KIND.texts(TASK, examples))
    config = load_config(find_model("tiny"), KIND.head(TASK), tokenizer)
    return KIND.encode(TASK, examples, tokenizer, 32), config


def trained(parts: Any, method: str | DynamicScorer | None, count: int = 30, seed: int = 3, **recipe: Any) -> Run:
    encoded, config = parts
    changed = dataclasses.replace(RECIPE, **recipe)
    setting = Setting(
        model=load_model(find_model("tiny"), KIND.head(TASK), config, seed),
        kind=KIND,
        flops=FlopCount(0, 0, 1, 0),
        width=2,
        predict_width=2,
        recipe=changed,
        seed=seed,
    )
    plugin = scorer(method) if isinstance(method, str) else method
    curriculum = None
    if plugin is not None:
        curriculum = Curriculum(
            plugin,
            KIND,
            encoded,
            width=2,
            count=count,
            epochs=changed.epochs,
            batch_size=changed.batch_size,
            max_steps=changed.max_steps,
            seed=seed,
            selection_seed=0,
        )
    run = Run(setting, encoded, np.arange(len(encoded.ids)), None, curriculum)
    run.train(lambda done, total: None)
    return run


def weights(run: Run) -> list[torch.Tensor]:
    return [parameter.detach() for parameter in run.setting.model.parameters()]


def choices(run: Run) -> list[tuple[int, list[int]]]:
    return [(epoch, np.flatnonzero(choice.members).tolist()) for epoch, choice in run.curriculum.chosen]


@pytest.mark.parametrize("schedule", ["constant", "linear"])
@pytest.mark.parametrize("method", [*NAMES, "dynamic-el2n[dropout=true]"])
def test_keeping_everything_is_plain_fine_tuning_bit_for_bit(parts: Any, method: str, schedule: str) -> None:
    plain, dynamic = trained(parts, None, schedule=schedule), trained(parts, method, count=60, schedule=schedule)
    assert len(dynamic.curriculum.chosen) == 3
    for ours, theirs in zip(weights(dynamic), weights(plain), strict=True):
        assert torch.equal(ours, theirs)


def test_a_warm_up_to_the_end_is_plain_fine_tuning_bit_for_bit(parts: Any) -> None:
    plain, dynamic = trained(parts, None), trained(parts, "dynamic-el2n[warmup=4]", count=10)
    assert dynamic.curriculum.chosen == []
    for ours, theirs in zip(weights(dynamic), weights(plain), strict=True):
        assert torch.equal(ours, theirs)


def reference(history: Any, ids: list[str], count: int, offset: float, mode: str, newest: float, c: float) -> list[int]:
    """Choose by the definition alone: smooth by hand, sort, drop the top, ties by a seeded order of the ids."""
    values = history.astype(np.float64)
    if mode == "latest":
        smoothed = values[-1]
    else:
        mean, weight = values[0].copy(), [1.0]
        for row in values[1:]:
            mean = newest * row + (1 - newest) * mean
            weight = [w * (1 - newest) for w in weight] + [newest]
        # pandas' unbiased exponentially weighted variance
        w = np.array(weight)[:, None]
        biased = (w * (values - (w * values).sum(0)) ** 2).sum(0)
        factor = 1.0 if len(values) == 1 else 1 / (1 - (w**2).sum())
        smoothed = mean + c * np.sqrt(biased * factor) * (len(values) > 1)
    order = np.random.default_rng(0).permutation(len(ids))
    rank = {name: order[i] for i, name in enumerate(sorted(ids))}
    best = sorted(range(len(ids)), key=lambda i: (-smoothed[i], rank[ids[i]]))
    drop = int(offset * len(ids) + 0.5)
    return sorted(best[drop : drop + count])


@pytest.mark.parametrize(
    ("options", "mode", "newest", "c", "offset"),
    [
        ("", "latest", 0.8, 1.0, 0.0),
        ("[offset=0.1]", "latest", 0.8, 1.0, 0.1),
        ("[smoothing=mean]", "mean", 0.8, 1.0, 0.0),
        ("[smoothing=mean,newest=0.5,deviations=2.0,offset=0.05]", "mean", 0.5, 2.0, 0.05),
        ("[smoothing=mean,deviations=0.0]", "mean", 0.8, 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("method", ["dynamic-el2n", "dynamic-loss"])
def test_the_sequence_of_subsets_is_that_of_the_definition(
    parts: Any, method: str, options: str, mode: str, newest: float, c: float, offset: float
) -> None:
    run = trained(parts, f"{method}{options}", count=20, epochs=5)
    history = run.curriculum.history()
    assert history["epoch"].to_numpy().tolist() == [1, 2, 3, 4]
    signal = history["el2n" if method == "dynamic-el2n" else "loss"].to_numpy()[0]
    ids = history["example"].to_numpy().tolist()
    expected = [(k + 1, reference(signal[: k + 1], ids, 20, offset, mode, newest, c)) for k in range(4)]
    assert choices(run) == expected
    assert len({tuple(chosen) for _, chosen in expected}) > 1  # pruned examples return


@pytest.mark.parametrize("step", GOLDEN["expected"], ids=lambda step: f"cycle {step['cycle']}")
def test_smoothing_and_choice_are_those_of_the_authors(step: dict[str, Any]) -> None:
    values = np.array(GOLDEN["scores"])[: step["cycle"]]
    history = dynamics.from_arrays(el2n=values[None], label=np.zeros(values.shape[1]))
    found = scorer("dynamic-el2n[smoothing=mean]").score(history)
    np.testing.assert_allclose(found.to_numpy(), step["smoothed"], rtol=1e-9)
    for rule, expected in step["between_quantiles"].items():
        offset = float(rule.partition("offset=")[2].partition(",")[0])
        method = scorer(f"dynamic-el2n[smoothing=mean,offset={offset}]")
        choice = method.choose(history, Cycle(step["cycle"], step["cycle"], 9, len(expected), 0))
        assert np.flatnonzero(choice.members).tolist() == expected


@pytest.mark.parametrize(("method", "period"), [("dynamic-el2n", 1), ("dynamic-el2n", 2), ("dynamic-random", 1)])
def test_the_bill_is_what_the_loop_did(parts: Any, monkeypatch: pytest.MonkeyPatch, method: str, period: int) -> None:
    counted: Counter[str] = Counter()
    collate = Run._logits

    def counting(self: Run, batch: Any) -> Any:
        counted["training" if torch.is_grad_enabled() else "passing"] += len(batch.labels)
        return collate(self, batch)

    monkeypatch.setattr(Run, "_logits", counting)
    run = trained(parts, f"{method}[period={period},warmup=2]", count=24, epochs=6)
    passes = [] if method == "dynamic-random" else [2, 4] if period == 2 else [2, 3, 4, 5]
    assert [used.examples for used in run.bill.trained] == [60, 60, 24, 24, 24, 24]
    assert [(one.epoch, one.used.examples) for one in run.bill.observed] == [(epoch, 60) for epoch in passes]
    assert counted == Counter(training=2 * 60 + 4 * 24, passing=60 * len(passes))
    assert run.steps == 2 * 8 + 4 * 3


def test_equal_steps_goes_on_in_cycles(parts: Any) -> None:
    run = trained(parts, "dynamic-el2n", count=24, epochs=3, max_steps=24)
    assert run.steps == 24
    assert [used.examples for used in run.bill.trained] == [60, *[24] * 5, 8]
    assert [epoch for epoch, _ in choices(run)] == [1, 2, 3, 4, 5, 6]


def test_random_draws_differ_between_cycles_and_trainings_and_follow_the_ids(parts: Any) -> None:
    first, again, other = (trained(parts, "dynamic-random", count=20, seed=seed) for seed in (3, 3, 4))
    assert choices(first) == choices(again)
    drawn = [tuple(chosen) for run in (first, other) for _, chosen in choices(run)]
    assert len(set(drawn)) == 6


def test_infobatch_drops_only_what_is_learnt_and_weighs_the_rest_up(parts: Any) -> None:
    run = trained(parts, "infobatch[final=0.25]", count=50)
    losses = run.curriculum.history()["loss"].to_numpy()[0].astype(np.float64)
    assert run.curriculum.sizes == [60, 50, 50, 60]
    assert [used.examples for used in run.bill.trained] == [60, 50, 50, 60]
    assert run.bill.observed == ()  # the losses are those of the training steps
    last = np.full(60, np.nan)
    for (epoch, choice), row in zip(run.curriculum.chosen, losses, strict=False):
        last = np.where(np.isnan(row), last, row)
        learnt = last < last.mean()
        if epoch == 3:
            assert choice.members.all()
            assert choice.weights is None
            continue
        assert choice.members.sum() == 50
        assert choice.members[~learnt].all()
        np.testing.assert_allclose(choice.weights[learnt], learnt.sum() / (learnt.sum() - 10), rtol=1e-6)
        assert (choice.weights[~learnt] == 1).all()
        # what is left out stands in the weights of what stays
        assert choice.weights[choice.members & learnt].sum() == pytest.approx(learnt.sum())


def test_weights_multiply_the_losses(parts: Any) -> None:
    @dataclasses.dataclass(frozen=True)
    class Doubled(DynamicScorer):
        def score(self, dynamics: Any) -> Any:
            return dynamics["length"]

        def choose(self, history: Any, cycle: Cycle) -> Choice:
            everyone = np.ones(60, dtype=bool)
            return Choice(everyone, np.full(60, 2.0, dtype=np.float32))

    once = trained(parts, None, epochs=2, max_grad_norm=0.0)
    twice = trained(parts, Doubled(), count=60, epochs=2, max_grad_norm=0.0)
    assert any(not torch.equal(a, b) for a, b in zip(weights(once), weights(twice), strict=True))
    first, second = (float(run.log[1].split()[4].rstrip(",")) for run in (once, twice))
    assert second == pytest.approx(2 * first, rel=0.2)


@pytest.mark.parametrize("losses", [[3.0, 1.0, 1.0, 2.0, 1.0, 4.0, 5.0, 6.0], [0.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0]])
def test_infobatch_below_a_quantile_reaches_sizes_that_the_mean_does_not(losses: list[float]) -> None:
    ids = [f"row{7 - i}" for i in range(8)]
    history = dynamics.from_arrays(loss=np.array(losses)[None, None], ids=ids)
    lowest = sorted(range(8), key=lambda i: (losses[i], ids[i]))[:6]
    drawn = set()
    for draw in range(200):
        history.attrs["draw"] = draw
        choice = scorer("infobatch[quantile=0.75]").choose(history, Cycle(1, 1, 9, 3, 0))
        kept = np.flatnonzero(choice.members)
        assert len(kept) == 3
        assert set(range(8)) - set(lowest) < set(kept)
        assert choice.weights.tolist() == [6.0 if i in lowest else 1.0 for i in range(8)]
        drawn |= set(kept)
    assert drawn == set(range(8))


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (
            "infobatch",
            r"it drops only those with a loss below the mean, \d+ of them; keep more, or give the option quantile",
        ),
        (
            "infobatch[quantile=0.9]",
            r"it drops only those with the lowest losses, a share of 0.9, 54 of them; keep more",
        ),
    ],
)
def test_infobatch_that_cannot_keep_so_few_says_so(parts: Any, method: str, said: str) -> None:
    with pytest.raises(TrainingFailed, match=f"infobatch cannot keep 6 of 60 examples: {said}"):
        trained(parts, method, count=6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dynamic-el2n[warmup=0]", "warmup=0: use at least 1 epoch"),
        ("dynamic-loss[period=0]", "period=0: use at least 1 epoch"),
        ("dynamic-el2n[newest=0]", "newest=0"),
        ("dynamic-el2n[smoothing=median]", "use one of latest, mean"),
        ("infobatch[final=1.0]", "final=1.0"),
        ("infobatch[quantile=0]", "quantile=0.0"),
        ("infobatch[quantile=1.5]", "quantile=1.5"),
        ("dynamic-random[capture=train]", "observes no training"),
    ],
)
def test_bad_options_are_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        scorer(text)


SUITE = """
name = "dynamic"
tasks = ["planted-sentence[size=60]", "planted-span[size=60]"]
models = ["tiny"]
scorers = ["el2n", "dynamic-el2n", "dynamic-random", "infobatch[final=0.0]"]
keep = [0.8]
scoring_runs = 1
seeds = 2
eval_size = 60
executor = "inline"

[recipe]
epochs = 3
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("dynamic"))
    bench.write(SUITE)
    bench.hbench("run", "suite.toml", "--store", "a/store", "--quiet", check=False)
    return bench


@pytest.mark.slow
def test_dynamic_methods_stand_on_the_board_with_their_passes(finished: Bench) -> None:
    rows = list(csv.DictReader((finished.folder / "a/leaderboard/leaderboard.csv").open()))
    table = pd.DataFrame(rows).query("task == 'planted-sentence[size=60]'").set_index("method")
    assert (table["status"] == "complete").all(), table["failures"]
    assert set(table.index) == {"full", "random", "el2n", "dynamic-el2n", "dynamic-random", "infobatch[final=0.0]"}
    assert (table["kept"].astype(float)[["dynamic-el2n", "dynamic-random", "random"]] == 48).all()
    examples = table["net_alone_examples"].astype(float)
    # one epoch on all and two on 0.8: 2.6 of 3 epochs; two passes more for the one that looks
    assert examples["dynamic-random"] == pytest.approx(2.6 / 3)
    assert examples["dynamic-el2n"] == pytest.approx((2.6 + 2) / 3)
    assert examples["random"] == pytest.approx(0.8)
    net = table["net_alone"].astype(float)
    assert net["dynamic-random"] < net["dynamic-el2n"] < net["dynamic-random"] + 0.34  # a pass is a third of an epoch
    assert (table.loc[["dynamic-el2n", "dynamic-random"], "scoring_runs"] == "0").all()


@pytest.mark.slow
def test_another_store_gives_the_same_bytes_and_a_second_run_trains_nothing(finished: Bench) -> None:
    finished.hbench("run", "suite.toml", "--store", "b/store", "--quiet", "--executor", "inline", check=False)
    patterns = ("store/*/*/curriculum.npz", "store/*/*/predictions.npz", "results/**/*.json", "leaderboard/**/*")
    found = []
    for place in ("a", "b"):
        root = finished.folder / place
        files = [path for pattern in patterns for path in root.glob(pattern) if path.is_file()]
        found.append({str(path.relative_to(root)): path.read_bytes() for path in files})
    assert found[0] == found[1]
    assert sum("curriculum" in name for name in found[0]) == 2 * 3 * 2
    before = {path: path.stat().st_mtime_ns for path in (finished.folder / "a/store").glob("*/*/result.json")}
    finished.hbench("run", "suite.toml", "--store", "a/store", "--quiet", check=False)
    after = {path: path.stat().st_mtime_ns for path in (finished.folder / "a/store").glob("*/*/result.json")}
    assert before == after


@pytest.mark.slow
def test_a_finished_training_holds_its_history_and_choices(finished: Bench) -> None:
    store = Store(finished.folder / "a/store")
    seen = 0
    for place in sorted((store.root / "finetune").iterdir()):
        spec = json.loads((place / "spec.json").read_text())
        if spec.get("curriculum", {}).get("scorer") != "dynamic-el2n":
            continue
        history = dynamics.load(place / "dynamics.nc", "curriculum")
        kept = store.arrays("finetune", place.name, "curriculum.npz")
        assert history.attrs["capture"] == "epoch_end"
        assert history.sizes == {"run": 1, "epoch": 2, "example": 60, **({"class": 2} if "prob" in history else {})}
        assert kept["epoch"].tolist() == [1, 2]
        for row, members in zip(history["el2n"].to_numpy()[0], kept["members"], strict=True):
            assert members.sum() == 48
            assert row[members].min() >= row[~members].max()
        seen += 1
    assert seen == 4
