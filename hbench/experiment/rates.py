"""Operations a second that this machine has been measured to train with: one small file for each user.

`hbench plan SUITE --calibrate` measures, in `hbench.training.calibration`, and every later plan reads.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from hbench.files import write_whole


@dataclass(frozen=True)
class Rate:
    """What a device was measured to do."""

    machine: str
    #: Name of the device, such as that of a GPU.
    device: str
    #: `bf16` or `fp32`.
    precision: str
    #: What was trained to measure it.
    model: str
    #: Floating-point operations a second, by the count of `hbench.models.sizes`.
    flops: float


def rates_file() -> Path:
    """Return the file of measured rates, in the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "hbench" / "rates.json"


def machine_name() -> str:
    """Return what tells this machine from others that share a home folder."""
    return platform.node()


def read_rate(device: str) -> Rate | None:
    """Return what was measured last on this machine for `cpu` or `cuda`; None where nothing was, or it is damaged."""
    try:
        found = json.loads(rates_file().read_text(encoding="utf-8"))[machine_name()][device]
        return Rate(**found)
    except (OSError, ValueError, KeyError, TypeError):  # it is a cache: measuring again replaces it
        return None


def write_rate(device: str, rate: Rate) -> None:
    """Keep a rate for later plans. Raises OSError where the cache folder cannot be written."""
    path = rates_file()
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    known = known if isinstance(known, dict) else {}
    known.setdefault(rate.machine, {})[device] = asdict(rate)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(known, indent=1, sort_keys=True) + "\n")
