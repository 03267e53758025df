"""Windows over long contexts: no token and no answer is lost, and every answer comes back as its text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.span_examples import CPU, EITHER, KIND, NUMBERS, TASK, TOKENIZERS, answers, encode, examples, texts_of

from hbench.errors import DataError
from hbench.kinds.text import windows
from hbench.training.batches import Collator


@EITHER
def test_answers_come_back_as_their_exact_texts(tokenizer: Any) -> None:
    context = "the red cat sat on the mat , not the dog ."
    long = " ".join(NUMBERS * 3)
    rows = examples(
        ("who sat ?", context, answers(context, "red cat", "cat")),
        ("who sat not ?", context, answers(context, "the dog")),
        ("who ran ?", context, answers(context)),
        ("which ?", long, answers(long, "eleven twelve")),
        ("where ?", "on\n\n  the \t mat", answers("on\n\n  the \t mat", "the \t mat")),
    )
    found = encode(rows, tokenizer)
    assert found.ids == rows.ids
    assert found.label.tolist() == [0, 0, 1, 0, 0]
    each = {i: [] for i in range(5)}
    for owner, text, start in zip(found.owner, texts_of(found, rows), found.gold["start"], strict=True):
        each[int(owner)].append(text if start else "")
    assert {text for text in each[0] if text} == {"red cat"}
    assert {text for text in each[1] if text} == {"the dog"}
    assert set(each[2]) == {""}
    assert {text for text in each[3] if text} == {"eleven twelve"}
    assert {text for text in each[4] if text} == {"the \t mat"}
    for values in (found.owner, found.label, found.length, *found.gold.values()):
        assert values.dtype == np.int64
    assert found.notes.offsets.dtype == np.int32
    np.testing.assert_array_equal(
        found.length, [found.sequences.lengths[found.owner == i].sum() for i in range(len(found.ids))]
    )


def test_a_window_is_the_question_then_a_part_of_the_context() -> None:
    context = " ".join(NUMBERS)
    found = encode(examples(("who sat ?", context, answers(context, "seven"))), TOKENIZERS["bert"], 12)
    shown = [TOKENIZERS["bert"].decode(row["input_ids"]) for row in found.sequences]
    # six tokens of the context fit, of which half are repeated: less than 12 // 3
    assert shown == [
        "[CLS] who sat ? [SEP] one two three four five six [SEP]",
        "[CLS] who sat ? [SEP] four five six seven eight nine [SEP]",
        "[CLS] who sat ? [SEP] seven eight nine ten eleven twelve [SEP]",
    ]
    assert found.sequences[0]["token_type_ids"] == [0] * 5 + [1] * 7
    assert found.gold["first"].tolist() == [5, 5, 5]
    assert found.gold["last"].tolist() == [10, 10, 10]
    assert found.gold["start"].tolist() == found.gold["end"].tolist() == [0, 8, 5]
    assert found.owner.tolist() == [0, 0, 0]
    assert found.length.tolist() == [36]


def test_windows_of_the_published_length_overlap_by_128_tokens() -> None:
    context = " ".join(NUMBERS * 100)
    rows = examples(("who sat ?", context, answers(context)))
    found = encode(rows, TOKENIZERS["bert"], 384)
    begins = found.notes.offsets[found.notes.starts[:-1], 0]
    size = found.gold["last"] - found.gold["first"] + 1
    words = [len(context[:begin].split()) for begin in begins]
    assert size[:-1].tolist() == [384 - 6] * (len(size) - 1)
    assert np.diff(words).tolist() == [384 - 6 - 128] * (len(words) - 1)


@EITHER
@pytest.mark.parametrize("max_length", [48, 64])
def test_no_token_of_a_long_context_is_lost(tokenizer: Any, max_length: int) -> None:
    context = " ".join(NUMBERS[i % 7] for i in range(400))
    rows = examples(("who ?", "the mat .", answers("the mat .")), ("who sat ?", context, answers(context, "four")))
    found = encode(rows, tokenizer, max_length)
    assert (found.owner == 1).sum() > 10
    assert found.sequences.lengths.max() == max_length
    whole = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)
    stitched: list[tuple[int, int]] = []
    for window in np.flatnonzero(found.owner == 1):
        part = [
            tuple(pair) for pair in found.notes.offsets[found.notes.starts[window] : found.notes.starts[window + 1]]
        ]
        first, last = (int(found.gold[name][window]) for name in ("first", "last"))
        kept = slice(first, last + 1)
        begin = stitched.index(part[0]) if stitched else 0
        assert whole["input_ids"][begin : begin + len(part)] == found.sequences[int(window)]["input_ids"][kept]
        stitched = stitched[:begin] + part
    assert stitched == whole["offset_mapping"]


PIECES = st.sampled_from(
    ["cat", "mat", "the", " ", "  ", "\n", ",", "é", "naïve", "日本", "🙂", "\u200b", "\t\t", "12", "the cat"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=40), st.data(), st.sampled_from(sorted(TOKENIZERS)))
@example(["\u200b", "cat", " ", "mat"], None, "bert")
def test_gold_tokens_are_those_that_cover_the_answer(pieces: list[str], data: Any, name: str) -> None:
    context = "".join(pieces)
    begin = 0 if data is None else data.draw(st.integers(0, len(context) - 1))
    end = len(context) if data is None else data.draw(st.integers(begin + 1, len(context)))
    text = context[begin:end]
    if not text.strip():
        return
    tokenizer = TOKENIZERS[name]
    rows = examples(("who ?", context, {"text": [text], "answer_start": [begin]}))
    assert KIND.check_rows(TASK, rows.columns, str).tolist() == [0]
    found = encode(rows, tokenizer, 16)
    begin, end = begin + len(text) - len(text.lstrip()), begin + len(text.rstrip())
    all_tokens = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    covering = [(a, b) for a, b in all_tokens if b > begin and a < end]
    held = 0
    for window in range(len(found.owner)):
        part = found.notes.offsets[found.notes.starts[window] : found.notes.starts[window + 1]].tolist()
        place = [i for i, (a, b) in enumerate(part) if b > begin and a < end]
        whole = bool(place) and part[place[0]][0] == covering[0][0] and part[place[-1]][1] == covering[-1][1]
        first = int(found.gold["first"][window])
        expected = (first + place[0], first + place[-1]) if whole else (0, 0)
        assert (found.gold["start"][window], found.gold["end"][window]) == expected
        held += whole
    # 16 tokens hold a question of a few and an answer of one
    assert held or len(covering) != 1


def test_an_answer_longer_than_any_window_is_nowhere() -> None:
    context = " ".join(NUMBERS * 4)
    found = encode(examples(("who ?", context, answers(context, context))), TOKENIZERS["bert"], 20)
    assert found.label.tolist() == [0]
    assert not found.gold["start"].any()
    assert not found.gold["end"].any()


@EITHER
def test_a_long_question_is_cut_to_64_tokens(tokenizer: Any) -> None:
    context = "the red cat sat on the mat"
    question = " ".join(["who"] * 100)
    found = encode(examples((question, context, answers(context, "cat"))), tokenizer, 256)
    kept, count = windows.cut_questions(tokenizer, [question, "who ?"])
    plain = tokenizer(question, add_special_tokens=False)["input_ids"]
    mark = windows.separator(tokenizer)
    begins = int(found.gold["first"][0]) - int(tokenizer.num_special_tokens_to_add(pair=True) > 0) * 2
    assert count[0] == begins == 64 + len(mark)
    assert kept[0].removesuffix(mark) == question[: len(kept[0]) - len(mark)]
    assert tokenizer(kept[0], add_special_tokens=False)["input_ids"][:64] == plain[:64]
    assert kept[1] == "who ?" + mark
    assert texts_of(found, examples((question, context, answers(context, "cat")))) == ["cat"]


def test_a_character_of_several_tokens_is_cut_as_a_whole() -> None:
    kept, count = windows.cut_questions(TOKENIZERS["gpt2"], ["a" + "🙂" * 40])
    # of four tokens each, 15 fit behind the one before them, and the line break follows
    assert kept == ["a" + "🙂" * 15 + "\n"]
    assert count.tolist() == [1 + 4 * 15 + 1]


def test_texts_are_parted_where_the_tokenizer_does_not_and_position_0_stands_for_none() -> None:
    tokenizer = TOKENIZERS["gpt2"]
    context = "the red cat sat"
    rows = examples(("who sat ?", context, answers(context, "red cat")), ("who ?", context, answers(context)))
    found = encode(rows, tokenizer)
    assert tokenizer.decode(found.sequences[0]["input_ids"]) == "who sat ?\nthe red cat sat"
    assert texts_of(found, rows)[0] == "red cat"
    assert (found.gold["start"][1], found.gold["end"][1]) == (0, 0)
    assert found.gold["first"][0] > 0


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_windows_do_not_depend_on_the_chunk(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    context = " ".join(NUMBERS * 3)
    rows = examples(
        *[(f"who {'sat ' * i}?", context[i:], answers(context[i:], word)) for i, word in enumerate(NUMBERS[:7])]
    )
    whole = encode(rows, TOKENIZERS["bert"], 16)
    monkeypatch.setattr(windows, "CHUNK", chunk)
    found = encode(rows, TOKENIZERS["bert"], 16)
    assert list(found.sequences) == list(whole.sequences)
    for name in ("owner", "label", "length"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
    for name, values in whole.gold.items():
        np.testing.assert_array_equal(found.gold[name], values)
    np.testing.assert_array_equal(found.notes.offsets, whole.notes.offsets)


def test_a_question_that_leaves_no_room_is_named_with_the_length_needed() -> None:
    context = "the red cat"
    rows = examples(("who ?", context, answers(context)), ("who sat on the mat ?", context, answers(context, "cat")))
    with pytest.raises(DataError, match=r"example q1: its question takes 6 tokens.*max_length of at least 10"):
        encode(rows, TOKENIZERS["bert"], 9)
    found = encode(rows, TOKENIZERS["bert"], 10)
    assert (found.gold["last"] - found.gold["first"] + 1)[found.owner == 1].tolist() == [1, 1, 1]


def test_a_context_without_a_token_has_no_span() -> None:
    """BERT's tokenizer drops control characters."""
    tokenizer = TOKENIZERS["bert"]
    rows = examples(
        ("who ?", "\u200b\u200b", answers("\u200b\u200b", "\u200b")), ("who ?", "cat", answers("cat", "cat"))
    )
    found = encode(rows, tokenizer)
    assert (found.gold["first"].tolist(), found.gold["last"].tolist()) == ([1, 4], [0, 4])
    assert (found.gold["start"].tolist(), found.gold["end"].tolist()) == ([0, 4], [0, 4])
    batch = Collator(found, CPU)(np.arange(2))
    kept = KIND.predict(torch.zeros(*batch.inputs["input_ids"].shape, 2), batch)
    assert kept[0].tolist() == [np.float32(-1e30), 0, kept[0, 2], kept[0, 3], 0]
    done = KIND.evaluate(TASK, kept.numpy(), rows, found)
    assert done.prediction.tolist() == [[-1, -1], [0, 3]]
