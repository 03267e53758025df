"""A byte-level tokenizer for tests, and the texts that it was made from."""

from __future__ import annotations

from typing import Any

import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

ARTICLE = "the red cat sat on the mat . a dog ran far away from the old house ."
OPTIONS = ["the cat", "the old dog", "a house far away", "mat"]


def byte_level(single: str, pair: str, **named: str) -> Any:
    """Return a byte-level tokenizer with these special tokens at the ends of a text and of a pair."""
    special = list(dict.fromkeys(["<s>", "<pad>", "</s>", *named.values()]))
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=[AddedToken(text, special=True) for text in special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([ARTICLE, *OPTIONS] * 2, trainer)
    core.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(text, core.token_to_id(text)) for text in special]
    )
    names = ["input_ids", "attention_mask"]
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, model_input_names=names, padding_side="left", **named
    )
