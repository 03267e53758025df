"""Texts that come as words: which token begins each, and where the whole text was read."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.joint_examples import BERT, KIND, NUMBER, ROWS, TASK, TOKENIZERS, WORDS, batch_of, encode, examples
from tokenizers import processors

from hbench.errors import DataError
from hbench.kinds.slots import tags_of
from hbench.kinds.text.tokens import NO_VALUE
from hbench.kinds.text.words import tokenize_words
from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer


def test_a_tag_stands_on_the_first_token_of_its_word() -> None:
    found = encode()
    batch = batch_of(found)
    shown = [BERT.convert_ids_to_tokens(row["input_ids"]) for row in found.sequences]
    assert shown[1] == ["[CLS]", "don", "'", "t", "play", "on", "monday", "[SEP]"]
    assert batch.gold["word"][1].tolist() == [-100, 0, -100, -100, 1, 2, 3, *[-100] * 3]
    assert batch.gold["tag"].tolist() == [
        [-100, 0, 0, 1, 2, *[-100] * 5],
        [-100, 0, -100, -100, 0, 0, 3, *[-100] * 3],
        [-100, 1, *[-100] * 8],
        [-100, 0, 1, 2, 2, 0, 3, 0, 4, -100],
    ]
    assert batch.gold["tag"].dtype == torch.int64
    assert batch.labels.tolist() == found.label.tolist() == [0, 1, 2, 1]
    assert batch.gold["words"].tolist() == [4, 4, 1, 8]
    assert found.notes.tolist()[2] == [1, *[-1] * 7]
    assert found.length.tolist() == [6, 8, 3, 10]
    assert found.sizes == {"intents": 3, "words": 8}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_intent_is_read_where_the_whole_text_was_read(name: str) -> None:
    make, place = TOKENIZERS[name]
    tokenizer = make()
    found = encode(tokenizer=tokenizer)
    assert found.gold["read"].tolist() == [place % length for length in found.sequences.lengths]
    for row in range(4):
        ids = found.sequences[row]["input_ids"]
        begins = found.token_gold["word"][found.sequences.starts[row] : found.sequences.starts[row + 1]].tolist()
        words = ROWS.columns["words"][row]
        words = words.split() if isinstance(words, str) else words
        # each piece from the beginning of one word to that of the next is the word, and all words have one
        first = [i for i, word in enumerate(begins) if word != NO_VALUE]
        assert [begins[i] for i in first] == list(range(len(words)))
        stops = [*first[1:], len(ids)]
        pieces = [tokenizer.decode(ids[a:b], skip_special_tokens=True) for a, b in zip(first, stops, strict=True)]
        assert [piece.replace(" ", "") for piece in pieces] == words


def test_cut_at_the_end_the_intent_is_still_read() -> None:
    for name, (make, place) in TOKENIZERS.items():
        found = encode(tokenizer=make(), max_length=5)
        assert found.sequences.lengths.max() == 5, name
        assert found.gold["read"][3] == place % 5, name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("adno'tplay.é漢\x00-"), min_size=1, max_size=6), min_size=1, max_size=8))
def test_words_are_those_of_the_librarys_own_way(words: list[str]) -> None:
    found = tokenize_words(BERT, [words], 64)
    theirs = BERT([words], is_split_into_words=True)
    seen: set[int] = set()
    expected = []
    for word in theirs.word_ids(0):
        expected.append(NO_VALUE if word is None or word in seen else word)
        seen |= set() if word is None else {word}
    assert found.sequences[0]["input_ids"] == theirs["input_ids"][0]
    assert found.begins.tolist() == expected


def test_words_with_spaces_and_words_without_a_token() -> None:
    rows = examples((["\x00", "red cat", "", "on"], ["B-day", "B-name", "O", "I-name"], "ask"))
    found = encode(rows)
    assert found.token_gold["word"].tolist() == [-100, 1, -100, 3, -100]
    assert found.token_gold["tag"].tolist() == [-100, 1, -100, 2, -100]
    # the words without a token are predicted as O
    batch = batch_of(found)
    logits = torch.zeros(1, 5, 8)
    logits[0, 0, 2] = 1.0
    logits[0, :, 3 + NUMBER["I-day"]] = 1.0
    assert KIND.predict(logits, batch).tolist() == [[2, 0, 4, 0, 4]]


def test_what_is_cut_off_is_not_trained_on_and_predicted_as_outside() -> None:
    found = encode(max_length=6)
    batch = batch_of(found)
    assert batch.gold["tag"][3].tolist() == [-100, 0, 1, 2, 2, -100]
    logits = torch.zeros(4, 6, 8)
    logits[..., 3 + NUMBER["B-day"]] = 1.0
    assert KIND.predict(logits, batch)[3].tolist() == [0, 3, 3, 3, 3, 0, 0, 0, 0]


def test_an_utterance_that_becomes_nothing_is_named() -> None:
    rows = examples((["cat"], ["O"], 0), (["\u2028"], ["O"], 0))
    tokenizer = load_tokenizer(find_model("tiny"), [WORDS])
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(single="$A", pair="$A $B")
    with pytest.raises(DataError, match=r"^example u1: the tokenizer makes no token of its words; fix or remove"):
        encode(rows, tokenizer)


def test_head_and_vocabulary() -> None:
    head = KIND.head(TASK)
    assert (head.auto, head.config) == ("AutoModelForTokenClassification", {"num_labels": 3 + 5})
    assert tags_of(TASK) == tuple(NUMBER)
    assert list(KIND.texts(TASK, ROWS))[:2] == ["play the red cat", "don't play on monday"]
