"""Gradient norms against the plainest truth: one example at a time, unpadded, through autograd."""

from __future__ import annotations

import pytest
import torch
from support.architectures import ARCHITECTURES, PAD, SCOPES, TOKEN_TYPES, VOCABULARY, build
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from hbench.errors import TrainingFailed, UsageError
from hbench.training.gradients.norms import GradientNorms, gradient_norms


def make_texts(lengths: list[int], *, seed: int = 1, token_types: bool = False) -> list[dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    texts = []
    for length in lengths:
        ids = torch.randint(2, VOCABULARY, (length,), generator=generator)
        ids[1 : length - 1 : 4] = PAD  # some models use one token for the end of a text and for padding
        texts.append({"input_ids": ids, "attention_mask": torch.ones_like(ids)})
        if token_types:
            texts[-1]["token_type_ids"] = (torch.arange(length) > length // 2).long()
    return texts


def pad(texts: list[dict[str, torch.Tensor]], side: str = "right") -> dict[str, torch.Tensor]:
    length = max(len(text["input_ids"]) for text in texts)
    batch = {}
    for field in texts[0]:
        fill = PAD if field == "input_ids" else 0
        gaps = [length - len(text[field]) for text in texts]
        sides = [(gap, 0) if side == "left" else (0, gap) for gap in gaps]
        batch[field] = torch.stack([functional.pad(t[field], s, value=fill) for t, s in zip(texts, sides, strict=True)])
    return batch


def cross_entropy(labels: torch.Tensor):
    return lambda output: functional.cross_entropy(output.logits, labels, reduction="none")


def parameters_in(model: nn.Module, scope: str) -> list[nn.Parameter]:
    """Return a scope's parameters by their names, apart from how the library finds them."""
    last = {"roberta": "classifier.out_proj", "electra": "classifier.out_proj"}
    final = last.get(model.config.model_type, "score" if hasattr(model, "score") else "classifier")
    chosen = {
        "all": lambda name: True,
        "head": lambda name: not name.startswith(f"{model.base_model_prefix}."),
        "last": lambda name: name.startswith(f"{final}."),
    }[scope]
    return [p for name, p in model.named_parameters() if p.requires_grad and chosen(name)]


def loop(model: nn.Module, texts, labels: torch.Tensor, owner=None) -> dict[str, torch.Tensor]:
    """Return the norms from one example at a time; its sequences, each alone, are added up before the norm."""
    model.eval()
    owner = list(range(len(texts))) if owner is None else owner
    norms = {scope: [] for scope in SCOPES}
    for example in range(len(labels)):
        mine = [pad([text]) for text, whose in zip(texts, owner, strict=True) if whose == example]
        logits = torch.cat([model(**sequence).logits for sequence in mine]).view(1, -1)
        loss = functional.cross_entropy(logits, labels[example : example + 1])
        for scope, values in norms.items():
            gradients = torch.autograd.grad(loss, parameters_in(model, scope), retain_graph=True, allow_unused=True)
            values.append(torch.cat([g.flatten() for g in gradients if g is not None]).norm())
    return {scope: torch.stack(values) for scope, values in norms.items()}


def assert_close(found: dict[str, torch.Tensor], truth: dict[str, torch.Tensor], tolerance: float = 1e-4) -> None:
    assert found.keys() == truth.keys()
    for scope in truth:
        assert found[scope].dtype == torch.float32
        torch.testing.assert_close(found[scope].double(), truth[scope].double(), rtol=tolerance, atol=0.0)


# Short texts take the way through Gram matrices, long ones the product. At 34 tokens, DeBERTa's shared rows begin.
@pytest.mark.parametrize("lengths", [[7, 3, 9, 9, 5], [34, 23, 6]], ids=["short", "long"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_equals_a_loop_over_unpadded_examples(name: str, lengths: list[int]) -> None:
    model = build(name)
    texts = make_texts(lengths, token_types=ARCHITECTURES[name][0] in TOKEN_TYPES)
    labels = torch.arange(len(texts)) % 3
    found = gradient_norms(model, pad(texts), cross_entropy(labels), SCOPES)
    assert_close(found, loop(model, texts, labels))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_is_exact_and_not_merely_close(name: str) -> None:
    model = build(name, dtype=torch.float64)
    texts = make_texts([12, 5, 30])
    labels = torch.tensor([0, 2, 1])
    found = gradient_norms(model, pad(texts), cross_entropy(labels), SCOPES)
    assert_close(found, loop(model, texts, labels), tolerance=1e-6)


@pytest.mark.parametrize("name", ["opt", "llama"])
def test_padding_on_the_left(name: str) -> None:
    model = build(name)
    texts, labels = make_texts([6, 11, 3]), torch.tensor([0, 1, 2])
    found = gradient_norms(model, pad(texts, side="left"), cross_entropy(labels), SCOPES)
    assert_close(found, loop(model, texts, labels))


def test_gpt2_reads_token_types_from_the_word_embedding_too() -> None:
    model = build("gpt2")
    texts, labels = make_texts([6, 11, 3], token_types=True), torch.tensor([0, 1, 2])
    found = gradient_norms(model, pad(texts), cross_entropy(labels), SCOPES)
    assert_close(found, loop(model, texts, labels))


@pytest.mark.parametrize("name", ["bert", "opt", "deberta-v3"])
@pytest.mark.parametrize(
    "owner", [[0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 2, 2], [2, 0, 1, 2, 0, 2]], ids=["even", "ragged", "mixed"]
)
def test_several_sequences_of_one_example(name: str, owner: list[int]) -> None:
    model = build(name, labels=1)
    texts = make_texts([7, 3, 9, 12, 5, 30])
    whose, labels = torch.tensor(owner), torch.tensor([1, 0, 1]) % torch.bincount(torch.tensor(owner))

    def losses(output) -> torch.Tensor:
        choices = [output.logits[whose == example].view(1, -1) for example in range(3)]
        return torch.cat([functional.cross_entropy(c, labels[i : i + 1]).view(1) for i, c in enumerate(choices)])

    found = gradient_norms(model, pad(texts), losses, SCOPES, owner=whose)
    assert_close(found, loop(model, texts, labels, owner))


def test_tied_layers_add_up_before_the_norm() -> None:
    model = build("bert")
    first, second = (layer.attention.self for layer in model.bert.encoder.layer)
    second.query.weight = first.key.weight  # the biases stay apart
    model.bert.encoder.layer[1].output.LayerNorm = model.bert.encoder.layer[0].output.LayerNorm
    texts, labels = make_texts([6, 11, 3]), torch.tensor([0, 1, 2])
    found = gradient_norms(model, pad(texts), cross_entropy(labels), SCOPES)
    assert_close(found, loop(model, texts, labels))


def test_a_head_tied_to_the_encoder_counts_with_the_encoder() -> None:
    model = build("electra")
    model.classifier.dense.weight = model.electra.encoder.layer[0].attention.self.query.weight
    texts, labels = make_texts([6, 11, 3]), torch.tensor([0, 1, 2])
    truth = loop(model, texts, labels)
    assert_close(gradient_norms(model, pad(texts), cross_entropy(labels), SCOPES), truth)
    assert_close(gradient_norms(model, pad(texts), cross_entropy(labels), ("head",)), {"head": truth["head"]})


class Wasteful(nn.Module):
    """Uses a layer twice and drops one of the outcomes."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.inner = linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.inner(x.cos())
        return self.inner(x)


def test_a_use_that_the_loss_does_not_depend_on_adds_nothing() -> None:
    model = build("bert")
    model.classifier = Wasteful(model.classifier)
    texts, labels = make_texts([6, 11, 3]), torch.tensor([0, 1, 2])
    with torch.no_grad():  # of the caller; the norms need their own graph
        found = gradient_norms(model, pad(texts), cross_entropy(labels), SCOPES)
    assert_close(found, loop(model, texts, labels))


def test_decoders_fill_no_cache() -> None:
    def losses(output) -> torch.Tensor:
        assert output.past_key_values is None
        return cross_entropy(torch.tensor([0, 1]))(output)

    model = build("llama")
    forward = model.forward
    model.forward = lambda *args, **kwargs: forward(*args, **kwargs)  # as accelerate hands it over
    gradient_norms(model, pad(make_texts([6, 11])), losses)


def test_a_compiled_model_is_read_through_what_it_was_compiled_from() -> None:
    model = build("bert")
    batch, losses = pad(make_texts([6, 11])), cross_entropy(torch.tensor([0, 1]))
    compiled = torch.compile(model, backend="eager")
    assert torch.equal(gradient_norms(compiled, batch, losses)["all"], gradient_norms(model, batch, losses)["all"])


def test_only_trainable_parameters_count() -> None:
    model = build("bert")
    model.bert.embeddings.requires_grad_(False)
    model.bert.encoder.layer[0].attention.self.query.bias.requires_grad_(False)
    texts, labels = make_texts([6, 11, 3]), torch.tensor([0, 1, 2])
    found = gradient_norms(model, pad(texts), cross_entropy(labels), SCOPES)
    assert_close(found, loop(model, texts, labels))


def test_norm_of_the_last_layer_is_error_times_features() -> None:
    model = build("distilbert").eval()
    seen = []
    model.classifier.register_forward_hook(lambda module, args, output: seen.append(args[0].detach()))
    batch, labels = pad(make_texts([6, 11, 3])), torch.tensor([0, 1, 2])
    found = gradient_norms(model, batch, cross_entropy(labels), ("last",))["last"]
    error = (model(**batch).logits.softmax(-1) - functional.one_hot(labels, 3)).norm(dim=1)
    torch.testing.assert_close(found, (error * (1 + seen[0].square().sum(1)).sqrt()).detach(), rtol=1e-5, atol=0.0)


@pytest.mark.parametrize("name", ["bert", "opt-350m", "llama", "deberta-v3"])
def test_norms_under_bf16_autocast(name: str) -> None:
    model, batch, labels = build(name), pad(make_texts([6, 11, 3])), torch.tensor([0, 1, 2])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = gradient_norms(model, batch, lambda output: cross_entropy(labels)(output).float())
        losses = cross_entropy(labels)(model.eval()(**batch))
    truth = []
    for loss in losses:
        gradients = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, allow_unused=True)
        truth.append(torch.cat([g.flatten() for g in gradients if g is not None]).norm())
    assert_close(found, {"all": torch.stack(truth)}, tolerance=7e-4)


def state(model: nn.Module) -> list[object]:
    modules = [(m.training, len(m._forward_hooks), sorted(vars(m))) for m in model.modules()]
    parameters = [(p.requires_grad, None if p.grad is None else p.grad.tolist()) for p in model.parameters()]
    return [modules, parameters]


@pytest.mark.parametrize("fail", [False, True], ids=["done", "failed"])
@pytest.mark.parametrize("name", ["bert", "deberta-v3"])
def test_leaves_the_model_as_it_was(name: str, fail: bool) -> None:
    model = build(name).train()
    model.base_model.encoder.layer[1].eval()
    model.base_model.embeddings.requires_grad_(False)
    batch, labels = pad(make_texts([6, 11])), torch.tensor([0, 1])
    cross_entropy(labels)(model(**batch)).mean().backward()
    before = state(model)

    def losses(output) -> torch.Tensor:
        if fail:
            raise ZeroDivisionError
        return cross_entropy(labels)(output)

    if fail:
        with pytest.raises(ZeroDivisionError):
            gradient_norms(model, batch, losses, SCOPES)
    else:
        gradient_norms(model, batch, losses, SCOPES)
    assert state(model) == before


def test_one_preparation_serves_many_batches_and_gives_the_same_bits_twice() -> None:
    model = build("bert").train()  # dropout is off all the same
    texts, labels = make_texts([6, 11, 3, 9, 30]), torch.tensor([0, 1, 2, 0, 1])
    truth = loop(model, texts, labels)["all"]
    with GradientNorms(model) as norms:
        for members in ([4], [3, 1], [0, 2, 4], [3, 1]):
            batch = pad([texts[i] for i in members])
            found = norms(batch, cross_entropy(labels[members]))["all"]
            torch.testing.assert_close(found, truth[members], rtol=1e-4, atol=0.0)
            assert torch.equal(found, norms(batch, cross_entropy(labels[members]))["all"])


def test_forms_no_gradient_of_a_weight() -> None:
    """Nothing as large as one weight's gradient, let alone one for each example, comes to be on short texts."""
    model = build("bert")
    batch, labels = pad(make_texts([3, 2, 3])), torch.tensor([0, 1, 2])
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    sizes = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            made = [r for r in (result if isinstance(result, tuple) else (result,)) if torch.is_tensor(r)]
            sizes.extend(r.numel() for r in made if r.untyped_storage().data_ptr() not in weights)
            return result

    with GradientNorms(model, SCOPES) as norms:
        norms(batch, cross_entropy(labels))  # this one compares with autograd
        with Watch():
            norms(batch, cross_entropy(labels))
    assert 0 < max(sizes) < model.bert.encoder.layer[0].attention.self.query.weight.numel()


class Doubled(nn.Module):
    """Computes what a linear layer does, but is none."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = linear.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight.T


def uncovered(case: str) -> tuple[nn.Module, str, str]:
    if case == "convolution":
        settings = {**ARCHITECTURES["deberta-far"][1], "conv_kernel_size": 3}
        ARCHITECTURES["with-convolution"] = ("deberta-v2", settings)
        return build("with-convolution"), "deberta.encoder.conv.conv", "Conv1d"
    model = build("bert")
    if case == "linear-like":
        model.classifier = Doubled(model.classifier)
        return model, "classifier", "Doubled"
    if case == "free parameter":
        model.bert.encoder.layer[0].gate = nn.Parameter(torch.ones(()))
        return model, "bert.encoder.layer.0", "BertLayer"
    if case == "scaled embedding":
        model.bert.embeddings.position_embeddings.max_norm = 1.0
        return model, "bert.embeddings.position_embeddings", "Embedding"
    model.classifier.weight = model.bert.embeddings.LayerNorm.weight
    return model, "classifier", "Linear"


@pytest.mark.parametrize("case", ["convolution", "linear-like", "free parameter", "scaled embedding", "tied types"])
def test_refuses_an_uncovered_layer_by_name_before_any_pass(case: str) -> None:
    model, layer, kind = uncovered(case)
    with pytest.raises(TrainingFailed, match=rf"'{layer}' of type {kind}"):
        GradientNorms(model)


def test_a_frozen_layer_need_not_be_covered() -> None:
    model = build("bert")
    model.bert.encoder.layer[0].gate = nn.Parameter(torch.ones(()), requires_grad=False)
    GradientNorms(model)


class Bypass(nn.Module):
    """Uses a linear layer's weight behind its back, half of the time: its own call sees only part of the gradient."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.inner = linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x) + functional.linear(x.tanh(), self.inner.weight)


class Mixing(nn.Module):
    """A layer whose examples see one another: no per-example gradient can be told from the layer's own tensors."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.inner = linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x - 0.5 * x.mean(0, keepdim=True))


class Shared(nn.Module):
    """One row for the whole batch, projected once."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.inner = linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.inner.weight.detach().T + self.inner(torch.ones(1, 1, x.shape[-1]))[0]


@pytest.mark.parametrize("around", [Bypass, Shared])
def test_notices_a_parameter_used_outside_its_layer(around: type[nn.Module]) -> None:
    model = build("bert")
    model.classifier = around(model.classifier)
    batch, labels = pad(make_texts([6, 11])), torch.tensor([0, 1])
    with pytest.raises(TrainingFailed, match=r"'classifier.inner' of type Linear"):
        gradient_norms(model, batch, cross_entropy(labels))


def test_notices_it_after_a_batch_of_one_hid_it() -> None:
    model = build("bert")
    model.classifier = Mixing(model.classifier)
    with GradientNorms(model) as norms:
        norms(pad(make_texts([6])), cross_entropy(torch.tensor([0])))
        with pytest.raises(TrainingFailed, match="mixes examples of a batch"):
            norms(pad(make_texts([6, 11])), cross_entropy(torch.tensor([0, 1])))


def test_says_what_is_wrong_with_a_scope() -> None:
    model = build("bert")
    with pytest.raises(UsageError, match="unknown scope 'lats'; did you mean 'last'"):
        GradientNorms(model, ("lats",))
    model.classifier.requires_grad_(False)
    with pytest.raises(TrainingFailed, match="no trainable parameters in scope 'head'"):
        GradientNorms(model, ("head",))


def test_a_loss_that_is_not_a_number_is_passed_on() -> None:
    model = build("bert")
    with torch.no_grad():
        model.classifier.weight.fill_(float("nan"))
    found = gradient_norms(model, pad(make_texts([6, 11])), cross_entropy(torch.tensor([0, 1])))["all"]
    assert found.isnan().all()
