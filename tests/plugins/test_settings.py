"""Published settings: read from the file beside a scorer, and refused by name where one cannot be."""

from __future__ import annotations

import pytest
from support.references import scorers

import hbench
from hbench.errors import UsageError
from hbench.plugins.registry import TASKS
from hbench.plugins.settings import read_settings, setting_from, settings_of

GOOD = {
    "source": "Author 2024",
    "read": "paper",
    "task": "sst2",
    "model": "RoBERTa-large",
    "rows": 67349,
    "kept": 0.24,
    "epochs": 3,
    "batch_size": 32,
    "learning_rate": 1e-5,
}


def test_steps_follow_from_rows_batch_size_and_epochs():
    found = setting_from(GOOD)
    assert found.full_steps == 3 * 2105
    assert found.steps == 3 * 506
    assert setting_from({k: v for k, v in GOOD.items() if k != "kept"}).steps is None


def test_the_papers_of_the_mission_say_theirs():
    ours = settings_of(hbench.scorer("h-score"), "sst2")
    assert [(s.model, s.rows, s.full_steps) for s in ours] == [
        ("RoBERTa-large", 67349, 6315),
        ("OPT-350M", 67349, 6315),
    ]
    for task in ("snli", "mnli", "sst2", "squad_v2", "race"):
        assert settings_of(hbench.scorer("h-score"), task)
    assert settings_of(hbench.scorer("dynamic-el2n"), "mrpc")[0].epochs == 10
    assert settings_of(hbench.scorer("length"), "sst2") == ()


def test_settings_name_known_tasks():
    for name in scorers():
        for task in TASKS.names():
            assert all(found.task == task for found in settings_of(hbench.scorer(name), task))


def test_what_is_written_is_read_back():
    assert setting_from(setting_from(GOOD).as_json()) == setting_from(GOOD)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": " "}, "no source"),
        ({"read": "heard"}, "read = 'heard'"),
        ({"rows": 0}, "rows = 0"),
        ({"rows": 1.5}, "rows = 1.5; use int"),
        ({"epochs": True}, "epochs = True"),
        ({"kept": 1.5}, "kept = 1.5"),
        ({"learning_rate": 0.0}, "learning_rate = 0.0"),
        ({"modell": "x"}, "did you mean 'model'"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(change, said):
    with pytest.raises(UsageError, match=said):
        setting_from(GOOD | change)


def test_what_a_setting_needs():
    for absent in set(GOOD) - {"kept"}:
        with pytest.raises(UsageError, match=f"'{absent}' is missing"):
            setting_from({name: value for name, value in GOOD.items() if name != absent})


@pytest.mark.parametrize("text", ["[[setting]", "[setting]\n", "x = 1", "[[setting]]\nrows = 1\n"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, text):
    path = tmp_path / "mine.settings.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"mine\.settings\.toml"):
        read_settings(path)
