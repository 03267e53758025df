"""The user's rows as a store keeps them for its jobs: one form, whatever the rows came in.

    <store>/data/<digest>/<task>/<split>.jsonl

The same rows give the same file, so that what was trained on them is found again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hbench.errors import StoreError
from hbench.files import digest_text, write_whole


def as_text(columns: Mapping[str, Sequence[Any]]) -> str:
    """Return rows as JSON Lines."""
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def save_rows(texts: Mapping[str, str], name: str, store: Path) -> Path:
    """Write the splits of a task into a store, and return the folder that stands for a `--data-dir`.

    Raises StoreError when it cannot be written.
    """
    digests = "".join(f"{split} {digest_text(text)}\n" for split, text in sorted(texts.items()))
    folder = store / "data" / digest_text(digests)[:16]
    try:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for split, text in texts.items():
            write_whole(folder / name / f"{split}.jsonl", text)
    except OSError as error:
        raise StoreError(f"store {store}: {error.strerror or error}; free space or name another --store") from error
    return folder
