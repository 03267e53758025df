"""What the embedded tasks share: rows drawn from a grammar, some of them planted with a known fault.

A training set holds four sorts of rows, in these shares of its size:

    mislabelled  10 %  a clean row whose label was changed to another class
    ambiguous    10 %  equal evidence of two classes, labelled with one of them by a fair draw
    redundant    20 %  near-copies of a few easy patterns
    clean        the rest, distinct from each other

Evaluation rows are clean, and no text is in both: the checksum of a text decides which of the two may use it.
A class is what the task makes of it: the label itself, the place of the right option, or which stretch is the answer.
Only `random.Random.random` is called, whose sequence is the same in every version of Python.
"""

from __future__ import annotations

import random
import zlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from hbench import Task
from hbench.errors import UsageError
from hbench.files import short_repr

T = TypeVar("T")
Texts = tuple[str, ...]

SHARES = {"mislabelled": 0.1, "ambiguous": 0.1, "redundant": 0.2}
EVALUATION_ROWS = 600
_MIN_ROWS, _MOST_ROWS = 50, 1_000_000
_ATTEMPTS = 50


class Draw:
    """Random choices from a seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - nothing secret is drawn

    def below(self, end: int) -> int:
        """Return a whole number from 0 to end - 1."""
        return int(self._random() * end)

    def chance(self, share: float) -> bool:
        """Return true in this share of the calls."""
        return self._random() < share

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items, all alike likely."""
        return items[int(self._random() * len(items))]

    def two(self, items: Sequence[T]) -> tuple[T, T]:
        """Return two different items."""
        first = self.below(len(items))
        return items[first], items[(first + 1 + self.below(len(items) - 1)) % len(items)]

    def rare(self, items: Sequence[T]) -> T:
        """Return one of the items, the first ones most often, as words are distributed."""
        return items[int(self._random() ** 1.6 * len(items))]

    def shuffle(self, items: Sequence[T]) -> list[T]:
        """Return the items in another order."""
        return [item for _, item in sorted(((self._random(), i), item) for i, item in enumerate(items))]


def words(text: str) -> tuple[str, ...]:
    """Split a line of words."""
    return tuple(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """Split a line of phrases at its commas."""
    return tuple(text.split(", "))


class Grammar(Protocol):
    """Texts of a task. A row is one text or more; what the classes stand for may be among them."""

    #: Names of the first texts, which make a row what it is: no other has all of them, unless it is redundant.
    columns: tuple[str, ...]
    classes: int

    def clean(self, draw: Draw, label: int) -> Texts:
        """Return texts that say the class."""
        ...

    def ambiguous(self, draw: Draw, labels: tuple[int, int]) -> Texts:
        """Return texts that say both classes alike."""
        ...

    def easy(self, draw: Draw, label: int) -> Texts:
        """Return a near-copy of one of the few easy patterns of the class."""
        ...


class Row(NamedTuple):
    """One row: its texts, its class as labelled, and what it was planted as."""

    texts: Texts
    label: int
    sort: str


def generate(grammar: Grammar, split: str, *, rows: int, seed: int) -> list[Row] | None:
    """Return the rows of the split `train` or `validation`; None for another split.

    rows: size of the training split. The classes are balanced before labels are changed or drawn.
    """
    if split not in ("train", "validation"):
        return None
    draw = Draw(f"{type(grammar).__name__} {split} {rows if split == 'train' else 'any'} {seed}")
    counts = {sort: round(share * rows) for sort, share in SHARES.items()} if split == "train" else {}
    size = rows if split == "train" else EVALUATION_ROWS
    sorts = [sort for sort, count in counts.items() for _ in range(count)]
    sorts += ["clean"] * (size - len(sorts))
    seen: set[Texts] = set()
    return draw.shuffle([_row(grammar, draw, sort, i % grammar.classes, split, seen) for i, sort in enumerate(sorts)])


def sentence(text: str) -> str:
    """Return the words with a capital first letter and a full stop."""
    return text[0].upper() + text[1:] + "."


def question(text: str) -> str:
    """Return the words with a capital first letter and a question mark."""
    return text[0].upper() + text[1:] + "?"


@dataclass(frozen=True)
class Planted(Task):
    """An embedded task whose rows come from a grammar, 40 % of the training rows planted."""

    #: Training rows; the validation split always has 600.
    size: int = 1200
    #: Seed of all sentences.
    seed: int = 1

    kind = "classification"
    licence = "Apache-2.0, as hbench"
    planted = "planted"
    #: For random weights, which learn slowly at the rates that suit a pretrained model.
    recipe = {
        "epochs": 3,
        "batch_size": 16,
        "learning_rate": 2e-3,
        "warmup": 0.1,
        "max_length": 48,
        "precision": "fp32",
    }

    @property
    @abstractmethod
    def grammar(self) -> Grammar:
        """What the sentences are made by."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size < _MIN_ROWS:
            raise UsageError(f"option size={self.size} is too small for rows of every sort; use at least {_MIN_ROWS}")
        if self.size > _MOST_ROWS:
            raise UsageError(f"option size={short_repr(self.size)} is too large; use at most {_MOST_ROWS}")

    def record(self, texts: Texts, label: int) -> dict[str, Any]:
        """Return the columns of a row with these texts and this class: the texts and `label`."""
        return {**dict(zip(self.grammar.columns, texts, strict=True)), "label": label}

    def rows(self, split: str) -> dict[str, list[Any]] | None:
        """Return the columns of `record`, and `planted`, of the split `train` or `validation`."""
        made = generate(self.grammar, split, rows=self.size, seed=self.seed)
        if made is None:
            return None
        records = [{**self.record(row.texts, row.label), "planted": row.sort} for row in made]
        return {column: [record[column] for record in records] for column in records[0]}


def _row(grammar: Grammar, draw: Draw, sort: str, label: int, split: str, seen: set[Texts]) -> Row:
    other = (label + 1 + draw.below(grammar.classes - 1)) % grammar.classes
    texts: Texts = ()
    own: Texts = ()
    for _ in range(_ATTEMPTS):
        if sort == "ambiguous":
            texts = grammar.ambiguous(draw, (label, other))
        elif sort == "redundant":
            texts = grammar.easy(draw, label)
        else:
            texts = grammar.clean(draw, label)
        own = texts[: len(grammar.columns)]
        if _allowed(own, split) and (sort == "redundant" or own not in seen):
            break
    seen.add(own)
    changed = sort == "mislabelled" or (sort == "ambiguous" and draw.chance(0.5))
    return Row(texts, other if changed else label, sort)


def _allowed(texts: Texts, split: str) -> bool:
    for_evaluation = zlib.crc32("\n".join(texts).encode()) % 3 == 0
    return for_evaluation == (split != "train")
