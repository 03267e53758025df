"""Sizes of models without loading them: against what the models' authors and PyTorch's own counter say."""

from __future__ import annotations

import json

import pytest
import transformers

from hbench.models.catalogue import CATALOGUE, find_model
from hbench.models.sizes import Size, size_of
from hbench.training.flops import TRAIN_FACTOR, count_flops


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        *(("minilm-l6", 22.7), ("roberta-base", 125), ("roberta-large", 355), ("bert-base", 110), ("opt-350m", 331)),
        *(("opt-1.3b", 1316), ("llama-3.2-1b", 1236), ("qwen2.5-1.5b", 1544)),
    ],
)
def test_parameters_are_those_that_are_published(name: str, millions: float) -> None:
    size = size_of(find_model(name))
    assert size is not None
    assert size.parameters / 1e6 == pytest.approx(millions, rel=0.02)


def test_every_model_of_the_catalogue_has_a_size() -> None:
    assert all(size_of(find_model(name)) for name in CATALOGUE)
    assert size_of(find_model("someone/something")) is None


def test_fewer_layers_are_smaller() -> None:
    whole, part = size_of(find_model("roberta-base")), size_of(find_model("roberta-base[layers=3]"))
    assert whole is not None and part is not None
    assert part.layers == 3
    assert part.training_flops(10, 128) == whole.training_flops(10, 128) / 4


def test_a_folder_is_read(tmp_path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    transformers.BertConfig(hidden_size=32, num_hidden_layers=3, num_attention_heads=2).save_pretrained(folder)
    size = size_of(find_model(str(folder)))
    assert size == Size(3, 32, 3072, 2, 30522, 512)
    settings = json.loads((folder / "config.json").read_text())
    del settings["hidden_size"]
    (folder / "config.json").write_text(json.dumps(settings))
    assert size_of(find_model(str(folder))) is None


def test_a_folder_of_a_gated_decoder_has_no_table_of_positions(tmp_path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    transformers.LlamaConfig(
        hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=160
    ).save_pretrained(folder)
    assert size_of(find_model(str(folder))) == Size(2, 64, 160, 4, 32000, 0, shared_heads=2, gated=True)


@pytest.mark.parametrize("name", ["LlamaConfig", "Qwen2Config"])
def test_a_gated_decoder_is_counted_as_it_is(name: str) -> None:
    config = getattr(transformers, name)(
        vocab_size=1000,
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=8,
        num_key_value_heads=2,
        intermediate_size=320,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    size = Size(3, 128, 320, 8, 1000, 0, shared_heads=2, gated=True)
    counted = count_flops(transformers.AutoModelForSequenceClassification, config).forward(8, 64) * TRAIN_FACTOR
    assert size.training_flops(8, 64) == pytest.approx(counted, rel=0.02)
    model = transformers.AutoModelForCausalLM.from_config(config)
    assert size.parameters == pytest.approx(model.num_parameters(), rel=0.01)


def test_operations_are_those_that_are_counted() -> None:
    config = transformers.OPTConfig(
        hidden_size=128, num_hidden_layers=4, num_attention_heads=4, ffn_dim=512, word_embed_proj_dim=128
    )
    counted = count_flops(transformers.AutoModelForSequenceClassification, config).forward(8, 64) * TRAIN_FACTOR
    size = Size(4, 128, 512, 4, 50272, 2048)
    assert size.training_flops(8, 64) == pytest.approx(counted, rel=0.01)


def test_operations_are_at_least_those_of_a_model_whose_last_layer_is_narrowed() -> None:
    """Of BERT the last layer is computed for the first token alone: between three and four of four layers are left."""
    config = transformers.BertConfig(hidden_size=128, num_hidden_layers=4, num_attention_heads=4, intermediate_size=512)
    counted = count_flops(transformers.AutoModelForSequenceClassification, config).forward(8, 64) * TRAIN_FACTOR
    most = Size(4, 128, 512, 4, 30522, 512).training_flops(8, 64)
    assert 0.75 * most < counted < most


def test_memory_grows_with_the_batch_and_the_bits() -> None:
    size = Size(24, 1024, 4096, 16, 50265, 514)
    small, large = (size.memory(batch, 128, bits=16) for batch in (1, 33))
    held = 16 * size.parameters
    assert large - held == pytest.approx(33 * (small - held))
    assert size.memory(33, 128, bits=32) - held == pytest.approx(2 * (large - held))
