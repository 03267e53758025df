"""Files of cells: one each, whatever the file system, and the published ones where they have always been."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.paths import ROOT
from support.synthetic_results import cell

from hbench.results.cell import CellResult, slug
from hbench.results.folder import read_cell, write_cell

PUBLISHED = [
    path for folder in ("leaderboard/results", "leaderboard/*/results") for path in ROOT.glob(f"{folder}/**/*.json")
]
#: Texts that plain names would confuse: signs, hyphens, capitals, brackets, letters beyond ASCII, and any others.
WORDS = st.sampled_from(
    ["a", "A", "b", "-", "=", "[", "]", ",", ".", "2", "-2", "equal-epochs", "é", "e\u0301", " ", "~", "/"]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=9).map("".join) | st.text(min_size=1, max_size=300)


def test_every_published_file_is_where_its_cell_says() -> None:
    assert len(PUBLISHED) > 100
    for path in PUBLISHED:
        made = read_cell(path)
        assert path.parts[-3:] == made.path.parts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("powered[power=2.0]", "powered[power=-2.0]"),
        ("aum", "AUM"),
        ("a[b=c]", "a-b-c"),
        ("a[b=c]", "a-b[c=d]"),
        ("a-b[c=d]", "a[b=c-d]"),
        ("a[b=c,d=e]", "a[b=c-d-e]"),
        ("größe", "grösse"),
        ("é", "e\u0301"),
        ("é", "ü"),
        ("x[a=1]", "x[a=1.]"),
        ("owner/model", "owner-model"),
        ("h-score[remove=" + "0S" * 130 + "]", "h-score[remove=" + "0S" * 131 + "]"),
        ("a", "a."),
        ("a", '"a"'),
        ("mine@0123abcd", "mine-0123abcd[x=1]"),
    ],
)
def test_methods_models_and_tasks_that_look_alike_have_names_of_their_own(one: str, other: str) -> None:
    for field in ("method", "model", "task", "keep", "split"):
        paths = [replace(cell(), **{field: text}).path for text in (one, other)]
        assert paths[0].as_posix().lower() != paths[1].as_posix().lower(), field


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS)
def test_two_texts_have_two_names_that_every_file_system_takes(one: str, other: str) -> None:
    names = [slug(text) for text in (one, other)]
    assert (names[0].lower() == names[1].lower()) == (one == other)
    for name in names:
        assert name.isascii()
        assert 0 < len(name) < 120
        assert not set(name) & set('/\\:*?"<>| ')
        assert name not in (".", "..")


PARTS = st.tuples(
    st.sampled_from(["0.3", "none", "h-score", "a", "a-equal-epochs-b"]) | TEXTS,
    st.sampled_from(["equal-epochs", "equal-steps", "equal-cost"]),
    st.sampled_from(["validation", "b", "b-a", "b-equal-epochs-b", "validation_matched"]) | TEXTS,
    st.sampled_from(["a", "b", "a-b", "a[b=c]", "random"]) | TEXTS,
)


def at(parts: tuple[str, str, str, str]) -> CellResult:
    return replace(cell(), **dict(zip(("keep", "budget", "split", "method"), parts, strict=True)))


@settings(deadline=None, max_examples=300)
@given(PARTS, PARTS)
def test_two_cells_have_two_files(one: tuple[str, str, str, str], other: tuple[str, str, str, str]) -> None:
    paths = [at(parts).path.as_posix().lower() for parts in (one, other)]
    assert (paths[0] == paths[1]) == (one == other)
    assert all(len(path.rpartition("/")[2]) < 230 for path in paths)


def test_parts_that_run_into_each_other_are_told_apart() -> None:
    pairs = [
        (("a", "equal-epochs", "b", "c-d"), ("a", "equal-epochs", "b-c", "d")),
        (("a", "equal-epochs", "b", "c"), ("a-equal-epochs-b", "equal-epochs", "b", "c")),
        (("a", "equal-epochs", "b-equal-epochs-b", "c"), ("a-equal-epochs-b", "equal-epochs", "b", "c")),
    ]
    for one, other in pairs:
        assert at(one).path != at(other).path


def test_a_cell_with_a_very_long_name_is_written_and_read(tmp_path) -> None:
    long = f"h-score[remove={'0S' * 200}]"
    made = replace(cell(), method=long, compared=tuple(sorted({*cell().compared, long})))
    write_cell(made, tmp_path / made.path)
    assert read_cell(tmp_path / made.path) == made
