"""Multiple choice reading: one of the options answers a question about an article.

An example is a question. Every option makes a sequence of its own, the article and then the question with that option,
which a model with a single logit scores. The options of a question share one softmax, in every architecture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from hbench.errors import DataError
from hbench.files import short_repr
from hbench.kinds.base import Batch, Encoded, Trivial
from hbench.kinds.classification import Classification
from hbench.kinds.faults import is_texts
from hbench.kinds.text.tokens import separator, tokenize
from hbench.plugins import Head

if TYPE_CHECKING:
    import torch

    from hbench.data.examples import Examples
    from hbench.plugins import Task

_ROLES = ("article", "question", "options", "answer")
#: How a row says that its answer is not given.
_NO_GOLD = -1
_BLANK = re.compile("_+")


@dataclass(frozen=True)
class MultipleChoice(Classification):
    """Softmax over the options: classification whose classes are the positions of a question's options, from 0.

    `task.columns` is {"article", "question", "options", "answer"}. An article is a string, or a list of strings such as
    the turns of a dialogue, which are joined by line breaks. A question has as many options as the task has labels. The
    answer is one of the labels, the position of the right option as an integer, or the right option's text.
    """

    class_roles = ("answer",)
    roles: ClassVar[tuple[str, ...]] = _ROLES
    pair_roles: ClassVar[tuple[str, ...]] = ()

    def attributes_of(self, rows: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Return a letter for each option of the first question, as answers are usually given, and their number."""
        first = rows["options"][0]
        letters = tuple(ascii_uppercase[: len(first)] if isinstance(first, list) else "AB")
        return {"labels": letters, "sequences": len(letters)}

    def judges(self, task: Task, other: Task) -> bool:
        """Return True: whatever the number of options, a model gives each of them one logit."""
        return True

    def check_rows(
        self, task: Task, columns: Mapping[str, list[Any]], place: Callable[[int], str]
    ) -> npt.NDArray[np.int64]:
        """Check all rows; return the positions of those whose answer is not -1. Raises DataError for a row at fault."""
        rows = list(zip(*_columns(task, columns), strict=True))
        for position, row in enumerate(rows):
            fault = _fault(task, *row)
            if fault:
                raise DataError(f"{place(position)}: {fault}")
        gold = [_gold(answer, options, task.labels) != _NO_GOLD for *_, options, answer in rows]
        return np.flatnonzero(np.array(gold, dtype=bool))

    def texts(self, task: Task, examples: Examples) -> Iterable[str]:
        """Return all articles, then all questions, then all options."""
        articles, questions, options, _ = _columns(task, examples.columns)
        yield from map(_whole, articles)
        yield from questions
        yield from chain.from_iterable(options)

    def example_texts(self, task: Task, examples: Examples) -> list[str]:
        """Return the article, the question and its options."""
        articles, questions, options, _ = _columns(task, examples.columns)
        rows = zip(articles, questions, options, strict=True)
        return [" ".join((_whole(article), question, *choices)) for article, question, choices in rows]

    def head(self, task: Task) -> Head:
        """Return a sequence classifier with one logit: how well an option fits."""
        return Head(auto="AutoModelForSequenceClassification", config={"num_labels": 1})

    def encode(self, task: Task, examples: Examples, tokenizer: Any, max_length: int) -> Encoded:
        """Return one sequence per option: the article, cut at its end if need be, then the question with the option.

        An option fills the question's blank `_`, or follows the question where there is not exactly
        one. `label` is the position of the right option, from 0. Raises DataError naming the example whose question and
        option leave no room for the article, and the `max_length` that would do.
        """
        articles, questions, options, answers = _columns(task, examples.columns)
        mark, count = separator(tokenizer), len(task.labels)
        asked = [
            mark + _asked(question, option)
            for question, those in zip(questions, options, strict=True)
            for option in those
        ]
        _require_room(tokenizer, examples.ids, asked, count, max_length)
        read = [text for text in map(_whole, articles) for _ in range(count)]
        sequences = tokenize(tokenizer, read, asked, truncation="only_first", max_length=max_length)
        gold = [_gold(answer, those, task.labels) for answer, those in zip(answers, options, strict=True)]
        return Encoded(
            ids=examples.ids,
            sequences=sequences,
            owner=np.repeat(np.arange(len(examples.ids), dtype=np.int64), count),
            label=np.array(gold, dtype=np.int64),
            length=sequences.lengths.reshape(-1, count).sum(axis=1),
        )

    def logits(self, output: Any, batch: Batch) -> torch.Tensor:
        """Return the logits of each question's options, float32 (b, C), from an output's (s, 1)."""
        logits: torch.Tensor = output.logits
        return logits.float().reshape(len(batch.labels), -1)

    def trivial(self, task: Task, examples: Examples, encoded: Encoded) -> Trivial:
        """Return what guessing reaches on average: 1 / C for every question."""
        return Trivial("guessing", np.full(len(encoded.label), 1 / len(task.labels)))


def _columns(task: Task, columns: Mapping[str, list[Any]]) -> list[list[Any]]:
    return [columns[task.columns[role]] for role in _ROLES]


def _whole(article: str | list[str]) -> str:
    return article if isinstance(article, str) else "\n".join(article)


def _asked(question: str, option: str) -> str:
    """Return the question with its blank filled by the option, or followed by the option."""
    if len(_BLANK.findall(question)) == 1:
        return _BLANK.sub(lambda _: option, question)
    return f"{question} {option}"


def _gold(answer: Any, options: list[str], letters: tuple[str, ...]) -> int | None:
    """Return the position of the right option, -1 where it is not given, None for an answer that names no one option.

    A letter is taken as such before it is looked for among the options' texts.
    """
    if isinstance(answer, str):
        if answer in letters:
            return letters.index(answer)
        return options.index(answer) if options.count(answer) == 1 else None
    # bool is a subclass of int
    return answer if type(answer) is int and _NO_GOLD <= answer < len(letters) else None


def _fault(task: Task, article: Any, question: Any, options: Any, answer: Any) -> str:
    """Return what is wrong with a row, and the fix; nothing when it is right."""
    names = [f"column '{task.columns[role]}'" for role in _ROLES]
    wanted = len(task.labels)
    if not isinstance(article, str) and not is_texts(article):
        return (
            f"{names[0]} holds {short_repr(article)}, which is neither a string nor a list of strings; "
            "fix or remove the row"
        )
    if not _whole(article).strip():
        return f"{names[0]} is empty; write it or remove the row"
    if not isinstance(question, str):
        return f"{names[1]} holds {short_repr(question)}, which is not a string; fix or remove the row"
    if not is_texts(options):
        return f"{names[2]} holds {short_repr(options)}, which is not a list of strings; write {wanted} texts"
    if len(options) != wanted:
        return (
            f"{names[2]} holds {len(options)} options, and the task has questions with {wanted}; "
            f"write {wanted} texts or remove the row"
        )
    gold = _gold(answer, options, task.labels)
    if gold is not None and gold != _NO_GOLD and not options[gold].strip():
        return (
            f"{names[2]} holds {short_repr(options[gold])} as option {gold}, the right one by {names[3]} "
            f"({short_repr(answer)}); give it a text or remove the row"
        )
    if gold is None:
        held = f"holds {short_repr(answer)}"
        if isinstance(answer, str):
            held += f", the text of {options.count(answer) or 'none'} of the options"
        return (
            f"{names[3]} {held}; write a letter ({', '.join(task.labels)}), an integer from 0 to {wanted - 1}, "
            f"the text of the right option, or {_NO_GOLD} to leave the row out"
        )
    return ""


def _require_room(tokenizer: Any, ids: list[str], asked: list[str], count: int, max_length: int) -> None:
    """Raise DataError when a question with one of its `count` options leaves the article not one token."""
    taken = tokenize(tokenizer, asked, add_special_tokens=False, verbose=False).lengths
    worst = int(taken.argmax())
    needed = int(taken[worst]) + tokenizer.num_special_tokens_to_add(pair=True) + 1
    if needed > max_length:
        raise DataError(
            f"example {ids[worst // count]}: its question and one option take {taken[worst]} tokens, which leaves none "
            f"for the article in max_length={max_length}; use a max_length of at least {needed}"
        )
