"""A model's folder, read without loading the model: its digests, and whether it holds what a training needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hbench.errors import DataError
from hbench.files import JsonObject, digest_file, first_line
from hbench.models.limits import Limits, positions_of

#: Endings of the files that decide a model: configuration, weights, tokenizer.
_DECISIVE = (".json", ".safetensors", ".bin", ".txt", ".model")
#: Files, one of which every saved tokenizer has.
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json")
_VOCABULARY_ENDINGS = (".model", ".tiktoken")
#: Classes of tokenizers that know no special tokens of their own: what the files do not name is not there.
_GENERIC = ("PreTrainedTokenizerFast", "TokenizersBackend")


def digest_folder(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file that decides a model. Raises DataError when one cannot be read."""
    try:
        files = sorted(p for p in folder.iterdir() if p.suffix in _DECISIVE and not p.is_dir())
        return {p.name: digest_file(p) for p in files}
    except OSError as error:
        raise DataError(f"model {folder}: {error.filename or folder} cannot be read ({error.strerror})") from None


def read_limits(folder: Path) -> Limits:
    """Return what a model's files say of its positions, embeddings and tokens.

    Raises DataError naming the folder when it holds no tokenizer, no padding token or no whole weights.
    """
    settings = _read(folder / "config.json")
    _check_weights(folder)
    _check_tokenizer(folder)
    tokenizer = _read(folder / "tokenizer.json") if (folder / "tokenizer.json").is_file() else {}
    embeddings = settings.get("vocab_size")
    return Limits(
        positions=positions_of(settings),
        embeddings=embeddings if isinstance(embeddings, int) else None,
        tokens=_tokens(tokenizer),
        added=_added(tokenizer.get("post_processor")) if tokenizer else None,
    )


def _check_weights(folder: Path) -> None:
    weights = sorted(folder.glob("*.safetensors"))
    if not weights and not any(folder.glob("pytorch_model*.bin")):
        raise DataError(f"model {folder}: holds no weights (model.safetensors); name a folder saved by save_pretrained")
    for path in weights:
        size = path.stat().st_size
        with path.open("rb") as stream:
            header = int.from_bytes(stream.read(8), "little")
            try:
                if header > size:
                    raise ValueError(f"its header says {header} bytes, the file has {size}")
                tensors = json.loads(stream.read(header))
                ends = [t["data_offsets"][1] for name, t in tensors.items() if name != "__metadata__"]
                if 8 + header + max(ends, default=0) != size:
                    raise ValueError(f"it should have {8 + header + max(ends, default=0)} bytes and has {size}")
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise DataError(
                    f"model {folder}: {path.name} is damaged, or stands for a file that was not fetched "
                    f"({first_line(error)}); copy or fetch it again"
                ) from None


def _check_tokenizer(folder: Path) -> None:
    names = {p.name for p in folder.iterdir()}
    if not names.intersection(_VOCABULARIES) and not any(name.endswith(_VOCABULARY_ENDINGS) for name in names):
        raise DataError(
            f"model {folder}: holds no tokenizer (tokenizer.json); save it there with tokenizer.save_pretrained"
        )
    if "tokenizer_config.json" not in names:
        return
    named = _read(folder / "tokenizer_config.json")
    if named.get("tokenizer_class") not in _GENERIC:
        return
    if "special_tokens_map.json" in names:
        named = _read(folder / "special_tokens_map.json") | named
    if named.get("pad_token") is None and named.get("eos_token") is None:
        raise no_padding(folder)


def no_padding(place: Path | str) -> DataError:
    """Return the error for a tokenizer without a token to fill up a batch with."""
    return DataError(
        f"model {place}: the tokenizer names no padding token (pad_token) and no end of text (eos_token) to use "
        "instead; set tokenizer.pad_token to one of its special tokens and save it again"
    )


def _tokens(tokenizer: JsonObject) -> int | None:
    """Return the highest token id and 1, as tokenizer.json has it."""
    model = tokenizer.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, dict):
        ids = [value for value in vocabulary.values() if isinstance(value, int)]
    elif isinstance(vocabulary, list):  # Unigram: the position is the id
        ids = [len(vocabulary) - 1]
    else:
        return None
    ids += [token["id"] for token in tokenizer.get("added_tokens") or [] if isinstance(token.get("id"), int)]
    return max(ids, default=-1) + 1


def _added(processor: Any) -> tuple[int, int] | None:
    """Return how many special tokens are put around one text and around two, or None where that is not known."""
    if processor is None:
        return 0, 0
    if not isinstance(processor, dict):
        return None
    match processor.get("type"):
        case "ByteLevel":
            return 0, 0
        case "BertProcessing":
            return 2, 3
        case "RobertaProcessing":
            return 2, 4
        case "TemplateProcessing":
            tokens = processor.get("special_tokens") or {}
            single, pair = (
                sum(
                    len(tokens[part["SpecialToken"]["id"]]["ids"]) for part in processor[form] if "SpecialToken" in part
                )
                for form in ("single", "pair")
            )
            return single, pair
        case "Sequence":
            parts = [_added(part) for part in processor.get("processors", ())]
            known = [part for part in parts if part is not None]
            return (sum(p[0] for p in known), sum(p[1] for p in known)) if len(known) == len(parts) else None
    return None


def _read(path: Path) -> JsonObject:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"model {path.parent}: {path.name} cannot be read ({first_line(error)}); restore it") from None
    if not isinstance(found, dict):
        raise DataError(f"model {path.parent}: {path.name} holds no JSON object; restore it")
    return found
