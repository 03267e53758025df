"""Token sequences in flat arrays: padding, joining, and texts in chunks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from hbench.kinds import Encoded
from hbench.kinds.text import tokens
from hbench.kinds.text.tokens import Sequences, separator, tokenize
from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer
from hbench.training.batches import Collator

TOKENIZER = load_tokenizer(find_model("tiny"), ["a b c d e f g"])
LISTS = st.lists(st.lists(st.integers(5, 11), min_size=1, max_size=7), min_size=1, max_size=8)


def sequences(rows: list[list[int]]) -> Sequences:
    return Sequences.of(TOKENIZER, {"input_ids": rows, "attention_mask": [[1] * len(row) for row in rows]})


@settings(max_examples=60, deadline=None)
@given(rows=LISTS, data=st.data())
def test_padding_agrees_with_the_tokenizer(rows: list[list[int]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=9))
    expected = TOKENIZER.pad({"input_ids": [rows[i] for i in chosen]}, return_tensors="np")
    padded = sequences(rows).padded(np.array(chosen))
    for name in ("input_ids", "attention_mask"):
        np.testing.assert_array_equal(padded[name], expected[name])
        assert padded[name].dtype == np.int64


@settings(max_examples=60, deadline=None)
@given(rows=LISTS, cut=st.integers(0, 8))
def test_sequences_come_back_alone_and_joined(rows: list[list[int]], cut: int) -> None:
    parts = [sequences(part) for part in (rows[:cut], rows[cut:]) if part]
    joined = Sequences.joined(parts)
    assert [row["input_ids"] for row in joined] == rows
    assert joined.lengths.tolist() == [len(row) for row in rows]
    assert len(joined) == len(rows)
    with pytest.raises(IndexError):
        joined[len(rows)]


def test_texts_are_tokenized_alike_in_chunks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ["a b", "c", "d e f", "g a"], ["e", "f g a b", "c", "d"]
    whole = tokenize(TOKENIZER, first, second, truncation=True, max_length=6)
    monkeypatch.setattr(tokens, "CHUNK", 3)
    chunked = tokenize(TOKENIZER, first, second, truncation=True, max_length=6)
    assert list(chunked) == list(whole)
    assert TOKENIZER.decode(whole[0]["input_ids"]) == "[CLS] a b [SEP] e [SEP]"
    assert whole[0]["token_type_ids"] == [0, 0, 0, 0, 1, 1]


@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=6), data=st.data())
def test_a_batch_holds_all_sequences_of_its_examples(counts: list[int], data: st.DataObject) -> None:
    owner = np.repeat(np.arange(len(counts)), counts)
    rows = [[5 + example, 20 + i] for i, example in enumerate(owner)]
    gold = {"position": np.arange(len(owner)) * 10}
    ids = [str(i) for i in range(len(counts))]
    encoded = Encoded(ids, sequences(rows), owner, np.arange(len(counts)) * 7, np.array(counts) * 2, gold)
    members = np.array(data.draw(st.permutations(range(len(counts)))))[: data.draw(st.integers(1, len(counts)))]

    batch = Collator(encoded, torch.device("cpu"))(members)
    wanted = [i for member in members for i in np.flatnonzero(owner == member)]
    assert batch.inputs["input_ids"].tolist() == [rows[i] for i in wanted]
    assert batch.gold["position"].tolist() == [10 * i for i in wanted]
    assert batch.owner.tolist() == [k for k, member in enumerate(members) for _ in range(counts[member])]
    assert batch.labels.tolist() == [7 * member for member in members]


def test_texts_are_kept_apart_where_the_tokenizer_does_not() -> None:
    words = {word: i for i, word in enumerate(["[PAD]", "a", "b", "[SEP]"])}

    def made(pair: str) -> PreTrainedTokenizerFast:
        core = Tokenizer(models.WordLevel(words, "[PAD]"))
        core.pre_tokenizer = pre_tokenizers.Whitespace()
        core.post_processor = processors.TemplateProcessing(single="$A", pair=pair, special_tokens=[("[SEP]", 3)])
        return PreTrainedTokenizerFast(tokenizer_object=core, pad_token="[PAD]")

    assert separator(made("$A $B")) == "\n"
    assert separator(made("$A [SEP] $B")) == ""
    assert separator(TOKENIZER) == ""
