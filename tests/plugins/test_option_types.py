"""Options by type: what text they read, what they refuse, and which annotations no option can have."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from hbench.errors import UsageError
from hbench.plugins.option_types import convert, show, unreadable

INTEGERS = Literal[1, 2, -3]


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("2", INTEGERS, 2),
        ("-3", INTEGERS, -3),
        ("02", INTEGERS, 2),
        ("TRUE", Literal[True, 5], True),
        ("5", Literal[True, 5], 5),
        ("none", Literal["a", None], None),
        ("2", INTEGERS | None, 2),
        ("none", INTEGERS | None, None),
        ("2", Literal[1, 2] | str, 2),
        ("x", Literal[1, 2] | str, "x"),
        ("2.5", int | float, 2.5),
        ("x", int | str, "x"),
        ("1+3", tuple[int, ...], (1, 3)),
        ("7", tuple[int, ...], (7,)),
        ("()", tuple[int, ...], ()),
        ("a+b c", tuple[str, ...], ("a", "b c")),
        ("low+high", tuple[Literal["low", "high"], ...], ("low", "high")),
        ("0.5+1e16", tuple[float, ...], (0.5, 1e16)),
        ("9" * 400, int, int("9" * 400)),
    ],
)
def test_text_takes_the_type_of_the_option(text: str, hint: Any, expected: Any) -> None:
    found = convert(text, hint, "it")
    assert (found, type(found)) == (expected, type(expected))
    assert convert(show(found), hint, "it") == found


def test_minus_zero_is_zero() -> None:
    assert show(convert("-0.0", float, "it")) == "0.0"


@pytest.mark.parametrize(
    ("text", "hint", "said"),
    [
        ("3", INTEGERS, "use one of 1, 2, -3"),
        ("1.0", INTEGERS, "use one of 1, 2, -3"),
        ("true", Literal[1, 2], "use one of 1, 2"),
        ("3", INTEGERS | None, "use one of 1, 2, -3"),
        ("nan", float, "finite"),
        ("-inf", float, "finite"),
        ("1e999", float, "finite"),
        ("nan", float | None, "finite"),
        ("1+nan", tuple[float, ...], "finite"),
        ("1++2", tuple[int, ...], "an entry between two + is empty"),
        ("1+x", tuple[int, ...], "expected an integer, found 'x'"),
        ("9" * 5000, int, "expected an integer"),
    ],
)
def test_text_of_another_type_is_refused(text: str, hint: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        convert(text, hint, "it[option]")
    assert str(caught.value).startswith("it[option]: ")
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "hint",
    [
        list[int],
        list,
        dict[str, int],
        Path,
        object,
        tuple[int, int],
        tuple[tuple[int, ...], ...],
        tuple,
        complex,
        bytes,
        Literal[1, "1"],
        Literal[b"a"],
        int | list[int],
        Literal[True, "true"],
    ],
)
def test_types_that_no_option_can_have_are_named(hint: Any) -> None:
    assert unreadable(hint)


@pytest.mark.parametrize(
    "hint", [int, float, bool, str, INTEGERS, int | None, tuple[str, ...], float | Literal["a"] | None]
)
def test_types_that_options_can_have(hint: Any) -> None:
    assert unreadable(hint) is None
