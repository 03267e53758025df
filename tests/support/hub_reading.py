"""Reading tasks from the stand-in of the hub, in a process of its own: the hub's address is fixed at import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.hub_stand_in import Hub, serve

#: What the tests or a user's machine may have set, and would keep a process from the stand-in.
UNWANTED = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE")
CHILD = """
import dataclasses, json, sys
from hbench.data.load import describe_source
from hbench.kinds import load_examples
from hbench.plugins.registry import TASKS
found = {}
for name in json.loads(sys.argv[1]):
    task = TASKS.find(name)
    source = describe_source(task.plugin, None, name)
    for split in (task.plugin.training(), *task.plugin.splits()):
        rows = load_examples(task, split, source=source, data_dir=None, size=None, seed=0)
        found[f"{name} {split}"] = {"source": source, "rows": dataclasses.asdict(rows)}
sys.stdout.write(json.dumps(found))
"""


def in_process(address: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, an empty cache, and the hub at this address; a warning to users is an error."""
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    environment |= {"HF_ENDPOINT": address, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error::UserWarning", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def read_tasks(hub: Hub, home: Path, names: Sequence[str]) -> dict[str, Any]:
    """Return {"<task> <split>": {"source", "rows"}} of the tasks' own splits, read from the stand-in."""
    with serve(hub) as address:
        found: dict[str, Any] = json.loads(in_process(address, home, "-c", CHILD, json.dumps(list(names))).stdout)
    return found
