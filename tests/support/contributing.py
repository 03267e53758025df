"""The examples of CONTRIBUTING.md, as they are printed there, and a copy of hbench that they are added to.

An example is a block of code under a comment that says where it goes: `<!-- example NAME: FILE -->` for a whole file,
`FILE, into TABLE` for an entry of a table, `FILE, import` for a line among the imports. Blocks of pyproject.toml are
entry points.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from support.paths import ROOT, TESTS

_BLOCK = re.compile(
    r"^<!-- example ([\w -]+): ([^,\n]+?)(?:, (.+?))? -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A part of an example: `where` is `into TABLE`, `import` or, for a whole file, empty."""

    example: str
    file: str
    where: str
    code: str


def blocks() -> list[Block]:
    """Return the blocks of all examples in their order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = [Block(name, file, where or "", code) for name, file, where, code in _BLOCK.findall(text)]
    assert len(found) == text.count("<!-- example")
    return found


def code_of(example: str, file: str) -> str:
    """Return the text of a file that an example adds."""
    return next(b.code for b in blocks() if (b.example, b.file, b.where) == (example, file, ""))


@dataclass(frozen=True)
class Copy:
    """A folder with a copy of hbench, and modules beside it that are found like those of an installed package."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, parts: Iterable[Block]) -> Copy:
        """Copy hbench and add examples to it."""
        shutil.copytree(ROOT / "hbench", folder / "hbench", ignore=shutil.ignore_patterns("__pycache__"))
        points = []
        for part in parts:
            path = folder / part.file
            if part.file == "pyproject.toml":
                groups = tomllib.loads(part.code)["project"]["entry-points"]
                points += [(group, name, value) for group, found in groups.items() for name, value in found.items()]
            elif part.where:
                path.write_text(_inserted(path.read_text(encoding="utf-8"), part), encoding="utf-8")
            else:
                assert not path.exists(), f"{part.file} is there already"
                path.write_text(part.code, encoding="utf-8")
        package = folder / "examples-1.dist-info"
        package.mkdir()
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: examples\nVersion: 1\n")
        (package / "entry_points.txt").write_text("".join(f"[{g}]\n{name} = {value}\n" for g, name, value in points))
        return cls(folder)

    def python(self, *arguments: str) -> str:
        """Run Python with the copy in place of hbench; return what it printed."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def contracts(self, files: Iterable[str], names: Iterable[str]) -> str:
        """Run contracts on the plugins of these names as `python -m pytest` does; return a line for each test."""
        options = ["-n0", "-vv", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
        return self.python("-m", "pytest", *options, *(str(TESTS / f) for f in files), "-k", " or ".join(names))


def kept_promises(contract: ModuleType, fixture: str, value: object) -> int:
    """Call every test of a contract that asks for this fixture alone, and return how many there are."""
    tests = [made for name, made in vars(contract).items() if name.startswith("test_")]
    promises = [test for test in tests if list(inspect.signature(test).parameters) == [fixture]]
    for promise in promises:
        promise(value)
    return len(promises)


def _inserted(text: str, part: Block) -> str:
    lines = text.splitlines()
    if part.where == "import":
        at, indent = next(i for i, line in enumerate(lines) if line.startswith("from hbench")), ""
    else:
        table = re.compile(rf"( *){part.where.removeprefix('into ')}\b.*= [({{]")
        opened = [(i, match[1]) for i, line in enumerate(lines) if (match := table.fullmatch(line))]
        assert len(opened) == 1, f"{part.file}: {part.where} is no one place"
        start, outer = opened[0]
        at = next(i for i in range(start, len(lines)) if lines[i] in (f"{outer})", f"{outer}}}"))
        indent = f"{outer}    "
    return "\n".join([*lines[:at], *(indent + line for line in part.code.splitlines()), *lines[at:], ""])
