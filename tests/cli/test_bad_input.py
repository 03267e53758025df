"""Bad data and models on the command line: one line that names the place and the fix, exit code 2, no traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.model_folders import model_folder

from hbench.cli import main

GOOD = {"sentence": "a fine film", "label": 1}


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run hbench in a folder of its own; return its message after checking how it ended."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(["run", *arguments, "--quiet", "--executor", "inline"], prog_name="hbench")
        error = capsys.readouterr().err
        assert caught.value.code == 2, error
        assert "Traceback" not in error
        assert len(error.strip().splitlines()) == 1, error
        return error

    return run


@pytest.fixture
def files(tmp_path: Path) -> Any:
    """Write the rows of sst2's splits into a data folder and return the options that use it."""

    def write(train: list[Any], validation: list[Any] | None = None) -> list[str]:
        folder = tmp_path / "data" / "sst2"
        folder.mkdir(parents=True)
        for name, rows in (("train", train), ("validation", [GOOD] if validation is None else validation)):
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return ["small", "--task", "sst2", "--model", "tiny", "--data-dir", "data"]

    return write


@pytest.mark.parametrize(
    ("train", "fragments"),
    [
        ([{"text": "a fine film", "label": 1}], ["train.jsonl", "column 'sentence' is missing", "text"]),
        ([GOOD, {"sentence": "dull", "label": 2}], ["train.jsonl, row 2", "'label' holds 2", "0 (negative)"]),
        ([GOOD, {"sentence": "dull", "label": "bad"}], ["train.jsonl", "label"]),
        ([GOOD, {"sentence": None, "label": 0}], ["train.jsonl, row 2", "'sentence' holds None"]),
        ([], ["train.jsonl", "empty"]),
        ([{"sentence": "dull", "label": -1}], ["train.jsonl", "no row has a gold label"]),
    ],
)
def test_rows_at_fault(refused: Any, files: Any, train: list[Any], fragments: list[str]) -> None:
    message = refused(*files(train))
    for fragment in fragments:
        assert fragment in message


def test_evaluation_rows_at_fault(refused: Any, files: Any) -> None:
    assert "validation.jsonl, row 1" in refused(*files([GOOD], [{"sentence": 3.5, "label": 1}]))


def test_missing_task_folder(refused: Any, files: Any, tmp_path: Path) -> None:
    options = files([GOOD])
    (tmp_path / "data/sst2").rename(tmp_path / "data/sst")
    message = refused(*options)
    assert "sst2: no such folder" in message
    assert "--data-dir" in message


def test_missing_split(refused: Any, files: Any, tmp_path: Path) -> None:
    options = files([GOOD])
    (tmp_path / "data/sst2/validation.jsonl").unlink()
    message = refused(*options)
    assert "no file for the split 'validation'" in message
    assert "there is: train.jsonl" in message


def test_model_with_too_few_layers(refused: Any, files: Any, tmp_path: Path) -> None:
    import transformers

    config = transformers.BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    transformers.BertModel(config).save_pretrained(tmp_path / "model")
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nfilm\n")
    transformers.BertTokenizerFast(vocab=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path / "model")
    options = files([GOOD, {"sentence": "dull", "label": 0}])
    options[options.index("tiny")] = "./model[layers=3]"
    assert "has 1 layers" in refused(*options)


def test_folder_that_is_no_model(refused: Any, files: Any, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    options = files([GOOD])
    options[options.index("tiny")] = "./model"
    assert "no config.json" in refused(*options)


@pytest.mark.slow
def test_refusal_in_a_worker_process_is_the_same_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, files: Any, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    model_folder(tmp_path / "model", model_type="nobody-knows", max_position_embeddings=512)
    options = files([GOOD, {"sentence": "dull", "label": 0}])
    options[options.index("tiny")] = "./model"
    with pytest.raises(SystemExit) as caught:
        main(["run", *options, "--quiet", "--jobs", "1"], prog_name="hbench")
    error = capsys.readouterr().err
    assert caught.value.code == 2, error
    assert f"model '{tmp_path}/model' cannot be used for this task" in error
