"""Leaving out the rows of the embedding that nothing reads changes no number of a training, in any architecture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers
from support.architectures import ARCHITECTURES, PAD, VOCABULARY, build
from support.joint_examples import BERT, encode
from torch.nn import functional

from hbench.models.rows import RowsInUse, used_rows
from hbench.training.gradients.norms import gradient_norms

#: Tokens that the batch below may hold.
ROWS = np.array([PAD, 2, 5, 6, 11, 23, 24, 41, 58])
LABELS = torch.tensor([0, 2, 1, 1])


def batch(seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    real = torch.arange(9) < torch.tensor([9, 6, 9, 4])[:, None]
    ids = torch.from_numpy(ROWS)[torch.randint(1, len(ROWS), real.shape, generator=generator)]
    return {"input_ids": ids.where(real, PAD), "attention_mask": real.long()}


def losses(output: Any) -> torch.Tensor:
    return functional.cross_entropy(output.logits, LABELS, reduction="none")


def both(name: str) -> tuple[torch.nn.Module, torch.nn.Module, RowsInUse]:
    """Return a model, the same one with some rows only, and these rows."""
    whole, part = build(name), build(name)
    return whole, part, RowsInUse(part, ROWS)


def table(model: torch.nn.Module) -> torch.Tensor:
    weight: torch.Tensor = model.get_input_embeddings().weight
    return weight


def assert_same(whole: torch.nn.Module, part: torch.nn.Module, of: str) -> None:
    """Compare all parameters, or their gradients, bit for bit; of the table, the rows that are kept."""
    for (name, a), (other, b) in zip(whole.named_parameters(), part.named_parameters(), strict=True):
        assert name == other
        first, second = (a, b) if of == "values" else (a.grad, b.grad)
        if first is None or second is None:
            assert first is second
        else:
            assert torch.equal(first[torch.from_numpy(ROWS)] if a is table(whole) else first, second), name


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_gradients_are_equal_bit_for_bit(name: str) -> None:
    whole, part, rows = both(name)
    assert rows.kept is not None
    assert table(part).shape == (len(ROWS), table(whole).shape[1])
    outputs = []
    for model in (whole, part):
        output = model.eval()(**batch())
        losses(output).mean().backward()
        outputs.append(output.logits)
    assert torch.equal(*outputs)
    assert_same(whole, part, "gradients")
    others = torch.ones(VOCABULARY, dtype=torch.bool)
    others[torch.from_numpy(ROWS)] = False
    assert not table(whole).grad[others].any()


@pytest.mark.parametrize("name", ["bert", "gpt2", "opt-350m"])
@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_whole_trainings_are_equal(name: str, clip: float) -> None:
    """Bit for bit, weight decay and dropout included; clipping sums the squares of the gradient in another order."""
    whole, part, _ = both(name)
    for model in (whole, part):
        torch.manual_seed(3)
        optimizer = torch.optim.AdamW(model.train().parameters(), lr=1e-2, weight_decay=0.1, fused=True)
        for step in range(5):
            losses(model(**batch(step))).mean().backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            optimizer.zero_grad()
    if not clip:
        assert_same(whole, part, "values")
    else:
        kept = table(whole)[torch.from_numpy(ROWS)]
        torch.testing.assert_close(kept, table(part), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["bert", "roberta", "gpt2", "opt-350m", "deberta-v3"])
def test_gradient_norms_are_equal_bit_for_bit(name: str) -> None:
    whole, part, _ = both(name)
    first, second = (gradient_norms(model, batch(), losses, ("all", "last")) for model in (whole, part))
    assert all(torch.equal(first[scope], second[scope]) for scope in first)


def test_restoring_puts_the_whole_table_back() -> None:
    whole, part, rows = both("bert")
    before = table(whole).detach().clone()
    for model in (whole, part):
        losses(model(**batch())).sum().backward()
        torch.optim.SGD(model.eval().parameters(), lr=0.1).step()
    rows.restore(before)
    assert rows.kept is None
    assert part.get_input_embeddings().num_embeddings == VOCABULARY
    assert part.get_input_embeddings().padding_idx == whole.get_input_embeddings().padding_idx
    everything = {"input_ids": torch.arange(VOCABULARY)[None]}
    changed = table(part).detach() != before
    assert changed.any(1).nonzero().flatten().tolist() == [row for row in ROWS if row != PAD]
    assert part(**everything).logits.isfinite().all()
    assert part.state_dict().keys() == whole.state_dict().keys()


def test_a_token_that_was_left_out_is_an_error() -> None:
    _, part, _ = both("bert")
    with pytest.raises(IndexError):
        part(input_ids=torch.tensor([[2, 3, 5]]))


def test_a_table_that_the_output_shares_is_left_whole() -> None:
    config = transformers.GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=1, n_head=2)
    model = transformers.AutoModelForCausalLM.from_config(config)
    assert model.lm_head.weight is table(model)
    assert RowsInUse(model, ROWS).kept is None
    assert table(model).shape[0] == VOCABULARY


def test_a_table_shared_by_encoder_and_decoder_stays_shared() -> None:
    config = transformers.BartConfig(
        vocab_size=VOCABULARY, d_model=32, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32, decoder_ffn_dim=32,
        encoder_attention_heads=2, decoder_attention_heads=2, pad_token_id=PAD, eos_token_id=2,
        decoder_start_token_id=2, bos_token_id=5, forced_eos_token_id=2,
    )  # fmt: skip
    inputs = batch()
    inputs["input_ids"] = inputs["input_ids"].masked_fill(inputs["input_ids"] == 2, 5)
    inputs["input_ids"][:, 2] = 2
    found = []
    for rows in (np.arange(VOCABULARY), ROWS):
        torch.manual_seed(0)
        model = transformers.BartForSequenceClassification(config).eval()
        RowsInUse(model, rows)
        found.append(model(**inputs).logits)
        assert model.model.encoder.embed_tokens.weight is model.model.decoder.embed_tokens.weight
        assert len(table(model)) == len(rows)
    assert torch.equal(*found)


def test_rows_in_use_are_those_of_the_examples_and_what_models_read_by_themselves() -> None:
    encoded = encode()
    rows = used_rows(
        [encoded.sequences.fields["input_ids"]], BERT, transformers.BertConfig(pad_token_id=0, eos_token_id=[77, 78])
    )
    expected = {*BERT.all_special_ids, 0, 77, 78, *encoded.sequences.fields["input_ids"].tolist()}
    assert rows.tolist() == sorted(expected)
