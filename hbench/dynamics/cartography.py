"""Training dynamics in the files of dataset-cartography (Swayamdipta et al. 2020), read and written.

A training is a folder with a file for each epoch, `dynamics_epoch_0.jsonl` and so on, from 0, in it or in a folder
`training_dynamics` inside it. A line is an example: `{"guid": 7, "logits_epoch_0": [0.3, -1.2], "gold": 0}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hbench.dynamics.arrays import from_logits
from hbench.dynamics.signals import DIMS
from hbench.errors import DataError
from hbench.files import read_text, short_repr, write_together

if TYPE_CHECKING:
    import xarray as xr

#: The variable that keeps the numbers of the files; no scorer reads it.
LOGITS = "logits"
_INNER = "training_dynamics"
_FILE = re.compile(r"dynamics_epoch_(\d+)\.jsonl")
#: How a folder is named after the seed of its run.
_SEEDED = re.compile(r"(?:run|seed)?[-_]?(\d+)")
#: Attribute that says whether the ids were numbers in the files.
_GUID = "guid"


@dataclass(frozen=True)
class _Epoch:
    """What one file says, by the text of the guid, in the order of its lines."""

    path: Path
    #: guid -> its line, gold class and logits.
    rows: Mapping[str, tuple[int, int, list[float]]]
    #: Whether all guids are numbers.
    numbers: bool


def read_cartography(path: Path | str) -> xr.Dataset:
    """Return the dynamics in a folder of dataset-cartography's files, dims (run, epoch, example), captured at `train`.

    path: the folder of one training, or one with a folder for each of several trainings on the same examples. A
    folder's name, such as `42` or `seed_42`, is the run's seed; where the names are none, runs count from 0. Epoch 0 of
    the files is epoch 1. Examples keep the order of the first file, and `logits` (.., class), float64, the numbers.
    Raises DataError naming the file and the line of what is not of this form or contradicts another line.
    """
    folders = _trainings(Path(path))
    trainings = [[_read(file, number) for number, file in enumerate(_files(folder))] for folder in folders]
    first = trainings[0][0]
    ids = list(first.rows)
    for folder, training in zip(folders, trainings, strict=True):
        if len(training) != len(trainings[0]):
            raise DataError(
                f"{folder}: holds {len(training)} epochs, and {folders[0]} holds {len(trainings[0])}; "
                "read trainings of the same length together"
            )
        for epoch in training:
            _check_same(first, epoch)
    logits = np.array([[[epoch.rows[i][2] for i in ids] for epoch in training] for training in trainings])
    gold = [first.rows[i][1] for i in ids]
    found = from_logits(logits, gold, ids=ids, runs=_seeds(folders), capture="train")
    found[LOGITS] = ((*DIMS, "class"), logits)
    return found.assign_attrs({_GUID: "number" if first.numbers else "text"})


def write_cartography(dynamics: xr.Dataset, path: Path | str) -> list[Path]:
    """Write dynamics as dataset-cartography's files, in `<seed>/training_dynamics` for each run; return the files.

    What is written are the `logits` where the dynamics hold them, as those of `read_cartography` do, and the logarithms
    of `prob` where they do not, which give the same probabilities. Ids that all are whole numbers are written as
    numbers, unless they were read as texts. Raises DataError when the dynamics hold neither, no `label`, an
    example that was not trained on in some epoch, or epochs that do not count from 1.
    """
    logits = _logits(dynamics)
    epochs = dynamics["epoch"].to_numpy().tolist()
    if epochs != list(range(1, len(epochs) + 1)):
        raise DataError(f"these dynamics are of the epochs {epochs}; the files need all from 1 on")
    if not np.isfinite(logits).all():
        raise DataError("an example was not trained on in some epoch; the files need every example in every epoch")
    if "label" not in dynamics:
        raise DataError("these dynamics do not say the gold classes; give `label`, as in from_arrays(label=...)")
    names = [str(i) for i in dynamics["example"].to_numpy()]
    numbers = dynamics.attrs.get(_GUID) != "text" and all(re.fullmatch(r"0|-?[1-9]\d*", name) for name in names)
    guids: list[int | str] = [int(name) if numbers else name for name in names]
    gold = dynamics["label"].to_numpy().tolist()
    texts: dict[Path, str | None] = {}
    for run, seed in enumerate(dynamics["run"].to_numpy().tolist()):
        for number in range(len(epochs)):
            lines = (
                json.dumps({"guid": guid, f"logits_epoch_{number}": row, "gold": label}, ensure_ascii=False)
                for guid, row, label in zip(guids, logits[run, number].tolist(), gold, strict=True)
            )
            texts[Path(path) / str(seed) / _INNER / f"dynamics_epoch_{number}.jsonl"] = "\n".join(lines) + "\n"
    try:
        write_together(texts)
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be written ({error.strerror}); name another folder") from None
    return list(texts)


def is_cartography(path: Path) -> bool:
    """Return whether a folder holds trainings of this form."""
    return bool(_candidates(path))


def _logits(dynamics: xr.Dataset) -> npt.NDArray[np.float64]:
    if LOGITS in dynamics:
        return np.asarray(dynamics[LOGITS].transpose(*DIMS, ...).to_numpy(), dtype=np.float64)
    if "prob" not in dynamics:
        raise DataError(
            f"these dynamics hold neither `{LOGITS}` nor `prob`, but {', '.join(map(str, dynamics.data_vars))}; "
            "the files need the logits of every class (`prob` is recorded for up to 16)"
        )
    prob = dynamics["prob"].transpose(*DIMS, ...).to_numpy().astype(np.float64)
    return np.asarray(np.log(np.maximum(prob, np.finfo(np.float32).tiny)))


def _holds_files(folder: Path) -> bool:
    return any(_FILE.fullmatch(file.name) for file in folder.glob("dynamics_epoch_*.jsonl"))


def _candidates(path: Path) -> list[Path]:
    """Return the folders of the trainings in a folder: itself, or those in it."""
    for folder in (path, path / _INNER):
        if _holds_files(folder):
            return [folder]
    inside = sorted(path.iterdir()) if path.is_dir() else []
    return [
        place for folder in inside for place in (folder, folder / _INNER) if folder.is_dir() and _holds_files(place)
    ]


def _trainings(path: Path) -> list[Path]:
    folders = _candidates(path)
    if not folders:
        raise DataError(
            f"{path}: holds no files dynamics_epoch_0.jsonl and so on, nor folders with them; name the folder of a "
            "training, or the one above several"
        )
    return folders


def _files(folder: Path) -> list[Path]:
    """Return the files of a training in the order of the epochs. Raises DataError naming one that is missing."""
    numbers = {int(match[1]): file for file in folder.iterdir() if (match := _FILE.fullmatch(file.name))}
    for number in range(len(numbers)):
        if number not in numbers:
            raise DataError(
                f"{folder}: dynamics_epoch_{number}.jsonl is missing, and there is one of epoch {max(numbers)}; "
                "epochs count from 0 without a gap"
            )
    return [numbers[number] for number in range(len(numbers))]


def _seeds(folders: list[Path]) -> list[int]:
    names = [folder.parent.name if folder.name == _INNER else folder.name for folder in folders]
    seeds = [int(match[1]) for name in names if (match := _SEEDED.fullmatch(name))]
    return seeds if len(set(seeds)) == len(folders) else list(range(len(folders)))


def _read(path: Path, number: int) -> _Epoch:
    """Return what a file says of an epoch, counted from 0."""
    rows: dict[str, tuple[int, int, list[float]]] = {}
    numbers, width = True, None
    for line, row in _objects(path):
        place = f"{path}, line {line}"
        guid, gold, logits = _fields(row, f"logits_epoch_{number}", place)
        if width is not None and len(logits) != width:
            raise DataError(f"{place}: {len(logits)} logits, and {width} before; every example has one for each class")
        width = len(logits)
        if gold >= width:
            raise DataError(f"{place}: gold {gold} with {width} logits; classes go from 0 to {width - 1}")
        if str(guid) in rows:
            raise DataError(f"{place}: guid {short_repr(guid)} is in line {rows[str(guid)][0]} already; remove one")
        numbers = numbers and isinstance(guid, int)
        rows[str(guid)] = (line, gold, logits)
    if not rows:
        raise DataError(f"{path}: is empty; it needs a line for each example")
    return _Epoch(path, rows, numbers)


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in enumerate(read_text(path, DataError).split("\n"), start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}, line {line}: malformed JSON ({error}); fix the line") from None
        if not isinstance(row, dict):
            raise DataError(f"{path}, line {line}: {short_repr(row)} is not an object; write one for each example")
        yield line, row


def _fields(row: Mapping[str, Any], key: str, place: str) -> tuple[int | str, int, list[float]]:
    """Return guid, gold class and logits of a line."""
    for name in ("guid", key, "gold"):
        if name not in row:
            raise DataError(
                f"{place}: has no '{name}', but {', '.join(row) or 'nothing'}; it needs guid, {key} and gold"
            )
    guid, gold, logits = row["guid"], row["gold"], row[key]
    if type(guid) not in (int, str):
        raise DataError(f"{place}: guid {short_repr(guid)}; use a whole number or a text")
    if type(gold) is not int or gold < 0:
        raise DataError(f"{place}: gold {short_repr(gold)}; use the class as a whole number from 0")
    if not isinstance(logits, list) or len(logits) < 2 or not all(type(value) in (int, float) for value in logits):
        raise DataError(f"{place}: {key} {short_repr(logits)}; use a list of two numbers or more, one for each class")
    if not np.isfinite(np.array(logits, dtype=np.float64)).all():
        raise DataError(f"{place}: {key} {short_repr(logits)} is not finite; give the numbers that the model gave")
    return guid, gold, logits


def _check_same(first: _Epoch, other: _Epoch) -> None:
    """Raise DataError when two files are not about the same examples with the same classes."""
    absent = _first(guid for guid in first.rows if guid not in other.rows)
    if absent is not None:
        raise DataError(
            f"{other.path}: lacks the guid {absent}, which is in line {first.rows[absent][0]} of {first.path}"
        )
    for guid, (line, gold, logits) in other.rows.items():
        place = f"{other.path}, line {line}"
        if guid not in first.rows:
            raise DataError(f"{place}: guid {guid} is not in {first.path}; every epoch has the same examples")
        expected = first.rows[guid]
        if gold != expected[1]:
            raise DataError(
                f"{place}: gold {gold} for guid {guid}, and {expected[1]} in line {expected[0]} of {first.path}"
            )
        if len(logits) != len(expected[2]):
            raise DataError(f"{place}: {len(logits)} logits, and {len(expected[2])} in {first.path}; use one model")


def _first(values: Iterable[str]) -> str | None:
    return next(iter(values), None)
