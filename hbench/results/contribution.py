"""What a change does to a folder of results: files that came, went or were replaced, and what none of them may lack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hbench.files import JsonObject, short_repr
from hbench.results.cell import CellResult
from hbench.results.fields import ResultError
from hbench.results.folder import read_cell

_SHA256, _COMMIT = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
_AGAIN = "run the cell again with `hbench run`"


@dataclass(frozen=True)
class Contribution:
    """What a change does to a folder of results; paths are under that folder, sorted."""

    added: tuple[Path, ...]
    removed: tuple[Path, ...]
    #: Files of a cell that had another result before, whatever they were called then.
    replaced: tuple[Path, ...]
    #: Why results cannot be accepted, one line each.
    faults: tuple[str, ...]


def contribution_of(before: Path, after: Path) -> Contribution:
    """Compare a folder of results with what it was before; a folder that is not there holds nothing.

    Every file that is new or other than before is read and checked: its form and whether its fields agree, as
    everywhere, whether it lies where its cell belongs, whether it follows the protocol of the results that were there,
    and whether it says which rows, data and weights it is about, by digests.
    """
    old, new = _files(before), _files(after)
    changed = [path for path, data in new.items() if old.get(path) != data]
    faults, read = [], {}
    for path in changed:
        try:
            read[path] = read_cell(after / path)
        except ResultError as error:
            faults.append(str(error))
    known = {path: result for path in old if (result := _readable(before / path)) is not None}
    protocols = {result.protocol for result in known.values()}
    for path, result in read.items():
        faults += [f"{after / path}: {fault}" for fault in _faults(after / path, path, result, protocols)]
    cells = {result.cell: result for result in known.values()}
    moved = {path for path, result in read.items() if path not in old and cells.get(result.cell) == result}
    replaced = {path for path in changed if path in old}
    replaced |= {path for path, result in read.items() if result.cell in cells and path not in moved}
    here = {result.cell for result in read.values()}
    removed = {path for path in old if path not in new and not (path in known and known[path].cell in here)}
    added = {path for path in changed if path not in replaced | moved}
    return Contribution(tuple(sorted(added)), tuple(sorted(removed)), tuple(sorted(replaced)), tuple(faults))


def _files(folder: Path) -> dict[Path, bytes]:
    """Return what the result files of a folder hold; a link counts as what it is, not as what it leads to."""
    return {
        path.relative_to(folder): str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*.json"))
        if path.is_symlink() or path.is_file()
    }


def _readable(path: Path) -> CellResult | None:
    try:
        return read_cell(path)
    except ResultError:
        return None


def _faults(file: Path, path: Path, result: CellResult, protocols: Iterable[int]) -> Iterable[str]:
    """Yield why a result cannot be accepted, though its form is right."""
    if file.is_symlink():
        yield "is a link; add the file itself"
    if path != result.path:
        yield f"belongs at {result.path}, where its cell would be looked for; move it there"
    others = sorted({*protocols} - {result.protocol})
    if others:
        yield (
            f"{' / '.join(result.cell)} follows protocol {result.protocol}, the results here protocol {others[0]}, "
            "and one board shows one protocol; publish it on a board of its own"
        )
    measured = any(value is not None for value in result.values)
    for name in ("train_digest", "eval_digest"):
        digest = getattr(result.data, name)
        if (digest or measured) and _SHA256.fullmatch(digest) is None:
            yield f"data.{name} = {short_repr(digest)} is no sha256; {_AGAIN}"
    if measured and (fault := _unsourced(result.data.source)) is not None:
        yield f"data.source {fault}; {_AGAIN}"
    if measured and "builtin" not in result.model_source and (fault := _unsourced(result.model_source)) is not None:
        yield f"model_source {fault}; {_AGAIN}"
    if not result.recipe:
        yield f"recipe is empty; {_AGAIN}"


def _unsourced(source: JsonObject) -> str | None:
    """Return what a source lacks that fixes which version it is, None for nothing."""
    files = source.get("files")
    if isinstance(files, Mapping) and files:
        wrong = [name for name, digest in files.items() if _SHA256.fullmatch(str(digest)) is None]
        return f"gives no sha256 of {short_repr(wrong[0])}" if wrong else None
    if "embedded" in source:
        return None if _SHA256.fullmatch(str(source["embedded"])) else "gives no sha256 of the embedded rows"
    if "hub" in source:
        named = _COMMIT.fullmatch(str(source.get("revision")))
        return None if named else f"names no commit of {short_repr(source['hub'])}"
    return "names neither files, nor a commit on the hub, nor embedded rows"
