"""Models to measure with: a folder that was given, or one of a well-known size with random weights."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from benchmarks.gpu.words import VOCABULARY, word

#: Name -> width, layers, heads, inner width.
SIZES = {"MiniLM-L6": (384, 6, 12, 1536), "BERT-base": (768, 12, 12, 3072), "tiny": (64, 2, 2, 128)}
_SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
_TABLE = 30_522


def config_of(size: str) -> transformers.BertConfig:
    """Return the configuration of a size, with BERT's vocabulary."""
    width, layers, heads, inner = SIZES[size]
    return transformers.BertConfig(
        vocab_size=_TABLE,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
    )


def folder_of(size: str, out: Path) -> Path:
    """Return a folder with a model of this size, random weights, and a tokenizer of the made-up words."""
    folder = out / "models" / size
    if not (folder / "done").is_file():
        torch.manual_seed(0)
        transformers.BertModel(config_of(size)).save_pretrained(folder)
        _tokenizer().save_pretrained(folder)
        (folder / "done").touch()
    return folder


def _tokenizer() -> transformers.PreTrainedTokenizerFast:
    vocabulary = {text: i for i, text in enumerate([*_SPECIAL.values(), *map(word, range(VOCABULARY))])}
    core = Tokenizer(models.WordLevel(vocabulary, _SPECIAL["unk_token"]))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(text, vocabulary[text]) for text in ("[CLS]", "[SEP]")],
    )
    names = ["input_ids", "token_type_ids", "attention_mask"]
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, **_SPECIAL, model_input_names=names, model_max_length=512
    )
