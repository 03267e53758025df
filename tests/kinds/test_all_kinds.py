"""Every kind of task with every sort of architecture: exact gradient norms of examples, and training to the end.

Examples own several sequences here, windows of a context or options of a question; of intents and slots, a loss at each
of several tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from support.architectures import ARCHITECTURES, SCOPES, TOKEN_TYPES

from hbench.data.examples import Examples
from hbench.jobs.observe import Watch
from hbench.jobs.recipe import Recipe
from hbench.kinds import Encoded, find_kind
from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer
from hbench.plugins.registry import TASKS
from hbench.training.batches import Collator
from hbench.training.flops import FlopCount
from hbench.training.gradients.norms import GradientNorms
from hbench.training.loop import Run, Setting

WORDS = [f"w{i}" for i in range(40)]
TOKENIZER = load_tokenizer(find_model("tiny"), [" ".join(WORDS)])
#: As decoders' tokenizers: none of its tokens stands for the whole text.
DECODERS = load_tokenizer(find_model("tiny"), [" ".join(WORDS)])
DECODERS.cls_token = None
#: Kind -> a task of it, and the longest sequence: short, so that contexts take several windows.
KINDS = {"classification": ("snli", 40), "choice": ("dream", 40), "span": ("squad_v2", 24), "joint": ("snips", 24)}


pytestmark = pytest.mark.usefixtures("one_thread")


def examples(kind: str, count: int, seed: int = 0) -> Examples:
    """Return made-up examples of uneven length whose answers follow from nothing: they can only be learnt by heart."""
    rng = np.random.default_rng(seed)

    def text(least: int, most: int) -> str:
        return " ".join(rng.choice(WORDS, rng.integers(least, most)))

    ids = [str(i) for i in range(count)]
    if kind == "classification":
        labels = rng.integers(0, 3, count).tolist()
        columns = {"premise": [text(3, 20) for _ in ids], "hypothesis": [text(2, 9) for _ in ids], "label": labels}
    elif kind == "choice":
        columns = {
            "example_id": ids,
            "article": [text(3, 25) for _ in ids],
            "question": [text(2, 5) for _ in ids],
            "options": [[text(1, 5) for _ in range(3)] for _ in ids],
            "answer": [str(letter) for letter in rng.choice(list("ABC"), count)],
        }
    elif kind == "joint":
        task = TASKS.find("snips").plugin
        slots = [f"{mark}-{slot}" for slot in task.slots[:2] for mark in "BI"]
        # a decoder cannot know more of a word than those before it: the first ones of two utterances may be the same
        tag = dict(zip(WORDS, rng.choice(["O", "O", *slots], len(WORDS)).tolist(), strict=True))
        words = [text(3, 16).split() for _ in ids]
        columns = {
            "tokens": words,
            "slot_tags": [[tag[word] for word in said] for said in words],
            "intent": rng.choice(task.labels, count).tolist(),
        }
    else:
        contexts = [text(4, 45) for _ in ids]
        answers: list[dict[str, Any]] = []
        for context in contexts:
            words = context.split()
            first = int(rng.integers(0, len(words)))
            answer = " ".join(words[first : first + 2])
            start = len(" ".join(words[:first])) + (first > 0)
            none = rng.random() < 0.25
            answers.append({"text": [], "answer_start": []} if none else {"text": [answer], "answer_start": [start]})
        columns = {"id": ids, "question": [text(2, 6) for _ in ids], "context": contexts, "answers": answers}
    return Examples(ids, columns, "")


def encoded(kind: str, count: int, name: str = "bert") -> tuple[Any, Encoded]:
    task, length = KINDS[kind]
    plugin = TASKS.find(task).plugin
    tokenizer = DECODERS if name in ("gpt2", "llama", "qwen3") else TOKENIZER
    return plugin, find_kind(kind).encode(plugin, examples(kind, count), tokenizer, length)


def build(name: str, kind: str, **changes: Any) -> torch.nn.Module:
    model_type, settings = ARCHITECTURES[name]
    head = find_kind(kind).head(TASKS.find(KINDS[kind][0]).plugin)
    config = transformers.AutoConfig.for_model(
        model_type,
        vocab_size=len(TOKENIZER),
        max_position_embeddings=80,
        pad_token_id=TOKENIZER.pad_token_id,
        **{**settings, **head.config, **changes},
    )
    torch.manual_seed(0)
    model: torch.nn.Module = getattr(transformers, head.auto).from_config(config, attn_implementation="eager")
    return model


def inputs_of(name: str, batch: Any) -> dict[str, torch.Tensor]:
    """Leave out the token types that an architecture does not take."""
    return {k: v for k, v in batch.inputs.items() if k != "token_type_ids" or name in TOKEN_TYPES}


def pairs(names: Iterable[str], kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Return every architecture with every kind that transformers has a head for: OPT has none for tokens."""
    return [(name, kind) for kind in kinds for name in names if kind != "joint" or not name.startswith("opt")]


@pytest.mark.parametrize(("name", "kind_name"), pairs(ARCHITECTURES, ["choice", "span", "joint"]))
def test_gradient_norms_are_those_of_whole_examples(name: str, kind_name: str) -> None:
    kind = find_kind(kind_name)
    model = build(name, kind_name).eval()
    with torch.no_grad():  # away from the initial state, where biases are zero and attention is even
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    _, found = encoded(kind_name, 6, name)
    assert np.bincount(found.owner).max() > 1 or (found.token_gold["tag"] >= 0).sum() > 20
    collate = Collator(found, torch.device("cpu"))

    def losses(batch: Any, output: Any) -> torch.Tensor:
        return kind.losses(kind.logits(output, batch), batch)

    together = collate(np.arange(6))
    with GradientNorms(model, SCOPES) as norms:
        exact = norms(inputs_of(name, together), lambda output: losses(together, output), together.owner)
    head = [p for n, p in model.named_parameters() if not n.startswith(model.base_model_prefix)]
    for example in range(6):
        alone = collate(np.array([example]))
        model.zero_grad()
        losses(alone, model(**inputs_of(name, alone))).sum().backward()
        for scope, parameters in (("all", list(model.parameters())), ("head", head)):
            squares = [p.grad.double().square().sum() for p in parameters if p.grad is not None]
            expected = float(torch.stack(squares).sum().sqrt())
            assert float(exact[scope][example]) == pytest.approx(expected, rel=1e-4), (scope, example)


def test_gradients_of_options_that_cancel_are_exact() -> None:
    """Before training the options of a question look alike, and their gradients add up to little."""
    kind, model = find_kind("choice"), build("bert", "choice").eval()
    _, found = encoded("choice", 8)
    batch = Collator(found, torch.device("cpu"))(np.arange(8))
    with GradientNorms(model, ("all",)) as norms:
        exact = norms(batch.inputs, lambda o: kind.losses(kind.logits(o, batch), batch), batch.owner)["all"]
    losses = kind.losses(kind.logits(model(**batch.inputs), batch), batch)
    for example in range(8):
        gradients = torch.autograd.grad(losses[example], list(model.parameters()), retain_graph=True, allow_unused=True)
        expected = torch.stack([g.double().square().sum() for g in gradients if g is not None]).sum().sqrt()
        assert float(exact[example]) == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.parametrize(("name", "kind_name"), pairs(["bert", "roberta", "opt-350m", "gpt2", "llama"], KINDS))
@pytest.mark.slow
def test_encoders_and_decoders_learn_64_examples_by_heart(name: str, kind_name: str) -> None:
    task, found = encoded(kind_name, 64, name)
    kind = find_kind(kind_name)
    if name not in TOKEN_TYPES:
        found.sequences.fields.pop("token_type_ids", None)
    recipe = Recipe(epochs=50, batch_size=16, learning_rate=4e-3, warmup=0.1, precision="fp32")
    # Models this small learn within seconds from weights that are larger than those of real ones.
    wide = {"hidden_size": 64, "word_embed_proj_dim": 32} if name == "opt-350m" else {}
    model = build(name, kind_name, initializer_range=0.15, init_std=0.15, **wide)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    setting = Setting(
        model=model,
        kind=kind,
        flops=FlopCount(1, 1, 1, 0),
        width=kind.width(task),
        predict_width=kind.predict_width(task, found),
        recipe=recipe,
        seed=1,
    )
    run = Run(setting, found, np.arange(64), {"train": Watch((1, 50))})
    run.train(lambda done, total: None)
    dynamics = run.observers["train"].dataset(kind, found, 1)
    first, last = dynamics["loss"].mean("example").to_numpy()[0]
    assert first > 0.5
    assert last < 0.05 * first
    assert dynamics["correct"].sel(epoch=50).mean() > 0.95
    assert dynamics["el2n"].sel(epoch=50).mean() < 0.2
