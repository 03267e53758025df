"""Questions with options as answers: what is a usable row, encoding, losses and signals over the options, padding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from scipy.stats import entropy
from support.small_tokenizers import ARTICLE, OPTIONS, byte_level

from hbench import kinds
from hbench.data.examples import Examples
from hbench.errors import DataError
from hbench.kinds import Batch, Encoded
from hbench.kinds.text import tokens
from hbench.models.catalogue import find_model
from hbench.models.load import load_config, load_model, load_tokenizer
from hbench.plugins.registry import TASKS
from hbench.training.batches import Collator
from hbench.training.gradients.norms import gradient_norms

KIND = kinds.find_kind("choice")
TASK = TASKS.find("race").plugin
CPU = torch.device("cpu")


pytestmark = pytest.mark.usefixtures("one_thread")


def examples(*rows: tuple[Any, str, list[str], Any]) -> Examples:
    ids = [f"q{i}" for i in range(len(rows))]
    names = ("article", "question", "options", "answer")
    columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    return Examples(ids, {**columns, "example_id": ids}, "")


ROWS = examples(
    (ARTICLE, "who sat ?", OPTIONS, "A"),
    ("a cat .", "it was _ .", ["red", "a dog", "the old house", "far away from the mat"], 3),
    (["the dog :", "away , cat !"], "who ran ?", OPTIONS, "the old dog"),
    (f"{ARTICLE} {ARTICLE}", "where ?", ["house", "mat", "far", "away from the house"], "C"),
    ("house .", "who ?", OPTIONS, 0),
)


def bert_like() -> Any:
    return load_tokenizer(find_model("tiny"), [*KIND.texts(TASK, ROWS), "_ \\ 1 g < > 0"])


#: As the tokenizers on the hub: GPT-2's and Llama's have no token for padding, and ask for it in front.
TOKENIZERS: dict[str, Callable[[], Any]] = {
    "bert": bert_like,
    "roberta": lambda: byte_level(
        "<s> $A </s>", "<s> $A </s> </s> $B </s>", pad_token="<pad>", eos_token="</s>", bos_token="<s>"
    ),
    "opt": lambda: byte_level("</s> $A", "</s> $A </s> $B", pad_token="<pad>", eos_token="</s>", bos_token="</s>"),
    "gpt2": lambda: byte_level("$A", "$A $B", eos_token="<|end|>", bos_token="<|end|>"),
    "llama": lambda: byte_level("<s> $A", "<s> $A <s> $B", eos_token="</s>", bos_token="<s>"),
}
BERT, GPT2 = bert_like(), TOKENIZERS["gpt2"]()
GPT2.pad_token, GPT2.padding_side = GPT2.eos_token, "right"
EITHER = pytest.mark.parametrize("tokenizer", [BERT, GPT2], ids=["bert", "gpt2"])


def encode(rows: Examples, tokenizer: Any = BERT, max_length: int = 64) -> Encoded:
    return KIND.encode(TASK, rows, tokenizer, max_length)


def shown(encoded: Encoded, tokenizer: Any = BERT) -> list[str]:
    return [tokenizer.decode(row["input_ids"]) for row in encoded.sequences]


# --- encoding


def test_every_option_is_read_with_the_article() -> None:
    found = encode(examples(("the cat sat .", "who sat ?", OPTIONS, "B")))
    assert shown(found) == [f"[CLS] the cat sat . [SEP] who sat ? {option} [SEP]" for option in OPTIONS]
    assert found.sequences[0]["token_type_ids"] == [0] * 6 + [1] * 6
    assert found.label.tolist() == [1]
    assert found.owner.tolist() == [0, 0, 0, 0]
    assert found.length.tolist() == [sum(len(row["input_ids"]) for row in found.sequences)]


def test_examples_own_their_options_in_order() -> None:
    found = encode(ROWS)
    assert found.ids == ROWS.ids
    assert found.label.tolist() == [0, 3, 1, 2, 0]
    assert found.owner.tolist() == [i for i in range(5) for _ in range(4)]
    assert found.length.tolist() == [found.sequences.lengths[found.owner == i].sum() for i in range(5)]
    assert {values.dtype for values in (found.owner, found.label, found.length)} == {np.dtype(np.int64)}


def test_a_vocabulary_is_made_of_all_texts() -> None:
    rows = examples(("one two", "three ?", ["four", "five", "_", "six"], 0), (["seven", "eight"], "nine", ["a"] * 4, 0))
    assert list(KIND.texts(TASK, rows)) == [
        *("one two", "seven\neight", "three ?", "nine", "four", "five", "_", "six"),
        *["a"] * 4,
    ]


@pytest.mark.parametrize(
    ("question", "option", "asked"),
    [
        ("it was _ .", "the cat", "it was the cat ."),
        ("_ sat", "the cat", "the cat sat"),
        ("it was ____", "far", "it was far"),
        ("it was _ .", r"\1 \g<0>", r"it was \ 1 \ g < 0 > ."),
        ("a _ ran from _ .", "dog", "a _ ran from _ . dog"),
        ("who sat ?", "the cat", "who sat ? the cat"),
        ("", "the cat", "the cat"),
    ],
)
def test_an_option_fills_the_blank_or_stands_behind_the_question(question: str, option: str, asked: str) -> None:
    found = encode(examples(("cat", question, [option, "a", "a", "a"], 0)))
    assert shown(found)[0] == f"[CLS] cat [SEP] {asked} [SEP]"


@EITHER
@pytest.mark.parametrize("max_length", [24, 40])
def test_question_and_option_survive_whatever_the_article(tokenizer: Any, max_length: int) -> None:
    article = " ".join([ARTICLE] * 30)
    found = encode(examples((article, "who sat ?", OPTIONS, 0)), tokenizer, max_length)
    assert found.sequences.lengths.tolist() == [max_length] * 4
    start = tokenizer("the red cat", add_special_tokens=False)["input_ids"]
    for row, option in zip(found.sequences, OPTIONS, strict=True):
        mark = tokens.separator(tokenizer)
        asked = tokenizer(f"{mark}who sat ? {option}", add_special_tokens=False)["input_ids"]
        ids = [token for token in row["input_ids"] if token not in tokenizer.all_special_ids]
        assert ids[-len(asked) :] == asked
        assert ids[: len(start)] == start
        assert tokenizer(article, add_special_tokens=False)["input_ids"][: len(ids) - len(asked)] == ids[: -len(asked)]


def test_texts_are_parted_where_the_tokenizer_does_not() -> None:
    rows = examples(("the cat sat .", "who ?", OPTIONS, 0), (["the cat", "sat"], "it was _ .", OPTIONS, 0))
    assert shown(encode(rows, GPT2), GPT2)[3:5] == ["the cat sat .\nwho ? mat", "the cat\nsat\nit was the cat ."]
    assert TOKENIZERS["llama"]().decode(encode(rows, TOKENIZERS["llama"]()).sequences[0]["input_ids"]) == (
        "<s>the cat sat .<s>who ? the cat"
    )


@EITHER
def test_a_question_that_leaves_no_room_is_named_with_the_length_needed(tokenizer: Any) -> None:
    rows = examples(("cat", "who ?", OPTIONS, 0), (ARTICLE, "who sat on the mat ?", OPTIONS, 0))
    mark = tokens.separator(tokenizer)
    asked = tokenizer(f"{mark}who sat on the mat ? a house far away", add_special_tokens=False)["input_ids"]
    needed = len(asked) + tokenizer.num_special_tokens_to_add(pair=True) + 1
    for length in (5, needed - 1):
        message = rf"^example q1: .* {len(asked)} tokens.*={length}; use a max_length of at least {needed}$"
        with pytest.raises(DataError, match=message):
            encode(rows, tokenizer, length)
    # one token of the article is left, and all of the rest
    ids = encode(rows, tokenizer, needed).sequences[6]["input_ids"]
    article = tokenizer("the", add_special_tokens=False)["input_ids"]
    assert [token for token in ids if token not in tokenizer.all_special_ids] == [article[0], *asked]


def test_answers_may_be_letters_places_or_texts() -> None:
    for place, letter in enumerate(TASK.labels):
        for answer in (letter, place, OPTIONS[place]):
            assert encode(examples(("cat", "who ?", OPTIONS, answer))).label.tolist() == [place]
    # a letter is one, even where options are called so
    assert encode(examples(("cat", "who ?", ["B", "A", "D", "C"], "A"))).label.tolist() == [0]


@pytest.mark.parametrize("chunk", [1, 3, 7])
def test_sequences_do_not_depend_on_the_chunk(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encode(ROWS, max_length=20)
    monkeypatch.setattr(tokens, "CHUNK", chunk)
    assert list(encode(ROWS, max_length=20).sequences) == list(whole.sequences)


def test_head_has_one_logit() -> None:
    head = KIND.head(TASK)
    assert (head.auto, head.config["num_labels"]) == ("AutoModelForSequenceClassification", 1)
    assert KIND.width(TASK) == KIND.predict_width(TASK, encode(ROWS)) == 4
    assert KIND.width(TASKS.find("dream").plugin) == 3


# --- rows


def check_rows(article: Any = "cat", question: Any = "who ?", options: Any = OPTIONS, answer: Any = "A") -> Any:
    columns = {
        "article": ["cat", article],
        "question": ["who ?", question],
        "options": [OPTIONS, options],
        "answer": ["B", answer],
    }
    return KIND.check_rows(TASK, columns, lambda row: f"file.jsonl, row {row + 1}, id {'ab'[row]}")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"article": None}, r"column 'article' holds None, which is neither a string nor a list of strings; fix or"),
        ({"article": ["cat", 3]}, r"column 'article' holds \['cat', 3\], which is neither"),
        ({"article": ""}, r"column 'article' is empty; .* remove the row"),
        ({"article": " \n\t"}, r"column 'article' is empty"),
        ({"article": []}, r"column 'article' is empty"),
        ({"article": ["", " "]}, r"column 'article' is empty"),
        ({"question": None}, r"column 'question' holds None, which is not a string; fix or remove the row"),
        ({"question": ["who ?"]}, r"column 'question' holds \['who \?'\], which is not a string"),
        ({"options": "cat"}, r"column 'options' holds 'cat', which is not a list of strings; write 4 texts"),
        ({"options": ["a", "b", "c", None]}, r"which is not a list of strings"),
        (
            {"options": ["x" * 90]},
            r"column 'options' holds 1 options, and the task has questions with 4; write 4 texts",
        ),
        ({"options": [*OPTIONS, "e"]}, r"holds 5 options, and the task has questions with 4"),
        ({"options": []}, r"holds 0 options, and the task has questions with 4"),
        ({"answer": "E"}, r"holds 'E', the text of none of the options; write a letter \(A, B, C, D\), an integer"),
        ({"answer": "b"}, r"holds 'b', the text of none"),
        ({"answer": ""}, r"holds '', the text of none"),
        ({"answer": "x" * 90}, r"holds 'x{56}\.\.\., the text of none"),
        ({"answer": "the cat", "options": ["the cat", "mat", "the cat", "dog"]}, r"'the cat', the text of 2 of the op"),
        ({"answer": 4}, r"column 'answer' holds 4; write .* from 0 to 3, .*or -1 to leave the row out$"),
        ({"answer": -2}, r"column 'answer' holds -2; write"),
        ({"answer": True}, r"column 'answer' holds True; write"),
        ({"answer": 1.0}, r"column 'answer' holds 1\.0; write"),
        ({"answer": None}, r"column 'answer' holds None; write"),
    ],
)
def test_bad_rows_are_named_with_the_fix(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"^file\.jsonl, row 2, id b: .*{message}") as caught:
        check_rows(**row)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_rows_without_an_answer_are_left_out() -> None:
    assert check_rows(answer=-1).tolist() == [0]
    assert check_rows(answer=-1).dtype == np.int64
    for row in ({}, {"answer": 3}, {"answer": "mat"}, {"article": ["", "cat"]}, {"question": ""}):
        assert check_rows(**row).tolist() == [0, 1]


# --- losses and signals


def fake(batch: Batch) -> Any:
    """Return what a model would that scores each sequence by its real tokens alone."""
    ids, mask = batch.inputs["input_ids"], batch.inputs["attention_mask"]
    place = torch.arange(1, ids.shape[1] + 1)
    return SimpleNamespace(logits=((ids * mask * place).sum(1, keepdim=True) % 97).to(torch.bfloat16) / 16)


@settings(max_examples=40, deadline=None)
@given(members=st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True), data=st.data())
def test_losses_and_signals_are_those_of_a_softmax_over_the_options(members: list[int], data: st.DataObject) -> None:
    found = encode(ROWS)
    gold = np.array(data.draw(st.lists(st.integers(0, 3), min_size=5, max_size=5)))
    found = Encoded(found.ids, found.sequences, found.owner, gold, found.length)
    # what the model says of each option, taken from the sequences one by one
    said = np.array(
        [sum(token * (i + 1) for i, token in enumerate(row["input_ids"])) % 97 / 16 for row in found.sequences]
    )
    expected = said.reshape(5, 4)[members]
    batch = Collator(found, CPU)(np.array(members))
    logits = KIND.logits(fake(batch), batch)
    assert logits.dtype == torch.float32
    np.testing.assert_array_equal(logits.numpy(), expected)

    labels = gold[members]
    log_prob = log_softmax(expected, axis=1)
    loss = -log_prob[np.arange(len(members)), labels]
    np.testing.assert_allclose(KIND.losses(logits, batch).numpy(), loss, rtol=1e-5, atol=1e-6)

    kept = np.full((5, 4), np.nan, dtype=np.float32)
    kept[members] = KIND.observe(logits, batch).numpy()
    signals = {name: values[members] for name, values in KIND.signals(kept, found).items()}
    prob, target = np.exp(log_prob), np.eye(4)[labels]
    right = expected[np.arange(len(members)), labels]
    wanted = {
        "loss": loss,
        "gold_prob": np.exp(-loss),
        "el2n": np.sqrt(((prob - target) ** 2).sum(1)),
        "margin": right - np.where(target == 1, -np.inf, expected).max(1),
        "entropy": entropy(prob, axis=1),
        "prob": prob,
    }
    for name, value in wanted.items():
        np.testing.assert_allclose(signals[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    np.testing.assert_array_equal(signals["correct"], expected.argmax(1) == labels)


def test_evaluation_is_accuracy_over_the_options() -> None:
    found = encode(ROWS)
    batch = Collator(found, CPU)(np.arange(5))
    logits = torch.zeros(20, 1)
    logits[[0, 4, 9, 14, 19]] = 1.0  # options A, A, B, C, D
    kept = KIND.predict(KIND.logits(SimpleNamespace(logits=logits), batch), batch).numpy()
    done = KIND.evaluate(TASK, kept, ROWS, found)
    assert done.prediction.tolist() == [0, 0, 1, 2, 3]
    assert done.values.tolist() == [1, 0, 1, 1, 0]
    assert done.metric == {"accuracy": pytest.approx(3 / 5)}


def test_the_trivial_answer_is_a_guess() -> None:
    found = KIND.trivial(TASK, ROWS, encode(ROWS))
    assert found.answer == "guessing"
    assert found.values.tolist() == [0.25] * 5


def test_gradient_norms_are_of_the_sum_over_an_examples_options() -> None:
    config = load_config(find_model("tiny"), KIND.head(TASK), BERT)
    # weights as large as after training: what the options have in common cancels out in their sum
    config.initializer_range = 0.3
    model = load_model(find_model("tiny"), KIND.head(TASK), config, seed=1).eval()
    batch = Collator(encode(ROWS), CPU)(np.array([2, 0, 4]))

    def losses(output: Any) -> torch.Tensor:
        return KIND.losses(KIND.logits(output, batch), batch)

    found = gradient_norms(model, batch.inputs, losses, ("all",), batch.owner)["all"]
    parameters = [p for p in model.parameters() if p.requires_grad]
    for i, loss in enumerate(losses(model(**batch.inputs))):
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        norm = torch.stack([g.norm() for g in gradients if g is not None]).norm()
        assert found[i].item() == pytest.approx(norm.item(), rel=1e-4)


# --- architectures


SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "max_position_embeddings": 130}
#: Weights large enough for every token to matter.
BERT_SIZES = {**SMALL, "intermediate_size": 24, "initializer_range": 0.5}
OPT_SIZES = {**SMALL, "ffn_dim": 24, "init_std": 0.5}
CONFIGS: dict[str, tuple[str, type[Any], dict[str, Any]]] = {
    "bert": ("bert", transformers.BertConfig, BERT_SIZES),
    "roberta": ("roberta", transformers.RobertaConfig, BERT_SIZES),
    "opt": ("opt", transformers.OPTConfig, OPT_SIZES),
    "opt-350m": ("opt", transformers.OPTConfig, {**OPT_SIZES, "word_embed_proj_dim": 8, "do_layer_norm_before": False}),
    "gpt2": (
        "gpt2",
        transformers.GPT2Config,
        {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 130, "initializer_range": 0.5},
    ),
    "llama": ("llama", transformers.LlamaConfig, {**BERT_SIZES, "num_key_value_heads": 2}),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_padding_changes_no_logit(name: str, tmp_path: Path) -> None:
    """Models and tokenizers as they lie in a folder; decoders read the option's end, which is the last real token."""
    like, kind, sizes = CONFIGS[name]
    made = TOKENIZERS[like]()
    made.save_pretrained(tmp_path)
    special = {key: getattr(made, key) for key in ("bos_token_id", "eos_token_id", "pad_token_id")}
    torch.manual_seed(3)
    config = kind(vocab_size=len(made), **sizes, **special)
    transformers.AutoModel.from_config(config).save_pretrained(tmp_path)

    place = find_model(str(tmp_path))
    tokenizer = load_tokenizer(place, ())
    head = KIND.head(TASK)
    model = load_model(place, head, load_config(place, head, tokenizer), seed=5).eval()
    found = encode(ROWS, tokenizer, 128)
    batch = Collator(found, CPU)(np.array([3, 0, 4, 1, 2]))
    order = [4 * example + option for example in (3, 0, 4, 1, 2) for option in range(4)]
    alone, ends = [], []
    with torch.no_grad():
        together = KIND.logits(model(**batch.inputs), batch).flatten()
        for position in order:
            inputs = {key: torch.tensor([values]) for key, values in found.sequences[position].items()}
            alone.append(model(**inputs).logits.item())
            if like in ("opt", "gpt2", "llama"):
                ends.append(model.score(model.base_model(**inputs).last_hidden_state[0, -1]).item())
    assert len(set(found.sequences.lengths)) > 5
    assert (tokenizer.pad_token == tokenizer.eos_token) is (like in ("gpt2", "llama"))
    np.testing.assert_allclose(together.numpy(), alone, rtol=1e-4, atol=1e-4)
    assert len({round(value, 3) for value in alone}) > 15
    if ends:
        np.testing.assert_allclose(together.numpy(), ends, rtol=1e-4, atol=1e-4)
