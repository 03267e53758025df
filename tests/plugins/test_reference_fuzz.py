"""References made at random: refused by a UsageError, or read in one way that their canonical text repeats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench import Scorer, dynamics
from hbench.errors import UsageError
from hbench.models.catalogue import find_model
from hbench.plugins.references import join_reference, speakable, split_reference
from hbench.plugins.registry import SCORERS, TASKS

#: Characters of the notation, of numbers and of words, and some that belong to nothing.
SIGNS = st.sampled_from([*"[],=\"+.-_ /~@\\'()0129eaN", "é", "\n", "\x00", "\ud800", " ", "İ"])
PIECES = st.sampled_from(
    [
        "every",
        "el2n",
        "number",
        "share",
        "flag",
        "word",
        "choice",
        "several",
        "nan",
        "inf",
        "1e400",
        "none",
        "true",
        "()",
    ]
)
TEXTS = st.lists(SIGNS | PIECES, max_size=14).map("".join) | st.text(max_size=30)
VALUES = st.lists(SIGNS | PIECES, min_size=1, max_size=5).map("".join)
OPTIONS = st.sampled_from(["number", "share", "flag", "word", "perhaps", "choice", "several", "offset", "capture"])


@dataclass(frozen=True)
class Every(Scorer):
    """An option of every type."""

    number: int = 1
    share: float = 0.5
    flag: bool = False
    word: str = "a"
    perhaps: str | None = None
    choice: Literal[1, 2, "x"] = 1
    several: tuple[str, ...] = ()

    def score(self, dynamics):
        return dynamics["length"]


@pytest.fixture(scope="module", autouse=True)
def registered():
    before = dict(SCORERS._added)
    SCORERS._added["every"] = Every
    yield
    SCORERS._added.clear()
    SCORERS._added.update(before)


def found(find, text):
    """Return what a text names, None where it is refused; another error fails the test."""
    try:
        return find(text)
    except UsageError as error:
        assert speakable(str(error))
        assert len(str(error)) < 1500
        return None


@settings(deadline=None, max_examples=400)
@given(TEXTS)
def test_any_text_is_refused_or_read_back(text):
    parts = found(split_reference, text)
    if parts is not None:
        assert split_reference(join_reference(*parts)) == parts
    for registry in (SCORERS, TASKS):
        named = found(registry.find, text)
        if named is not None:
            assert registry.find(named.ref) == named


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(OPTIONS, VALUES), max_size=3), st.booleans())
def test_options_are_refused_or_read_back(options, quoted):
    quote = '"' if quoted else ""
    text = f"every[{','.join(f'{name}={quote}{value}{quote}' for name, value in options)}]"
    named = found(SCORERS.find, text)
    if named is not None:
        assert SCORERS.find(named.ref) == named
        assert join_reference("every", named.options) == named.ref


@settings(deadline=None, max_examples=200)
@given(TEXTS)
def test_any_model_is_refused_or_read_back(text):
    model = found(find_model, text)
    if model is not None:
        assert find_model(model.ref) == model


@settings(deadline=None, max_examples=100)
@given(
    name=st.text(
        st.characters(exclude_characters='"/\x00', exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=20
    )
)
def test_a_folder_of_any_printable_name_can_be_named(name, tmp_path_factory):
    if name in (".", "..") or name.strip() != name or len(name.encode()) > 200:
        return
    place = Path(tmp_path_factory.mktemp("model")) / name
    place.mkdir()
    (place / "config.json").write_text("{}")
    model = find_model(str(place))
    assert model.folder == place
    assert find_model(model.ref) == model
    layered = find_model(f"{place}[layers=2]")
    assert (layered.folder, layered.options.layers) == (place, 2)
    assert find_model(f'"{place}"[layers=2]') == layered == find_model(layered.ref)


def test_an_option_of_every_type_is_read():
    named = SCORERS.find('every[number=3,share=2,flag=True,word="a,b=[c]",perhaps=none,choice=2,several=x+y]')
    assert named.plugin == Every(3, 2.0, True, "a,b=[c]", None, 2, ("x", "y"))
    assert dynamics.from_arrays(length=[4, 5]).pipe(named.plugin.score).values.tolist() == [4, 5]
