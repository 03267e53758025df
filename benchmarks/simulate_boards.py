"""How often the board is wrong: the table of docs/statistics.md, by simulation.

    python -m benchmarks.simulate_boards --boards 2000 [--rows "6 seeds" --rows coverage] [--kept FILE]

Every row is a world whose truth is known (`tests/support/simulated`); the functions that make the board judge its
results. A figure stands with its Monte Carlo standard error, from the spread between boards. Board b of a row is drawn
from a generator named by the row and b, so any part of the table can be run again. `--kept` keeps the figures of each
board in a file, so that a run goes on where an earlier one ended.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.simulated.claims import Shares, measured
from support.simulated.rows import Row, named

#: Boards between two writes of the kept figures.
_BATCH = 50
#: What a page has around its table.
_BEGIN, _END = "<!-- simulated: begin -->", "<!-- simulated: end -->"


@click.command(help=__doc__)
@click.option("--boards", default=2000, show_default=True, help="Boards a row; 0 for those that are kept.")
@click.option("--rows", "names", multiple=True, help="Only rows whose name contains this; may be given several times.")
@click.option("--part", "parts", multiple=True, help="Only this part of the table; may be given several times.")
@click.option("--kept", type=click.Path(path_type=Path), help="A file of figures to go on with (JSON lines).")
@click.option("--write", type=click.Path(path_type=Path, exists=True), help="A page whose table is replaced.")
def main(boards: int, names: tuple[str, ...], parts: tuple[str, ...], kept: Path | None, write: Path | None) -> None:
    """Print the table, part by part."""
    lines = []
    for line in _table(named(names, parts), boards, kept):
        click.echo(line)
        lines.append(line)
    if write is not None:
        before, rest = write.read_text().split(_BEGIN)
        table = "\n".join(lines)
        write.write_text(f"{before}{_BEGIN}\n{table}\n\n{_END}{rest.split(_END)[1]}")


def _table(rows: list[Row], boards: int, kept: Path | None) -> Iterator[str]:
    part = ""
    for row in rows:
        figures = _figures(row, boards, kept)
        if row.part != part:
            part = row.part
            yield from _head(figures, part)
        yield _line(row.name, figures)


def _figures(row: Row, boards: int, kept: Path | None) -> list[Shares]:
    """Return what was measured on each board, those of earlier runs first."""
    figures = [] if kept is None else list(_read(row.name, kept))
    if not boards:
        return figures
    while len(figures) < boards:
        until = min(boards, len(figures) + _BATCH)
        new = list(measured(row.name, row.measure, row.world, range(len(figures), until)))
        if kept is not None:
            with kept.open("a") as file:
                file.write(json.dumps({"row": row.name, "first": len(figures), "boards": new}) + "\n")
        figures += new
    return figures[:boards]


def _read(name: str, kept: Path) -> Iterator[Shares]:
    count = 0
    for line in kept.read_text().splitlines() if kept.exists() else ():
        batch = json.loads(line)
        if batch["row"] == name and batch["first"] == count:
            count += len(batch["boards"])
            yield from batch["boards"]


def _head(figures: list[Shares], part: str) -> tuple[str, str, str]:
    columns = [part, "boards", *(f"{name}, %" for name in _names(figures))]
    return "", f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)


def _names(figures: list[Shares]) -> list[str]:
    return list(dict.fromkeys(name for board in figures for name in board))


def _line(name: str, figures: list[Shares]) -> str:
    cells = [name, str(len(figures))]
    for measure in _names(figures):
        values = np.array([v for board in figures if (v := board.get(measure)) is not None])
        error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0
        cells.append(f"{100 * values.mean():.1f} ({100 * error:.1f})")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
