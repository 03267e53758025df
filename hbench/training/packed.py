"""Nested values with tensors in one safetensors file, which holds data only: loading never runs code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

#: Key of the nested values in the file's metadata.
_VALUES = "values"


def write_packed(path: Path, values: Any) -> None:
    """Write nested dicts, lists, tuples, numbers, texts, None, tensors and numpy arrays, each tensor to the bit.

    Raises TypeError for another value, SafetensorError or OSError when the file cannot be written.
    """
    tensors: dict[str, torch.Tensor] = {}
    packed = _pack(values, tensors)
    save_file(tensors, path, {_VALUES: json.dumps(packed)})


def read_values(path: Path) -> Any:
    """Return what `write_packed` wrote, tensors on the CPU and in memory of their own."""
    with safe_open(path, framework="pt") as file:
        packed = json.loads(file.metadata()[_VALUES])
        # a copy, because what is read may be a view of the file, which goes
        return _unpack(packed, {name: file.get_tensor(name).clone() for name in file.keys()})  # noqa: SIM118


def _pack(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list):
        return [_pack(one, tensors) for one in value]
    if isinstance(value, tuple):
        return {"tuple": [_pack(one, tensors) for one in value]}
    if isinstance(value, dict):
        return {"dict": [[_key(key), _pack(one, tensors)] for key, one in value.items()]}
    name = str(len(tensors))
    if isinstance(value, torch.Tensor):
        tensors[name] = value.detach().cpu().contiguous()
        return {"tensor": name}
    if isinstance(value, np.ndarray):
        # a copy, because two values may be one array, or views of it
        tensors[name] = torch.from_numpy(value.copy())
        return {"array": name}
    raise TypeError(f"a {type(value).__name__} has no form in a packed file")


def _key(key: str | int) -> str | int:
    if type(key) in (str, int):
        return key
    raise TypeError(f"a key of type {type(key).__name__} has no form in a packed file")


def _unpack(packed: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(packed, list):
        return [_unpack(one, tensors) for one in packed]
    if not isinstance(packed, dict):
        return packed
    ((form, inner),) = packed.items()
    if form == "tuple":
        return tuple(_unpack(one, tensors) for one in inner)
    if form == "dict":
        return {key: _unpack(one, tensors) for key, one in inner}
    return tensors[inner] if form == "tensor" else tensors[inner].numpy()
