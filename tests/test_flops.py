"""Operations counted from a batch's shape equal those of PyTorch's counter on the running model."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from hbench.training.flops import count_flops

SMALL = {
    "vocab_size": 90,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "num_labels": 3,
    "pad_token_id": 0,
}
CONFIGS = {
    "bert": transformers.BertConfig(**SMALL),
    "roberta": transformers.RobertaConfig(**{**SMALL, "pad_token_id": 1}),
    "deberta": transformers.DebertaV2Config(
        **SMALL, relative_attention=True, pos_att_type=["p2c", "c2p"], position_buckets=8, share_att_key=True
    ),
    "opt": transformers.OPTConfig(
        vocab_size=90, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, ffn_dim=64, num_labels=3
    ),
    "gpt2": transformers.GPT2Config(vocab_size=90, n_embd=32, n_layer=2, n_head=4, num_labels=3, pad_token_id=0),
    "llama": transformers.LlamaConfig(**SMALL, num_key_value_heads=2),
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("shape", [(1, 5), (3, 21), (8, 40)])
def test_count_is_exact(name: str, shape: tuple[int, int]) -> None:
    config: Any = CONFIGS[name]
    auto = transformers.AutoModelForSequenceClassification
    model = auto.from_config(config, attn_implementation="eager").eval().requires_grad_(False)
    inputs = {"input_ids": torch.full(shape, 5), "attention_mask": torch.ones(shape, dtype=torch.long)}
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**inputs)
    assert count_flops(auto, config).forward(*shape) == counter.get_total_flops()
