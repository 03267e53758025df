"""The examples of CONTRIBUTING.md, all added to one copy of hbench and used there."""

from __future__ import annotations

import csv
import importlib
import io
import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.contributing import Block, Copy, blocks, code_of, kept_promises
from support.random_dynamics import random_dynamics
from support.small_jobs import Heard, small_job
from support.synthetic_results import small_board, write_all

from hbench.data.load import describe_source
from hbench.execute.base import Context
from hbench.jobs.store import Store
from hbench.kinds import load_examples
from hbench.plugins.registry import KINDS, SCORERS, TASKS, load_plugin_file

#: What each example may take: the files it adds or edits, its registration included.
FILES = {
    "scorer": ["mean_loss.py", "pyproject.toml"],
    "task": ["reviews.py", "pyproject.toml"],
    "kind": ["rating.py", "pyproject.toml"],
    "executor": ["gentle.py", "pyproject.toml"],
    "signal": ["hbench/dynamics/signals.py", "hbench/dynamics/logits.py"],
    "budget": ["hbench/cost/half_steps.py", "hbench/cost/budgets.py"],
    "column": ["hbench/render/parts/rows.py"],
    "format": ["hbench/render/tsv.py", "hbench/render/formats.py"],
}

#: A task of the kind `rating` that needs no files, for the contract of kinds.
STARS = '''
"""Made-up reviews with stars."""

from dataclasses import dataclass

from hbench import Task


@dataclass(frozen=True)
class Stars(Task):
    """Reviews with one star to three."""

    kind = "rating"
    columns = {"text": "text", "label": "stars"}
    labels = ("one", "two", "three")
    metric = "closeness"
    recipe = {"max_length": 16}

    def rows(self, split):
        """Return 24 rows."""
        words = ["bad", "fair", "good"] * 8
        return {"text": [f"a {word} film {i}" for i, word in enumerate(words)], "stars": [0, 1, 2] * 8}
'''
STARS_POINT = '[project.entry-points."hbench.tasks"]\nstars = "stars:Stars"\n'

#: What is tried of the examples that change hbench; none of it trains.
USE = """
import json
import sys
from pathlib import Path
import numpy as np
from hbench import dynamics, observe
from hbench.cost.budgets import find_budget
from hbench.cost.model import Training
from hbench.experiment.estimate import estimate
from hbench.experiment.plan import make_plan
from hbench.experiment.suite_file import load_suite
from hbench.kinds import Encoded
from hbench.plugins.registry import KINDS, SCORERS
from hbench.render.show import show
from hbench.render.publish import build

results = Path(sys.argv[1])
build(results, Path("board"))
assert "torch" not in sys.modules
observe("top_prob", at="train")
suite = load_suite("quickstart").overridden(budgets=("half-steps",), scorers=("mean-loss", "dynamic-loss"))
logits = np.zeros((1, 1, 2, 40))
logits[..., 3] = np.log(41)
made = dynamics.from_logits(logits, [3, 1])
encoded = Encoded(ids=["a"], sequences=None, owner=None, label=np.array([1]), length=None)
kinds = {name: KINDS.find(name).plugin for name in ("classification", "choice")}
print(json.dumps({
    "formats": {name: show(results, format=name) for name in ("tsv", "csv", "json", "markdown")},
    "file": Path("board/leaderboard.csv").read_text(),
    "steps": find_budget("half-steps").steps(Training(SCORERS.find("el2n").plugin, 100, 30, 3, 10)),
    "cost": estimate(make_plan(suite)).total.cost_at_most,
    "recorded": {name: sorted(kind.signals(np.zeros((1, 1, 3)), encoded)) for name, kind in kinds.items()},
    "signals": {name: made[name].values.ravel().tolist() for name in made.data_vars if name in ("top_prob", "prob")},
}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    more = [Block("kind", "stars.py", "", STARS), Block("kind", "pyproject.toml", "", STARS_POINT)]
    return Copy.make(tmp_path_factory.mktemp("copy"), [*blocks(), *more])


@pytest.fixture(scope="module")
def used(copy: Copy) -> dict[str, Any]:
    results = write_all(small_board(tasks=("snli",), keeps=("0.3",)), copy.folder / "results")
    return json.loads(copy.python("-c", USE, str(results)))


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for registry in (SCORERS, TASKS, KINDS):
        monkeypatch.setattr(registry, "_added", {})
    yield


def plugin_file(example: str, name: str, folder: Path) -> Path:
    path = folder / name
    path.write_text(code_of(example, name))
    return path


def test_each_takes_one_file_and_its_registration() -> None:
    found: dict[str, list[str]] = {}
    for block in blocks():
        files = found.setdefault(block.example, [])
        files += [] if block.file in files else [block.file]
    assert found == FILES


def test_the_scorer_is_a_file_named_on_the_command_line(tmp_path: Path, plugins: None) -> None:
    assert load_plugin_file(plugin_file("scorer", "mean_loss.py", tmp_path)) == ["mean-loss"]
    dynamics = random_dynamics()
    scores = SCORERS.find("mean-loss[power=2]").plugin.score(dynamics)
    np.testing.assert_allclose(scores, (dynamics.loss.to_numpy() ** 2).mean(axis=(0, 1)), rtol=1e-6)


def test_the_task_reads_its_examples(tmp_path: Path, plugins: None) -> None:
    assert load_plugin_file(plugin_file("task", "reviews.py", tmp_path)) == ["reviews"]
    data = tmp_path / "data" / "reviews"
    data.mkdir(parents=True)
    rows = [
        {"review": "a lovely film", "sentiment": 1},
        {"review": "dull", "sentiment": 0},
        {"review": "?", "sentiment": -1},
    ]
    for split in ("train", "validation"):
        (data / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = TASKS.find("reviews")
    source = describe_source(task.plugin, data.parent, task.name)
    examples = load_examples(task, "train", source=source, data_dir=data.parent, size=None, seed=0)
    assert examples.columns == {"review": ["a lovely film", "dull"], "sentiment": [1, 0]}


def test_the_executor_runs_jobs(tmp_path: Path, plugins: None, one_thread: None) -> None:
    scope = runpy.run_path(str(plugin_file("executor", "gentle.py", tmp_path)), run_name="gentle")
    executor, store, heard = scope["Gentle"](rest=0.01), Store(tmp_path / "store"), Heard()
    store.prepare()
    executor.run([], store, Context(device="cpu"), heard)
    assert heard == Heard()
    job = small_job(1)
    executor.run([job], store, Context(device="cpu"), heard)
    assert store.finished(job)
    assert heard.finished == {job.key: None}


def test_the_scorer_keeps_the_contract(tmp_path: Path, plugins: None) -> None:
    load_plugin_file(plugin_file("scorer", "mean_loss.py", tmp_path))
    contract = importlib.import_module("plugins.test_scorer_contract")
    assert kept_promises(contract, "named", SCORERS.find("mean-loss")) > 5


def test_the_kind_keeps_the_contract(tmp_path: Path, plugins: None) -> None:
    stars = tmp_path / "stars.py"
    stars.write_text(STARS)
    assert load_plugin_file(plugin_file("kind", "rating.py", tmp_path)) == ["rating"]
    assert load_plugin_file(stars) == ["stars"]
    contract = importlib.import_module("kinds.test_contract")
    assert kept_promises(contract, "tried", contract.try_kind("rating")) > 5


@pytest.mark.slow
def test_the_contracts_find_them_by_themselves(copy: Copy) -> None:
    contracts = ["plugins/test_scorer_contract.py", "kinds/test_contract.py", "execute/test_contract.py"]
    told = copy.contracts(contracts, ["mean-loss", "rating", "gentle"])
    for name in ("mean-loss", "rating", "gentle"):
        assert f"[{name}] PASSED" in told


def test_the_signal_is_recorded_up_to_any_number_of_classes(used: dict[str, Any]) -> None:
    assert used["signals"] == {"top_prob": pytest.approx([41 / 80] * 2)}
    for recorded in used["recorded"].values():
        assert {"top_prob", "prob", "loss"} <= set(recorded)


def test_the_budget_bounds_a_training_and_is_planned(used: dict[str, Any]) -> None:
    assert used["steps"] == 15
    assert used["cost"] > 0


def test_the_column_is_in_every_format(used: dict[str, Any]) -> None:
    scored = {"el2n": True, "h-score": True, "random": False, "length": False, "full": False}
    formats = used["formats"]
    for text in (formats["csv"], used["file"]):
        assert {row["method"]: row["scored"] for row in csv.DictReader(io.StringIO(text))} == {
            method: str(value).lower() for method, value in scored.items()
        }
    assert {row["method"]: row["scored"] for row in json.loads(formats["json"])["rows"]["rows"]} == scored
    headings = [line for line in formats["markdown"].splitlines() if line.startswith("| method | accuracy |")]
    assert headings
    assert all("| scored |" in line for line in headings)


def test_the_format_shows_every_row(used: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(used["formats"]["tsv"]), delimiter="\t"))
    assert [row["method"] for row in rows] == [
        row["method"] for row in csv.DictReader(io.StringIO(used["formats"]["csv"]))
    ]
    assert {row["task"] for row in rows} == {"snli"}
