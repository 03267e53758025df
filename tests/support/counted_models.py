"""Configurations of small models whose operations are counted."""

from __future__ import annotations

import transformers

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
