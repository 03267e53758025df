"""Loading pretrained weights under a new head: what is below the head has to come from the checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from support.architectures import ARCHITECTURES

from hbench.errors import UsageError
from hbench.kinds import find_kind
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins.registry import TASKS

TOKENIZER = load_tokenizer(find_model("tiny"), ["some words for a model"])


def saved(folder: Path, name: str) -> transformers.PreTrainedModel:
    """Save a small pretrained language model, as such models are shared."""
    model_type, settings = ARCHITECTURES[name]
    config = transformers.AutoConfig.for_model(
        model_type, vocab_size=len(TOKENIZER), max_position_embeddings=80, pad_token_id=0, **settings
    )
    torch.manual_seed(7)
    decoder = name in ("opt", "opt-350m", "gpt2", "llama", "qwen3")
    auto = transformers.AutoModelForCausalLM if decoder else transformers.AutoModelForMaskedLM
    model = auto.from_config(config)
    model.save_pretrained(folder)
    return model


NAMES = ["bert", "roberta", "electra", "gpt2", "llama", "qwen3"]
KINDS = {"classification": "snli", "choice": "dream", "span": "squad_v2", "joint": "snips"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in NAMES for kind in KINDS]
    # OPT has no head for tokens
    + [("opt-350m", kind) for kind in KINDS if kind != "joint"],
)
def test_the_encoder_is_that_of_the_checkpoint(tmp_path: Path, name: str, kind: str) -> None:
    language_model = saved(tmp_path, name)
    model, head = find_model(str(tmp_path)), find_kind(kind).head(TASKS.find(KINDS[kind]).plugin)
    network = load_model(model, head, load_config(model, head, TOKENIZER), seed=1)
    pretrained = language_model.base_model.state_dict()
    found = network.base_model.state_dict()
    # a pooler belongs to the head, and a language model has none
    shared = [name for name in found if "pooler" not in name]
    assert len(shared) > 10
    for name in shared:
        torch.testing.assert_close(found[name], pretrained[name], rtol=0, atol=0)


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, "bert")
    weights = load_file(tmp_path / "model.safetensors")
    save_file({f"other.{name}": value for name, value in weights.items()}, tmp_path / "model.safetensors")
    model, head = find_model(str(tmp_path)), find_kind("classification").head(TASKS.find("snli").plugin)
    with pytest.raises(UsageError, match="holds no weights for BertForSequenceClassification"):
        load_model(model, head, load_config(model, head, TOKENIZER), seed=1)
