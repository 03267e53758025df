"""Kill -9 inside epochs: every job goes on from its checkpoint, and the board is the same to the byte."""

from __future__ import annotations

import json
import os
import random
from dataclasses import asdict
from pathlib import Path

import pytest
from support.bench import SMALL_SUITE, Bench
from support.killed_runs import files
from support.kills import KilledRun

#: Whole runs in worker processes.
pytestmark = pytest.mark.slow

SUITE = (
    SMALL_SUITE.replace('"planted-sentence[size=120]"', "TASKS")
    .replace('["h-score", "el2n", "length"]', '["h-score", "grand", "dynamic-el2n[dropout=true]"]')
    .replace('[0.3, "h-score"]', "[0.3]")
    .replace("eval_size = 60", "eval_size = 100")
    .replace("epochs = 2", "epochs = 3\nbatch_size = 8")
)
FEW, ALL = (
    '"planted-sentence[size=300]"',
    ", ".join(f'"planted-{kind}[size=160]"' for kind in ("sentence", "pair", "choice", "span", "joint")),
)


def test_kills_inside_epochs_cost_an_interval_at_most(tmp_path: Path) -> None:
    """HBENCH_TEST_KILLS sets the number of kills, HBENCH_TEST_REPORT a file for what each of them cost."""
    kills = int(os.environ.get("HBENCH_TEST_KILLS", "4"))
    bench = Bench(tmp_path)
    bench.write(SUITE.replace("TASKS", ALL if kills > 4 else FEW))
    killed = KilledRun(bench, "killed", seconds=0.5, jobs=2)
    made = killed.kill(kills, random.Random(11))
    assert 1 <= made <= kills  # a fast machine finishes the few jobs before the last kill
    killed.finish()
    whole = KilledRun(bench, "whole", seconds=0.0, jobs=2)
    whole.finish()

    found = killed.interruptions()
    report = os.environ.get("HBENCH_TEST_REPORT")
    if report is not None:
        Path(report).write_text(json.dumps({"kills": kills, "interruptions": [asdict(one) for one in found]}, indent=1))
    assert files(bench, "killed") == files(bench, "whole")
    assert list((tmp_path / "killed/store/checkpoints").iterdir()) == []
    assert len(found) >= made
    assert sum(one.restored for one in found) > len(found) / 2  # the others had not come to their first checkpoint
    for one in found:
        assert one.overdue == 0, one
