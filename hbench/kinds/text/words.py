"""Texts that come as words: which token begins each word, and which one stands for the whole text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from hbench.kinds.text.tokens import CHUNK, NO_VALUE, Sequences


@dataclass(frozen=True)
class Words:
    """`s` texts as token sequences."""

    sequences: Sequences
    #: int32 (tokens of all sequences,): the word that begins with the token, counted from 0; -100 where none does.
    begins: npt.NDArray[np.int32]
    #: int64 (s,): the token that stands for the whole text.
    whole: npt.NDArray[np.int64]


def tokenize_words(tokenizer: Any, rows: list[list[str]], max_length: int) -> Words:
    """Return one sequence for each row of words, cut to `max_length` tokens.

    The words are joined by spaces and tokenized as the text they are then, so that every fast tokenizer does, and each
    word is found again by its characters. A word begins with the first token that holds a character of it which is no
    white space. It has none where the tokenizer drops all of its characters, as some do with control characters, where
    it is cut off, and where a token that began in the word before holds them. The whole text is stood for by the
    tokenizer's classification token, wherever it puts that, and else by the last token, the only one at which a decoder
    has read everything.
    """
    parts: list[Sequences] = []
    begins: list[int] = []
    whole: list[int] = []
    mark = tokenizer.cls_token_id
    for row in range(0, len(rows), CHUNK):
        part = rows[row : row + CHUNK]
        found = tokenizer(
            [" ".join(words) for words in part],
            truncation=True,
            max_length=max_length,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        parts.append(Sequences.of(tokenizer, {k: v for k, v in found.items() if k in tokenizer.model_input_names}))
        for words, ids, offsets, special in zip(
            part, found["input_ids"], found["offset_mapping"], found["special_tokens_mask"], strict=True
        ):
            begins += _begins(words, offsets, special)
            marks = (i for i, token in enumerate(ids) if token == mark and special[i])
            whole.append(next(marks, len(ids) - 1))
    return Words(Sequences.joined(parts), np.array(begins, dtype=np.int32), np.array(whole, dtype=np.int64))


def _begins(words: list[str], offsets: list[tuple[int, int]], special: list[int]) -> Iterator[int]:
    """Yield for each token the word that begins with it, or -100."""
    text = " ".join(words)
    starts = list(accumulate(len(word) + 1 for word in words))  # of the second word and those after it
    last = -1
    for (begin, end), added in zip(offsets, special, strict=True):
        # Some tokenizers count the space before a word to it.
        place = next((i for i in range(begin, end) if not text[i].isspace()), end)
        word = bisect_right(starts, place)
        if added or place == end or word == last:
            yield NO_VALUE
        else:
            last = word
            yield word
