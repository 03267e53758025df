"""What a model reference names, without loading anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.model_folders import model_folder

from hbench.errors import UsageError
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, TaskRef, dump, load
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


@pytest.mark.parametrize(
    "name",
    ["my model/bert", "epoch=3-step=10", "a,b", "run[1]", "[x]", "it's", "größe", "layers=2]", "a b[layers=2]", "-x=y"],
)
def test_a_path_of_any_sort_is_named_as_it_is_or_in_quotes(tmp_path: Path, name: str) -> None:
    place = model_folder(tmp_path / name)
    for text in (str(place), f'"{place}"', f" {place} "):
        found = find_model(text)
        assert (found.folder, found.options.layers) == (place, None)
        assert find_model(found.ref) == found
    for text in (f"{place}[layers=1]", f'"{place}"[layers=1]'):
        found = find_model(text)
        assert (found.folder, found.options.layers) == (place, 1)
        assert find_model(found.ref) == found
    assert found.reference.ref == "folder[layers=1]"


def test_a_text_that_reads_two_ways_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mine", "mine[layers=1]", "tiny[layers=1]"):
        model_folder(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for text in ("./mine[layers=1]", "tiny[layers=1]"):
        with pytest.raises(UsageError, match=r"is a model with options and also a folder; write .* in double quotes"):
            find_model(text)
    assert find_model('"./mine[layers=1]"').folder == tmp_path / "mine[layers=1]"
    assert find_model("./mine").folder == tmp_path / "mine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("./no such", "in double quotes"),
        ("no=such", "in double quotes"),
        ('a"b', "cannot be read"),
        ("~nobody-of-this-name/x", "unknown model"),
        ("x" * 5000, "unknown model 'xxx"),
        ("a/b c", "in double quotes"),
        ('"a/b c"', "unknown model"),
        ("a\nb", "holds a control character"),
        ("a\udcff", "broken text"),
        ("./a\x00b", "holds a control character"),
    ],
)
def test_a_path_that_names_nothing_says_how_to_write_one(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        find_model(text)
    assert len(str(caught.value)) < 400


def key_of(reference: str) -> str:
    return FineTune(TaskRef("t", {}, {}), find_model(reference).reference, Recipe(), 1).key


def test_the_key_of_a_folder_follows_what_it_holds_and_not_where_it_is(tmp_path: Path) -> None:
    place = model_folder(tmp_path / "mine")
    before = key_of(str(place))
    assert key_of(f"{place}[layers=1]") != before
    place.rename(tmp_path / "my other place")
    assert key_of(str(tmp_path / "my other place")) == before
    assert key_of(str(model_folder(tmp_path / "copy"))) == before
    assert key_of(str(model_folder(tmp_path / "a" / "mine", b"\1\0\0\0"))) != before
    assert key_of(str(model_folder(tmp_path / "b" / "mine", num_hidden_layers=1))) != before


def test_the_folder_of_a_job_is_read_back_with_it(tmp_path: Path) -> None:
    job = FineTune(TaskRef("t", {}, {}), find_model(str(model_folder(tmp_path / "mine"))).reference, Recipe(), 1)
    assert load(dump(job)) == job
