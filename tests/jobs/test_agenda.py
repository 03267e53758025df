"""The list of jobs of the latest stage: counted by `hbench status`, and said to be damaged where it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hbench.jobs.agenda import AGENDA, agenda_damage, pending, write_agenda
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, Score, TaskRef
from hbench.jobs.store import Store

TASK = TaskRef("t", {}, {})
TRAINING = FineTune(TASK, ModelRef("m", {}), Recipe(), 1)
JOBS = (TRAINING, replace(TRAINING, seed=2), Score(TASK, "el2n", {}, "digest", TRAINING.key))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    write_agenda(made, "scores of a\u0301", JOBS)
    return made


def test_no_flipped_bit_and_no_cut_is_unnoticed(store: Store) -> None:
    path = store.root / AGENDA
    whole = path.read_bytes()
    assert agenda_damage(store) is None
    assert pending(store, ()) == {"finetune": 2, "score": 1}
    flips = [(at, bytes([byte ^ 1 << at % 8])) for at, byte in enumerate(whole)]
    damages = [whole[:at] + byte + whole[at + 1 :] for at, byte in flips] + [whole[:at] for at in range(len(whole))]
    for data in [*damages, whole + b"\n", b"[]", b"[" * 9999, b"\xff"]:
        path.write_bytes(data)
        assert str(path) in str(agenda_damage(store)), data
        assert pending(store, ()) == {"finetune": 0, "score": 0}


def test_none_and_one_of_an_earlier_version_are_not_damaged(store: Store) -> None:
    path = store.root / AGENDA
    content = json.loads(path.read_text())
    del content["sha256"]
    path.write_text(json.dumps(content))
    assert agenda_damage(store) is None
    assert pending(store, ()) == {"finetune": 2, "score": 1}
    path.unlink()
    assert agenda_damage(store) is None
    assert pending(store, ()) == {"finetune": 0, "score": 0}


def test_status_says_what_it_cannot_count(hbench: Any, store: Store) -> None:
    assert hbench("status", "store").err == ""
    path = store.root / AGENDA
    path.write_bytes(path.read_bytes()[:-9])
    done = hbench("status", "store", "--json")
    assert done.code == 0
    assert json.loads(done.out)["finetune"]["pending"] == 0
    assert done.err.startswith(f"damaged: store/{AGENDA}: ")
    assert "pending jobs are not counted" in done.err
    assert done.err.count("\n") == 1
