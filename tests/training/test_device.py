"""What a device computes in, and what is pinned before a GPU is first used."""

from __future__ import annotations

import os

import pytest
import torch

from hbench.errors import UsageError
from hbench.jobs.recipe import Recipe
from hbench.training.device import PINNED, allow_tf32, prepare_machine, resolve_precision


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is pinned in a test stays in the test."""
    monkeypatch.setattr(os, "environ", dict(os.environ))


def pretend(monkeypatch: pytest.MonkeyPatch, *, bf16: bool, tf32: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    monkeypatch.setattr(torch.cuda, "is_tf32_supported", lambda: tf32)


def test_a_gpu_computes_in_what_it_has_and_the_recipe_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for bf16, found in ((True, "bf16"), (False, "fp32")):
        pretend(monkeypatch, bf16=bf16, tf32=True)
        assert resolve_precision(Recipe(), "cuda:0") == found
    assert resolve_precision(Recipe(precision="tf32"), "cuda") == "tf32"
    assert resolve_precision(Recipe(precision="fp32"), "cuda") == "fp32"


def test_tf32_is_refused_where_nothing_computes_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, bf16=False, tf32=False)
    for device in ("cpu", "mps", "cuda"):
        with pytest.raises(UsageError, match=r"tf32.*fp32"):
            resolve_precision(Recipe(precision="tf32"), device)


def test_products_are_rounded_to_tf32_only_when_that_is_asked_for() -> None:
    for allowed in (True, False):
        allow_tf32(allowed)
        assert torch.backends.cuda.matmul.allow_tf32 == allowed
        assert torch.backends.cudnn.allow_tf32 == allowed


def test_a_gpu_is_pinned_before_it_is_used_and_a_choice_of_the_user_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    set_before: list[str | None] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", lambda _: set_before.append(os.environ["CUBLAS_WORKSPACE_CONFIG"]))
    for name in PINNED:
        os.environ.pop(name, None)
    os.environ["CUDA_DEVICE_ORDER"] = "FASTEST_FIRST"
    prepare_machine(1, "cuda:0")
    assert set_before == [":4096:8"]
    assert os.environ["CUDA_DEVICE_ORDER"] == "FASTEST_FIRST"
    assert torch.are_deterministic_algorithms_enabled()


def test_a_gpu_that_torch_does_not_see_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no CUDA device"):
        prepare_machine(1, "cuda")
