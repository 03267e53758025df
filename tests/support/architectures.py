"""Small models of every architecture that tests go through, built from their configurations."""

from __future__ import annotations

import torch
import transformers
from torch import nn

SCOPES = ("all", "head", "last")
VOCABULARY, PAD = 60, 1
_BERT_LIKE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
_OPT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 48, "word_embed_proj_dim": 32}
_DEBERTA = {
    **_BERT_LIKE,
    "relative_attention": True,
    "pos_att_type": ["p2c", "c2p"],
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "position_biased_input": False,
    "type_vocab_size": 0,
    "max_relative_positions": -1,
}
#: name -> model type, settings. `deberta-far` has texts longer than the distances that have a row each.
ARCHITECTURES = {
    "bert": ("bert", _BERT_LIKE),
    "roberta": ("roberta", {**_BERT_LIKE, "type_vocab_size": 1}),
    "distilbert": ("distilbert", {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48}),
    "electra": ("electra", {**_BERT_LIKE, "embedding_size": 16}),
    "albert": ("albert", {**_BERT_LIKE, "embedding_size": 16}),
    "deberta-v3": ("deberta-v2", {**_DEBERTA, "position_buckets": 64}),
    "deberta-far": ("deberta-v2", {**_DEBERTA, "position_buckets": 8}),
    "deberta-v2": ("deberta-v2", {**_DEBERTA, "share_att_key": False, "norm_rel_ebd": "none", "type_vocab_size": 2}),
    "opt": ("opt", {**_OPT, "do_layer_norm_before": True}),
    "opt-350m": ("opt", {**_OPT, "do_layer_norm_before": False, "word_embed_proj_dim": 16}),
    "gpt2": ("gpt2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_inner": 48}),
    "llama": ("llama", {**_BERT_LIKE, "num_key_value_heads": 2, "attention_bias": True}),
    "qwen3": ("qwen3", {**_BERT_LIKE, "num_key_value_heads": 2, "head_dim": 8}),
}
TOKEN_TYPES = ("bert", "electra", "albert", "deberta-v2")


def build(name: str, *, labels: int = 3, seed: int = 0, dtype: torch.dtype = torch.float32) -> nn.Module:
    kind, settings = ARCHITECTURES[name]
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=VOCABULARY, max_position_embeddings=80, num_labels=labels, pad_token_id=PAD, **settings
    )
    torch.manual_seed(seed)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():  # away from the initial state, where biases are zero and attention is even
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.to(dtype)
