"""Every field of a job's specification changes its key; what is written is read back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbench.errors import UsageError
from hbench.jobs import spec
from hbench.jobs.observe import CurriculumSpec, Watch
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, Score, TaskRef, pack_subset, unpack_subset

TASK = TaskRef("snli", {"kind": "classification"}, {"hub": "a/b", "revision": "c"}, 10, 5, 0, None)
TUNE = FineTune(
    TASK,
    ModelRef("tiny", {"version": 1}),
    Recipe(),
    342,
    {"train": Watch(epochs=(1,)), "epoch_end": Watch(gradients=("all",))},
    "8:/w==",
    CurriculumSpec("dynamic-el2n", {"period": 2}, "digest", 30, 0),
    further=(TaskRef("anli[evaluate=test_r1]", {"kind": "classification"}, {"hub": "a/anli", "revision": "d"}),),
)
SCORE = Score(TASK, "el2n", {"epoch": 2}, "digest", "first", ("a", "b"), "train", 3)


def other(value: Any) -> list[Any]:
    """Return values that differ from the one given, None among them where a field may be None."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1]
    if isinstance(value, str):
        return [value + "x"]
    if isinstance(value, dict):
        inner = [{**value, name: new} for name, old in value.items() if isinstance(old, Watch) for new in watches(old)]
        return [{**value, "new": 1}, {}, *inner]
    if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        inner = [(new, *value[1:]) for name, new in perturbed(value[0]) if name != "data_dir"]
        return [*inner, (*value, value[0]), None]
    if isinstance(value, tuple):
        return [new for new in ((*value, "new"), value[::-1]) if new != value]
    return ["something"]


def watches(value: Watch) -> list[Watch]:
    """Return the watch with each field changed."""
    return [changed for _, changed in perturbed(value)]


def perturbed(job: Any) -> list[tuple[str, Any]]:
    """Return the job with each field changed, fields of nested dataclasses included."""
    changed = []
    for f in dataclasses.fields(job):
        value = getattr(job, f.name)
        if dataclasses.is_dataclass(value):
            for name, inner in perturbed(value):
                changed.append((f"{f.name}.{name}", dataclasses.replace(job, **{f.name: inner})))
            continue
        for new in other(value):
            copy = dataclasses.replace(job)
            object.__setattr__(copy, f.name, new)  # past validation: schedules and the like are closed sets
            changed.append((f.name, copy))
    return changed


@pytest.mark.parametrize("job", [TUNE, SCORE], ids=["finetune", "score"])
def test_every_field_changes_the_key(job: Any) -> None:
    fields = perturbed(job)
    assert len(fields) > 10
    keys = {job.key}
    for name, changed in fields:
        # a folder or a file may move; the digests of files are in the source, or among the options
        if name in ("task.data_dir", "model.folder", "files"):
            assert changed.key == job.key
            continue
        assert changed.key not in keys, name
        keys.add(changed.key)


def test_protocol_changes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = TUNE.key, SCORE.key
    monkeypatch.setattr(spec, "PROTOCOL", spec.PROTOCOL + 1)
    assert dataclasses.replace(TUNE).key != before[0]  # a copy, since a job computes its key once
    assert dataclasses.replace(SCORE).key != before[1]


@pytest.mark.parametrize("job", [TUNE, SCORE, dataclasses.replace(TUNE, subset=None, observe=None, curriculum=None)])
def test_what_is_written_is_read_back(job: Any) -> None:
    read = spec.load(spec.dump(job))
    assert read == job
    assert read.key == job.key


def test_the_key_is_that_of_the_second_protocol() -> None:
    """What a specification says of observing and choosing is typed; its canonical JSON is as it always was."""
    payload = TUNE.payload()
    written = json.loads(spec.canonical(payload))
    assert written["observe"] == {
        "train": {"epochs": [1], "gradients": []},
        "epoch_end": {"gradients": ["all"]},
    }
    assert written["curriculum"] == {
        "scorer": "dynamic-el2n",
        "options": {"period": 2},
        "source": "digest",
        "count": 30,
        "selection_seed": 0,
    }
    before = dataclasses.replace(TUNE, further=None)
    assert before.key == "a7eaba386886736f07061cade5df83d06e9856c98972b29e6d32371a8ed93959"


@pytest.mark.parametrize(
    ("name", "kept"), [("auto", None), ("cpu", "cpu"), ("cuda", "cuda"), ("cuda:3", "cuda"), ("mps", "mps")]
)
def test_the_key_holds_the_type_of_device_asked_for(name: str, kept: str | None) -> None:
    assert spec.device_type(name) == kept
    assert (dataclasses.replace(TUNE, device=kept).key == TUNE.key) == (kept is None)


def test_job_of_another_protocol_is_refused() -> None:
    text = spec.dump(TUNE).replace(f'"protocol": {spec.PROTOCOL}', '"protocol": 99')
    with pytest.raises(UsageError, match="protocol 99"):
        spec.load(text)


def test_order_of_entries_does_not_matter() -> None:
    turned = dataclasses.replace(TASK, source=dict(reversed(TASK.source.items())))
    assert dataclasses.replace(TUNE, task=turned).key == TUNE.key


@given(st.lists(st.booleans(), min_size=1, max_size=70))
def test_subsets_are_packed_without_loss(bits: list[bool]) -> None:
    mask = np.array(bits)
    assert (unpack_subset(pack_subset(mask)) == mask).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 3}, "unknown key 'epoch'; did you mean 'epochs'"),
        ({"epochs": "3"}, "wrong type; expected int"),
        ({"epochs": 0}, "use at least 1"),
        ({"learning_rate": -1.0}, "above 0"),
        ({"schedule": "cosine"}, "use 'linear' or 'constant'"),
        ({"warmup": 1.0}, "from 0 to below 1"),
        ({"adam_beta1": 1.5}, "from 0 to below 1"),
        ({"weight_decay": -1.0}, "at least 0"),
        ({"learning_rate": float("inf")}, "above 0"),
        ({"max_steps": 3}, "unknown key 'max_steps'"),
    ],
)
def test_bad_recipes_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Recipe().updated(change, "recipe")
