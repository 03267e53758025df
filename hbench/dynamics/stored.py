"""Dynamics of finished runs on disk, read a stretch of examples at a time: what is held does not grow with the set."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from hbench.dynamics.signals import CAPTURES
from hbench.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray as xr


class StoredRuns:
    """The dynamics.nc files of runs on the same examples, at one capture point; a context, which closes the files."""

    def __init__(self, paths: Sequence[Path], capture: str, ids: npt.NDArray[np.str_]) -> None:
        """Open the files. ids: of all examples, in the order of the files.

        Raises DataError naming a file that does not hold the capture point, or that is of other examples.
        """
        import xarray as xr

        self._ids = ids
        self._attrs = {"capture": capture} if capture in CAPTURES else {}
        self._runs: list[xr.Dataset] = []
        with ExitStack() as opened:
            for path in paths:
                try:
                    # ids are texts of any length, slow to read and the same in every run
                    run = xr.open_dataset(path, group=capture, engine="h5netcdf", drop_variables=["example"])
                except (OSError, KeyError) as error:
                    raise DataError(f"{path}: no dynamics captured at '{capture}' ({error})") from None
                self._runs.append(opened.enter_context(run))
                if run.sizes["example"] != len(ids):
                    raise DataError(f"{path}: holds {run.sizes['example']} examples, the task has {len(ids)}")
            self._opened = opened.pop_all()

    def __enter__(self) -> StoredRuns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def absent(self, signals: Sequence[str]) -> str | None:
        """Return the first of the signals that one of the runs does not hold, None when all hold all."""
        return next((name for run in self._runs for name in signals if name not in run), None)

    def read(self, start: int, stop: int, names: Sequence[str]) -> list[xr.Dataset]:
        """Return the named variables of the examples from position `start` up to `stop`, one Dataset for each run.

        They have no coordinate `example`, which `with_ids` adds.
        """
        return [run[list(names)].isel(example=slice(start, stop)).load() for run in self._runs]

    def with_ids(self, dynamics: xr.Dataset, start: int, stop: int) -> xr.Dataset:
        """Return dynamics of the examples from `start` up to `stop` with their ids and the point of capture."""
        return dynamics.assign_coords(example=self._ids[start:stop]).assign_attrs(self._attrs | dynamics.attrs)
