"""Result files changed at random: a file that is accepted says what the result holds, any other is refused by its name.

`HBENCH_FUZZ=20000` tries that many.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.synthetic_results import cell, diagnostic, failing, small_board, with_trivial, write_all

from hbench.errors import HbenchError
from hbench.plugins.references import speakable
from hbench.render.check import DRIFT, INCOMPATIBLE, SAME, check
from hbench.render.publish import build
from hbench.render.show import show
from hbench.results.fields import ResultError
from hbench.results.parse import parse_cell

FUZZ = int(os.environ.get("HBENCH_FUZZ", "150"))
TRIES = settings(max_examples=FUZZ, deadline=None, suppress_health_check=list(HealthCheck))
SMALL = {"examples": 24}
CELLS = [
    cell(**SMALL),
    with_trivial(cell(method="full", **SMALL)),
    failing(cell(**SMALL), 342),
    cell(method="random", keep="0.5", **SMALL),
    diagnostic(),
]
_TEXTS = ["", "x", " ", "\n", "\ud800", "é", "0.3", "1", "none", "full", "random", "a|b", "AAAA", "../../x", "float32"]
_NUMBERS = [0, 1, -1, 2, 0.5, 1.0, -0.0, 1e308, 10**400, 2**63, 2**53 + 1, 1e-320]
_OTHERS = [None, True, False, [], {}, [None], [0], [[1, "training", 2]], [1, 1], {"a": 1}, {"": 0}]
VALUES = st.sampled_from([*_TEXTS, *_NUMBERS, *_OTHERS])
NAMES = st.sampled_from(["x", "rivals", "also", "published", "trivial", "planted", "cases"])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values inside one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in [(*path, key), *places(one, (*path, key))]]


def within(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


@st.composite
def changed(draw: st.DrawFn, texts: list[str]) -> tuple[int, str]:
    """Return the number of a file and its text with one to three values changed, or some characters."""
    number = draw(st.integers(0, len(texts) - 1))
    text = texts[number]
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(text)))
        piece = draw(st.sampled_from(["", *'[]{}",:\\ 0a-.e', "é", "\0", "NaN", '"task": "x",', "[" * 60, "\\ud800"]))
        return number, text[:at] + piece + text[at + draw(st.integers(0, 3)) :]
    payload = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(payload)))
        holder, key = within(payload, path[:-1]), path[-1]
        what = draw(st.sampled_from(["value", "value", "gone", "copied", "named", "moved"]))
        if what == "gone":
            del holder[key]
        elif what == "copied":
            holder[key] = copy.deepcopy(within(payload, draw(st.sampled_from(places(payload)))))
        elif what == "named" and isinstance(holder, dict):
            holder[draw(NAMES)] = copy.deepcopy(holder[key])
        elif what == "moved" and type(holder[key]) in (int, float) and abs(holder[key]) < 1e300:
            holder[key] += draw(st.sampled_from([1, -1, 1e-9, 1e-4]))
        else:
            holder[key] = copy.deepcopy(draw(VALUES))
        if not places(payload):
            break
    return number, json.dumps(payload, indent=1)


@TRIES
@given(changed([made.dump() for made in CELLS]))
def test_a_file_is_what_it_says_or_refused(made: tuple[int, str]) -> None:
    text = made[1]
    try:
        result = parse_cell(text, "board/x.json")
    except ResultError as error:
        assert str(error).startswith("board/x.json: ")
        assert speakable(str(error))
        assert len(str(error)) < 1500
    else:
        assert json.loads(result.dump()) == json.loads(text)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    cells = small_board(tasks=("snli",), keeps=("0.3",), methods=("random", "el2n"), **SMALL)
    write_all([with_trivial(made) if made.method == "full" else made for made in cells], folder / "results")
    build(folder / "results", folder / "out")
    return folder


@settings(TRIES, max_examples=max(8, FUZZ // 20))
@given(st.data())
def test_a_board_of_changed_results_is_shown_or_refused(board: Path, data: st.DataObject) -> None:
    files = sorted((board / "results").rglob("*.json"))
    texts = [file.read_text() for file in files]
    number, text = data.draw(changed(texts))
    files[number].write_bytes(text.encode(errors="surrogatepass"))
    try:
        try:
            show(board / "results")
        except HbenchError as error:
            assert error.exit_code == 2
            assert speakable(str(error))
        found = check(board / "results", board / "out")
        assert found.code in (SAME, DRIFT, INCOMPATIBLE)
        if found.code == INCOMPATIBLE:
            assert ".json" in found.problems[0]
    finally:
        files[number].write_text(texts[number])


def test_a_key_that_is_given_twice_is_refused() -> None:
    text = cell(**SMALL).dump().replace('"task":', '"task": "x", "task":', 1)
    with pytest.raises(ResultError, match=r"board/x.json: .*'task' is given twice"):
        parse_cell(text, "board/x.json")


@pytest.mark.parametrize("name", ["also", "claims", "further", "looks", "rivals", "scored_with", "scoring", "trivial"])
@pytest.mark.parametrize("nothing", [None, {}, []])
def test_what_a_file_does_not_say_it_leaves_out(name: str, nothing: object) -> None:
    """A key with nothing behind it would be read and not be written again."""
    text = json.dumps({**json.loads(cell(**SMALL).dump()), name: nothing})
    with pytest.raises(ResultError, match=f"field '{name}' is "):
        parse_cell(text, "board/x.json")
