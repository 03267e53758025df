"""Answers that are spans of a context: what may be wrong with those that are given, and where a span ends."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hbench.files import JsonObject, short_repr


def fault_of(answers: Any, context: str) -> str:
    """Return what is wrong with the answers to a question, and the fix; nothing when they are right."""
    form = "write {'text': [...], 'answer_start': [...]}, both lists empty where there is no answer"
    if not isinstance(answers, Mapping):
        return f"the answers are {short_repr(answers)}; {form}"
    texts, starts = (answers.get(key) for key in ("text", "answer_start"))
    if not isinstance(texts, list) or not isinstance(starts, list):
        return f"the answers are {short_repr(dict(answers))}; {form}"
    if len(texts) != len(starts):
        return f"there are {len(texts)} answers and {len(starts)} values of answer_start; give one for each"
    for text, start in zip(texts, starts, strict=True):
        if not isinstance(text, str) or not text.strip():
            return (
                f"the answer {short_repr(text)} is not a string with a character in it; "
                "fix it, or remove it and its start"
            )
        if type(start) is not int:
            return f"the answer_start {short_repr(start)} is not an integer; count characters from 0"
        there = context[start : start + len(text)] if start >= 0 else ""
        if there != text:
            hint = f"it is at {context.index(text)}" if text in context else "it is nowhere in the context"
            return (
                f"the answer {short_repr(text)} is not at character {start}, where {short_repr(there)} is; "
                f"fix answer_start: {hint}"
            )
    return ""


def first_answer(answers: Mapping[str, Any]) -> tuple[int, int]:
    """Return the characters of the first gold answer, without white space at its ends; (0, 0) where there is none."""
    if not answers["text"]:
        return 0, 0
    text, start = answers["text"][0], answers["answer_start"][0]
    return start + len(text) - len(text.lstrip()), start + len(text.rstrip())


def with_marks(context: str, end: int) -> int:
    """Return the end of a span together with the marks that belong to its last character, such as a combining accent.

    A tokenizer that strips accents ends its token before them.
    """
    while 0 < end < len(context) and unicodedata.category(context[end]) in ("Mn", "Me"):
        end += 1
    return end


def contradiction_in(file: Path) -> str:
    """Return what is wrong with the first question of a file that says one thing and holds another, and the fix.

    The file is nested JSON, `data`, `paragraphs`, `qas`, a question with `is_impossible` and `answers`; nothing is
    wrong with a file of another form, or a question without that mark.
    """
    for question in _questions(file):
        impossible, answers = question.get("is_impossible"), question.get("answers")
        if not isinstance(impossible, bool) or not isinstance(answers, list):
            continue
        name = f"question {question.get('id')}"
        if impossible and answers:
            return (
                f"{name} is marked impossible and has an answer, {short_repr(answers[0])}; "
                "set is_impossible to false, or remove the answers"
            )
        if not impossible and not answers:
            return f"{name} has no answer and is not marked impossible; add an answer, or set is_impossible to true"
    return ""


def _questions(file: Path) -> Iterator[JsonObject]:
    if file.suffix != ".json":
        return
    try:
        level: list[Any] = [json.loads(file.read_text(encoding="utf-8"))]
    except ValueError:  # of a form that only the task knows, which has read it
        return
    for name in ("data", "paragraphs", "qas"):
        inner = [entry.get(name) for entry in level if isinstance(entry, dict)]
        level = [entry for entries in inner if isinstance(entries, list) for entry in entries]
    yield from (entry for entry in level if isinstance(entry, dict))
