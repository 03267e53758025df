"""The device a job runs on: which one a name means, in which precision it computes, and what would let bits differ."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.errors import UsageError

if TYPE_CHECKING:
    import torch

    from hbench.jobs.recipe import Recipe

#: What CUDA reads when a process first uses it: the same sums every time, and GPUs numbered as nvidia-smi does.
PINNED = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def resolve_device(name: str) -> str:
    """Return the device behind a name on this machine: `auto` is `cuda` where there is a GPU to use, `cpu` elsewhere.

    Raises UsageError for a GPU that is not there. Where the driver shows none and nothing hides them, as in WSL, a GPU
    that is asked for by name is left to torch to find.
    """
    gpus = count_gpus()
    if name == "auto":
        return "cuda" if gpus else "cpu"
    if name.startswith("cuda"):
        number = int(name.partition(":")[2] or 0)
        if number >= gpus and (gpus or "CUDA_VISIBLE_DEVICES" in os.environ):
            raise UsageError(f"--device {name}: {gpus} GPUs can be used here; name one of them, counted from 0, or cpu")
    if name == "mps" and sys.platform != "darwin":
        raise UsageError("--device mps: this machine is not a Mac; use cpu or cuda")
    return name


def count_gpus() -> int:
    """Return the number of NVIDIA GPUs that this process may use, without loading torch."""
    return len(visible_gpus())


def visible_gpus() -> list[str]:
    """Return the NVIDIA GPUs that this process may use, each as CUDA_VISIBLE_DEVICES names it, without loading torch.

    The place in the list is the number behind `cuda:`; a number in it is that of nvidia-smi.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [entry.strip() for entry in visible.split(",") if entry.strip() not in ("", "-1")]
    return [str(number) for number, _ in enumerate(Path("/proc/driver/nvidia/gpus").glob("*"))]


def resolve_precision(recipe: Recipe, device: str) -> str:
    """Return `bf16`, `fp32` or `tf32`: `auto` is bf16 where the device computes in it, fp32 elsewhere.

    Raises UsageError for tf32 on a device other than a GPU that has it.
    """
    import torch

    _pin(device)
    if recipe.precision == "tf32" and not (device.startswith("cuda") and torch.cuda.is_tf32_supported()):
        raise UsageError(
            f"recipe.precision = 'tf32': device '{device}' has none, NVIDIA GPUs since Ampere have it; use 'fp32'"
        )
    if recipe.precision != "auto":
        return recipe.precision
    if device.startswith("cuda"):
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if device == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported() else "fp32"


def prepare_machine(threads: int, device: str, precision: str = "fp32") -> None:
    """Pin what could make the same job give other bits: thread count, choice of GPU kernels, rounding in products.

    A GPU's matrix products then use a workspace of fixed size, and operations that add up in an order of chance are
    replaced by slower ones where torch has some; `docs/gpu.md` says what that costs.
    """
    import torch

    if device.startswith("cuda"):
        _pin(device)
        if not torch.cuda.is_available():
            raise UsageError(f"device '{device}': this machine has no CUDA device; use --device cpu")
        torch.cuda.set_device(torch.device(device).index or 0)
        allow_tf32(precision == "tf32")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # A debugging aid that comes with it: NaN is written over every new tensor, which takes time and changes no result.
    # mypy looks at the module; torch puts an object with this property in its place.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # see above
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def _pin(device: str) -> None:
    """Say to CUDA, which listens when it is first used, how to compute; what the user has set stays."""
    if device.startswith("cuda"):
        for name, value in PINNED.items():
            os.environ.setdefault(name, value)


def allow_tf32(allowed: bool) -> None:
    """Say whether a GPU may round the factors of float32 products to TF32; the library's own answer varies."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def device_name(device: torch.device) -> str:
    """Return the name of the device, which is recorded beside measured seconds."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} thread(s)"
