"""The suites that ship with hbench, one TOML file each."""

from __future__ import annotations

from pathlib import Path


def shipped() -> dict[str, Path]:
    """Return the shipped suites: name -> TOML file."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.toml"))}
