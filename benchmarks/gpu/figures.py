"""What the process of a part is given, and where it writes what it measures."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Figures:
    """The figures of a part, written anew with each, so that a process that is ended leaves those it has."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path = path
        self._ends = time.monotonic() + seconds
        self._kept: list[dict[str, Any]] = []

    def add(self, name: str, value: float | str, unit: str, setting: str) -> None:
        """Keep a figure: its name, which rounds share, its value and unit, and how it was made."""
        value = float(f"{value:.5g}") if isinstance(value, float) else value
        self._kept.append({"name": name, "value": value, "unit": unit, "setting": setting})
        self._write()

    def replace(self, name: str, value: float | str, unit: str, setting: str) -> None:
        """Keep a figure instead of the one of this name."""
        self._kept = [figure for figure in self._kept if figure["name"] != name]
        self.add(name, value, unit, setting)

    def _write(self) -> None:
        beside = self._path.with_suffix(".part")
        beside.write_text(json.dumps(self._kept))
        beside.replace(self._path)

    @property
    def left(self) -> float:
        """Seconds until the process is ended."""
        return self._ends - time.monotonic()

    def attempt(self, name: str, setting: str, measure: Callable[[], tuple[float, str]]) -> float | None:
        """Measure and keep a figure, or the error that a library raised; return its value where there is one."""
        try:
            value, unit = measure()
        except Exception as error:  # noqa: BLE001 - a peer that cannot do it is a result, and the others go on
            self.add(name, f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}", "", setting)
            return None
        self.add(name, value, unit, setting)
        return value


def start() -> tuple[dict[str, Any], Figures]:
    """Return the settings that this process was given, and where to write its figures."""
    settings: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    return settings, Figures(Path(sys.argv[2]), settings["seconds"])
