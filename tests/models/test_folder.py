"""A model folder is checked before anything is trained: its parts, and that the recipe does not ask too much of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from support.architectures import ARCHITECTURES
from support.model_folders import change, model_folder
from support.small_tokenizers import byte_level

from hbench.errors import DataError, UsageError
from hbench.kinds import find_kind
from hbench.models.catalogue import check_model, find_model, model_of
from hbench.models.limits import Limits, positions_of
from hbench.models.load import check_loaded, load_config, load_tokenizer
from hbench.plugins.registry import TASKS

HEAD = find_kind("classification").head(TASKS.find("sst2").plugin)


def without(*names: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return spoil


def holding(name: str, text: str | bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    return spoil


def setting(name: str, **values: object) -> Callable[[Path], None]:
    return lambda folder: change(folder / name, values)


TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
SPOILT = [
    (without(*TOKENIZER), "holds no tokenizer (tokenizer.json)"),
    (without("tokenizer.json"), "holds no tokenizer (tokenizer.json)"),
    (without("model.safetensors"), "holds no weights (model.safetensors)"),
    (setting("tokenizer_config.json", pad_token=None), "names no padding token (pad_token) and no end of text"),
    (holding("config.json", "{"), "config.json cannot be read"),
    (holding("config.json", "[]"), "config.json holds no JSON object"),
    (holding("config.json", b"\xff\xfe{}"), "config.json cannot be read"),
    (holding("tokenizer.json", "{"), "tokenizer.json cannot be read"),
    (holding("model.safetensors", "version https://git-lfs.github.com/spec/v1\n"), "model.safetensors is damaged"),
    (holding("model.safetensors", b"\x40\0\0\0\0\0\0\0{}"), "copy or fetch it again"),
    (holding("model.safetensors", b""), "model.safetensors is damaged"),
    (setting("config.json", vocab_size=5), "token ids up to 8, the model embeddings for 5"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_a_folder_that_lacks_a_part_is_refused(tmp_path: Path, spoil: Callable[[Path], None], said: str) -> None:
    place = model_folder(tmp_path / "mine")
    check_model(find_model(str(place)), 64)
    spoil(place)
    with pytest.raises(DataError) as caught:
        check_model(find_model(str(place)), 64)
    assert said in str(caught.value)
    assert str(place) in str(caught.value)


def test_the_end_of_a_text_pads_where_nothing_else_does(tmp_path: Path) -> None:
    place = model_folder(tmp_path / "mine")
    change(place / "tokenizer_config.json", {"pad_token": None, "eos_token": "[SEP]"})
    check_model(find_model(str(place)), 64)
    assert load_tokenizer(find_model(str(place)), ()).pad_token == "[SEP]"


@pytest.mark.parametrize(
    ("model", "length", "texts", "said"),
    [
        ("tiny", 1, 1, "recipe.max_length = 1 leaves no room for a token of the text: .* adds 2 special tokens; .* 3"),
        ("tiny", 2, 1, "use at least 3"),
        ("tiny", 2, 2, "recipe.max_length = 2 .* adds 3 special tokens; use at least 5"),
        ("tiny", 3, 2, "use at least 5"),
        ("tiny", 513, 1, "recipe.max_length = 513, and model 'tiny' has 512 positions; use 512 or less"),
        ("FOLDER[layers=1]", 600, 1, "recipe.max_length = 600, .* has 64 positions"),
        ("FOLDER", 65, 1, "has 64 positions; use 64 or less"),
        ("FOLDER", 2, 1, "use at least 3"),
        ("FOLDER", 4, 2, "use at least 5"),
    ],
)
def test_a_length_that_does_not_suit_the_model_is_refused(
    tmp_path: Path, model: str, length: int, texts: int, said: str
) -> None:
    reference = model.replace("FOLDER", str(tmp_path / "mine"))
    model_folder(tmp_path / "mine")
    with pytest.raises(UsageError, match=said):
        check_model(find_model(reference), length, texts)


@pytest.mark.parametrize(
    ("model", "length", "texts"), [("tiny", 3, 1), ("tiny", 5, 2), ("tiny", 512, 1), ("a/b", 1, 2)]
)
def test_the_shortest_and_longest_that_do(model: str, length: int, texts: int) -> None:
    check_model(find_model(model), length, texts)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "gpt2", "n_positions": 1024}, 1024),
        ({"model_type": "t5", "n_positions": 512}, None),
        ({"model_type": "deberta-v2", "max_position_embeddings": 512, "position_biased_input": False}, None),
        ({"model_type": "deberta-v2", "max_position_embeddings": 512}, 512),
        ({"model_type": "bloom"}, None),
        ({"model_type": "xlnet", "max_position_embeddings": -1}, None),
    ],
)
def test_positions_by_architecture(settings: dict[str, object], expected: int | None) -> None:
    assert positions_of(settings) == expected


@pytest.mark.parametrize("name", ["bert", "roberta", "electra", "gpt2", "opt-350m", "llama", "qwen3"])
def test_a_text_of_as_many_tokens_as_positions_are_counted_is_read(name: str) -> None:
    """The number of positions is the model's own: one more and its lookup fails, or the count is of no table."""
    kind, settings = ARCHITECTURES[name]
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=20, max_position_embeddings=40, pad_token_id=1, **settings
    )
    network = transformers.AutoModel.from_config(config).eval()
    longest = positions_of(config.to_dict())
    assert longest is not None
    with torch.no_grad():
        network(input_ids=torch.full((1, longest), 5), attention_mask=torch.ones((1, longest), dtype=torch.long))


@pytest.mark.parametrize(("form", "added"), [("<s> $A </s>", 2), ("$A", 0)])
def test_the_special_tokens_of_a_file_are_those_of_the_tokenizer(tmp_path: Path, form: str, added: int) -> None:
    tokenizer = byte_level(form, f"{form} $B", pad_token="<pad>", eos_token="</s>")
    place = model_folder(tmp_path / "mine", vocab_size=400)
    tokenizer.save_pretrained(place)
    model = find_model(str(place))
    loaded = load_tokenizer(model, ())
    found = (loaded.num_special_tokens_to_add(pair=False), loaded.num_special_tokens_to_add(pair=True))
    assert model.limits == Limits(64, 400, max(loaded.get_vocab().values()) + 1, found)
    assert found == (added, added)


def test_what_is_loaded_is_checked_as_well(tmp_path: Path) -> None:
    model = find_model(str(model_folder(tmp_path / "mine")))
    tokenizer = load_tokenizer(model, ())
    config = load_config(model, HEAD, tokenizer)
    check_loaded(model, tokenizer, config, 64, 2)
    for length, texts, said in ((65, 1, "64 positions"), (2, 1, "use at least 3"), (4, 2, "use at least 5")):
        with pytest.raises(UsageError, match=said):
            check_loaded(model, tokenizer, config, length, texts)
    config.vocab_size = 4
    with pytest.raises(DataError, match="token ids up to 8, the model embeddings for 4"):
        check_loaded(model, tokenizer, config, 64, 1)


def test_a_tokenizer_that_the_library_makes_up_is_refused(tmp_path: Path) -> None:
    place = model_folder(tmp_path / "mine")
    without(*TOKENIZER)(place)
    with pytest.raises(DataError, match="holds no tokenizer, only special tokens"):
        load_tokenizer(find_model(str(place)), ())


def test_a_job_finds_the_folder_it_was_planned_for_or_says_what_became_of_it(tmp_path: Path) -> None:
    place = model_folder(tmp_path / "mine")
    planned = find_model(f"{place}[layers=1]").reference
    assert (planned.ref, planned.folder, planned.shown) == ("folder[layers=1]", str(place), "mine[layers=1]")
    found = model_of(planned)
    assert (found.folder, found.options.layers) == (place, 1)
    assert found.reference == planned
    (place / "model.safetensors").write_bytes(b"other")
    with pytest.raises(DataError, match="its files changed after the job was planned; run the suite again"):
        model_of(planned)
    place.rename(tmp_path / "moved")
    with pytest.raises(DataError, match="the folder is gone"):
        model_of(planned)
    assert model_of(find_model("minilm-l6[layers=4]").reference) == find_model("minilm-l6[layers=4]")


SUITE = (
    'name = "s"\ntasks = ["planted-{}[size=60]"]\nmodels = [{!r}]\nscorers = ["length"]\n[recipe]\nmax_length = {}\n'
)


@pytest.mark.parametrize(
    ("task", "model", "length", "fragments"),
    [
        ("sentence", "tiny", 1, ("max_length = 1", "3")),
        ("pair", "tiny", 2, ("max_length = 2", "5")),
        ("pair", "tiny", 3, ("max_length = 3", "5")),
        ("sentence", "mine", 100, ("max_length = 100", "64")),
        ("sentence", "no-tokenizer", 32, ("no-tokenizer", "tokenizer.save_pretrained")),
        ("sentence", "no-padding", 32, ("no-padding", "pad_token")),
        ("sentence", "few", 32, ("token ids up to 8", "for 4")),
    ],
)
def test_the_command_line_says_so_before_training(hbench, tmp_path, task, model, length, fragments) -> None:
    model_folder(tmp_path / "mine")
    without(*TOKENIZER)(model_folder(tmp_path / "no-tokenizer"))
    setting("tokenizer_config.json", pad_token=None)(model_folder(tmp_path / "no-padding"))
    model_folder(tmp_path / "few", vocab_size=4)
    name = model if model == "tiny" else f"./{model}"
    (tmp_path / "suite.toml").write_text(SUITE.format(task, name, length))
    for command in (("plan",), ("run", "--executor", "inline", "--store", "store")):
        done = hbench(command[0], "suite.toml", *command[1:])
        assert done.code == 2
        assert all(fragment in done.err for fragment in fragments)
    assert not list(tmp_path.glob("store/finetune/*"))


def test_two_folders_of_one_name_are_refused_before_training(hbench, tmp_path) -> None:
    for place, weight in (("a", b"\0\0\0\0"), ("b", b"\1\0\0\0"), ("c", b"\1\0\0\0")):
        model_folder(tmp_path / place / ("CKPT" if place == "c" else "ckpt"), weight)
    for one, other in (("a/ckpt", "b/ckpt"), ("a/ckpt", "c/CKPT"), ("a/ckpt", "b/ckpt[layers=1]")):
        done = hbench("plan", "quickstart", "--model", one, "--model", other)
        assert done.code == 2
        assert str(tmp_path / one) in done.err
        assert str(tmp_path / other.removesuffix("[layers=1]")) in done.err
    assert hbench("plan", "quickstart", "--model", "a/ckpt", "--model", "a/ckpt[layers=1]").code == 0
    (tmp_path / "other").symlink_to(tmp_path / "b/ckpt")
    assert hbench("plan", "quickstart", "--model", "a/ckpt", "--model", "./other").code == 0
