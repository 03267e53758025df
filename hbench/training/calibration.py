"""How fast a device trains: real steps of a small encoder for a few seconds, in operations a second."""

from __future__ import annotations

import time

import torch
import transformers

from hbench.jobs.recipe import Recipe
from hbench.models.sizes import Size
from hbench.training.device import resolve_precision

#: Shapes of the encoder: that of MiniLM-L6 for CPUs, that of BERT-base for GPUs, which small products leave idle.
SHAPES = {"cpu": Size(6, 384, 1536, 12, 8000, 128), "cuda": Size(12, 768, 3072, 12, 8000, 128)}
_BATCH, _LENGTH, _WARMUP = 32, 128, 2


def measure(device: str, *, seconds: float = 5.0) -> tuple[float, str, str]:
    """Return operations a second, the name of the device, and the precision, from steps of forward, backward and AdamW.

    device: `cpu` (one thread, as a job has it) or `cuda`. seconds: how long to measure, after two steps of warming up.
    """
    torch.set_num_threads(Recipe().threads)
    place = torch.device(device)
    shape, precision = SHAPES[place.type], resolve_precision(Recipe(), device)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.positions,
    )
    model = transformers.AutoModelForSequenceClassification.from_config(config).to(place).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    ids = torch.randint(5, shape.vocabulary, (_BATCH, _LENGTH), device=place)
    labels = torch.zeros(_BATCH, dtype=torch.long, device=place)

    def step() -> None:
        with torch.autocast(place.type, torch.bfloat16, enabled=precision == "bf16"):
            loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if place.type == "cuda":
            torch.cuda.synchronize()

    for _ in range(_WARMUP):
        step()
    steps, started = 0, time.perf_counter()
    while steps == 0 or time.perf_counter() - started < seconds:
        step()
        steps += 1
    rate = shape.training_flops(_BATCH * steps, _LENGTH) / (time.perf_counter() - started)
    name = torch.cuda.get_device_name(place) if place.type == "cuda" else "one CPU thread"
    return rate, name, precision
