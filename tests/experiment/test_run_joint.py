"""The main job end to end for intents and slots."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from support.bench import SMALL_SUITE, Bench
from support.hub_repositories import write_byte_tokenizer
from support.killed_runs import files, kill_and_go_on

from hbench.jobs.store import Store

#: Whole runs in worker processes.
pytestmark = pytest.mark.slow

SUITE = (
    SMALL_SUITE.replace('["planted-sentence[size=120]"]', '["planted-joint[size=60]", "planted-sentence[size=60]"]')
    .replace('["h-score", "el2n", "length"]', '["el2n[joint=sum]", "dynamic-el2n[joint=mean]", "grand"]')
    .replace('[0.3, "h-score"]', "[0.5]")
)
REFUSED = {"el2n[joint=sum]": "el2n_sum", "dynamic-el2n[joint=mean]": "el2n_mean"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("joint"))
    bench.write(SUITE)
    # cells of the other task fail, as they have to
    done = bench.hbench("run", "suite.toml", "--store", "a/store", "--quiet", "--executor", "inline", check=False)
    assert done.returncode == 1
    return bench


def cells(bench: Bench) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((bench.folder / "a/results").rglob("*.json"))]


def test_where_one_task_records_a_signal_the_cells_of_the_others_fail_with_the_fix(finished: Bench) -> None:
    rows = list(csv.DictReader((finished.folder / "a/leaderboard/leaderboard.csv").open()))
    status = {(row["task"].partition("[")[0], row["method"]): row["status"] for row in rows}
    methods = {"full", "random", "grand", *REFUSED}
    assert {method for task, method in status if task == "planted-joint"} == methods
    for method in methods:
        assert status["planted-joint", method] == "complete"
        assert status["planted-sentence", method] == ("failed" if method in REFUSED else "complete")
    reasons = {cell["method"]: cell["failures"][0]["reason"] for cell in cells(finished) if cell["failures"]}
    for method, signal in REFUSED.items():
        said = (method, f"the signal '{signal}'", "'planted-sentence", "kind 'classification'", "kind 'joint'", "out")
        for text in said:
            assert text in reasons[method]


def test_slot_f1_and_intents_stand_beside_the_frames(finished: Bench) -> None:
    store = Store(finished.folder / "a/store")
    seen = 0
    for place in sorted((store.root / "finetune").glob("*/result.json")):
        name = place.parent.name
        if json.loads((place.parent / "spec.json").read_text())["task"]["ref"].startswith("planted-joint"):
            arrays = store.arrays("finetune", name, "predictions.npz")
            metric = store.training(name).metric["validation"]
            said = arrays["validation.prediction"]
            assert metric["frame_accuracy"] == pytest.approx(arrays["validation.values"].mean())
            assert metric["intent_accuracy"] >= metric["frame_accuracy"]
            assert set(metric) == {"frame_accuracy", "intent_accuracy", "slot_f1"}
            assert said.shape[0] == 60
            assert said[:, 0].min() >= 0
            assert set(np.unique(said[:, 1:])) <= {-1, *range(17)}
            seen += 1
    assert seen == 2 + 4 * 2
    found = [cell for cell in cells(finished) if cell["kind"] == "joint"]
    assert {name for cell in found for name in cell["also"]} == {"intent_accuracy", "slot_f1"}
    for cell in found:
        classes = cell["subset"]["classes"]
        assert set(classes) == {"play_music", "book_table", "get_weather", "set_alarm"}
        assert sum(classes.values()) == pytest.approx(1)
        assert cell["data"]["declaration"]["slots"][0] == "artist"


def test_scores_are_finite_and_of_their_range(finished: Bench) -> None:
    store = Store(finished.folder / "a/store")
    found = set()
    for place in sorted((store.root / "score").glob("*/result.json")):
        spec = json.loads((place.parent / "spec.json").read_text())
        score = store.arrays("score", place.parent.name, "scores.npz")["score"]
        if spec["task"]["ref"].startswith("planted-joint"):
            found.add(spec["scorer"])
            assert np.isfinite(score).all()
            if spec["scorer"] == "el2n":
                assert spec["options"] == {"joint": "sum"}
                assert 2 * np.sqrt(2) < score.max() <= 21 * np.sqrt(2)
    assert found == {"el2n", "grand", "random"}


def test_another_store_and_a_kill_give_the_same_bytes(finished: Bench) -> None:
    done = kill_and_go_on(finished, 3, check=False)
    first, second = files(finished, "a"), files(finished, "b")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert len(done) >= 3


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"slot_tags": ["O"]}, ["row 2", "slurp_id 2", "there are 2 words", "1 tags"]),
        ({"intent": "alarm_sett"}, ["row 2", "slurp_id 2", "'alarm_sett'", "did you mean 'alarm_set'?"]),
    ],
)
def test_a_row_at_fault_is_named_before_anything_runs(bench: Bench, row: dict[str, object], said: list[str]) -> None:
    folder: Path = bench.folder / "data" / "slurp"
    folder.mkdir(parents=True)
    good = {"tokens": ["hello", "you"], "slot_tags": ["O", "O"], "intent": "general_greet"}
    rows = [{"slurp_id": i, **good, **(row if i == 2 else {})} for i in (1, 2, 3)]
    for split in ("train", "test"):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rows))
    options = ("--task", "slurp", "--model", "tiny", "--data-dir", "data", "--executor", "inline", "--quiet")
    done = bench.hbench("run", "small", *options, check=False)
    assert done.returncode == 2
    [line] = done.stderr.strip().splitlines()
    for text in said:
        assert text in line


def test_an_architecture_without_such_a_head_is_refused(bench: Bench) -> None:
    config = transformers.OPTConfig(
        vocab_size=300, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, ffn_dim=16, word_embed_proj_dim=16
    )
    folder = bench.folder / "small-opt"
    transformers.OPTForCausalLM(config).save_pretrained(folder)
    write_byte_tokenizer(folder, fast=True)
    bench.write(SUITE.replace('"tiny"', '"./small-opt"'))
    done = bench.hbench("run", "suite.toml", "--executor", "inline", "--quiet", check=False)
    assert done.returncode == 2
    [line] = done.stderr.strip().splitlines()
    for text in ("small-opt", "no AutoModelForTokenClassification for the architecture 'opt'", "choose another model"):
        assert text in line
