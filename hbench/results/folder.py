"""A folder of result files: reading, checking, writing and merging them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hbench.files import read_text, write_whole
from hbench.parallel import spread
from hbench.results.cell import CellKey, CellResult
from hbench.results.fields import ResultError
from hbench.results.parse import parse_cell

#: Files from which on they are read on all cores.
_MANY = 1000


def write_cell(cell: CellResult, path: Path) -> None:
    """Write the file whole, making its folder. Raises ResultError when it would not be read back."""
    text = text_of(cell, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise ResultError(f"{path}: cannot be written ({error.strerror}); name a writable folder") from None


def text_of(cell: CellResult, path: Path) -> str:
    """Return the text of a cell's file. Raises ResultError when it would not be read back from there."""
    text = cell.dump()
    parse_cell(text, str(path))
    return text


def read_cell(path: Path) -> CellResult:
    """Read and check one file. Raises ResultError naming the file, the field and the fix."""
    return parse_cell(read_text(path, ResultError), str(path))


def results_of(directory: Path) -> list[CellResult]:
    """Return all results under a folder, sorted by cell whatever the files are called.

    Raises ResultError when there is none, when one cannot be read, or when two files hold the same cell.
    """
    paths = sorted(directory.rglob("*.json"))
    found = _distinct(zip(paths, spread(read_cell, paths, fewest=_MANY), strict=True))
    if not found:
        raise ResultError(f"{directory}: no results (*.json); name a folder of results with --results")
    return found


def merged(directory: Path, cells: Sequence[CellResult]) -> list[CellResult]:
    """Return the results that a folder would hold once `cells` are written into it, sorted by cell; write nothing.

    A file in the place of a new one may be of another form or damaged, since it is replaced. Raises ResultError when
    a new cell would not be read back, another one cannot be read, or a cell would be listed twice or over another one.
    """
    new = _distinct((directory / cell.path, parse_cell(cell.dump(), str(cell.path))) for cell in cells)
    places: dict[Path, CellResult] = {}
    for cell in new:
        place = directory / cell.path
        if place in places:
            raise _two_cells(place, places[place], cell)
        places[place] = cell
    kept = []
    for path in sorted(directory.rglob("*.json")):
        if path not in places:
            kept.append((path, read_cell(path)))
        elif (old := _readable(path)) is not None and old.cell != places[path].cell:
            raise _two_cells(path, old, places[path])
    return _distinct([*kept, *places.items()])


def _distinct(files: Iterable[tuple[Path, CellResult]]) -> list[CellResult]:
    """Return results sorted by cell. Raises ResultError naming two files of one cell."""
    found: dict[CellKey, tuple[CellResult, Path]] = {}
    for path, result in files:
        if result.cell in found:
            other = found[result.cell][1]
            raise ResultError(f"{path} and {other} hold the same cell, {' / '.join(result.cell)}; remove one of them")
        found[result.cell] = (result, path)
    return [found[cell][0] for cell in sorted(found)]


def _readable(path: Path) -> CellResult | None:
    try:
        return read_cell(path)
    except ResultError:
        return None


def _two_cells(place: Path, first: CellResult, second: CellResult) -> ResultError:
    names = " and ".join(" / ".join(result.cell) for result in (first, second))
    return ResultError(f"{place}: would hold two cells, {names}; rename one of the methods, or keep them apart")
