"""Entry points are those that `importlib.metadata` finds, wherever a package is installed."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from hbench.plugins.installed import Entry, installed

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Install a package of a name, as far as its entry points go, into a folder that is searched last."""

    def install(folder: str, package: str, text: str | None, *, there: bool = True) -> Path:
        place = tmp_path / folder
        (place / package).mkdir(parents=True)
        (place / package / "METADATA").write_text(f"Name: {package.partition('-')[0]}\n")
        if text is not None:
            (place / package / "entry_points.txt").write_text(text)
        if there and str(place) not in paths:
            paths.append(str(place))
        return place

    paths: list[str] = []
    monkeypatch.setattr("sys.path", paths)
    installed.cache_clear()
    yield install
    installed.cache_clear()


def names(prefix: str = "hbench.") -> dict[str, dict[str, str]]:
    installed.cache_clear()
    return {group: {name: entry.value for name, entry in of.items()} for group, of in installed(prefix).items()}


def by_the_library(prefix: str = "hbench.") -> dict[str, dict[str, str]]:
    found = entry_points()
    return {g: {p.name: p.value for p in found.select(group=g)} for g in found.groups if g.startswith(prefix)}


def test_those_of_this_environment_are_the_same() -> None:
    installed.cache_clear()
    assert names() == by_the_library()
    assert "h-score" in names()["hbench.scorers"]


def test_a_package_that_is_there_twice_counts_once_where_it_is_imported_from(put: Put) -> None:
    put("first", "my_scorers-2.0.dist-info", "[hbench.scorers]\nnew = m:New\n")
    put("second", "My.Scorers-1.0.dist-info", "[hbench.scorers]\nold = m:Old\n")
    put("second", "gone-1.0.dist-info", "[hbench.scorers]\ngone = m:Gone\n")
    put("first", "gone-2.0.dist-info", None)
    assert names() == {"hbench.scorers": {"new": "m:New"}} == by_the_library()


def test_what_developers_install_and_what_lies_in_an_archive_is_found(put: Put, tmp_path: Path) -> None:
    text = "# ours\n\n[console_scripts]\nx = y:z\n\n[hbench.tasks]\n a.b = m : A.B \n[hbench.kinds]\nk=m\n"
    place = put("source", "other.egg-info", text)
    folder = put("zipped", "archived-1.dist-info", "[hbench.tasks]\nfrom-zip = m:Z\n", there=False)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in (folder / "archived-1.dist-info").iterdir():
            archive.write(file, f"archived-1.dist-info/{file.name}")
    sys.path.extend([str(tmp_path / "a.zip"), str(tmp_path / "nowhere")])
    expected = {"hbench.tasks": {"a.b": "m : A.B", "from-zip": "m:Z"}, "hbench.kinds": {"k": "m"}}
    assert names() == expected == by_the_library()
    assert place.is_dir()


def test_an_entry_is_a_module_or_what_it_names_in_one() -> None:
    assert Entry("x", "pathlib : Path.cwd [extra]").load() == Path.cwd
    assert Entry("x", "zipfile").load() is zipfile
    with pytest.raises(ValueError, match=r"package\.module:attribute"):
        Entry("x", "no spaces here").load()
    with pytest.raises(AttributeError):
        Entry("x", "pathlib:Nothing").load()
