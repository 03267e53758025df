"""Computing the last layer for the first token only gives the numbers of the whole layer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from support.architectures import PAD, VOCABULARY, build
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from hbench.models.first_token import FirstToken

LABELS = torch.tensor([0, 2, 1])


def batch() -> dict[str, torch.Tensor]:
    real = torch.arange(12) < torch.tensor([12, 7, 9])[:, None]
    ids = torch.randint(2, VOCABULARY, real.shape, generator=torch.Generator().manual_seed(0))
    return {"input_ids": ids.where(real, PAD), "attention_mask": real.long()}


def gradients(model: torch.nn.Module) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    logits = model.eval()(**batch()).logits
    functional.cross_entropy(logits, LABELS).backward()
    return logits, {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def operations(model: torch.nn.Module) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(**batch())
    return counter.get_total_flops()


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("name", ["bert", "roberta", "electra"])
def test_logits_and_all_gradients_are_those_of_the_whole_layer(name: str, attention: str) -> None:
    whole, part = build(name), build(name)
    for model in (whole, part):
        model.set_attn_implementation(attention)
    FirstToken(part)
    logits, expected = gradients(whole)
    found, theirs = gradients(part)
    torch.testing.assert_close(found, logits)
    assert theirs.keys() == expected.keys()
    for parameter, gradient in expected.items():
        torch.testing.assert_close(theirs[parameter], gradient, rtol=1e-4, atol=1e-6)
    assert operations(part) < 0.8 * operations(whole)  # of two layers


@pytest.mark.parametrize("kind", ["xlm-roberta", "camembert"])
def test_relatives_of_roberta_are_covered(kind: str) -> None:
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        pad_token_id=PAD, num_labels=3,
    )  # fmt: skip
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
    expected = model(**batch()).logits
    assert FirstToken(model).applies
    torch.testing.assert_close(model(**batch()).logits, expected)


def test_all_tokens_are_computed_where_they_are_asked_for() -> None:
    whole, part = build("bert").eval(), build("bert").eval()
    first = FirstToken(part)
    alone = part(**batch()).logits
    with first.everything():
        hidden = part.base_model(**batch()).last_hidden_state
        assert torch.equal(part(**batch()).logits, alone)
    torch.testing.assert_close(hidden, whole.base_model(**batch()).last_hidden_state)
    assert part.base_model(**batch()).last_hidden_state.shape[1] == 1


def test_dropout_of_the_layer_stays_in_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    part = build("bert").train()
    part.set_attn_implementation("eager")
    FirstToken(part)
    shapes: list[tuple[int, ...]] = []
    plain = functional.dropout

    def counted(values: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        shapes.append(tuple(values.shape))
        return plain(values, *args, **kwargs)

    monkeypatch.setattr(functional, "dropout", counted)
    part(**batch())
    layer = [(3, 4, 12, 12), (3, 12, 32), (3, 12, 32)]
    assert shapes == [(3, 12, 32), *layer, (3, 4, 1, 12), (3, 1, 32), (3, 1, 32), (3, 32)]


@pytest.mark.parametrize("auto", ["AutoModelForTokenClassification", "AutoModelForQuestionAnswering"])
def test_models_whose_head_reads_all_tokens_are_left_alone(auto: str) -> None:
    config = transformers.BertConfig(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48
    )
    model = getattr(transformers, auto).from_config(config)
    assert not FirstToken(model).applies
    assert "forward" not in vars(model.base_model.encoder.layer[-1])
