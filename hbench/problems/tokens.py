"""What the kinds share about turning texts into tokens."""

from __future__ import annotations

from typing import Any


def separator(tokenizer: Any) -> str:
    """Return what has to stand between two texts: a line break where the tokenizer itself puts no token there.

    BERT's, RoBERTa's, OPT's and Llama's mark the second text by special tokens; GPT-2's and Qwen's run both together.
    """
    marks = tokenizer.num_special_tokens_to_add(pair=True) - tokenizer.num_special_tokens_to_add(pair=False)
    return "" if marks > 0 else "\n"
