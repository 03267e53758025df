"""Which device the tests marked `cuda` use: a GPU, or the CPU on which they are rehearsed."""

from __future__ import annotations

import os

import torch

DEVICE = os.environ.get("HBENCH_TEST_DEVICE", "cuda")


def need_gpu() -> None:
    """Fail with one plain line where the tests of a GPU were asked for and there is none."""
    assert DEVICE == "cpu" or torch.cuda.is_available(), "these tests need an NVIDIA GPU, and torch sees none here"
