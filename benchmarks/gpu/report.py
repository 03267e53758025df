"""What was measured: gpu.json with every figure and how it was made, and the same as a page of text."""

from __future__ import annotations

import json
import shlex
import statistics
import sys
from pathlib import Path
from typing import Any


class Report:
    """The figures of all parts, written anew after each."""

    def __init__(self, out: Path, machine: dict[str, str], settings: dict[str, Any]) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.json_path, self.text_path = out / "gpu.json", out / "gpu.txt"
        self.content: dict[str, Any] = {
            "command": shlex.join(["python", "-m", "benchmarks.gpu", *sys.argv[1:]]),
            "machine": machine,
            "settings": settings,
            "parts": {},
        }

    def resume(self) -> None:
        """Take over the parts that an earlier call has finished on the same machine with the same settings."""
        try:
            earlier = json.loads(self.json_path.read_text())
            if all(earlier[key] == self.content[key] for key in ("machine", "settings")):
                self.content["parts"] = dict(earlier["parts"])
        except (OSError, ValueError, KeyError, TypeError):
            return

    def done(self, name: str) -> bool:
        """Return whether a part need not be started again: it ended, or had all the time that it may ever have."""
        part = self.content["parts"].get(name, {})
        return name != "suite" and (part.get("state") == "done" or bool(part.get("final")))

    def failed(self) -> bool:
        """Return whether a part failed."""
        return any(part["state"] == "failed" for part in self.content["parts"].values())

    def add(self, name: str, found: dict[str, Any]) -> None:
        """Take in a part and write both files."""
        self.content["parts"][name] = found
        for path, text in ((self.json_path, json.dumps(self.content, indent=1)), (self.text_path, self._page())):
            beside = path.with_suffix(".part")
            beside.write_text(text + "\n")
            beside.replace(path)

    def line(self, name: str) -> str:
        """Return how a part ended, in a line."""
        part = self.content["parts"][name]
        why = part.get("why") or (part.get("log") or [""])[-1]
        return (
            f"{name}: {part['state']}, {part.get('seconds', 0)} s, {len(part.get('figures', []))} figures {why}".strip()
        )

    def _page(self) -> str:
        lines = [f"{name}: {value}" for name, value in self.content["machine"].items()]
        lines += [f"settings: {self.content['settings']}", self.content["command"]]
        for name, part in self.content["parts"].items():
            lines += ["", self.line(name)]
            lines += [f"    {text}" for text in _table(part.get("figures", []))]
        return "\n".join(lines)


def _table(figures: list[dict[str, Any]]) -> list[str]:
    """Return a line for each name: the median of its rounds, their number and range, and the setting."""
    values: dict[str, list[dict[str, Any]]] = {}
    for figure in figures:
        values.setdefault(figure["name"], []).append(figure)
    lines = []
    for name, rounds in values.items():
        first = rounds[0]
        numbers = [figure["value"] for figure in rounds if isinstance(figure["value"], int | float)]
        shown = first["value"] if not numbers else f"{statistics.median(numbers):.4g}"
        spread = f" ({min(numbers):.4g} to {max(numbers):.4g} in {len(numbers)})" if len(numbers) > 1 else ""
        lines.append(f"{name}: {shown} {first['unit']}{spread}  [{first['setting']}]")
    return lines
