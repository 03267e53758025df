"""`hbench map` and `hbench convert`: training dynamics of a stored run, of dataset-cartography, or of a saved file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hbench.cli.output import counted
from hbench.dynamics.signals import CAPTURES, Capture
from hbench.errors import DataError, UsageError

if TYPE_CHECKING:
    import xarray as xr

_PATHS = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
_CAPTURE = click.option(
    "--capture",
    type=click.Choice(CAPTURES),
    default=CAPTURES[0],
    show_default=True,
    help="Point at which a stored run was observed.",
)
#: What a figure can be written as.
_FIGURES = (".svg", ".pdf", ".png")


@click.command("map", short_help="Draw the data map of training dynamics.")
@_PATHS
@click.option(
    "--out", metavar="FILE", required=True, type=click.Path(path_type=Path), help="map.svg, .pdf, .png or .csv."
)
@_CAPTURE
@click.option("--title", metavar="TEXT", help="Title of the figure; by default the first PATH.")
@click.option(
    "--most", metavar="N", type=click.IntRange(min=1), default=10_000, show_default=True, help="Most examples drawn."
)
def map_command(paths: tuple[Path, ...], out: Path, capture: Capture, title: str | None, most: int) -> None:
    """Draw variability against confidence of every example, by how often it was right, as dataset-cartography does.

    PATH: the folder of a finished training (.hbench/store/finetune/<key>), a folder of dynamics_epoch_N.jsonl, or a
    file that hbench.dynamics.save wrote; several are runs on the same examples. With --out FILE.csv the three numbers
    of each example are written instead.
    """
    if out.suffix not in (*_FIGURES, ".csv"):
        raise UsageError(f"--out {out}: use a name that ends in {', '.join(_FIGURES)} or .csv")
    from hbench.dynamics.maps import data_map

    dynamics = _read(paths, capture)
    found = data_map(dynamics)
    if out.suffix == ".csv":
        _write(out, found.to_dataframe().to_csv(lineterminator="\n", float_format="%.9g").encode())
    else:
        _write(out, _drawn(dynamics, found, title or str(paths[0]), out.suffix, most))
    size, runs = dynamics.sizes["example"], dynamics.sizes["run"]
    epochs = counted(dynamics.sizes["epoch"], "epoch")
    click.echo(f"wrote {out}: {counted(size, 'example')}, {counted(runs, 'run')} of {epochs}")


@click.command(short_help="Write training dynamics in another form.")
@_PATHS
@click.option(
    "--out",
    metavar="D",
    required=True,
    type=click.Path(path_type=Path),
    help="A file FILE.nc for hbench, or a folder for dataset-cartography.",
)
@_CAPTURE
def convert(paths: tuple[Path, ...], out: Path, capture: Capture) -> None:
    """Read training dynamics as `hbench map` does, and write a file for hbench or files for dataset-cartography.

    The latter are <out>/<seed>/training_dynamics/dynamics_epoch_N.jsonl.
    """
    from hbench import dynamics

    found = _read(paths, capture)
    if out.suffix == ".nc":
        out.parent.mkdir(parents=True, exist_ok=True)
        dynamics.save(out, {capture: found})
        click.echo(f"wrote {out}")
        return
    if out.suffix or out.is_file():
        raise UsageError(f"--out {out}: use a name that ends in .nc, or a folder")
    for path in dynamics.write_cartography(found, out):
        click.echo(f"wrote {path}")


def _read(paths: tuple[Path, ...], capture: Capture) -> xr.Dataset:
    """Return the dynamics of all runs. Raises DataError for runs on other examples, or two of one seed."""
    from hbench.dynamics import join_runs, read_dynamics

    runs: list[xr.Dataset] = []
    for path in paths:
        run = read_dynamics(path, capture)
        order = runs[0]["example"] if runs else run["example"]
        if sorted(run["example"].to_numpy()) != sorted(order.to_numpy()):
            raise DataError(f"{path}: holds other examples than {paths[0]}; name runs on the same ones")
        runs.append(run.sel(example=order.to_numpy()))
    joined = join_runs(runs) if len(runs) > 1 else runs[0]
    seeds = joined["run"].to_numpy().tolist()
    if len(set(seeds)) < len(seeds):
        twice = next(seed for seed in seeds if seeds.count(seed) > 1)
        raise DataError(f"two of these runs have the seed {twice}; name each run once")
    return joined


def _drawn(dynamics: xr.Dataset, found: xr.Dataset, title: str, suffix: str, most: int) -> bytes:
    from hbench.render.figures.data_map import Format, MapPlot, draw_data_map

    formats: dict[str, Format] = {".svg": "svg", ".pdf": "pdf", ".png": "png"}
    plot = MapPlot(
        title=title,
        confidence=found["confidence"].to_numpy(),
        variability=found["variability"].to_numpy(),
        correctness=found["correctness"].to_numpy(),
        observations=dynamics.sizes["epoch"] * dynamics.sizes["run"],
        most=most,
    )
    return draw_data_map(plot, formats[suffix])


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"--out {path}: cannot be written ({error.strerror}); name another file") from None
