"""The squared norms of single layers against gradients formed one example at a time."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from hbench.training.gradients import layers
from hbench.training.gradients.passes import group_examples

SIZES = st.tuples(*[st.integers(1, limit) for limit in (4, 12, 6, 6)], st.integers(0, 99))


def draw(sizes: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    examples, positions, wide, high, seed = sizes
    generator = torch.Generator().manual_seed(seed)
    shapes = ((examples, positions, wide), (examples, positions, high))
    return tuple(torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes)


@given(sizes=SIZES, budget=st.sampled_from([1, 100, 2**24]))
@settings(deadline=None)
def test_linear_weight_by_either_way_and_in_any_chunks(sizes: tuple[int, ...], budget: int) -> None:
    x, g = draw(sizes)
    truth = torch.einsum("nti,nto->noi", x, g).square().sum((1, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "_BUDGET", budget)
        torch.testing.assert_close(layers.outer_square(x, g), truth)
    torch.testing.assert_close(layers._gram_square(x, g), truth)
    torch.testing.assert_close(layers._product_square(x, g), truth)


@given(seed=st.integers(0, 999))
def test_a_gradient_that_cancels_out_has_no_norm_below_zero(seed: int) -> None:
    x, g = (values.float() for values in draw((4, 12, 6, 6, seed)))
    square = layers._gram_square(x[:, :1].expand(-1, 12, -1), g - g.mean(1, keepdim=True))
    assert ((square >= 0) & (square < 1e-3)).all()


@given(sizes=SIZES, rows=st.integers(1, 4), seed=st.integers(0, 99))
@settings(deadline=None)
def test_embedding_adds_up_what_came_back_for_the_same_row(sizes: tuple[int, ...], rows: int, seed: int) -> None:
    g = draw(sizes)[1]
    ids = torch.randint(-1, rows, g.shape[:2], generator=torch.Generator().manual_seed(seed))
    truth = torch.zeros(len(g), rows + 1, g.shape[2], dtype=g.dtype)
    for example, position in torch.cartesian_prod(torch.arange(len(g)), torch.arange(g.shape[1])).tolist():
        truth[example, ids[example, position]] += g[example, position]
    # Row -1, the last one here, stands for positions that have no gradient.
    torch.testing.assert_close(layers.lookup_square(ids, g), truth[:, :rows].square().sum((1, 2)))


def transformers_layer(name: str) -> nn.Module:
    from transformers.models.llama.modeling_llama import LlamaRMSNorm
    from transformers.pytorch_utils import Conv1D

    made = {
        "linear": nn.Linear(6, 5),
        "conv1d": Conv1D(5, 6),
        "layer norm": nn.LayerNorm(6, eps=0.5),
        "layer norm without bias": nn.LayerNorm(6, bias=False),
        "rms norm": nn.RMSNorm(6),
        "rms norm with eps": nn.RMSNorm(6, eps=0.5),
        "llama rms norm": LlamaRMSNorm(6, eps=0.5),
    }[name]
    for parameter in made.parameters():
        nn.init.normal_(parameter)
    return made


@pytest.mark.parametrize(
    "name",
    ["linear", "conv1d", "layer norm", "layer norm without bias", "rms norm", "rms norm with eps", "llama rms norm"],
)
def test_every_parameter_of_a_layer(name: str) -> None:
    module, x = transformers_layer(name), torch.randn(3, 4, 6)
    output = module(x)
    g = torch.randn_like(output)
    rule = layers.find_rule(module)
    for key, parameter in module.named_parameters():
        truth = [torch.autograd.grad(module(x[i]), parameter, g[i])[0].square().sum() for i in range(3)]
        torch.testing.assert_close(rule.squares[key](rule.prepare(module, x), g), torch.stack(truth))


def test_a_layer_that_computes_something_else_has_no_rule() -> None:
    class Scaled(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(x)

    class Renamed(nn.Linear):
        pass

    assert layers.find_rule(Renamed(2, 2)) is layers.LINEAR
    assert layers.find_rule(Scaled(2, 2)) is None
    assert layers.find_rule(nn.Conv1d(2, 2, 1)) is None
    assert layers.find_rule(nn.LayerNorm((2, 2))) is None
    assert layers.find_rule(nn.Embedding(3, 2, scale_grad_by_freq=True)) is None


@pytest.mark.parametrize("given_ids", [True, False], ids=["from ids", "from the mask"])
def test_opt_positions_are_the_rows_it_looks_up(given_ids: bool) -> None:
    from transformers.models.opt.modeling_opt import OPTLearnedPositionalEmbedding

    module = OPTLearnedPositionalEmbedding(8, 1)
    nn.init.normal_(module.weight)
    mask = torch.tensor([[0, 1, 1, 1], [1, 1, 0, 0]])
    kwargs = {"position_ids": torch.tensor([[3, 1, 0, 2], [5, 5, 5, 5]])} if given_ids else {}
    rows = layers.find_rule(module).read(module, (mask, 0), kwargs)
    assert torch.equal(module.weight[rows], module(mask, 0, **kwargs))


@given(owner=st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_sequences_of_an_example_come_together_in_order(owner: list[int]) -> None:
    values = torch.arange(2 * len(owner)).view(len(owner), 2, 1)
    found = {}
    for group in group_examples(torch.tensor(owner), len(owner), 5, torch.device("cpu")):
        for example, taken in zip(group.examples.tolist(), group.take(values), strict=True):
            found[example] = taken.flatten().tolist()
    assert found == {e: [v for i in range(len(owner)) if owner[i] == e for v in (2 * i, 2 * i + 1)] for e in set(owner)}
