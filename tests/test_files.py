"""Reading texts: UTF-8 whatever the locale, or the file, the line and the byte that are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hbench.errors import DataError, UsageError
from hbench.files import decode, digest_text, lone_surrogate, read_text, write_together


def test_texts_are_read_as_they_are_but_for_a_byte_order_mark(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffé\r\n\ufeffü\n".encode())
    assert read_text(path, UsageError) == "é\r\n\ufeffü\n"
    path.write_bytes(b"")
    assert read_text(path, UsageError) == ""


def test_what_cannot_be_read_is_named_with_the_error_asked_for(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(UsageError, match=r"suite x: cannot be read \(No such file"):
        read_text(path, UsageError, "suite x")
    with pytest.raises(DataError, match="cannot be read"):
        read_text(tmp_path, DataError)
    path.write_bytes(b"one\ntwo \xe9\n")
    with pytest.raises(DataError, match=r"a\.txt, line 2: not UTF-8 text \(byte 9 of the file is 0xe9\); save"):
        read_text(path, DataError)
    with pytest.raises(DataError, match=r"a, line 8: .*byte 102 "):
        decode(b"\n\xe9", "a", DataError, line=7, offset=100)


def test_halves_of_surrogate_pairs():
    assert not lone_surrogate(["a", "𝄞", ""])
    assert lone_surrogate(["a", "\ud800"])
    assert lone_surrogate(["\ud800", "\udc00"])  # two halves in two texts
    assert digest_text("a") != digest_text("\ud800")


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONUTF8": "1"}]
)
def test_the_locale_does_not_matter(variables, tmp_path):
    (tmp_path / "a.txt").write_bytes("é".encode())
    code = (
        "from pathlib import Path; from hbench.files import *; from hbench.errors import UsageError\n"
        "write_whole(Path('b.txt'), read_text(Path('a.txt'), UsageError))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, **variables}, check=True)
    assert (tmp_path / "b.txt").read_bytes() == "é".encode()


# --- files that are written together


def texts_of(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def three(tmp_path):
    """One file to change, one to remove, and the texts that are to come, a new one in a new folder among them."""
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "b.txt").write_text("to go")
    return {tmp_path / "a.txt": "new", tmp_path / "deep/c.txt": "third", tmp_path / "b.txt": None}


def test_files_are_written_and_removed_together(three, tmp_path):
    write_together(three)
    assert texts_of(tmp_path) == {"a.txt": "new", "deep/c.txt": "third"}
    before = (tmp_path / "a.txt").stat().st_mtime_ns
    write_together(three)
    assert (tmp_path / "a.txt").stat().st_mtime_ns == before


@pytest.mark.parametrize("step", ["fsync", "replace", "unlink"])
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_step_that_fails_leaves_everything_as_it_was(three, tmp_path, monkeypatch, step, fault):
    owner = os if step == "fsync" else Path
    real = getattr(owner, step)
    for fails_at in (1, 2) if step != "unlink" else (1,):
        calls = []

        def fail(*args, calls=calls, fails_at=fails_at, **settings):
            if step != "unlink" or args[0].name == "b.txt":
                calls.append(args)
                if len(calls) == fails_at:
                    raise fault
            return real(*args, **settings)

        with monkeypatch.context() as patched:
            patched.setattr(owner, step, fail)
            with pytest.raises(type(fault)) as caught:
                write_together(three)
        assert texts_of(tmp_path) == {"a.txt": "old", "b.txt": "to go"}
        if isinstance(fault, OSError):
            assert caught.value.filename in map(str, three)


def test_what_a_killed_process_left_is_gone_after_the_next_one(three, tmp_path):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom hbench.files import write_together\n"
        "calls = []\nreal = Path.replace\n"
        "def replace(*args):\n    calls.append(args)\n    os._exit(9) if len(calls) == 2 else None\n"
        "    return real(*args)\n"
        "Path.replace = replace\n"
        "write_together({Path('a.txt'): 'new', Path('deep/c.txt'): 'third', Path('b.txt'): None})\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 9
    assert any(path.name.startswith(".c.txt-") for path in tmp_path.rglob("*"))
    write_together(three)
    assert texts_of(tmp_path) == {"a.txt": "new", "deep/c.txt": "third"}
