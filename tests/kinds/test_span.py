"""Questions with spans as answers: losses, signals and the choice of a span from random logits, bad rows, models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from scipy.stats import entropy
from support.span_examples import (
    KIND,
    ROWS,
    SIGNALS,
    TASK,
    examples,
)

from hbench.errors import DataError, UsageError
from hbench.kinds import Batch
from hbench.kinds.span import Span

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
        return KIND.logits(SimpleNamespace(start_logits=values[..., 0], end_logits=values[..., 1]), self.batch)

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
    observed = KIND.observe(drawn.logits(), drawn.batch)
    assert observed.dtype == torch.float32
    assert observed.shape == (len(drawn.batch.labels), KIND.width(TASK))
    found = KIND.signals(observed.numpy()[None], None)
    assert set(found) == set(SIGNALS)
    for i, own in enumerate(drawn.windows()):
        each = [expected_signals(logits, known) for logits, known in own]
        for name in SIGNALS[1:]:
            assert found[name].dtype == np.float32
            value = np.mean([signals[name] for signals in each])
            np.testing.assert_allclose(found[name][0, i], value, rtol=2e-6, atol=2e-6, err_msg=name)
        assert found["correct"].dtype == bool
        assert found["correct"][0, i] == all(signals["correct"] for signals in each)
    losses = KIND.losses(drawn.logits(), drawn.batch)
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
    assert KIND.observe(logits, batch)[:, 0].tolist() == [1, 1]
    logits[0, 1, 1] = 6.0
    assert KIND.observe(logits, batch)[:, 0].tolist() == [0, 1]


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
    found = dict(zip(SIGNALS, KIND.observe(logits, one)[0].tolist(), strict=True))
    small = np.exp(-40.0)
    expected = {"loss": 2 * small, "el2n": np.sqrt(2 * (4 + 2)) * small, "entropy": 2 * 2 * 41 * small}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-6, abs=0)
    assert (found["correct"], found["gold_prob"], found["margin"]) == (1.0, 1.0, 40.0)


def test_gradients_of_the_losses_are_those_of_the_mean_over_windows() -> None:
    drawn = Random.draw(5, tokens=9)
    raw = torch.from_numpy(drawn.raw).requires_grad_()
    logits = KIND.logits(SimpleNamespace(start_logits=raw[..., 0], end_logits=raw[..., 1]), drawn.batch)
    weights = torch.arange(1.0, 1 + len(drawn.batch.labels))
    (KIND.losses(logits, drawn.batch) * weights).sum().backward()
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
    clean = KIND.observe(drawn.logits(), drawn.batch)
    for end in (0, 1):
        raw = drawn.raw.copy()
        raw[0, 0, end] = np.nan
        found = KIND.observe(drawn.logits(raw), drawn.batch)
        assert found[0, 0] == 0
        assert found[0, 1:].isnan().all()
        np.testing.assert_array_equal(found[1:], clean[1:])
        assert KIND.predict(drawn.logits(raw), drawn.batch)[:, :4].isfinite().all()
    # the highest of missing logits is by convention the first, which here is the gold one
    first = dataclasses.replace(
        drawn.batch, gold={name: torch.zeros_like(drawn.batch.owner) for name in ("start", "end")}
    )
    assert KIND.observe(drawn.logits(np.full_like(drawn.raw, np.nan)), first)[:, 0].tolist() == [0] * len(first.labels)
    kept = np.full((2, 3, 6), np.nan, dtype=np.float32)
    signals = KIND.signals(kept, None)
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
    found = KIND.predict(drawn.logits(), drawn.batch)
    assert found.dtype == torch.float32
    assert found.shape == (len(drawn.batch.labels), KIND.predict_width(TASK, None))
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
    assert KIND.predict(logits, batch)[0].tolist() == [50.0, 0, 5, 8, 0.0]
    logits[0, 8, 1] = 0.0
    assert KIND.predict(logits, batch)[0].tolist() == [12.0, 0, 10, 39, 0.0]


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
    assert KIND.predict(logits, batch)[0].tolist() == [13.0, 0, 10, 11, 0.0]
    logits[0, 79, 0] = 9.0
    assert KIND.predict(logits, batch)[0, 0] == np.float32(-1e30)


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
        KIND.predict(padded.logits(), padded.batch), KIND.predict(drawn.logits(), drawn.batch)
    )
    for of in (KIND.losses, KIND.observe):
        np.testing.assert_allclose(of(padded.logits(), padded.batch), of(drawn.logits(), drawn.batch), rtol=1e-5)


# --- bad rows


def check_rows(question: Any = "who ?", context: Any = "the cat", answers: Any = None) -> Any:
    answers = {"text": ["cat"], "answer_start": [4]} if answers is None else answers
    columns = {"id": ["a", "b"], "question": ["who ?", question], "context": ["the cat", context]}
    columns["answers"] = [{"text": [], "answer_start": []}, answers]
    return KIND.check_rows(TASK, columns, lambda row: f"file.jsonl, row {row + 1}, id {columns['id'][row]}")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"answers": {"text": ["cat"], "answer_start": [3]}},
            r"'cat' is not at character 3, where ' ca' is.*at 4",
        ),
        ({"answers": {"text": ["dog"], "answer_start": [0]}}, r"where 'the' is.*nowhere in the context"),
        ({"answers": {"text": ["the"], "answer_start": [-7]}}, r"'the' is not at character -7"),
        ({"answers": {"text": ["cat"], "answer_start": [400]}}, r"is not at character 400, where '' is"),
        (
            {"answers": {"text": ["the", "cat"], "answer_start": [0]}},
            r"2 answers and 1 values of answer_start; give one",
        ),
        ({"answers": {"text": ["cat"], "answer_start": ["4"]}}, r"answer_start '4' is not an integer"),
        ({"answers": {"text": ["cat"], "answer_start": [True]}}, r"answer_start True is not an integer"),
        ({"answers": {"text": [7], "answer_start": [4]}}, r"answer 7 is not a string"),
        ({"answers": {"text": [" "], "answer_start": [3]}}, r"answer ' ' is not a string with a character"),
        ({"answers": {"text": "cat", "answer_start": 4}}, r"write \{'text': \[\.\.\.\]"),
        ({"answers": {"text": ["cat"]}}, r"write \{'text': \[\.\.\.\]"),
        ({"answers": ["cat"]}, r"the answers are \['cat'\]; write"),
        ({"answers": "x" * 200}, r"the answers are 'x+\.\.\.; write"),
        ({"context": ""}, r"column 'context' is empty; .* remove the row"),
        ({"context": " \n"}, r"column 'context' is empty"),
        ({"question": "\t"}, r"column 'question' is empty"),
        ({"question": None}, r"column 'question' holds None, which is not a string"),
    ],
)
def test_bad_rows_are_named_with_the_fix(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"^file\.jsonl, row 2, id b: .*{message}") as caught:
        check_rows(**row)
    assert "\n" not in str(caught.value)


def test_all_rows_are_used() -> None:
    assert check_rows().tolist() == [0, 1]
    assert check_rows(answers={"text": ["cat", "the cat"], "answer_start": [4, 0]}).tolist() == [0, 1]


def test_other_metrics_are_refused() -> None:
    other = type("Other", (type(TASK),), {"metric": "accuracy"})()
    for call in (
        lambda: KIND.check_rows(other, {"question": [], "context": [], "answers": []}, str),
        lambda: KIND.evaluate(other, np.zeros((0, 5), dtype=np.float32), examples(("", "", {})), None),
    ):
        with pytest.raises(UsageError, match=r"metric 'accuracy' does not fit.*use 'f1' or 'exact'"):
            call()


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
    head = KIND.head(TASK)
    model = getattr(transformers, head.auto).from_config(CONFIGS[name](**head.config))
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    batch = Batch(
        {"input_ids": torch.full((2, 5), 3), "attention_mask": mask},
        torch.zeros(1, dtype=torch.int64),
        torch.zeros(2, dtype=torch.int64),
        {"start": torch.tensor([0, 1]), "end": torch.tensor([0, 2])},
    )
    logits = KIND.logits(model(**batch.inputs), batch)
    assert logits.shape == (2, 5, 2)
    assert logits.dtype == torch.float32
    assert (logits[1, 3:] == np.float32(-1e30)).all()
    assert (logits[mask.bool()].abs() < 1e3).all()
    KIND.losses(logits, batch).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.qa_outputs.parameters())


def test_texts_are_questions_and_contexts() -> None:
    assert isinstance(KIND, Span)
    assert sorted(KIND.texts(TASK, ROWS)) == sorted([*ROWS.columns["question"], *ROWS.columns["context"]])
