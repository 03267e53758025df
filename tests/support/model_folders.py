"""Folders that look like a saved model, made without training or loading one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer

CONFIG = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "vocab_size": 30,
}


def model_folder(place: Path, weight: bytes = b"\0\0\0\0", **settings: Any) -> Path:
    """Save a configuration, a tokenizer of a few words, and one weight of four bytes; return the folder."""
    place.mkdir(parents=True)
    load_tokenizer(find_model("tiny"), ["some words for a model"]).save_pretrained(place)
    change(place / "config.json", CONFIG | settings)
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (place / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + weight)
    return place


def change(path: Path, values: dict[str, Any]) -> None:
    """Set values of a JSON file, and leave those out that are None."""
    found = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({k: v for k, v in (found | values).items() if v is not None}))
