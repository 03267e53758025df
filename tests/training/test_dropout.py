"""Cheap dropout: the right share, the right scale, and bits that depend on torch's generator alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from hbench.training.dropout import CheapDropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9, 1e-3])
def test_as_many_are_dropped_as_asked_and_the_rest_is_scaled_up(p: float) -> None:
    torch.manual_seed(0)
    size = 1_000_003
    with CheapDropout():
        values = functional.dropout(torch.ones(size), p)
    share = round(p * 65536) / 65536
    assert abs(share - p) <= 2**-17
    kept = values[values != 0]
    assert torch.equal(kept, torch.full_like(kept, 1 / (1 - share)))
    error = (share * (1 - share) / size) ** 0.5
    assert abs(1 - len(kept) / size - share) < 4 * error
    assert abs(float(values.double().mean()) - 1) < 4 * error / (1 - share)


def test_neighbours_are_independent() -> None:
    torch.manual_seed(0)
    with CheapDropout():
        dropped = functional.dropout(torch.ones(2**20), 0.5).eq(0).double()
    for apart in range(1, 9):
        together = float((dropped[apart:] * dropped[:-apart]).mean())
        assert abs(together - 0.25) < 4 * (0.25 * 0.75 / 2**20) ** 0.5


def test_the_gradient_goes_where_the_value_went() -> None:
    values = torch.randn(7, 5, requires_grad=True)
    with CheapDropout():
        out = functional.dropout(values, 0.4)
    out.backward(torch.ones_like(out))
    torch.testing.assert_close(out, values * values.grad)
    assert 0 < int(values.grad.eq(0).sum()) < 35


def test_two_draws_of_a_block_and_two_blocks_differ() -> None:
    torch.manual_seed(0)
    ones = torch.ones(64)
    with CheapDropout():
        first, second = functional.dropout(ones), functional.dropout(ones)
    with CheapDropout():
        third = functional.dropout(ones)
    assert len({tuple(values.tolist()) for values in (first, second, third)}) == 3


def test_the_state_of_torchs_generator_decides_all_bits() -> None:
    ones = torch.ones(4, 33)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    found = []
    for threads in (1, 2):
        torch.set_rng_state(state)
        torch.set_num_threads(threads)
        with CheapDropout():
            found.append(functional.dropout(ones, 0.3))
    torch.set_num_threads(1)
    assert torch.equal(*found)


def test_modules_are_served_too_and_eval_mode_drops_nothing() -> None:
    module, ones = nn.Dropout(0.25), torch.ones(3, 1000)
    with CheapDropout():
        assert set(module(ones).unique().tolist()) == {0.0, float(torch.tensor(4 / 3))}
        assert torch.equal(module.eval()(ones), ones)
        assert torch.equal(functional.dropout(ones, 0.0), ones)
        assert not functional.dropout(ones, 1.0).any()
        assert torch.equal(functional.linear(ones, ones), ones @ ones.T)


def test_low_precision_stays_low() -> None:
    with CheapDropout():
        assert functional.dropout(torch.ones(8, dtype=torch.bfloat16), 0.5).dtype == torch.bfloat16
