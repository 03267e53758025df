"""Reading texts: UTF-8 whatever the locale, or the file, the line and the byte that are not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hbench.errors import DataError, UsageError
from hbench.files import decode, digest_text, lone_surrogate, read_text


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
