"""Embeddings: one vector per example from the last hidden states, recorded only when asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
import xarray as xr

from hbench import DynamicScorer, Scorer, observe
from hbench.data.load import describe_source
from hbench.errors import TrainingFailed, UsageError
from hbench.experiment.bind import bind
from hbench.experiment.plan import make_plan, unite
from hbench.experiment.prune import prune
from hbench.experiment.suite import Suite
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.jobs.score import run_score
from hbench.jobs.spec import canonical, covers, dump, load
from hbench.jobs.store import Store
from hbench.kinds import Encoded, find_kind, load_examples
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins import registry
from hbench.plugins.registry import TASKS
from hbench.training.batches import Collator
from hbench.training.embeddings import LastHiddenState, pool
from hbench.training.flops import FlopCount
from hbench.training.job import fine_tune
from hbench.training.loop import Run, Setting

pytestmark = pytest.mark.usefixtures("one_thread")

SIZE = 60
BOTH = {"epoch_end": Watch((2,), embeddings=("cls", "mean"))}


def prepared(task_name: str) -> tuple[Any, Encoded, Any, Any]:
    task, model = TASKS.find(f"{task_name}[size={SIZE}]"), find_model("tiny")
    kind = find_kind(task.plugin.kind)
    source = describe_source(task.plugin, None, task.name)
    rows = load_examples(task, "train", source=source, data_dir=None, size=None, seed=0)
    tokenizer = load_tokenizer(model, kind.texts(task.plugin, rows))
    config = load_config(model, kind.head(task.plugin), tokenizer)
    return task.plugin, kind.encode(task.plugin, rows, tokenizer, 64), config, tokenizer


def trained(task_name: str, observe: Any, **recipe: Any) -> tuple[Run, Encoded, Any]:
    task, encoded, config, tokenizer = prepared(task_name)
    kind = find_kind(task.kind)
    setting = Setting(
        model=load_model(find_model("tiny"), kind.head(task), config, seed=1),
        kind=kind,
        flops=FlopCount(1, 1, 1, 0),
        width=kind.width(task),
        predict_width=kind.predict_width(task, encoded),
        recipe=Recipe(**{"epochs": 2, "batch_size": 8, "precision": "fp32", **recipe}),
        seed=1,
        cls_token=tokenizer.cls_token_id,
    )
    run = Run(setting, encoded, np.arange(SIZE), observe)
    run.train(lambda done, total: None)
    return run, encoded, tokenizer


@pytest.mark.parametrize(("task_name", "sequences"), [("planted-sentence", 1), ("planted-choice", 4)])
def test_the_embedding_is_the_mean_of_the_last_hidden_states(task_name: str, sequences: int) -> None:
    run, encoded, tokenizer = trained(task_name, BOTH)
    found = run.observers["epoch_end"].dataset(run.setting.kind, encoded, 1)
    model = run.setting.model.eval()
    assert found["embedding"].dims == ("run", "epoch", "example", "dim")
    assert found["embedding"].dtype == np.float32
    assert found["embedding"].shape == found["embedding_cls"].shape == (1, 1, SIZE, model.config.hidden_size)
    assert found["epoch"].values.tolist() == [2]
    assert np.bincount(encoded.owner).tolist() == [sequences] * SIZE
    for example in (0, 7, SIZE - 1):
        means, firsts = [], []
        for row in np.flatnonzero(encoded.owner == example):  # one sequence at a time, no padding
            inputs = {name: torch.tensor([values]) for name, values in encoded.sequences[row].items()}
            with torch.inference_mode(), run.first_token.everything():
                hidden = model.base_model(**inputs).last_hidden_state[0].double()
            assert inputs["input_ids"][0, 0] == tokenizer.cls_token_id
            means.append(sum(hidden[i] for i in range(len(hidden))) / len(hidden))
            firsts.append(hidden[0])
        for name, parts in (("embedding", means), ("embedding_cls", firsts)):
            expected = (sum(parts) / len(parts)).numpy()
            np.testing.assert_allclose(found[name].values[0, 0, example], expected, rtol=1e-4, atol=1e-5)


def test_watching_for_embeddings_changes_no_signal_and_no_bill() -> None:
    plain, encoded, _ = trained("planted-choice", {"epoch_end": Watch((2,))})
    run, _, _ = trained("planted-choice", BOTH)
    kind = run.setting.kind
    first, second = (r.observers["epoch_end"].dataset(kind, encoded, 1) for r in (plain, run))
    assert {"embedding", "embedding_cls"} == set(second.data_vars) - set(first.data_vars)
    xr.testing.assert_identical(second[list(first.data_vars)], first)
    assert plain.hidden is None
    assert plain.bill.observed == run.bill.observed
    np.testing.assert_array_equal(plain.predict(encoded), run.predict(encoded))


def test_a_decoder_has_read_everything_at_its_last_real_token() -> None:
    _, encoded, _, _ = prepared("planted-choice")
    batch = Collator(encoded, torch.device("cpu"))(np.arange(5))
    sequences, length = batch.inputs["input_ids"].shape
    assert (batch.inputs["attention_mask"] == 0).any()
    hidden = torch.arange(sequences * length, dtype=torch.float32).reshape(sequences, length, 1)
    last = batch.inputs["attention_mask"].sum(dim=1) - 1
    expected = hidden[torch.arange(sequences), last].reshape(5, -1).mean(dim=1)
    for mark in (None, 10**6):  # a tokenizer without such a token, and one that does not put it there
        np.testing.assert_allclose(pool(hidden, batch, "cls", mark)[:, 0], expected)
    hidden[batch.inputs["attention_mask"] == 0] = torch.nan
    assert pool(hidden, batch, "mean", None).isfinite().all()


def test_a_classification_token_counts_wherever_the_tokenizer_puts_it() -> None:
    _, encoded, _, tokenizer = prepared("planted-sentence")
    batch = Collator(encoded, torch.device("cpu"))(np.arange(3))
    hidden = torch.arange(batch.inputs["input_ids"].numel(), dtype=torch.float32)
    hidden = hidden.reshape(*batch.inputs["input_ids"].shape, 1)
    marked = batch.inputs["input_ids"].roll(2, dims=1)
    batch.inputs["input_ids"], batch.inputs["attention_mask"] = marked, torch.ones_like(marked)
    np.testing.assert_array_equal(pool(hidden, batch, "cls", tokenizer.cls_token_id)[:, 0], hidden[:, 2, 0])


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "roberta"])
def test_other_architectures_give_what_their_head_is_given(model_type: str) -> None:
    sizes = {"gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2}}.get(
        model_type, {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 37}
    )
    config = transformers.AutoConfig.for_model(model_type, vocab_size=50, pad_token_id=1, num_labels=2, **sizes)
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    inputs = {"input_ids": torch.randint(2, 50, (3, 6)), "attention_mask": torch.ones(3, 6, dtype=torch.long)}
    state = LastHiddenState(model)
    with torch.inference_mode():
        model(**inputs)
        with pytest.raises(TrainingFailed, match="no last hidden state"):
            state.latest()
        with state.watching():
            model(**inputs)
            found = state.latest()
        expected = model.base_model(**inputs).last_hidden_state
    assert torch.equal(found, expected)


def test_a_model_without_a_part_before_its_head_is_refused() -> None:
    with pytest.raises(TrainingFailed, match="Linear has no part before its head; take another model"):
        LastHiddenState(torch.nn.Linear(2, 2))


# -- asked for by a scorer


@dataclass(frozen=True)
class Distance(Scorer):
    """How far an example lies from the mean of all, over the last epoch's embeddings."""

    pooling: str = "mean"

    @property
    def needs(self) -> Any:
        """What it reads."""
        return observe("embedding" if self.pooling == "mean" else "embedding_cls", at="epoch_end", epochs=(2,))

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the distance, mean over runs."""
        name = "embedding" if self.pooling == "mean" else "embedding_cls"
        vectors = dynamics[name].sel(epoch=2, drop=True)
        return ((vectors - vectors.mean("example")) ** 2).sum("dim").mean("run") ** 0.5


@dataclass(frozen=True)
class MovingDistance(DynamicScorer):
    """The same before every choice."""

    needs = observe("embedding", at="epoch_end")

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return the distance at the last pass."""
        vectors = dynamics["embedding"].isel(epoch=-1, run=0, drop=True)
        return ((vectors - vectors.mean("example")) ** 2).sum("dim") ** 0.5


@pytest.fixture
def scorers(monkeypatch: pytest.MonkeyPatch) -> None:
    added = {"distance": Distance, "moving-distance": MovingDistance}
    monkeypatch.setattr(registry.SCORERS, "_added", added)


def suite(*scorers: str) -> Suite:
    return Suite(
        name="embedded",
        tasks=(f"planted-sentence[size={SIZE}]",),
        models=("tiny",),
        scorers=scorers,
        keep=(0.5,),
        scoring_runs=2,
        seeds=2,
        eval_size=20,
        recipe={"epochs": 2},
    )


def test_a_scorer_reads_them_from_scoring_to_a_pruned_training(scorers: None, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    [experiment] = make_plan(suite("distance", "distance[pooling=cls]", "el2n", "moving-distance")).experiments
    assert experiment.observe == {"epoch_end": Watch((1, 2), embeddings=("cls", "mean"))}
    bound = bind(experiment, suite("distance"), None, store)
    for job in bound.full.values():
        assert load(dump(job)).key == job.key
        with store.writing(job) as folder:
            fine_tune(job, folder, "cpu", lambda done, total: None)
    found = {}
    for job in bound.ready_scores(store).values():
        with store.writing(job) as folder:
            run_score(job, store, folder)
        found[canonical(job.options), job.scorer] = store.arrays("score", job.key, "scores.npz")["score"]
    for options in ("{}", '{"pooling":"cls"}'):
        assert np.unique(found[options, "distance"]).size > SIZE / 2
    assert not np.array_equal(found["{}", "distance"], found['{"pooling":"cls"}', "distance"])
    moving = next(job for job in prune(bound, store).jobs().values() if job.curriculum is not None)
    with store.writing(moving) as folder:
        fine_tune(moving, folder, "cpu", lambda done, total: None)
    assert store.finished(moving)


def test_what_nobody_asks_for_leaves_the_jobs_as_they_are() -> None:
    plain = unite([observe("el2n", at="epoch_end", epochs=(1,))])
    assert plain == {"epoch_end": Watch((1,))}
    more = unite([observe("embedding", "el2n", at="epoch_end"), observe("embedding_cls", at="epoch_end")])
    assert more == {"epoch_end": Watch(embeddings=("cls", "mean"))}


def test_a_run_with_embeddings_stands_in_for_one_without_and_not_the_other_way_round() -> None:
    from hbench.jobs.spec import FineTune, ModelRef, TaskRef

    one, both, none = (
        FineTune(TaskRef("t", {}, {}), ModelRef("m", {}), Recipe(), 1, unite([observe(*names, at="epoch_end")]))
        for names in (["embedding"], ["embedding", "embedding_cls"], ["el2n"])
    )
    assert len({job.key for job in (one, both, none)}) == 3
    assert covers(both, one) and covers(one, none)
    assert not covers(none, one) and not covers(one, both)


def test_the_option_capture_does_not_move_them(scorers: None) -> None:
    with pytest.raises(UsageError, match="option capture=train: embedding is measured at epoch_end only"):
        Distance(capture="train")


def test_a_dynamic_scorer_cannot_ask_for_gradients() -> None:
    @dataclass(frozen=True)
    class Steep(DynamicScorer):
        """Reads gradient norms."""

        needs = observe("grad_norm", at="epoch_end")

        def score(self, dynamics: xr.Dataset) -> xr.DataArray:
            """Return the norm."""
            return dynamics["grad_norm"].mean(("run", "epoch"))

    with pytest.raises(UsageError, match=r"Steep\.needs names grad_norm; .*passes measure no gradients"):
        Steep()
