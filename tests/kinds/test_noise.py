"""Label noise: exactly the share that is asked, another class, the same rows for a seed, and known afterwards."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench.data.examples import Examples
from hbench.errors import DataError, UsageError
from hbench.kinds import Encoded, find_kind
from hbench.kinds.noise import with_label_noise
from hbench.kinds.text.tokens import Sequences
from hbench.plugins.registry import KINDS, TASKS


class Noisy(NamedTuple):
    examples: Examples
    before: np.ndarray
    after: np.ndarray

    @property
    def changed(self) -> list[int]:
        return np.flatnonzero(self.before != self.after).tolist()


def noisy(reference: str, size: int = 200, planted: list[str] | None = None) -> Noisy:
    task = TASKS.find(reference).plugin
    before = np.arange(size) % len(task.labels)
    ids = [str(i) for i in range(size)]
    encoded = Encoded(ids, Sequences({}, np.arange(size + 1), {}), np.arange(size), before, before)
    examples, encoded = with_label_noise(task, Examples(ids, {}, "digest", planted), encoded)
    return Noisy(examples, before, encoded.label)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 0.95), st.integers(0, 5), st.sampled_from(["sst2", "snli", "race", "snips"]))
def test_a_share_of_the_labels_is_replaced_by_another_class_and_named(share, seed, name):
    found = noisy(f"{name}[label_noise={share!r},noise_seed={seed}]")
    assert len(found.changed) == round(share * 200)
    classes = len(TASKS.find(name).plugin.labels)
    assert ((found.after >= 0) & (found.after < classes)).all()
    assert found.examples.planted is not None
    assert [i for i, sort in enumerate(found.examples.planted) if sort == "mislabelled"] == found.changed
    assert set(found.examples.planted) <= {"mislabelled", "clean"}


def test_the_seed_decides_which_and_by_what():
    one, same, other = (noisy(f"snli[label_noise=0.2,noise_seed={seed}]") for seed in (0, 0, 1))
    assert one.after.tolist() == same.after.tolist()
    assert one.examples.digest == same.examples.digest
    assert one.changed != other.changed
    assert len({one.examples.digest, other.examples.digest, "digest"}) == 3


def test_every_other_class_is_taken():
    found = noisy("snli[label_noise=0.5]", size=6000)
    moves = np.bincount((found.after - found.before)[found.changed] % 3, minlength=3)
    assert moves[0] == 0
    assert abs(moves[1] - moves[2]) < 4 * np.sqrt(3000)


def test_without_noise_nothing_changes():
    found = noisy("snli")
    assert found.changed == []
    assert (found.examples.digest, found.examples.planted) == ("digest", None)


def test_planted_rows_of_an_embedded_task_stay_as_they_are():
    planted = ["redundant", "clean"] * 100
    found = noisy("planted-pair[label_noise=0.3]", planted=planted)
    assert len(found.changed) == 60
    assert all(row % 2 for row in found.changed)
    assert found.examples.planted is not None
    assert found.examples.planted.count("redundant") == 100
    with pytest.raises(DataError, match=r"label_noise=0.6 of 200 .* 120, and 100"):
        noisy("planted-pair[label_noise=0.6]", planted=planted)


def test_a_share_of_no_row_is_refused():
    with pytest.raises(DataError, match="is 0"):
        noisy("snli[label_noise=0.001]")


@pytest.mark.parametrize("options", ["label_noise=0", "label_noise=1", "label_noise=1.5", "label_noise=nan"])
def test_a_share_that_is_none_is_refused(options):
    with pytest.raises(UsageError, match="label_noise"):
        TASKS.find(f"snli[{options}]")


@pytest.mark.parametrize("options", ["noise_seed=1", "label_noise=0.1,noise_seed=-1"])
def test_a_seed_of_nothing_is_refused(options):
    with pytest.raises(UsageError, match="noise_seed"):
        TASKS.find(f"snli[{options}]")


def test_which_kinds_take_noise():
    taking = {name for name in KINDS.names() if find_kind(name).takes_label_noise}
    assert taking == {"classification", "choice", "joint"}
