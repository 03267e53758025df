"""The memory of the GPU on which this process trains: how much it takes, giving it back, and running out of it."""

from __future__ import annotations

import sys
from types import ModuleType

from hbench.files import first_line

#: Bytes that a process takes on a GPU besides tensors: its context and the kernels that it has loaded.
_CONTEXT = 3 * 2**28


def memory_taken() -> int:
    """Return the most bytes that this process has taken on its GPU since it last gave memory back, 0 without a GPU."""
    torch = _torch_on_gpu()
    return 0 if torch is None else _CONTEXT + int(torch.cuda.max_memory_reserved())


def give_memory_back() -> None:
    """Leave to other processes the GPU memory that this one keeps for tensors to come."""
    torch = _torch_on_gpu()
    if torch is not None:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def why_memory_ran_out(error: BaseException) -> str | None:
    """Return the reason to record when an error says that a GPU's memory ran out, None for any other error."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(error, RuntimeError):
        return None
    text = first_line(error)
    if not isinstance(error, torch.OutOfMemoryError) and not any(sign in text for sign in _SIGNS):
        return None
    return (
        f"the memory of the GPU ran out ({text}); run fewer jobs at a time (a lower --jobs), "
        "or set a lower recipe.batch_size or recipe.max_length"
    )


#: What errors say that have no class of their own: of the driver, of cuBLAS and cuDNN, of Apple's GPUs.
_SIGNS = ("CUDA error: out of memory", "_ALLOC_FAILED", "MPS backend out of memory")


def _torch_on_gpu() -> ModuleType | None:
    """Return torch where this process has begun to use a GPU; nothing is loaded, and no GPU is touched, to find out."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and torch.cuda.is_initialized() else None
