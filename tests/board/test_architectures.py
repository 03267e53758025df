"""Ranking models on a subset: Kendall's tau against scipy's, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau
from support.boards import board_of, files
from support.synthetic_results import cell

from hbench.board.architectures import rankings_of
from hbench.board.row import BoardRow, Estimate
from hbench.results.cell import CellKey

MODELS = ("bert", "minilm", "opt", "roberta")


def rows(full, pruned, keep="0.3"):
    """Return contests of one method, one per model, with these metrics; None for a row without a result."""
    contests = []
    for model in full:
        found = [BoardRow(CellKey.full_data("snli", "dev", model), "full", "complete", True, "accuracy")]
        found[0] = replace(found[0], metric=None if full[model] is None else Estimate(full[model]))
        key = CellKey("snli", "dev", model, keep, "equal-epochs", "el2n")
        metric = None if pruned.get(model) is None else Estimate(pruned[model])
        contests.append([*found, BoardRow(key, "method", "complete", True, "accuracy", metric=metric)])
    return contests


@pytest.mark.parametrize("seed", range(20))
def test_tau_is_that_of_scipy(seed):
    draw = np.random.default_rng(seed)
    full = dict(zip(MODELS, draw.integers(5, 9, 4) / 10, strict=True))
    pruned = dict(zip(MODELS, draw.integers(4, 8, 4) / 10, strict=True))
    (found,) = rankings_of(rows(full, pruned))
    (method,) = found.methods
    expected = kendalltau(list(full.values()), list(pruned.values())).statistic
    assert method.tau == pytest.approx(expected) if np.isfinite(expected) else method.tau is None
    assert (method.models, method.pairs) == (4, 6)


def test_orders_and_pairs_worked_by_hand():
    full = {"bert": 0.9, "minilm": 0.8, "opt": 0.7}
    (found,) = rankings_of(rows(full, {"bert": 0.6, "minilm": 0.7, "opt": 0.5}))
    (method,) = found.methods
    assert found.order == ("bert", "minilm", "opt")
    assert method.order == ("minilm", "bert", "opt")
    assert (method.alike, method.opposite, method.pairs) == (2, 1, 3)
    assert method.tau == pytest.approx(1 / 3)


def test_sums_that_differ_in_their_last_bits_are_ties():
    full = {"bert": 0.1 + 0.2, "minilm": 0.3, "opt": 0.7}
    (found,) = rankings_of(rows(full, {"bert": 0.5, "minilm": 0.4, "opt": 0.6}))
    assert found.order == ("opt", "bert", "minilm")
    assert (found.methods[0].alike, found.methods[0].opposite) == (2, 0)


def test_models_without_both_results_do_not_count():
    full = {"bert": 0.9, "minilm": 0.8, "opt": 0.7, "roberta": None}
    assert rankings_of(rows(full, {"bert": 0.6, "minilm": 0.7, "roberta": 0.9})) == ()
    (found,) = rankings_of(rows(full, {"bert": 0.6, "minilm": 0.7, "opt": 0.5, "roberta": 0.9}))
    assert found.methods[0].models == 3


def test_a_board_of_three_models_has_a_table_and_one_of_two_has_none():
    def cells(models):
        return [
            cell(model=model, method=method, effect=effect + (0.0 if method == "full" else -0.1), compared=compared)
            for model, effect in models.items()
            for method in ("full", "random", "el2n")
        ]

    compared = ("el2n", "random")
    three = board_of(cells({"small": -0.2, "medium": -0.1, "large": 0.0}))
    (found,) = three.rankings
    assert found.order == ("large", "medium", "small")
    assert {m.method: (m.tau, m.pairs) for m in found.methods} == {"el2n": (1.0, 3), "random": (1.0, 3)}
    page = files(three)["LEADERBOARD.md"]
    assert "## Ranking models" in page
    assert "| `el2n` | 3 | 3 | 3 | 0 | 1.00 | `large`, `medium`, `small` |" in page
    two = board_of(cells({"small": -0.2, "large": 0.0}))
    assert two.rankings == ()
    assert "Ranking models" not in files(two)["LEADERBOARD.md"]
