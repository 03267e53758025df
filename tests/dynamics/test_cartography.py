"""Files of dataset-cartography: read in any order, written to be read by others, damaged ones refused by line."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support.random_dynamics import random_dynamics

import hbench
from hbench.dynamics import data_map, from_arrays, from_logits, load, read_cartography, save, write_cartography
from hbench.errors import DataError

SAMPLES = Path(__file__).parent / "cartography"
#: Sample -> runs, epochs, examples, classes, seeds.
SHAPES = {
    "one_training": (1, 4, 12, 2, [0]),
    "two_seeds": (2, 3, 9, 3, [42, 7]),
    "one_epoch": (1, 1, 10, 5, [0]),
}


def independent(folder: Path) -> dict[str, tuple[float, float, float]]:
    """Return confidence, variability and correctness of one training by the paper's formulas, from its files alone."""
    prob: dict[str, list[float]] = {}
    right: dict[str, int] = {}
    for number in range(len(list(folder.glob("*.jsonl")))):
        for line in (folder / f"dynamics_epoch_{number}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            logits, gold = row[f"logits_epoch_{number}"], row["gold"]
            total = sum(math.exp(value) for value in logits)
            prob.setdefault(str(row["guid"]), []).append(math.exp(logits[gold]) / total)
            right[str(row["guid"])] = right.get(str(row["guid"]), 0) + (max(logits) == logits[gold])
    found = {}
    for guid, values in prob.items():
        mean = sum(values) / len(values)
        spread = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
        found[guid] = mean, spread, right[guid] / len(values)
    return found


def folders(path: Path) -> list[Path]:
    """Return the folders that hold files, in the order of their names."""
    return sorted({file.parent for file in path.rglob("dynamics_epoch_0.jsonl")})


def assert_same_map(dynamics: xr.Dataset, path: Path) -> None:
    places = folders(path)
    assert len(places) == dynamics.sizes["run"]
    for run, folder in zip(dynamics["run"].to_numpy(), sorted(places, key=lambda f: f.parts), strict=True):
        wanted = independent(folder)
        made = data_map(dynamics.sel(run=[run]))
        for guid, numbers in wanted.items():
            found = [float(made[name].sel(example=guid)) for name in ("confidence", "variability", "correctness")]
            np.testing.assert_allclose(found, numbers, atol=1e-6, rtol=0)


@pytest.mark.parametrize("sample", SHAPES)
def test_sample_files_are_read_as_they_are(sample: str) -> None:
    dynamics = read_cartography(SAMPLES / sample)
    runs, epochs, examples, classes, seeds = SHAPES[sample]
    assert dict(dynamics.sizes) == {"run": runs, "epoch": epochs, "example": examples, "class": classes}
    assert dynamics["run"].values.tolist() == seeds
    assert dynamics.attrs["capture"] == "train"
    assert_same_map(dynamics, SAMPLES / sample)


def test_any_scorer_takes_them() -> None:
    dynamics = read_cartography(SAMPLES / "two_seeds")
    for name in ("h-score", "cartography", "forgetting", "aum", "loss"):
        assert np.isfinite(hbench.scorer(name).score(dynamics)).all()
    scores = hbench.scorer("cartography").score(dynamics)
    by_guid = dict(zip(scores["example"].values.tolist(), scores.values.tolist(), strict=True))
    other = [independent(folder) for folder in folders(SAMPLES / "two_seeds")]
    for guid, score in by_guid.items():
        assert score == pytest.approx(np.mean([run[guid][1] for run in other]), abs=1e-6)
    assert len(by_guid) == 9


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "one_training", tmp_path / "copy")
    for number in (1, 3):
        file = tmp_path / "copy" / f"dynamics_epoch_{number}.jsonl"
        lines = file.read_text().splitlines()
        random.Random(number).shuffle(lines)
        file.write_text("\n\n".join(lines))  # blank lines and no last line end
    xr.testing.assert_identical(read_cartography(tmp_path / "copy"), read_cartography(SAMPLES / "one_training"))


@pytest.mark.parametrize("sample", SHAPES)
def test_what_is_read_and_written_is_the_same(sample: str, tmp_path: Path) -> None:
    read = read_cartography(SAMPLES / sample)
    files = write_cartography(read, tmp_path / "out")
    assert len(files) == read.sizes["run"] * read.sizes["epoch"]
    again = read_cartography(tmp_path / "out")
    order = [read["run"].values.tolist().index(seed) for seed in again["run"].values]
    xr.testing.assert_identical(again, read.isel(run=order))
    for source in folders(SAMPLES / sample):
        seed = next((s for s in SHAPES[sample][4] if f"seed_{s}" in source.parts), 0)
        for file in source.iterdir():
            written = tmp_path / "out" / str(seed) / "training_dynamics" / file.name
            rows = [sorted(map(json.dumps, map(json.loads, f.read_text().splitlines()))) for f in (file, written)]
            assert rows[0] == rows[1]
    before = [file.read_bytes() for file in files]
    write_cartography(again, tmp_path / "out")
    assert [file.read_bytes() for file in files] == before


def test_dynamics_with_logits_round_trip_exactly_in_float32_too(tmp_path: Path) -> None:
    logits = np.random.default_rng(0).normal(0, 3, (2, 3, 20, 4)).astype(np.float32)
    made = from_logits(logits, np.arange(20) % 4, runs=[11, 5], capture="train")
    made["logits"] = (("run", "epoch", "example", "class"), logits)
    write_cartography(made, tmp_path)
    again = read_cartography(tmp_path).sel(run=[11, 5])
    for name in made.data_vars:
        np.testing.assert_array_equal(again[name], made[name], err_msg=str(name))


def test_dynamics_of_a_run_are_written_for_others(tmp_path: Path) -> None:
    """They hold probabilities, whose logarithms give the same map when someone else reads them."""
    dynamics = random_dynamics(runs=2, examples=40)
    write_cartography(dynamics, tmp_path)
    assert_same_map(dynamics, tmp_path)
    assert json.loads((tmp_path / "100/training_dynamics/dynamics_epoch_0.jsonl").read_text().split("\n")[0])[
        "guid"
    ].startswith("pair-")


def test_the_logits_survive_a_saved_file(tmp_path: Path) -> None:
    read = read_cartography(SAMPLES / "two_seeds")
    save(tmp_path / "saved.nc", {"train": read})
    xr.testing.assert_identical(load(tmp_path / "saved.nc", "train"), read)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.drop_vars("prob"), "neither `logits` nor `prob`"),
        (lambda d: d.isel(epoch=[0, 2]), r"of the epochs \[1, 3\]; the files need all from 1 on"),
        (lambda d: d.drop_vars("label"), "gold classes"),
        (lambda d: d.assign(prob=d["prob"].where(d["example"] != "pair-3")), "not trained on in some epoch"),
    ],
)
def test_what_the_files_cannot_hold_is_not_written(change: Callable[[Any], Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        write_cartography(change(random_dynamics()), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda line: line.replace(old, new)


#: Change of line 2 of the second file -> what the message names.
DAMAGE = {
    "half a line": (lambda line: line[:20], "line 2: malformed JSON"),
    "no object": (lambda line: "[1, 2]", r"line 2: \[1, 2\] is not an object"),
    "no guid": (replaced('"guid"', '"id"'), "line 2: has no 'guid', but id, logits_epoch_1, gold"),
    "another epoch": (replaced("epoch_1", "epoch_2"), "line 2: has no 'logits_epoch_1'"),
    "no gold": (replaced('"gold"', '"label"'), "line 2: has no 'gold'"),
    "gold as text": (replaced('"gold": ', '"gold": "1", "was": '), "line 2: gold '1'"),
    "gold out of range": (replaced('"gold": ', '"gold": 2, "was": '), "line 2: gold 2 with 2 logits"),
    "a true guid": (replaced('"guid": ', '"guid": true, "was": '), "line 2: guid True"),
    "NaN": (replaced("[", "[NaN, "), "line 2: logits_epoch_1 .* is not finite"),
    "infinite": (replaced("[", "[1e999, "), "line 2: logits_epoch_1 .* is not finite"),
    "a text among the logits": (replaced("[", '["x", '), "line 2: logits_epoch_1 .*use a list of two numbers"),
    "one logit more": (replaced("[", "[0.5, "), "line 2: 3 logits, and 2 before"),
    "a guid of no other epoch": (replaced('"guid": ', '"guid": 1, "was": '), "line 2: guid 1 is not in|lacks the guid"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_lines_are_named(kind: str, tmp_path: Path, hbench: Any) -> None:
    change, message = DAMAGE[kind]
    shutil.copytree(SAMPLES / "one_training", tmp_path / "copy")
    file = tmp_path / "copy" / "dynamics_epoch_1.jsonl"
    lines = file.read_text().splitlines()
    lines[1] = change(lines[1])
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=message) as caught:
        read_cartography(tmp_path / "copy")
    assert "dynamics_epoch_1.jsonl" in str(caught.value)
    done = hbench("map", tmp_path / "copy", "--out", tmp_path / "map.svg")
    assert done.code == 2
    assert not (tmp_path / "map.svg").exists()
    assert "dynamics_epoch_1.jsonl" in done.err


def test_files_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    def copy(name: str, change: Callable[[Path], object]) -> Path:
        folder = tmp_path / name
        shutil.copytree(SAMPLES / "one_training", folder)
        change(folder)
        return folder

    def edit(number: int, change: Callable[[list[str]], list[str]]) -> Callable[[Path], object]:
        def edited(folder: Path) -> None:
            file = folder / f"dynamics_epoch_{number}.jsonl"
            file.write_text("\n".join(change(file.read_text().splitlines())) + "\n")

        return edited

    def other_class(lines: list[str]) -> list[str]:
        row = json.loads(lines[4])
        return [*lines[:4], json.dumps({**row, "gold": 1 - row["gold"]}), *lines[5:]]

    cases: dict[str, tuple[Callable[[Path], object], str]] = {
        "twice": (edit(2, lambda lines: [*lines, lines[0]]), r"epoch_2.jsonl, line 13: guid \d+ is in line 1 already"),
        "fewer": (edit(2, lambda lines: lines[1:]), r"epoch_2.jsonl: lacks the guid \d+, which is in line \d+ of"),
        "class": (edit(3, other_class), r"epoch_3.jsonl, line 5: gold \d for guid \d+, and \d in line \d+ of"),
        "gap": (lambda folder: (folder / "dynamics_epoch_1.jsonl").unlink(), "dynamics_epoch_1.jsonl is missing"),
        "empty": (lambda folder: (folder / "dynamics_epoch_1.jsonl").write_text("\n"), "epoch_1.jsonl: is empty"),
        "latin": (lambda f: (f / "dynamics_epoch_0.jsonl").write_bytes(b'{"guid": "\xe9"}'), "line 1: not UTF-8"),
    }
    for name, (change, message) in cases.items():
        with pytest.raises(DataError, match=message):
            read_cartography(copy(name, change))
    runs = tmp_path / "runs"
    shutil.copytree(SAMPLES / "one_training", runs / "1")
    shutil.copytree(SAMPLES / "one_epoch", runs / "2")
    with pytest.raises(DataError, match=r"holds 1 epochs, and .* holds 4"):
        read_cartography(runs)
    (tmp_path / "hollow" / "inside").mkdir(parents=True)
    for nothing in (tmp_path / "no such folder", tmp_path / "hollow"):
        with pytest.raises(DataError, match=r"holds no files dynamics_epoch_0\.jsonl"):
            read_cartography(nothing)


def test_a_map_needs_every_example_in_every_epoch() -> None:
    with pytest.raises(DataError, match="needs the signal 'correct'"):
        data_map(from_arrays(gold_prob=[[[0.5]]]))
    with pytest.raises(DataError, match="not trained on in some epoch"):
        data_map(from_arrays(gold_prob=[[[0.5, np.nan]]], correct=[[[1, 0]]]))
