"""An environment of requirements-board.txt and what that needs, nothing else, made of links to what is installed."""

from __future__ import annotations

import re
import shutil
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from support.paths import ROOT

REQUIREMENTS = ROOT / "requirements-board.txt"


def requirements() -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def needed() -> dict[str, Distribution]:
    """Return the distributions that the file names, with all that they need, by name."""
    found: dict[str, Distribution] = {}
    left = requirements()
    while left:
        wanted = left.pop()
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name in found or (wanted.marker is not None and not wanted.marker.evaluate({"extra": ""})):
            continue
        found[name] = distribution(name)
        left += [Requirement(text) for text in found[name].requires or ()]
    return found


def light_environment(folder: Path) -> Path:
    """Make the environment in a folder; return the folder of its `hbench` and `python`."""
    packages, programs = folder / "packages", folder / "bin"
    packages.mkdir(parents=True)
    programs.mkdir()
    for found in needed().values():
        tops = {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            (packages / top).symlink_to(Path(str(found.locate_file(top))))
    for name, source in (("hbench", "hbench"), ("hbench_scorers", "scorers"), ("hbench_tasks", "tasks")):
        shutil.copytree(ROOT / source, packages / name, ignore=shutil.ignore_patterns("__pycache__"))
    info = packages / "hbench-0.dist-info"
    info.mkdir()
    ours = distribution("hbench")
    (info / "METADATA").write_text(ours.read_text("METADATA") or ours.read_text("PKG-INFO") or "")
    (info / "entry_points.txt").write_text(ours.read_text("entry_points.txt") or "")
    run = f'export PYTHONPATH="{packages}" PYTHONDONTWRITEBYTECODE=1\nexec "{sys.executable}" -S'
    for name, arguments in (("hbench", "-m hbench.cli"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\n{run} {arguments} "$@"\n')
        (programs / name).chmod(0o755)
    return programs
