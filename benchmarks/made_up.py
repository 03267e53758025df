"""A small encoder and made-up sequences of one length, for benchmarks of the fine-tuning loop."""

from __future__ import annotations

import numpy as np
import torch
import transformers

from hbench.jobs.recipe import Recipe
from hbench.kinds import Encoded, find_kind
from hbench.kinds.text.tokens import Sequences
from hbench.training.flops import FlopCount
from hbench.training.loop import Setting

CLASSES = 3


def made_up(examples: int, tokens: int, recipe: Recipe, seed: int = 1) -> tuple[Setting, Encoded]:
    """Return a 4-layer BERT of width 256, the same weights every time, and random sequences in three classes."""
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=8000,
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=1024,
        num_labels=CLASSES,
    )
    rng = np.random.default_rng(0)
    ids = rng.integers(5, 8000, examples * tokens).astype(np.int32)
    encoded = Encoded(
        ids=[str(i) for i in range(examples)],
        sequences=Sequences(
            fields={"input_ids": ids, "attention_mask": np.ones(ids.size, np.int32)},
            starts=np.arange(examples + 1) * tokens,
            filling={"input_ids": 0, "attention_mask": 0},
        ),
        owner=np.arange(examples),
        label=rng.integers(0, CLASSES, examples),
        length=np.full(examples, tokens),
    )
    setting = Setting(
        model=transformers.AutoModelForSequenceClassification.from_config(config),
        kind=find_kind("classification"),
        flops=FlopCount(1, 1, 1, 0),
        width=CLASSES,
        predict_width=CLASSES,
        recipe=recipe,
        seed=seed,
    )
    return setting, encoded
