"""Rows of intents and slots: how their texts become words and tags, and what may be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hbench.errors import suggest
from hbench.files import short_repr
from hbench.kinds.faults import is_texts

if TYPE_CHECKING:
    from hbench.plugins import Task

#: The tag of a word in no slot; it comes first among the tags.
OUTSIDE = "O"
#: How a row says that its intent is not given.
NO_INTENT = -1
#: A list of known names that is longer than this helps nobody.
_LONGEST_HINT = 120
_BETWEEN_SPACES = re.compile(r"[^ \t\n\r\f\v]+")


def tags_of(task: Task) -> tuple[str, ...]:
    """Return the tags of a task in the order of their numbers: O, then B- and I- of each slot type."""
    slots: tuple[str, ...] = getattr(task, "slots", ())
    return (OUTSIDE, *(f"{mark}-{slot}" for slot in slots for mark in "BI"))


def split_row(words: str | list[str], marks: str | list[str]) -> tuple[list[str], list[str]]:
    """Return the words and the tags of a row; a string of them is split at white space.

    A word may hold white space of another kind, such as a no-break space: a string is split at plain spaces alone where
    that, and only that, gives one tag for each word.
    """
    tags = marks.split() if isinstance(marks, str) else marks
    if not isinstance(words, str):
        return words, tags
    split = words.split()
    if len(split) != len(tags):
        plain = _BETWEEN_SPACES.findall(words)
        split = plain if len(plain) == len(tags) else split
    return split, tags


def number_of(value: Any, intents: Mapping[str, int]) -> int | None:
    """Return the number of an intent, -1 where it is not given, None for a value that is not an intent."""
    if isinstance(value, str):
        return intents.get(value)
    # bool is a subclass of int
    return value if type(value) is int and NO_INTENT <= value < len(intents) else None


def unknown_intent(value: Any, intents: Mapping[str, int]) -> str:
    """Return the words that a value is not an intent, and the fix."""
    return (
        f"{short_repr(value)}, which is not an intent of the task{_hint(value, intents)}; write one of them, its "
        f"number from 0 to {len(intents) - 1}, or {NO_INTENT} to leave the row out"
    )


def _hint(value: Any, known: Iterable[str]) -> str:
    hint = suggest(value, known) if isinstance(value, str) else ""
    return hint if len(hint) <= _LONGEST_HINT else ""


def fault_of(words: Any, marks: Any, known: set[str], words_name: str, marks_name: str) -> str:
    """Return what is wrong with the words of a row and their tags, and the fix; nothing when they are right."""
    for value, name in ((words, words_name), (marks, marks_name)):
        if not isinstance(value, str) and not is_texts(value):
            return (
                f"column '{name}' holds {short_repr(value)}, which is neither a string nor a list of strings; "
                "fix or remove the row"
            )
    if not "".join(words).strip():
        return f"column '{words_name}' is empty; give it a word or remove the row"
    words, marks = split_row(words, marks)
    if len(words) != len(marks):
        return (
            f"there are {len(words)} words in column '{words_name}' and {len(marks)} tags in column '{marks_name}'; "
            "give one tag for each word"
        )
    for i, tag in enumerate(marks):
        if tag not in known:
            return (
                f"column '{marks_name}' holds {short_repr(tag)} for word {i + 1}, which is not a tag of the task"
                f"{_hint(tag, known)}; write {OUTSIDE}, or B- or I- and a slot type of the task"
            )
    return ""
