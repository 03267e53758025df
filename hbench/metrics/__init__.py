"""Metrics as `evaluate` modules: the folders beside this file, and any other module that the library knows by name.

`compute` is for metrics of class integers, `compute_records` for those that compare richer things, texts or tags.
"""

from __future__ import annotations

import functools
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hbench.errors import UsageError, suggest

_HERE = Path(__file__).parent
#: Package under which `evaluate` imports the modules it loads.
_PACKAGE = "evaluate_modules"
#: Local metrics that take records instead of class integers.
_OF_RECORDS = ("slot_f1", "squad_v2")


def local_names() -> list[str]:
    """Return the names of the metrics of class integers that ship with hbench and need no network, sorted."""
    return sorted(_shipped() - set(_OF_RECORDS))


def compute(
    name: str, prediction: npt.NDArray[np.int64], gold: npt.NDArray[np.int64], *, classes: int
) -> dict[str, float]:
    """Return {name: value} of predicted against gold classes, both int64 (n,); higher = better.

    `f1` is that of class 1 for two classes, and the unweighted mean over the classes for more. A module of
    another name may return further values beside its first one.
    Raises UsageError when a metric that does not ship with hbench cannot be loaded or does not fit.
    """
    options = {"classes": classes} if name == "f1" else {}
    module = _load(name)
    try:
        found = module.compute(predictions=prediction, references=gold, **options)
    except (ValueError, TypeError, LookupError) as error:
        raise UsageError(f"metric '{name}' does not take class integers ({error}); choose another metric") from error
    values = {key: float(value) for key, value in found.items()}
    # A board reads the value under the metric's own name, which some modules spell out: mcc -> matthews_correlation.
    return values if name in values else {name: next(iter(values.values())), **values}


def compute_records(
    name: str, predictions: Sequence[Any], references: Sequence[Any], **options: Any
) -> Mapping[str, Any]:
    """Return all that a metric says of predicted records against gold ones, in the fields that its module declares.

    options: those of the module's own `compute`. What is returned is the module's to say, and not only numbers.
    Raises UsageError when a metric that does not ship with hbench cannot be loaded, or when it refuses the records.
    """
    module = _load(name)
    try:
        told: Mapping[str, Any] = module.compute(predictions=predictions, references=references, **options)
    except (ValueError, TypeError, LookupError) as error:
        raise UsageError(f"metric '{name}' does not take these records ({error}); choose another metric") from error
    return told


def _shipped() -> set[str]:
    return {path.stem for path in _HERE.glob("*/*.py") if path.stem == path.parent.name}


@functools.cache
def _load(name: str) -> Any:
    import evaluate

    if name in _shipped():
        with _scratch_cache() as scratch:
            return evaluate.load(str(_HERE / name), cache_dir=scratch, keep_in_memory=True)
    try:
        return evaluate.load(name, module_type="metric", keep_in_memory=True)
    except (OSError, ImportError, TypeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(
            f"metric '{name}' cannot be loaded ({reason}){suggest(name, local_names())}; "
            "other names are looked up on the hub by the library evaluate, which needs the network"
        ) from error


@contextmanager
def _scratch_cache() -> Iterator[str]:
    """Let `evaluate` import a local module from a temporary folder.

    It copies every module into the user's cache and imports the copy; the cache may be read-only, and copies of ours
    do not belong there. Modules loaded outside this block keep their own import package.
    """
    from evaluate import config

    cache, path = config.HF_MODULES_CACHE, list(sys.path)
    hidden = {key: sys.modules.pop(key) for key in list(sys.modules) if key.partition(".")[0] == _PACKAGE}
    with tempfile.TemporaryDirectory(prefix="hbench-metric-") as scratch:
        config.HF_MODULES_CACHE = Path(scratch)
        sys.path.insert(0, scratch)  # before a cache that `evaluate` may have put there
        try:
            yield scratch
        finally:
            config.HF_MODULES_CACHE = cache
            sys.path[:] = path
            for key in [key for key in sys.modules if key.partition(".")[0] == _PACKAGE]:
                del sys.modules[key]
            sys.modules.update(hidden)
