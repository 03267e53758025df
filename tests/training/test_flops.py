"""Operations counted from a batch's shape equal those of PyTorch's counter on the running model."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from support.counted_models import CONFIGS
from torch.utils.flop_counter import FlopCounterMode

from hbench.models.first_token import FirstToken
from hbench.training.flops import count_flops


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("shape", [(1, 5), (3, 21), (8, 40)])
def test_count_is_exact(name: str, shape: tuple[int, int]) -> None:
    config: Any = CONFIGS[name]
    auto = transformers.AutoModelForSequenceClassification
    model = auto.from_config(config, attn_implementation="eager").eval().requires_grad_(False)
    FirstToken(model)  # as trainings compute it
    inputs = {"input_ids": torch.full(shape, 5), "attention_mask": torch.ones(shape, dtype=torch.long)}
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**inputs)
    assert count_flops(auto, config).forward(*shape) == counter.get_total_flops()
