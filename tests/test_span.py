"""Questions with spans as answers: windows, losses, signals, the choice of a span, and its evaluation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from scipy.stats import entropy
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from hbench import problems
from hbench.data import Examples
from hbench.errors import DataError, UsageError
from hbench.models import find_model
from hbench.problems import Batch, Encoded, windows
from hbench.problems.span import Span
from hbench.registry import TASKS
from hbench.training.batches import Collator
from hbench.training.model import load_tokenizer

PROBLEM = problems.find("span")
TASK = TASKS.find("squad_v2").plugin
CPU = torch.device("cpu")
SIGNALS = ("correct", "gold_prob", "el2n", "loss", "margin", "entropy")
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
TEXTS = ["who sat on the mat ?", "the red cat sat on the mat , not the dog .", " ".join(NUMBERS)]


def bert_like() -> Any:
    return load_tokenizer(find_model("tiny"), TEXTS)


def gpt2_like() -> Any:
    """Byte-level, without special tokens; a token takes the space before its word."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<|end|>"], initial_alphabet=alphabet, show_progress=False
    )
    core.train_from_iterator(TEXTS * 3, trainer)
    core.post_processor = processors.ByteLevel(trim_offsets=False)
    core.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<|end|>", eos_token="<|end|>")


TOKENIZERS = {"bert": bert_like(), "gpt2": gpt2_like()}
EITHER = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())


def answers(context: str, *texts: str) -> dict[str, list[Any]]:
    return {"text": list(texts), "answer_start": [context.index(text) for text in texts]}


def examples(*rows: tuple[str, str, dict[str, list[Any]]]) -> Examples:
    ids = [f"q{i}" for i in range(len(rows))]
    question, context, gold = (list(column) for column in zip(*rows, strict=True))
    return Examples(ids, {"id": ids, "question": question, "context": context, "answers": gold}, "")


def encode(rows: Examples, tokenizer: Any, max_length: int = 64) -> Encoded:
    return PROBLEM.encode(TASK, rows, tokenizer, max_length)


def texts_of(encoded: Encoded, rows: Examples) -> list[str]:
    """Return the text that the gold tokens of each window stand for."""
    found = encoded.notes.characters(np.arange(len(encoded.owner)), encoded.gold["start"], encoded.gold["end"])
    return [rows.columns["context"][i][a:b].strip() for i, (a, b) in zip(encoded.owner, found, strict=True)]


# --- losses, signals and spans of random logits


@dataclasses.dataclass
class Random:
    """Windows of random lengths, as padded logits with noise in the padding."""

    raw: np.ndarray
    lengths: np.ndarray
    batch: Batch

    @classmethod
    def draw(cls, seed: int, *, whole: bool = False, tokens: int = 50, spread: float = 4.0) -> Random:
        rng = np.random.default_rng(seed)
        owner = np.repeat(np.arange(rng.integers(1, 5)), rng.integers(1, 4))
        owner = np.sort(np.concatenate([owner, rng.integers(0, owner[-1] + 1, size=rng.integers(0, 3))]))
        s = len(owner)
        lengths = rng.integers(4, tokens + 1, size=s)
        first = rng.integers(1, lengths - 1)
        last = np.minimum(first + rng.integers(-1, tokens, size=s), lengths - 1)
        first, last = np.where(last < first, 1, first), np.where(last < first, 0, last)
        gold = np.stack([rng.integers(0, lengths), rng.integers(0, lengths)])
        raw = rng.normal(scale=spread, size=(s, tokens, 2))
        raw = (raw.round() if whole else raw).astype(np.float32)
        mask = (np.arange(tokens) < lengths[:, None]).astype(np.int64)
        named = {"start": gold[0], "end": gold[1], "first": first, "last": last}
        batch = Batch(
            {"input_ids": torch.zeros(s, tokens, dtype=torch.int64), "attention_mask": torch.from_numpy(mask)},
            torch.zeros(int(owner[-1]) + 1, dtype=torch.int64),
            torch.from_numpy(owner),
            {name: torch.from_numpy(values.astype(np.int64)) for name, values in named.items()},
        )
        return cls(raw, lengths, batch)

    def logits(self, raw: np.ndarray | None = None) -> torch.Tensor:
        values = torch.from_numpy(self.raw if raw is None else raw)
        return PROBLEM.logits(SimpleNamespace(start_logits=values[..., 0], end_logits=values[..., 1]), self.batch)

    def windows(self) -> list[list[tuple[np.ndarray, dict[str, int]]]]:
        """Return for each example its windows: float64 logits of the real tokens, and what is known of them."""
        found: list[list[tuple[np.ndarray, dict[str, int]]]] = [[] for _ in self.batch.labels]
        for i, owner in enumerate(self.batch.owner.tolist()):
            known = {name: int(values[i]) for name, values in self.batch.gold.items()}
            found[owner].append((self.raw[i, : self.lengths[i]].astype(np.float64), known))
        return found


def expected_signals(logits: np.ndarray, known: dict[str, int]) -> dict[str, float]:
    """The definitions, window by window, in the plain way."""
    log_prob = log_softmax(logits, axis=0)
    gold = [known["start"], known["end"]]
    target = np.zeros_like(logits)
    target[gold, [0, 1]] = 1
    pairs = logits[:, None, 0] + logits[None, :, 1]
    of_gold = pairs[gold[0], gold[1]]
    pairs[gold[0], gold[1]] = -np.inf
    return {
        "correct": float((logits.argmax(axis=0) == gold).all()),
        "gold_prob": float(np.exp(log_prob[gold, [0, 1]].sum())),
        "el2n": float(np.linalg.norm(np.exp(log_prob) - target)),
        "loss": float(-log_prob[gold, [0, 1]].mean()),
        "margin": float(of_gold - pairs.max()),
        "entropy": float(entropy(np.exp(log_prob), axis=0).sum()),
    }


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), whole=st.booleans(), spread=st.sampled_from([0.3, 4.0, 15.0]))
def test_signals_and_losses_are_those_of_the_definitions(seed: int, whole: bool, spread: float) -> None:
    drawn = Random.draw(seed, whole=whole, tokens=12, spread=spread)
    observed = PROBLEM.observe(drawn.logits(), drawn.batch)
    assert observed.dtype == torch.float32
    assert observed.shape == (len(drawn.batch.labels), PROBLEM.width(TASK))
    found = PROBLEM.signals(observed.numpy()[None], None)
    assert set(found) == set(SIGNALS)
    for i, own in enumerate(drawn.windows()):
        each = [expected_signals(logits, known) for logits, known in own]
        for name in SIGNALS[1:]:
            assert found[name].dtype == np.float32
            value = np.mean([signals[name] for signals in each])
            np.testing.assert_allclose(found[name][0, i], value, rtol=2e-6, atol=2e-6, err_msg=name)
        assert found["correct"].dtype == bool
        assert found["correct"][0, i] == all(signals["correct"] for signals in each)
    losses = PROBLEM.losses(drawn.logits(), drawn.batch)
    assert losses.dtype == torch.float32
    np.testing.assert_allclose(losses.numpy(), found["loss"][0], rtol=1e-5, atol=1e-5)


def test_every_window_has_to_be_right() -> None:
    batch = Batch(
        {"attention_mask": torch.ones(3, 4, dtype=torch.int64)},
        torch.zeros(2, dtype=torch.int64),
        torch.tensor([0, 0, 1]),
        {name: torch.tensor(values) for name, values in {"start": [0, 2, 2], "end": [0, 3, 3]}.items()},
    )
    logits = torch.zeros(3, 4, 2)
    for window, (start, end) in enumerate([(0, 0), (2, 3), (2, 3)]):
        logits[window, start, 0] = logits[window, end, 1] = 5.0
    assert PROBLEM.observe(logits, batch)[:, 0].tolist() == [1, 1]
    logits[0, 1, 1] = 6.0
    assert PROBLEM.observe(logits, batch)[:, 0].tolist() == [0, 1]


def test_signals_of_a_confident_example_are_not_rounded_away() -> None:
    batch = Random.draw(0).batch
    one = dataclasses.replace(
        batch,
        labels=torch.zeros(1, dtype=torch.int64),
        owner=torch.zeros(1, dtype=torch.int64),
        gold={"start": torch.tensor([1]), "end": torch.tensor([2])},
    )
    logits = torch.zeros(1, 3, 2)
    logits[0, 1, 0] = logits[0, 2, 1] = 40.0
    found = dict(zip(SIGNALS, PROBLEM.observe(logits, one)[0].tolist(), strict=True))
    small = np.exp(-40.0)
    expected = {"loss": 2 * small, "el2n": np.sqrt(2 * (4 + 2)) * small, "entropy": 2 * 2 * 41 * small}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-6, abs=0)
    assert (found["correct"], found["gold_prob"], found["margin"]) == (1.0, 1.0, 40.0)


def test_gradients_of_the_losses_are_those_of_the_mean_over_windows() -> None:
    drawn = Random.draw(5, tokens=9)
    raw = torch.from_numpy(drawn.raw).requires_grad_()
    logits = PROBLEM.logits(SimpleNamespace(start_logits=raw[..., 0], end_logits=raw[..., 1]), drawn.batch)
    weights = torch.arange(1.0, 1 + len(drawn.batch.labels))
    (PROBLEM.losses(logits, drawn.batch) * weights).sum().backward()
    counts = np.bincount(drawn.batch.owner.numpy())
    expected = np.zeros_like(drawn.raw)
    for i, owner in enumerate(drawn.batch.owner.tolist()):
        real = drawn.lengths[i]
        expected[i, :real] = np.exp(log_softmax(drawn.raw[i, :real].astype(np.float64), axis=0))
        for end, name in enumerate(("start", "end")):
            expected[i, drawn.batch.gold[name][i], end] -= 1
        expected[i] *= (owner + 1) / 2 / counts[owner]
    np.testing.assert_allclose(raw.grad.numpy(), expected, atol=1e-6)


def test_missing_logits_give_missing_signals_of_their_example_alone() -> None:
    drawn = next(found for seed in range(99) if len((found := Random.draw(seed)).batch.labels) > 1)
    clean = PROBLEM.observe(drawn.logits(), drawn.batch)
    for end in (0, 1):
        raw = drawn.raw.copy()
        raw[0, 0, end] = np.nan
        found = PROBLEM.observe(drawn.logits(raw), drawn.batch)
        assert found[0, 0] == 0
        assert found[0, 1:].isnan().all()
        np.testing.assert_array_equal(found[1:], clean[1:])
        assert PROBLEM.decide(drawn.logits(raw), drawn.batch)[:, :4].isfinite().all()
    # the highest of missing logits is by convention the first, which here is the gold one
    first = dataclasses.replace(
        drawn.batch, gold={name: torch.zeros_like(drawn.batch.owner) for name in ("start", "end")}
    )
    assert PROBLEM.observe(drawn.logits(np.full_like(drawn.raw, np.nan)), first)[:, 0].tolist() == [0] * len(
        first.labels
    )
    kept = np.full((2, 3, 6), np.nan, dtype=np.float32)
    signals = PROBLEM.signals(kept, None)
    assert not signals["correct"].any()
    assert np.isnan(signals["loss"]).all()


def expected_decision(own: list[tuple[np.ndarray, dict[str, int]]]) -> list[float]:
    best = [-1e30, 0.0, None, None]
    for number, (logits, known) in enumerate(own):
        context = range(known["first"], known["last"] + 1)
        ranked = [sorted(context, key=lambda t, end=end: (-logits[t, end], t))[:20] for end in (0, 1)]
        for start in ranked[0]:
            for end in ranked[1]:
                score = float(np.float32(logits[start, 0]) + np.float32(logits[end, 1]))
                if start <= end < start + 30 and score > best[0]:
                    best = [score, number, start, end]
    null = min(float(np.float32(logits[0, 0]) + np.float32(logits[0, 1])) for logits, _ in own)
    return [*best, null]


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), whole=st.booleans())
def test_the_best_span_is_that_of_a_plain_search(seed: int, whole: bool) -> None:
    drawn = Random.draw(seed, whole=whole, spread=1.0 if whole else 4.0)
    found = PROBLEM.decide(drawn.logits(), drawn.batch)
    assert found.dtype == torch.float32
    assert found.shape == (len(drawn.batch.labels), PROBLEM.decided(TASK, None))
    for row, own in zip(found.tolist(), drawn.windows(), strict=True):
        for value, wanted in zip(row, expected_decision(own), strict=True):
            if wanted is not None:
                assert value == np.float32(wanted)


def test_a_span_has_at_most_thirty_tokens_and_ends_after_its_start() -> None:
    logits = torch.zeros(1, 80, 2)
    batch = Batch(
        {},
        torch.zeros(1, dtype=torch.int64),
        torch.zeros(1, dtype=torch.int64),
        {"first": torch.tensor([5]), "last": torch.tensor([70])},
    )
    logits[0, 10, 0], logits[0, 40, 1], logits[0, 39, 1] = 9.0, 9.0, 3.0  # 31 and 30 tokens
    logits[0, 4, 0], logits[0, 71, 1], logits[0, 8, 1] = 99.0, 99.0, 50.0  # outside, and before the start
    assert PROBLEM.decide(logits, batch)[0].tolist() == [50.0, 0, 5, 8, 0.0]
    logits[0, 8, 1] = 0.0
    assert PROBLEM.decide(logits, batch)[0].tolist() == [12.0, 0, 10, 39, 0.0]


def test_the_twenty_best_starts_and_ends_are_tried() -> None:
    batch = Batch(
        {},
        torch.zeros(1, dtype=torch.int64),
        torch.zeros(1, dtype=torch.int64),
        {"first": torch.tensor([1]), "last": torch.tensor([79])},
    )
    logits = torch.zeros(1, 80, 2)
    logits[0, 60:79, 0] = 9.0  # 19 starts behind all good ends
    logits[0, 10, 0], logits[0, 9, 0] = 8.0, 7.0
    logits[0, 11, 1], logits[0, 1:9, 1] = 5.0, 6.0
    assert PROBLEM.decide(logits, batch)[0].tolist() == [13.0, 0, 10, 11, 0.0]
    logits[0, 79, 0] = 9.0
    assert PROBLEM.decide(logits, batch)[0, 0] == np.float32(-1e30)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), more=st.integers(1, 40), whole=st.booleans())
def test_nothing_depends_on_the_padding(seed: int, more: int, whole: bool) -> None:
    drawn = Random.draw(seed, whole=whole, tokens=20)
    rng = np.random.default_rng(seed + 1)
    wider = rng.normal(scale=50, size=(len(drawn.raw), 20 + more, 2)).astype(np.float32)
    wider[:, :20] = np.where((np.arange(20) < drawn.lengths[:, None])[..., None], drawn.raw, wider[:, :20])
    wider[:, -1] = np.nan
    mask = torch.nn.functional.pad(drawn.batch.inputs["attention_mask"], (0, more))
    padded = Random(wider, drawn.lengths, dataclasses.replace(drawn.batch, inputs={"attention_mask": mask}))
    np.testing.assert_array_equal(
        PROBLEM.decide(padded.logits(), padded.batch), PROBLEM.decide(drawn.logits(), drawn.batch)
    )
    for of in (PROBLEM.losses, PROBLEM.observe):
        np.testing.assert_allclose(of(padded.logits(), padded.batch), of(drawn.logits(), drawn.batch), rtol=1e-5)


# --- windows


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
    assert PROBLEM.usable(TASK, rows.columns, str).tolist() == [0]
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
    kept = PROBLEM.decide(torch.zeros(*batch.inputs["input_ids"].shape, 2), batch)
    assert kept[0].tolist() == [np.float32(-1e30), 0, kept[0, 2], kept[0, 3], 0]
    done = PROBLEM.evaluate(TASK, kept.numpy(), rows, found)
    assert done.prediction.tolist() == [[-1, -1], [0, 3]]


# --- bad rows


def usable(question: Any = "who ?", context: Any = "the cat", answers: Any = None) -> Any:
    answers = {"text": ["cat"], "answer_start": [4]} if answers is None else answers
    columns = {"id": ["a", "b"], "question": ["who ?", question], "context": ["the cat", context]}
    columns["answers"] = [{"text": [], "answer_start": []}, answers]
    return PROBLEM.usable(TASK, columns, lambda row: f"file.jsonl, row {row + 1}, id {columns['id'][row]}")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"answers": {"text": ["cat"], "answer_start": [3]}},
            r"'cat' does not stand at character 3, where ' ca' is.*at 4",
        ),
        ({"answers": {"text": ["dog"], "answer_start": [0]}}, r"where 'the' is.*nowhere in the context"),
        ({"answers": {"text": ["the"], "answer_start": [-7]}}, r"'the' does not stand at character -7"),
        ({"answers": {"text": ["cat"], "answer_start": [400]}}, r"does not stand at character 400, where '' is"),
        (
            {"answers": {"text": ["the", "cat"], "answer_start": [0]}},
            r"2 answers and 1 values of answer_start; give one",
        ),
        ({"answers": {"text": ["cat"], "answer_start": ["4"]}}, r"answer_start '4' is not a whole number"),
        ({"answers": {"text": ["cat"], "answer_start": [True]}}, r"answer_start True is not a whole number"),
        ({"answers": {"text": [7], "answer_start": [4]}}, r"answer 7 is not a text"),
        ({"answers": {"text": [" "], "answer_start": [3]}}, r"answer ' ' is not a text with a character"),
        ({"answers": {"text": "cat", "answer_start": 4}}, r"write \{'text': \[\.\.\.\]"),
        ({"answers": {"text": ["cat"]}}, r"write \{'text': \[\.\.\.\]"),
        ({"answers": ["cat"]}, r"the answers are \['cat'\]; write"),
        ({"answers": "x" * 200}, r"the answers are 'x+\.\.\.; write"),
        ({"context": ""}, r"column 'context' is empty; give it a text or remove the row"),
        ({"context": " \n"}, r"column 'context' is empty"),
        ({"question": "\t"}, r"column 'question' is empty"),
        ({"question": None}, r"column 'question' holds None, which is not a text"),
    ],
)
def test_bad_rows_are_named_with_the_fix(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"^file\.jsonl, row 2, id b: .*{message}") as caught:
        usable(**row)
    assert "\n" not in str(caught.value)


def test_all_rows_are_used() -> None:
    assert usable().tolist() == [0, 1]
    assert usable(answers={"text": ["cat", "the cat"], "answer_start": [4, 0]}).tolist() == [0, 1]


def test_other_metrics_are_refused() -> None:
    other = type("Other", (type(TASK),), {"metric": "accuracy"})()
    for call in (
        lambda: PROBLEM.usable(other, {"question": [], "context": [], "answers": []}, str),
        lambda: PROBLEM.evaluate(other, np.zeros((0, 5), dtype=np.float32), examples(("", "", {})), None),
    ):
        with pytest.raises(UsageError, match=r"metric 'accuracy' does not fit.*use 'f1' or 'exact'"):
            call()


# --- evaluation

CAT = "the red cat sat on the mat , not the dog ."
LONG = " ".join(NUMBERS * 4)
ROWS = examples(
    ("who sat ?", CAT, answers(CAT, "red cat", "the red cat sat")),
    ("who sat on the mat ?", CAT, answers(CAT, "the dog")),
    ("who ran ?", CAT, answers(CAT)),
    ("who sat not ?", CAT, answers(CAT)),
    ("which ?", LONG, answers(LONG, "twelve one")),
)
#: For each question: the span the model believes in, its score, and the score of no answer.
BELIEVED = [("red cat", 8.0, 2.0), ("cat", 6.0, 2.0), ("mat", 3.0, 4.0), ("sat", 4.0, 1.0), ("twelve one", 9.0, 8.5)]


def kept(tokenizer: Any, found: Encoded, believed: list[tuple[str, float, float]]) -> np.ndarray:
    """Return what `decide` keeps of logits that give each span its score in the last window that holds it."""
    texts = [
        (question, context, answers(context, text))
        for (question, context, text) in zip(
            ROWS.columns["question"], ROWS.columns["context"], [text for text, _, _ in believed], strict=True
        )
    ]
    tokens = encode(examples(*texts), tokenizer, 32).gold
    collate = Collator(found, CPU)
    rows = np.zeros((len(found.ids), PROBLEM.decided(TASK, found)), dtype=np.float32)
    for members in (np.array([4, 0]), np.array([3, 1, 2])):
        batch = collate(members)
        logits = torch.full((*batch.inputs["input_ids"].shape, 2), -20.0)
        place = 0
        for member in members:
            own = np.flatnonzero(found.owner == member)
            _, score, null = believed[member]
            logits[place : place + len(own), 0] = (null + 1) / 2
            logits[place, 0] = null / 2
            window = max(i for i, w in enumerate(own) if tokens["start"][w])
            at = own[window]
            logits[place + window, tokens["start"][at], 0] = score - 1
            logits[place + window, tokens["end"][at], 1] = 1.0
            place += len(own)
        rows[members] = PROBLEM.decide(logits, batch).numpy()
    return rows


@EITHER
def test_evaluation_of_believed_spans(tokenizer: Any) -> None:
    found = encode(ROWS, tokenizer, 32)
    assert (found.owner == 4).sum() > 1
    done = PROBLEM.evaluate(TASK, kept(tokenizer, found, BELIEVED), ROWS, found)
    said = [ROWS.columns["context"][i][a:b] if a >= 0 else "" for i, (a, b) in enumerate(done.prediction.tolist())]
    assert said == ["red cat", "cat", "", "sat", "twelve one"]
    assert done.prediction.dtype == np.int64
    assert done.prediction[2].tolist() == [-1, -1]
    assert done.values.tolist() == [1, 0, 1, 0, 1]
    assert done.values.dtype == np.float64
    assert done.details["exact"].tolist() == [1, 0, 1, 0, 1]
    assert done.details["null_difference"].tolist() == [-6, -4, 1, -3, -0.5]
    assert done.details["null_difference"].dtype == np.float32
    # in the order of the differences the answers gain 1, 0, -1, 1, -1 on two questions without an answer
    assert done.metric == pytest.approx({"f1": 3 / 5, "exact": 3 / 5, "best_f1": 3 / 5, "best_exact": 3 / 5})


@pytest.mark.parametrize(
    ("threshold", "said"),
    [(1.0, [1, 1, 1, 1, 1]), (0.99, [1, 1, 0, 1, 1]), (-3.5, [1, 1, 0, 0, 0]), (-9.0, [0, 0, 0, 0, 0])],
)
def test_threshold_says_how_much_no_answer_has_to_lead(threshold: float, said: list[int]) -> None:
    found = encode(ROWS, TOKENIZERS["bert"], 32)
    task = TASKS.find(f"squad_v2[threshold={threshold}]").plugin
    done = PROBLEM.evaluate(task, kept(TOKENIZERS["bert"], found, BELIEVED), ROWS, found)
    assert (done.prediction[:, 0] >= 0).astype(int).tolist() == said


def test_values_follow_the_metric_and_partial_answers_count_in_part() -> None:
    found = encode(ROWS, TOKENIZERS["bert"], 32)
    believed = [("the red cat sat on", 8.0, 2.0), ("not the dog", 6.0, 2.0), *BELIEVED[2:]]
    kept_rows = kept(TOKENIZERS["bert"], found, believed)
    f1 = PROBLEM.evaluate(TASK, kept_rows, ROWS, found)
    assert f1.values.tolist() == pytest.approx([6 / 7, 2 / 3, 1, 0, 1])
    assert f1.metric["f1"] == pytest.approx(np.mean(f1.values))
    exact = PROBLEM.evaluate(type("Exact", (type(TASK),), {"metric": "exact"})(), kept_rows, ROWS, found)
    assert exact.values.tolist() == f1.details["exact"].tolist() == [0, 0, 1, 0, 1]
    assert exact.metric == f1.metric


def test_missing_scores_are_no_answer() -> None:
    found = encode(ROWS, TOKENIZERS["bert"], 32)
    rows = kept(TOKENIZERS["bert"], found, BELIEVED)
    rows[0, 4] = np.nan
    assert PROBLEM.evaluate(TASK, rows, ROWS, found).prediction[0].tolist() == [-1, -1]


# --- models


SMALL = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 64,
    "pad_token_id": 1,
}
OPT = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "ffn_dim": 24}
CONFIGS: dict[str, Callable[..., Any]] = {
    "bert": lambda **head: transformers.BertConfig(**SMALL, **head),
    "roberta": lambda **head: transformers.RobertaConfig(**SMALL, **head),
    "electra": lambda **head: transformers.ElectraConfig(embedding_size=8, **SMALL, **head),
    "distilbert": lambda **head: transformers.DistilBertConfig(
        vocab_size=40, dim=16, n_layers=1, n_heads=2, hidden_dim=24, **head
    ),
    "opt": lambda **head: transformers.OPTConfig(word_embed_proj_dim=16, **OPT, **head),
    "opt-350m": lambda **head: transformers.OPTConfig(word_embed_proj_dim=8, do_layer_norm_before=False, **OPT, **head),
    "gpt2": lambda **head: transformers.GPT2Config(
        vocab_size=40, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0, **head
    ),
    "llama": lambda **head: transformers.LlamaConfig(num_key_value_heads=2, **SMALL, **head),
    "qwen3": lambda **head: transformers.Qwen3Config(num_key_value_heads=2, head_dim=8, **SMALL, **head),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_architecture_scores_starts_and_ends(name: str) -> None:
    head = PROBLEM.head(TASK)
    model = getattr(transformers, head.auto).from_config(CONFIGS[name](**head.config))
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    batch = Batch(
        {"input_ids": torch.full((2, 5), 3), "attention_mask": mask},
        torch.zeros(1, dtype=torch.int64),
        torch.zeros(2, dtype=torch.int64),
        {"start": torch.tensor([0, 1]), "end": torch.tensor([0, 2])},
    )
    logits = PROBLEM.logits(model(**batch.inputs), batch)
    assert logits.shape == (2, 5, 2)
    assert logits.dtype == torch.float32
    assert (logits[1, 3:] == np.float32(-1e30)).all()
    assert (logits[mask.bool()].abs() < 1e3).all()
    PROBLEM.losses(logits, batch).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.qa_outputs.parameters())


def test_texts_are_questions_and_contexts() -> None:
    assert isinstance(PROBLEM, Span)
    assert sorted(PROBLEM.texts(TASK, ROWS)) == sorted([*ROWS.columns["question"], *ROWS.columns["context"]])
