"""`hbench map` and `hbench convert`: any dynamics in, the same figure or the same files out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.paths import TESTS
from support.random_dynamics import random_dynamics

from hbench.dynamics import data_map, load, read_cartography, save

SAMPLES = TESTS / "dynamics" / "cartography"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save(tmp_path / "saved.nc", {"train": random_dynamics(examples=300)})
    return tmp_path / "saved.nc"


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_the_same_dynamics_give_the_same_bytes(hbench: Any, saved: Path, suffix: str) -> None:
    drawn = []
    for name in ("one", "two"):
        done = hbench("map", saved, "--out", f"{name}.{suffix}", "--title", "a map")
        assert (done.code, done.err) == (0, "")
        assert done.out == f"wrote {name}.{suffix}: 300 examples, 3 runs of 3 epochs\n"
        drawn.append(Path(f"{name}.{suffix}").read_bytes())
    assert drawn[0] == drawn[1]
    assert drawn[0][:5] in (b"<?xml", b"%PDF-", b"\x89PNG\r")


def test_a_symbol_for_every_example_or_for_the_most_that_are_asked_for(hbench: Any, saved: Path) -> None:
    hbench("map", saved, "--out", "all.svg")
    hbench("map", saved, "--out", "some.svg", "--most", "50")
    marks = [Path(name).read_text().count("stroke-opacity: 0.7") for name in ("all.svg", "some.svg")]
    assert marks[0] - marks[1] == 250


def test_the_numbers_behind_the_map(hbench: Any, saved: Path) -> None:
    assert hbench("map", saved, "--out", "map.csv").code == 0
    table = pd.read_csv("map.csv", index_col="example")
    wanted = data_map(random_dynamics(examples=300)).to_dataframe()
    pd.testing.assert_frame_equal(table, wanted, check_exact=False, atol=1e-8)


def test_several_paths_are_runs(hbench: Any, tmp_path: Path) -> None:
    seeds = [SAMPLES / "two_seeds" / f"seed_{seed}" for seed in (7, 42)]
    assert "2 runs of 3 epochs" in hbench("map", *seeds, "--out", "map.svg").out
    done = hbench("map", seeds[0], seeds[0], "--out", "map.svg")
    assert (done.code, "have the seed 7; name each run once" in done.err) == (2, True)
    done = hbench("map", seeds[0], SAMPLES / "one_training", "--out", "map.svg")
    assert (done.code, "holds other examples than" in done.err) == (2, True)


def test_files_of_cartography_become_a_file_of_hbench_and_back(hbench: Any, tmp_path: Path) -> None:
    assert hbench("convert", SAMPLES / "two_seeds", "--out", "saved.nc").code == 0
    read = read_cartography(SAMPLES / "two_seeds")
    xr.testing.assert_identical(load(tmp_path / "saved.nc", "train"), read)
    done = hbench("convert", "saved.nc", "--out", "files")
    assert done.code == 0
    assert len(done.out.splitlines()) == 6
    again = read_cartography(tmp_path / "files")
    np.testing.assert_array_equal(again.sel(run=[42, 7])["logits"], read["logits"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("map", "nowhere", "--out", "map.svg"), "nowhere: holds no dynamics; name a file that"),
        (("map", "saved.nc", "--out", "map.gif"), "use a name that ends in .svg, .pdf, .png or .csv"),
        (("map", "saved.nc", "--out", "map.svg", "--capture", "epoch_end"), "no dynamics captured at 'epoch_end'"),
        (
            ("map", str(SAMPLES / "one_epoch"), "--out", "m.svg", "--capture", "epoch_end"),
            "are of the capture point train",
        ),
        (("convert", "saved.nc", "--out", "saved.txt"), "ends in .nc, or a folder"),
        (("map", "saved.nc", "--out", "saved.nc/map.svg"), "cannot be written"),
    ],
)
def test_what_cannot_be_read_or_written_is_named(
    hbench: Any, saved: Path, words: tuple[str, ...], message: str
) -> None:
    done = hbench(*words)
    assert done.code == 2
    assert message in done.err
