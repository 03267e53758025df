"""The machine: installing wheels from a folder, and saying clearly what is missing before anything is measured."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

#: What a part cannot do without; Opacus is a peer, and without it its figures alone are missing.
NEEDED = ("torch", "transformers", "accelerate", "datasets", "evaluate", "h5netcdf", "hbench", "pytest", "xdist")

#: Run by the interpreter of the parts, whose environment differs from this one's.
_PROBE = """
import importlib.metadata, importlib.util, json, sys
needed, device = json.loads(sys.argv[1]), sys.argv[2]
found = {"missing": [name for name in needed if importlib.util.find_spec(name) is None]}
if "hbench" not in found["missing"] and not importlib.metadata.entry_points(group="hbench.tasks"):
    found["missing"].append("hbench (its sources are here, and it is not installed)")
if not found["missing"] or "torch" not in found["missing"]:
    import torch
    found["torch"], found["CUDA of torch"] = torch.__version__, str(torch.version.cuda)
    found["usable"] = torch.cuda.is_available()
    if found["usable"] and device == "cuda":
        card = torch.cuda.get_device_properties(0)
        found |= {"card": card.name, "memory": f"{card.total_memory / 2**30:.0f} GiB"}
        found["capability"] = f"{card.major}.{card.minor}"
for name in ("transformers", "accelerate", "opacus", "hbench"):
    if importlib.util.find_spec(name) is not None:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
print("\\n" + json.dumps(found))
"""


class Unusable(Exception):
    """The machine cannot run the parts; the message says what to do."""


def install(wheels: Path, deadline: float) -> None:
    """Install every wheel of a folder, from that folder alone. Raises Unusable when pip cannot."""
    files = sorted(str(path) for path in wheels.glob("*.whl"))
    if not files:
        raise Unusable(f"--wheels {wheels}: the folder has no *.whl")
    # without dependencies: the folder holds what the machine lacks, and the machine's torch stays
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile", *files]
    try:
        done = subprocess.run(pip, capture_output=True, text=True, timeout=max(10.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise Unusable(f"--wheels {wheels}: installing took too long") from None
    if done.returncode:
        raise Unusable(f"--wheels {wheels}: pip failed\n{done.stderr.strip()}")


def check(device: str, environment: dict[str, str]) -> dict[str, str]:
    """Return the machine: card, driver, versions. Raises Unusable naming what is missing and what to do about it."""
    probe = [sys.executable, "-c", _PROBE, json.dumps(NEEDED), device]
    done = subprocess.run(probe, capture_output=True, text=True, env=environment, timeout=120)
    if done.returncode:
        raise Unusable(f"torch cannot be loaded here:\n{done.stderr.strip()[-1500:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    missing = found.pop("missing")
    if missing:
        raise Unusable(f"missing packages: {', '.join(missing)}; install them, or give their wheels with --wheels DIR")
    driver = _driver()
    if device == "cuda" and not found.pop("usable"):
        why = f"torch {found['torch']} is built for CUDA {found['CUDA of torch']}; driver: {driver or 'none answers'}"
        raise Unusable(
            f"torch sees no NVIDIA GPU here ({why}); use another machine or build, or --device cpu --rehearse"
        )
    found.pop("usable", None)
    if device == "cpu":
        found["card"] = f"none: {platform.machine()} CPU"
    return {**found, "driver": driver or "none", "python": platform.python_version()}


def _driver() -> str | None:
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True, timeout=30).stdout.split()[0]
    except (OSError, IndexError, subprocess.SubprocessError):
        return None
