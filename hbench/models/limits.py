"""What a model can take: positions, token ids, and room for text beside the special tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hbench.errors import DataError, UsageError

#: Architectures whose positions are distances, so that no text is too long.
_DISTANCES = ("t5", "mt5", "umt5", "xlnet", "transfo-xl", "funnel", "bloom", "mpt")
#: Architectures that add positions to distances where `position_biased_input` says so.
_BOTH = ("deberta", "deberta-v2")
#: Architectures that number positions from behind the padding token's id.
_SHIFTED = (
    *("roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod", "camembert"),
    *("longformer", "mpnet", "data2vec-text", "ibert", "luke"),
)
_POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len")


@dataclass(frozen=True)
class Limits:
    """What a model and its tokenizer hold; None where that is not known before they are loaded."""

    #: Tokens of the longest text that the model has positions for.
    positions: int | None = None
    #: Rows of the embedding of token ids.
    embeddings: int | None = None
    #: The highest token id of the tokenizer and 1.
    tokens: int | None = None
    #: Special tokens around one text, and around two.
    added: tuple[int, int] | None = None


def check_limits(model: str, limits: Limits, max_length: int, texts: int) -> None:
    """Refuse a model that the recipe asks too much of.

    model: its reference; max_length: the recipe's; texts: 1 or 2, of which a sequence is made. Raises UsageError for a
    length that the model has no positions for or that leaves no room for a token of each text, DataError for token ids
    without embeddings; each names both numbers.
    """
    if limits.added is not None and max_length < limits.added[texts - 1] + texts:
        added = limits.added[texts - 1]
        raise UsageError(
            f"recipe.max_length = {max_length} leaves no room for a token of {'each' if texts == 2 else 'the'} text: "
            f"the tokenizer of model '{model}' adds {added} special tokens; use at least {added + texts}"
        )
    if limits.positions is not None and max_length > limits.positions:
        raise UsageError(
            f"recipe.max_length = {max_length}, and model '{model}' has {limits.positions} positions; "
            f"use {limits.positions} or less"
        )
    if limits.tokens is not None and limits.embeddings is not None and limits.tokens > limits.embeddings:
        raise DataError(
            f"model '{model}': its tokenizer has token ids up to {limits.tokens - 1}, the model embeddings for "
            f"{limits.embeddings}; use the tokenizer it was trained with, or resize_token_embeddings and save it again"
        )


def positions_of(settings: Mapping[str, Any]) -> int | None:
    """Return the tokens of the longest text by the values of a model's configuration, None where there is no limit."""
    found = next((settings[name] for name in _POSITIONS if isinstance(settings.get(name), int)), None)
    architecture = settings.get("model_type")
    if found is None or found < 1 or architecture in _DISTANCES:
        return None
    if architecture in _BOTH and not settings.get("position_biased_input", True):
        return None
    padding = settings.get("pad_token_id")
    if architecture in _SHIFTED and isinstance(padding, int):
        return int(found) - padding - 1
    return int(found)
