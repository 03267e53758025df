"""Words for what is wrong with a row, shared by the kinds."""

from __future__ import annotations

from typing import Any


def is_texts(value: Any) -> bool:
    """Return whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
