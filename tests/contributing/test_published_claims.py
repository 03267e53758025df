"""What the README of the published boards computes from unpublished data: its lines run and print what it says."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT

from hbench.results.folder import read_cell

PAGE = (ROOT / "leaderboard/README.md").read_text(encoding="utf-8")
FULL = ROOT / "leaderboard/answering/results/squad_v2-threshold-tuned-train-train+train_extra/minilm-l6"
#: Questions on each of the six articles, in the order of the published rows.
ARTICLES = (208, 418, 262, 357, 486, 377)


def printed(data_dir: Path, rows: list[dict[str, str]]) -> subprocess.CompletedProcess[str]:
    """Run the lines of the page on rows with these contexts and titles."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    folder = data_dir / "squad_v2"
    folder.mkdir()
    with gzip.open(folder / "validation.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-c", code, str(data_dir)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_never_answering_by_paragraphs_and_by_articles(tmp_path: Path) -> None:
    cases = read_cell(FULL / "1-equal-epochs-validation-full.json").examples.cases
    titles = [title for title, count in enumerate(ARTICLES) for _ in range(count)]
    rows = [{"context": f"paragraph {c}", "title": f"article {t}"} for c, t in zip(cases, titles, strict=True)]
    done = printed(tmp_path, rows)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    for line in done.stdout.splitlines():
        assert f"    {line}\n" in PAGE
    assert "6 articles: +1.54 [-0.86, +3.95], p = 0.167" in done.stdout


@pytest.mark.slow
def test_other_rows_are_refused(tmp_path: Path) -> None:
    done = printed(tmp_path, [{"context": "x", "title": "y"}] * 2108)
    assert done.returncode == 1
    assert "not the rows of the published results" in done.stderr
