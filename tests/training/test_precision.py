"""In which precision a recipe computes on a device."""

from __future__ import annotations

import pytest
import torch

from hbench.errors import UsageError
from hbench.jobs.recipe import Recipe
from hbench.training.device import resolve_precision


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_what_is_named_is_taken(precision: str) -> None:
    assert resolve_precision(Recipe(precision=precision), "cpu") == precision


def test_auto_is_something_that_the_device_has() -> None:
    assert resolve_precision(Recipe(), "cpu") in ("bf16", "fp32")


def test_tf32_is_for_gpus_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_tf32_supported", lambda: False)
    with pytest.raises(UsageError, match=r"'tf32'.*'cuda:1'.*fp32"):
        resolve_precision(Recipe(precision="tf32"), "cuda:1")
    monkeypatch.setattr(torch.cuda, "is_tf32_supported", lambda: True)
    assert resolve_precision(Recipe(precision="tf32"), "cuda:1") == "tf32"
    with pytest.raises(UsageError, match=r"'tf32'.*'cpu'.*fp32"):
        resolve_precision(Recipe(precision="tf32"), "cpu")


def test_other_precisions_are_refused() -> None:
    with pytest.raises(UsageError, match=r"precision = 'fp8'.*'tf32'"):
        Recipe(precision="fp8")
