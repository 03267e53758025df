"""Token sequences of a whole data set in flat arrays, and how texts become them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

#: Examples that are tokenized at a time: the tokenizer's lists of Python integers take ten times the arrays' memory.
CHUNK = 2000
#: Stands for the value of a token that has none.
NO_VALUE = -100


@dataclass(frozen=True)
class Sequences:
    """`s` token sequences, one behind the other in one array per field, four bytes a token."""

    #: Name of the tokenizer's field, such as `input_ids` -> int32 (tokens of all sequences,).
    fields: dict[str, npt.NDArray[np.int32]]
    #: int64 (s + 1,): where each sequence starts, and where the last one ends.
    starts: npt.NDArray[np.int64]
    #: Name of the field -> the value that fills it up in a batch.
    filling: dict[str, int]

    @classmethod
    def of(cls, tokenizer: Any, fields: Mapping[str, Any]) -> Self:
        """Return the sequences of a tokenizer's answer: its input fields, each a list of lists of integers."""
        names = [name for name in fields if name in tokenizer.model_input_names]
        lengths = np.fromiter(map(len, fields["input_ids"]), dtype=np.int64)
        filling = {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id}
        return cls(
            fields={name: _flat(fields[name], int(lengths.sum())) for name in names},
            starts=np.concatenate([[0], lengths.cumsum()]).astype(np.int64),
            filling={name: filling.get(name, 0) for name in names},
        )

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """Return the sequences of several parts, one part after the other."""
        parts = list(parts)
        lengths = np.concatenate([part.lengths for part in parts])
        return cls(
            fields={name: np.concatenate([part.fields[name] for part in parts]) for name in parts[0].fields},
            starts=np.concatenate([[0], lengths.cumsum()]).astype(np.int64),
            filling=parts[0].filling,
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, position: int) -> dict[str, list[int]]:
        """Return one sequence, the fields as lists."""
        if not 0 <= position < len(self):
            raise IndexError(position)
        part = slice(self.starts[position], self.starts[position + 1])
        return {name: values[part].tolist() for name, values in self.fields.items()}

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each sequence, int64 (s,)."""
        return np.diff(self.starts)

    def padded(self, which: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
        """Return some sequences, int64 (len(which), T), filled up at the end to the longest of them."""
        return self.spread(which, self.fields, self.filling)

    def spread(
        self, which: npt.NDArray[np.int64], values: Mapping[str, npt.NDArray[np.int32]], filling: Mapping[str, int]
    ) -> dict[str, npt.NDArray[np.int64]]:
        """Return values of all tokens, laid out like `fields`, for some sequences, filled up as in `padded`."""
        lengths = self.lengths[which]
        column = np.arange(lengths.max())
        real = column < lengths[:, None]
        place = (self.starts[which][:, None] + column)[real]
        batch = {}
        for name, flat in values.items():
            batch[name] = np.full(real.shape, filling[name], dtype=np.int64)
            batch[name][real] = flat[place]
        return batch


def tokenize(tokenizer: Any, *texts: list[str], **settings: Any) -> Sequences:
    """Return one sequence for each text, or for each pair of texts when there are two lists.

    settings: those of the tokenizer's call, such as `truncation` and `max_length`.
    """
    rows = range(0, len(texts[0]), CHUNK)
    parts = (tokenizer(*(column[row : row + CHUNK] for column in texts), **settings) for row in rows)
    return Sequences.joined(Sequences.of(tokenizer, part) for part in parts)


def separator(tokenizer: Any) -> str:
    """Return what separates two texts: a line break where the tokenizer itself puts no token there.

    BERT's, RoBERTa's, OPT's and Llama's mark the second text by special tokens; GPT-2's and Qwen's run both together.
    """
    marks = tokenizer.num_special_tokens_to_add(pair=True) - tokenizer.num_special_tokens_to_add(pair=False)
    return "" if marks > 0 else "\n"


def _flat(rows: Any, size: int) -> npt.NDArray[np.int32]:
    return np.fromiter((value for row in rows for value in row), dtype=np.int32, count=size)
