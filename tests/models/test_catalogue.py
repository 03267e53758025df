"""What a model reference names, without loading anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from hbench.errors import UsageError
from hbench.models.catalogue import find_model
from hbench.plugins.references import configure


def test_a_hub_id_of_the_catalogue_is_the_model_of_that_name() -> None:
    assert find_model("FacebookAI/roberta-base") == find_model("roberta-base")
    assert find_model("FacebookAI/roberta-base[layers=2]").ref == "roberta-base[layers=2]"


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert find_model(str(tmp_path)).folder == tmp_path.resolve()
    with pytest.raises(UsageError, match="a folder has no revisions"):
        find_model(f"{tmp_path}[revision=abc]")


def test_results_call_a_folder_by_its_last_part_and_what_it_holds(tmp_path: Path) -> None:
    for place in ("mine", "elsewhere/mine", "other/mine"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "config.json").write_text("{}" if "other" not in place else "{ }")
    title = find_model(f"{tmp_path}/mine").title
    assert re.fullmatch(r"mine@[0-9a-f]{8}", title)
    assert find_model(f"{tmp_path}/mine/[layers=2]").title == f"{title}[layers=2]"
    assert find_model(f"{tmp_path}/elsewhere/mine").title == title
    assert find_model(f"{tmp_path}/other/mine").title != title
    assert find_model("minilm-l6[layers=4]").title == "minilm-l6[layers=4]"
    assert find_model("roberta-base").title == "roberta-base"


def test_an_option_without_a_default_has_to_be_given() -> None:
    @dataclass(frozen=True)
    class Needy:
        power: int
        other: float = 1.0

    assert configure(Needy, "needy", {"power": "2"}) == Needy(2)
    with pytest.raises(UsageError, match=r"needy needs the option 'power'; write needy\[power=...\]"):
        configure(Needy, "needy", {"other": "2"})
