"""Questions and long contexts as overlapping windows of tokens, with the characters of the context that each covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hbench.errors import DataError
from hbench.kinds.text.tokens import CHUNK, Sequences, separator

Integers = npt.NDArray[np.int64]

#: Tokens of a question that are read.
QUESTION_TOKENS = 64
#: Of a window, the part that the next one repeats: 128 of the published 384 tokens.
_OVERLAP = 3


@dataclass(frozen=True)
class Windows:
    """`s` windows, each a question and a part of its context; those of one example are adjacent."""

    sequences: Sequences
    #: int64 (s,), non-decreasing: the position of the example that owns the window.
    owner: Integers
    #: int64 (s,): the first and the last token of the context's part; 1 and 0 where it has none.
    first: Integers
    last: Integers
    #: int32 (t, 2): the characters, from and up to but not including, of the contexts' tokens in all windows in order.
    offsets: npt.NDArray[np.int32]

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """Return the windows of several parts, one part after the other."""
        parts = list(parts)
        return cls(
            Sequences.joined(part.sequences for part in parts),
            np.concatenate([part.owner for part in parts]),
            np.concatenate([part.first for part in parts]),
            np.concatenate([part.last for part in parts]),
            np.concatenate([part.offsets for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def starts(self) -> Integers:
        """Where the tokens of each window start in `offsets`, and where the last one's end, int64 (s + 1,)."""
        return np.concatenate([[0], (self.last - self.first + 1).cumsum()]).astype(np.int64)

    def locate(self, begin: Integers, end: Integers) -> tuple[Integers, Integers]:
        """Return the first and the last token of the answer in every window, each int64 (s,).

        begin, end: int64 (n,), the characters of each example's answer in its context, from and up to but not
        including; both 0 for none. An answer that starts or ends inside a token takes all of it. Both tokens are 0 in a
        window that does not hold the whole answer.
        """
        sizes = self.last - self.first + 1
        window = np.repeat(np.arange(len(self)), sizes)
        owner = self.owner[window]
        covers = np.flatnonzero((self.offsets[:, 1] > begin[owner]) & (self.offsets[:, 0] < end[owner]))
        window = window[covers]
        token = covers - (self.starts[:-1] - self.first)[window]
        ours = self.offsets[covers].astype(np.int64)
        # Not all of it is here where another window of the example has tokens of it further to the left or right.
        start, stop = _extent(window, token, token, len(self))
        low, high = _extent(window, ours[:, 0], ours[:, 1], len(self))
        example = self.owner - self.owner[0]
        lowest, highest = _extent(example[window], ours[:, 0], ours[:, 1], int(example[-1]) + 1)
        whole = (stop >= 0) & (low == lowest[example]) & (high == highest[example])
        return np.where(whole, start, 0), np.where(whole, stop, 0)

    def characters(self, window: Integers, start: Integers, end: Integers) -> Integers:
        """Return the characters of spans of tokens, from and up to but not including, int64 (k, 2).

        window, start, end: int64 (k,), the window, its first and its last token of each span, both in the context.
        """
        place = self.starts[window] - self.first[window]
        return np.stack([self.offsets[place + start, 0], self.offsets[place + end, 1]], axis=1).astype(np.int64)


def cut_questions(tokenizer: Any, texts: list[str]) -> tuple[list[str], Integers]:
    """Return the questions cut to 64 tokens, with what parts them from a context; and their tokens, int64 (n,).

    The text is cut, where a token ends, so that it is the same in every window. Of one that is too long, white space in
    a row counts as one space and none at the ends, since some tokenizers make a token of every blank. A line break that
    has to part it from the context comes on top of the 64.
    """
    cut: list[str] = []
    counts: list[int] = []
    mark = separator(tokenizer)
    for row in range(0, len(texts), CHUNK):
        part = texts[row : row + CHUNK]
        offsets = _plain(tokenizer, part, return_offsets_mapping=True)["offset_mapping"]
        for place, text in enumerate(part):
            if len(offsets[place]) > QUESTION_TOKENS:
                part[place] = " ".join(text.split())
                [offsets[place]] = _plain(tokenizer, [part[place]], return_offsets_mapping=True)["offset_mapping"]
        part = [_shortened(text, tokens) + mark for text, tokens in zip(part, offsets, strict=True)]
        cut += part
        counts += map(len, _plain(tokenizer, part)["input_ids"])
    return cut, np.array(counts, dtype=np.int64)


def cut_windows(
    tokenizer: Any, ids: list[str], questions: list[str], contexts: list[str], max_length: int
) -> Iterator[Windows]:
    """Yield the windows of the examples, some examples at a time: the whole question, then a part of the context.

    A window has at most `max_length` tokens and repeats `max_length // 3` of the one before it: 128 at the published
    384. Where a long question leaves less than twice that for the context, half of what it leaves.
    Raises DataError naming the example whose question leaves no room at all, and the `max_length` needed.
    """
    questions, counts = cut_questions(tokenizer, questions)
    room = max_length - tokenizer.num_special_tokens_to_add(pair=True) - counts
    worst = int(room.argmin())
    if room[worst] < 1:
        raise DataError(
            f"example {ids[worst]}: its question takes {counts[worst]} tokens, which leaves none for the context in "
            f"max_length={max_length}; use a max_length of at least {max_length + 1 - room[worst]}"
        )
    overlaps = np.minimum(max_length // _OVERLAP, room // 2)
    for row in range(0, len(questions), CHUNK):
        rows = range(row, min(row + CHUNK, len(questions)))
        # One call of the tokenizer takes one overlap; in practice all have the same.
        for overlap, group in groupby(rows, key=overlaps.__getitem__):
            which = list(group)
            part = slice(which[0], which[-1] + 1)
            yield _windows(tokenizer, questions[part], contexts[part], which[0], max_length, int(overlap))


def _windows(
    tokenizer: Any, questions: list[str], contexts: list[str], row: int, max_length: int, overlap: int
) -> Windows:
    found = tokenizer(
        questions,
        contexts,
        truncation="only_second",
        max_length=max_length,
        stride=overlap,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    ends = [_context(found.sequence_ids(i)) for i in range(len(found["input_ids"]))]
    tokens = [offsets[first : last + 1] for offsets, (first, last) in zip(found["offset_mapping"], ends, strict=True)]
    size = 2 * sum(map(len, tokens))
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(tokens)), dtype=np.int32, count=size)
    first, last = np.array(ends, dtype=np.int64).T
    return Windows(
        sequences=Sequences.of(tokenizer, found),
        owner=row + np.array(found["overflow_to_sample_mapping"], dtype=np.int64),
        first=first,
        last=last,
        offsets=flat.reshape(-1, 2),
    )


def _context(parts: list[int | None]) -> tuple[int, int]:
    """Return the first and the last token of the second text; 1 and 0 where it gives no token."""
    if 1 not in parts:
        return 1, 0
    return parts.index(1), len(parts) - 1 - parts[::-1].index(1)


def _plain(tokenizer: Any, texts: list[str], **settings: Any) -> Any:
    """Return the tokens of the texts alone; `verbose` off, as a question longer than the model allows will be cut."""
    return tokenizer(texts, add_special_tokens=False, verbose=False, **settings)


def _shortened(text: str, offsets: list[tuple[int, int]]) -> str:
    if len(offsets) <= QUESTION_TOKENS:
        return text
    # A character may take several tokens: stop before one that would be taken in part.
    return text[: min(offsets[QUESTION_TOKENS - 1][1], offsets[QUESTION_TOKENS][0])]


def _extent(group: Integers, low: Integers, high: Integers, groups: int) -> tuple[Integers, Integers]:
    """Return the lowest `low` and the highest `high` of every group; -1 as the highest of an empty one."""
    lowest = np.full(groups, np.iinfo(np.int64).max)
    highest = np.full(groups, -1)
    np.minimum.at(lowest, group, low)
    np.maximum.at(highest, group, high)
    return lowest, highest
