"""A small task of intents and slots, its rows, and tokenizers for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from tokenizers import processors

from hbench import kinds
from hbench.data.examples import Examples
from hbench.kinds import Batch, Encoded
from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer
from hbench.plugins import Task
from hbench.training.batches import Collator
from support.small_tokenizers import byte_level

KIND = kinds.find_kind("joint")
CPU = torch.device("cpu")


@dataclasses.dataclass(frozen=True)
class Small(Task):
    """Three intents, two types of slots."""

    kind = "joint"
    columns = {"tokens": "words", "tags": "tags", "intent": "intent"}
    labels = ("play", "book", "ask")
    slots = ("name", "day")
    metric = "frame_accuracy"


TASK = Small()
COLUMNS = ("words", "tags", "intent")
WORDS = "play the red cat don't on monday"


def examples(*rows: tuple[Any, Any, Any]) -> Examples:
    columns = {name: list(column) for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True)}
    return Examples([f"u{i}" for i in range(len(rows))], columns, "")


ROWS = examples(
    (["play", "the", "red", "cat"], ["O", "O", "B-name", "I-name"], "play"),
    ("don't play on monday", "O O O B-day", 1),
    (["cat"], ["B-name"], "ask"),
    ("play the red cat on monday on monday", "O B-name I-name I-name O B-day O I-day", "book"),
)
NUMBER = {tag: i for i, tag in enumerate(("O", "B-name", "I-name", "B-day", "I-day"))}
BERT = load_tokenizer(find_model("tiny"), [f"{WORDS} ' t"])


def ends(single: str, **named: str) -> Any:
    """Return a byte-level tokenizer that puts these special tokens at the ends of a text."""
    tokenizer = byte_level("$A", "$A $B", **named)
    ids = [(token, tokenizer.convert_tokens_to_ids(token)) for token in tokenizer.all_special_tokens]
    core = tokenizer.backend_tokenizer
    core.post_processor = processors.TemplateProcessing(single=single, pair=f"{single} $B", special_tokens=ids)
    tokenizer.padding_side = "right"
    return tokenizer


#: As on the hub: RoBERTa's classification token is the first, XLNet's the last; GPT-2 and Llama have none.
TOKENIZERS: dict[str, tuple[Callable[[], Any], int]] = {
    "bert": (lambda: BERT, 0),
    "roberta": (lambda: ends("<s> $A </s>", pad_token="<pad>", eos_token="</s>", cls_token="<s>"), 0),
    "xlnet": (lambda: ends("$A </s> <c>", pad_token="<pad>", eos_token="</s>", cls_token="<c>"), -1),
    "gpt2": (lambda: ends("$A", eos_token="</s>", pad_token="</s>"), -1),
    "llama": (lambda: ends("<s> $A", bos_token="<s>", eos_token="</s>", pad_token="</s>"), -1),
}


def encode(rows: Examples = ROWS, tokenizer: Any = BERT, max_length: int = 32) -> Encoded:
    return KIND.encode(TASK, rows, tokenizer, max_length)


def batch_of(encoded: Encoded, *members: int) -> Batch:
    chosen = np.array(members) if members else np.arange(len(encoded.ids))
    return Collator(encoded, CPU)(chosen)
