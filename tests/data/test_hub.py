"""The hub's data sets and models, read by the real libraries from a stand-in on loopback, at the pinned revisions."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.hub_reading import in_process
from support.hub_repositories import MNLI, SNLI, SST2, write_glue, write_model, write_nli
from support.hub_stand_in import Hub, serve
from support.paths import TESTS

REVISIONS = {
    "snli": ("stanfordnlp/snli", "cdb5c3d5eed6ead6e5a341c8e56e669bb666725b"),
    "mnli": ("nyu-mll/multi_nli", "da70db2af9d09693783c3320c4249840212ee221"),
    "sst2": ("nyu-mll/glue", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"),
}
MODELS = {
    "roberta-large": ("FacebookAI/roberta-large", "722cf37b1afa9454edce342e7895e588b6ff1d59"),
    "roberta-base": ("FacebookAI/roberta-base", "e2da8e2f811d1448a5b465c236feacd80ffbac7b"),
    "bert-base": ("google-bert/bert-base-uncased", "86b5e0934494bd15c9632b12f734a8a67f723594"),
    "opt-350m": ("facebook/opt-350m", "08ab08cc4b72ff5593870b5d527cf4230323703c"),
    "minilm-l6[revision=c9745ed1d9f207416be6d2e6f8de32d1f16199bf]": (
        "sentence-transformers/all-MiniLM-L6-v2",
        "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    ),
}
#: The stand-in's own repository, which no task pins.
OPEN, OPEN_COMMIT = "nobody/open", "1" * 40
CHILD = TESTS / "support" / "hub_child.py"


def child(mode: str, arguments: list[Any], address: str, home: Path) -> dict[str, Any]:
    """Run a mode of hub_child.py against an address; it may write nothing to the terminal."""
    done = in_process(address, home, str(CHILD), mode, json.dumps(arguments))
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, str, Path]]:
    """A hub that serves the data sets; its address; an empty home for the libraries' caches."""
    made = Hub(tmp_path_factory.mktemp("hub"))
    write_nli(made.folder("datasets", *REVISIONS["snli"]), "plain_text", "plain_text", SNLI)
    write_nli(made.folder("datasets", *REVISIONS["mnli"]), "default", "data", MNLI, more=("pairID", "genre"))
    write_glue(made.folder("datasets", *REVISIONS["sst2"]))
    write_nli(made.folder("datasets", OPEN, OPEN_COMMIT), "plain_text", "plain_text", SNLI)
    made.folder("models", "nobody/model", OPEN_COMMIT)
    with serve(made) as address:
        yield made, address, tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def loaded(hub: tuple[Hub, str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The tasks as loaded from the hub, and from a folder with the same rows as JSON Lines, Parquet and CSV."""
    folder = tmp_path_factory.mktemp("data")
    for task in ("snli", "mnli", "sst2"):
        (folder / task).mkdir()
    for split in ("train", "test"):
        rows = [dict(zip(SNLI[split], row, strict=True)) for row in zip(*SNLI[split].values(), strict=True)]
        with gzip.open(folder / "snli" / f"{split}.jsonl.gz", "wt") as stream:
            stream.writelines(json.dumps(row) + "\n" for row in rows)
    for split, rows in MNLI.items():
        pd.DataFrame(rows).to_parquet(folder / "mnli" / f"{split}.parquet")
    for split in ("train", "validation"):
        with (folder / "sst2" / f"{split}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["sentence", "label"])
            writer.writerows(zip(SST2[split]["sentence"], SST2[split]["label"], strict=True))
    return child("data", [str(folder)], hub[1], hub[2])


@pytest.mark.parametrize("task", ["snli", "mnli", "sst2"])
def test_hub_is_read_at_the_pinned_revision(task: str, loaded: dict[str, Any]) -> None:
    hub_id, revision = REVISIONS[task]
    config = {"snli": "plain_text", "mnli": "default", "sst2": "sst2"}[task]
    assert loaded[f"{task} hub"]["source"] == {"hub": hub_id, "config": config, "revision": revision}


def test_hub_rows_arrive_unchanged(loaded: dict[str, Any]) -> None:
    snli = loaded["snli hub"]["splits"]
    assert list(snli) == ["train", "test"]
    kept = [row for row, label in enumerate(SNLI["train"]["label"]) if label != -1]
    assert snli["train"]["ids"] == [str(row) for row in kept]
    assert snli["train"]["columns"] == {name: [SNLI["train"][name][row] for row in kept] for name in SNLI["train"]}
    assert list(loaded["mnli hub"]["splits"]) == ["train", "validation_matched", "validation_mismatched"]
    sst2 = loaded["sst2 hub"]["splits"]["train"]
    assert sst2["columns"] == {name: SST2["train"][name] for name in ("sentence", "label")}


@pytest.mark.parametrize("task", ["snli", "mnli", "sst2"])
def test_folder_and_hub_give_the_same_examples(task: str, loaded: dict[str, Any]) -> None:
    assert "files" in loaded[f"{task} folder"]["source"]
    assert loaded[f"{task} folder"]["splits"] == loaded[f"{task} hub"]["splits"]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("split", ["stanfordnlp/snli", '"dev"', "train"]),
        ("config", ["stanfordnlp/snli", "'plain' not found", "plain_text"]),
        ("revision", ["stanfordnlp/snli", "00000000", "revision exists"]),
        ("name", ["nobody/nothing", "doesn't exist"]),
    ],
)
def test_what_the_hub_does_not_have_is_said_in_one_line(case: str, words: list[str], loaded: dict[str, Any]) -> None:
    message = loaded["errors"][case]
    assert message.startswith("DataError: ")
    assert "\n" not in message
    assert all(word in message for word in [*words, "--data-dir"]), message


@pytest.mark.slow
def test_open_revision_is_resolved_and_recorded(hub: tuple[Hub, str, Path]) -> None:
    found = child("open", [OPEN], hub[1], hub[2])
    assert found["source"] == {"hub": OPEN, "config": "plain_text", "revision": OPEN_COMMIT}
    assert found["labels"] == [label for label in SNLI["train"]["label"] if label != -1]
    assert found["model"] == {"hub": "nobody/model", "revision": OPEN_COMMIT}
    assert "'nobody/nothing' is not on the hub" in found["unknown data set"]


@pytest.mark.slow
def test_unreachable_hub_is_said_in_one_line(tmp_path: Path) -> None:
    with serve(Hub(tmp_path)) as address:
        pass
    # the loader of models lets the client's own notices through
    found = child("unreachable", [], address, tmp_path / "home")
    assert found["pinned"]["revision"] == REVISIONS["snli"][1]
    for case in ("load", "resolve data set", "resolve model", "load model"):
        message = found[case]
        assert message.startswith("DataError: "), (case, message)
        assert "\n" not in message
        assert ("--data-dir" if "model" not in case else "a local folder") in message, message


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Sums of the weights written into the stand-in, and what came of loading the models from it."""
    made = Hub(tmp_path_factory.mktemp("models"))
    written = {name: write_model(made.folder("models", *place), name) for name, place in MODELS.items()}
    with serve(made) as address:
        return written, child("models", [list(MODELS)], address, tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.slow
def test_pretrained_weights_arrive_under_a_new_head(name: str, models: tuple[dict[str, Any], dict[str, Any]]) -> None:
    written, found = models[0][name], models[1][name]
    hub_id, revision = MODELS[name]
    assert found["source"] == {"hub": hub_id, "revision": revision}
    assert found["architecture"].endswith("ForSequenceClassification")
    assert found["sums"] == pytest.approx(written, rel=1e-6)
    assert [len(row) for row in found["logits"]] == [3, 3]


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.slow
def test_padding_changes_no_logit(name: str, models: tuple[dict[str, Any], dict[str, Any]]) -> None:
    found = models[1][name]
    assert len(found["tokens"][0]) < len(found["tokens"][1])
    assert found["logits"][0] == pytest.approx(found["alone"][0], abs=1e-5)
    assert found["logits"][0] != pytest.approx(found["logits"][1], abs=1e-5)


def test_special_tokens_are_those_of_the_architecture(models: tuple[dict[str, Any], dict[str, Any]]) -> None:
    first = {name: found["tokens"][0] for name, found in models[1].items()}
    assert first["bert-base"][0] == 2
    assert first["bert-base"].count(3) == 2  # [SEP] behind each text
    assert first["roberta-base"][0] == 0
    assert first["roberta-base"].count(2) == 3  # <s> A </s></s> B </s>
    assert first["opt-350m"][0] == 2  # </s> opens the text
