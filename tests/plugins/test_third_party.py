"""A scorer in a package of its own: installed by pip without a network, found by its entry point, and scoring."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from support.paths import TESTS

PACKAGE = TESTS / "third_party"

USE_IT = """
import json
import hbench
from hbench.plugins.registry import SCORERS

found = SCORERS.find("last-loss[easiest=true]")
dynamics = hbench.dynamics.from_arrays(loss=[[[9, 9], [1, 2]], [[9, 9], [3, 6]]])
scores = found.plugin.score(dynamics)
print(json.dumps({
    "names": SCORERS.names(),
    "ref": found.ref,
    "scores": scores.values.tolist(),
    "preference": found.plugin.prefer(scores, 2).values.tolist(),
    "needs": found.plugin.observation().signals,
    "file": __import__("hbench_last_loss").__file__,
}))
"""


@pytest.mark.slow
def test_an_installed_package_adds_a_scorer(tmp_path):
    # Building writes into the source folder, so a copy is built.
    source, target = tmp_path / "source", tmp_path / "site"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(target)]
    installed = subprocess.run([*pip, *offline, str(source)], capture_output=True, text=True)
    assert installed.returncode == 0, installed.stderr
    used = subprocess.run(
        [sys.executable, "-c", USE_IT],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(target)},
        cwd=tmp_path,
    )
    assert used.returncode == 0, used.stderr
    answer = json.loads(used.stdout)
    assert {"last-loss", "h-score"} <= set(answer["names"])
    assert answer["ref"] == "last-loss[easiest=true]"
    assert answer["scores"] == [2.0, 4.0]
    assert answer["preference"] == [-2.0, -4.0]
    assert answer["needs"] == ["loss"]
    assert answer["file"].startswith(str(target))
