"""Small questions with spans as answers, and tokenizers for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from hbench import kinds
from hbench.data.examples import Examples
from hbench.kinds import Encoded
from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer
from hbench.plugins.registry import TASKS

KIND = kinds.find_kind("span")
TASK = TASKS.find("squad_v2").plugin
CPU = torch.device("cpu")
SIGNALS = ("correct", "gold_prob", "el2n", "loss", "margin", "entropy")
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
TEXTS = ["who sat on the mat ?", "the red cat sat on the mat , not the dog .", " ".join(NUMBERS)]


def bert_like() -> Any:
    return load_tokenizer(find_model("tiny"), TEXTS)


def gpt2_like() -> Any:
    """Byte-level, without special tokens; a token takes the space before its word."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<|end|>"], initial_alphabet=alphabet, show_progress=False
    )
    core.train_from_iterator(TEXTS * 3, trainer)
    core.post_processor = processors.ByteLevel(trim_offsets=False)
    core.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<|end|>", eos_token="<|end|>")


TOKENIZERS = {"bert": bert_like(), "gpt2": gpt2_like()}
EITHER = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())


def answers(context: str, *texts: str) -> dict[str, list[Any]]:
    return {"text": list(texts), "answer_start": [context.index(text) for text in texts]}


def examples(*rows: tuple[str, str, dict[str, list[Any]]]) -> Examples:
    ids = [f"q{i}" for i in range(len(rows))]
    question, context, gold = (list(column) for column in zip(*rows, strict=True))
    return Examples(ids, {"id": ids, "question": question, "context": context, "answers": gold}, "")


def encode(rows: Examples, tokenizer: Any, max_length: int = 64) -> Encoded:
    return KIND.encode(TASK, rows, tokenizer, max_length)


def texts_of(encoded: Encoded, rows: Examples) -> list[str]:
    """Return the text that the gold tokens of each window stand for."""
    found = encoded.notes.characters(np.arange(len(encoded.owner)), encoded.gold["start"], encoded.gold["end"])
    return [rows.columns["context"][i][a:b].strip() for i, (a, b) in zip(encoded.owner, found, strict=True)]


CAT = "the red cat sat on the mat , not the dog ."
LONG = " ".join(NUMBERS * 4)
ROWS = examples(
    ("who sat ?", CAT, answers(CAT, "red cat", "the red cat sat")),
    ("who sat on the mat ?", CAT, answers(CAT, "the dog")),
    ("who ran ?", CAT, answers(CAT)),
    ("who sat not ?", CAT, answers(CAT)),
    ("which ?", LONG, answers(LONG, "twelve one")),
)
