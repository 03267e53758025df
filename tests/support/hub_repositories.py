"""Repositories as the hub lays them out, with a few made-up rows and tiny random weights, for the stand-in to serve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Rows = dict[str, list[Any]]

NLI = ("entailment", "neutral", "contradiction")


def nli_rows(split: str, count: int) -> Rows:
    return {
        "premise": [f"The {split} of number {i} is red." for i in range(count)],
        "hypothesis": [f'Number {i}, "so to speak", is {("red", "null", "NA")[i % 3]}.' for i in range(count)],
        "label": [i % 4 - 1 for i in range(count)],
    }


SNLI = {split: nli_rows(split, count) for split, count in (("test", 9), ("validation", 5), ("train", 13))}
MNLI = {
    split: nli_rows(split, count)
    for split, count in (("train", 11), ("validation_matched", 6), ("validation_mismatched", 7))
}
SST2 = {
    split: {
        "sentence": [("fine , ", "null", 'a "dull" film ', "7 up ")[i % 4] for i in range(count)],
        "label": [-1 if split == "test" else i % 2 for i in range(count)],
        "idx": list(range(count)),
    }
    for split, count in (("train", 8), ("validation", 4), ("test", 3))
}


def write_nli(folder: Path, config: str, under: str, splits: dict[str, Rows], more: tuple[str, ...] = ()) -> None:
    """Write premise, hypothesis, label, and further columns of text that no task reads."""
    wide = {
        split: {**{name: ["travel"] * len(rows["label"]) for name in more}, **rows} for split, rows in splits.items()
    }
    write_data_set(folder, {config: (under, wide, NLI)})


def write_glue(folder: Path) -> None:
    """Write two configs of GLUE; only one of them is what the task wants."""
    wrong = {split: {**rows, "sentence": ["wrong"] * len(rows["idx"])} for split, rows in SST2.items()}
    write_data_set(
        folder,
        {
            "cola": ("cola", wrong, ("unacceptable", "acceptable")),
            "sst2": ("sst2", SST2, ("negative", "positive")),
        },
    )


def write_data_set(folder: Path, configs: dict[str, tuple[str, dict[str, Rows], tuple[str, ...]]]) -> None:
    """Write one parquet file for each split, and a card of their columns, sizes and places, which `datasets` checks."""
    import datasets
    import yaml

    infos, places = [], []
    for config, (under, splits, classes) in configs.items():
        (folder / under).mkdir()
        columns = next(iter(splits.values()))
        kinds = {name: datasets.Value("int32" if name == "idx" else "string") for name in columns}
        features = datasets.Features({**kinds, "label": datasets.ClassLabel(names=list(classes))})
        for split, rows in splits.items():
            table = datasets.Dataset.from_dict(rows, features=features)
            table.to_parquet(folder / under / f"{split}-00000-of-00001.parquet")
        sizes = [{"name": split, "num_bytes": 1, "num_examples": len(r["label"])} for split, r in splits.items()]
        infos.append({"config_name": config, "features": features._to_yaml_list(), "splits": sizes})
        files = [{"split": split, "path": f"{under}/{split}-*"} for split in splits]
        places.append({"config_name": config, "data_files": files})
    card = yaml.safe_dump({"dataset_info": infos, "configs": places})
    (folder / "README.md").write_text(f"---\n{card}---\n# A card\n")


def write_model(folder: Path, name: str) -> dict[str, float]:
    """Write a tiny model in the files that its repository on the hub has; return a sum of each of its weights."""
    import torch
    import transformers
    from safetensors.torch import save_file

    torch.manual_seed(len(name))
    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 300}
    # weights large enough for every token to matter
    bert = {**small, "intermediate_size": 24, "initializer_range": 0.5}
    if name.startswith("roberta"):
        write_byte_tokenizer(folder, fast=True)
        config = transformers.RobertaConfig(**bert, max_position_embeddings=66, type_vocab_size=1)
        model = transformers.RobertaForMaskedLM(config)
    elif name.startswith("opt"):
        write_byte_tokenizer(folder, fast=False)
        sizes = {**small, "ffn_dim": 24, "word_embed_proj_dim": 8, "init_std": 0.5}
        config = transformers.OPTConfig(**sizes, do_layer_norm_before=False, max_position_embeddings=64)
        model = transformers.OPTForCausalLM(config)
    else:
        write_word_tokenizer(folder)
        config = transformers.BertConfig(**bert, max_position_embeddings=64)
        model = (transformers.BertForPreTraining if name.startswith("bert") else transformers.BertModel)(config)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    weights = {key: value.clone().contiguous() for key, value in model.state_dict().items()}
    if name.startswith("opt"):
        # the hub's main branch has no safetensors of this model, and half precision
        model = model.half()
        torch.save({key: value.half() for key, value in weights.items()}, folder / "pytorch_model.bin")
    else:
        # BERT's file still has the names of 2018
        old = {"Norm.weight": "Norm.gamma", "Norm.bias": "Norm.beta"} if name.startswith("bert") else {}
        for new, former in old.items():
            weights = {key.replace(new, former): value for key, value in weights.items()}
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return {key: float(value.double().abs().sum()) for key, value in model.base_model.state_dict().items()}


def write_byte_tokenizer(folder: Path, fast: bool) -> None:
    """Write a byte-level vocabulary: with tokenizer.json, as RoBERTa has it, or as OPT has it, without."""
    from tokenizers import ByteLevelBPETokenizer, pre_tokenizers
    from tokenizers.processors import RobertaProcessing

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary = {token: i for i, token in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    if fast:
        core = ByteLevelBPETokenizer(vocab=vocabulary, merges=[])
        core.add_special_tokens(special)
        core.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
        core.save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text('{"model_max_length": 512}')
    else:
        named = {"bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>"}
        settings = {**named, "add_bos_token": True, "add_prefix_space": False, "tokenizer_class": "GPT2Tokenizer"}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        (folder / "special_tokens_map.json").write_text(json.dumps(named))


def write_word_tokenizer(folder: Path) -> None:
    """Write a WordPiece vocabulary, as BERT and MiniLM have it."""
    from tokenizers import BertWordPieceTokenizer

    words = ["a", "man", "is", "outside", ".", "two", "dogs", "run", "over", "the", "wet", "grass", "he"]
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])}
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    BertWordPieceTokenizer(vocab=vocabulary, lowercase=True).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true, "model_max_length": 512}')
