"""Rows that contradict themselves, and texts that a tokenizer or a split at white space would lose a part of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from support.span_examples import KIND as SPAN
from support.span_examples import TASK as SQUAD
from support.span_examples import answers, encode, examples
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from hbench.data.examples import Examples
from hbench.data.load import describe_source
from hbench.errors import DataError
from hbench.kinds import find_kind, load_examples
from hbench.kinds.answers import with_marks
from hbench.kinds.text.windows import QUESTION_TOKENS, cut_questions
from hbench.models.catalogue import find_model
from hbench.models.load import load_tokenizer
from hbench.plugins.registry import TASKS


def read(name: str, data_dir: Path, split: str = "train") -> Examples:
    task = TASKS.find(name)
    source = describe_source(task.plugin, data_dir, task.name)
    return load_examples(task, split, source=source, data_dir=data_dir, size=None, seed=0)


def write_lines(folder: Path, rows: list[dict[str, Any]], splits: tuple[str, ...]) -> None:
    folder.mkdir(parents=True)
    for split in splits:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")


# -- questions that are marked as answerable or not


def squad(folder: Path, *questions: dict[str, Any]) -> Path:
    context = "Paris is big. It is in France."
    rows = [{"id": f"q{i}", "question": "Where?", **row} for i, row in enumerate(questions)]
    (folder / "squad_v2").mkdir()
    for name in ("train-v2.0.json", "dev-v2.0.json"):
        paragraphs = [{"context": context, "qas": rows}]
        (folder / "squad_v2" / name).write_text(json.dumps({"version": "v2.0", "data": [{"paragraphs": paragraphs}]}))
    return folder


FRANCE = [{"text": "France", "answer_start": 23}]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"is_impossible": True, "answers": FRANCE},
            ["marked impossible", "has an answer", "France", "set is_impossible"],
        ),
        ({"is_impossible": False, "answers": []}, ["has no answer", "not marked impossible", "add an answer"]),
    ],
)
@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_question_that_says_one_thing_and_holds_another_is_refused(
    wrong: dict[str, Any], said: list[str], split: str, tmp_path: Path
) -> None:
    right = {"is_impossible": False, "answers": FRANCE}
    with pytest.raises(DataError) as error:
        read("squad_v2", squad(tmp_path, right, wrong), split)
    for text in ("v2.0.json", "question q1", *said):
        assert text in str(error.value)


def test_questions_without_the_mark_and_right_ones_are_read(tmp_path: Path) -> None:
    right = ({"answers": FRANCE}, {"answers": []}, {"is_impossible": True, "answers": []})
    found = read("squad_v2", squad(tmp_path, {"is_impossible": False, "answers": FRANCE}, *right))
    assert [bool(row["text"]) for row in found.columns["answers"]] == [True, True, False, False]


def test_a_file_of_another_form_is_left_to_its_task(tmp_path: Path) -> None:
    for name, text in (("a.json", "not json"), ("b.json", '["data"]'), ("c.json", '{"data": {"paragraphs": 3}}')):
        (tmp_path / name).write_text(text)
        SPAN.check_file(SQUAD, tmp_path / name)


# -- options


RACE = {"example_id": "m1.txt", "article": "A text.", "question": "What is _ ?", "options": ["a", "b", "", "d"]}


@pytest.mark.parametrize("answer", ["C", 2, ""])
@pytest.mark.parametrize("blank", ["", "  ", "\u00a0\n"])
def test_a_right_option_without_a_text_is_refused_with_its_row(answer: Any, blank: str) -> None:
    task, kind = TASKS.find("race").plugin, find_kind("choice")
    answer = blank if answer == "" else answer
    options = [["a", "b", "c", "d"], ["a", "b", blank, "d"]]
    columns = {
        "example_id": ["m1", "m2"],
        "article": ["A text."] * 2,
        "question": ["What?"] * 2,
        "options": options,
        "answer": ["A", answer],
    }
    with pytest.raises(DataError, match=r"^row 2, m2: column 'options' holds .* as option 2, the right one by column"):
        kind.check_rows(task, columns, lambda row: f"row {row + 1}, {columns['example_id'][row]}")
    columns["answer"][1] = "A"  # a wrong option may be empty, and so may one of a row that is left out
    assert kind.check_rows(task, columns, str).tolist() == [0, 1]
    columns["answer"][1] = -1
    assert kind.check_rows(task, columns, str).tolist() == [0]


def test_the_row_of_an_empty_right_option_is_named_by_file_and_passage(tmp_path: Path) -> None:
    write_lines(tmp_path / "race", [{**RACE, "answer": "A"}, {**RACE, "answer": "C"}], ("train", "validation"))
    with pytest.raises(DataError, match=r"train\.jsonl.*row 2.*m1\.txt.*option 2, the right one.*'C'"):
        read("race[evaluate=validation]", tmp_path)


# -- words with white space in them


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u3000", "\x1c", "\u2028"])
@pytest.mark.parametrize("name", ["snips", "atis"])
def test_a_word_with_white_space_of_another_sort_stays_one_word(name: str, space: str, tmp_path: Path) -> None:
    task, kind = TASKS.find(name), find_kind("joint")
    intent = task.plugin.labels[0]
    slot = f"B-{kind.declaration(task.plugin)['slots'][0]}"
    rows = [
        {"tokens": f"play{space}jazz now", "slot_tags": f"{slot} O", "intent": intent},
        {"tokens": "play it now", "slot_tags": "O O O", "intent": intent},
    ]
    write_lines(tmp_path / name, rows, (task.plugin.training(), *task.plugin.splits()))
    found = read(name, tmp_path)
    assert (found.size, found.left_out) == (2, 0)
    tokenizer = load_tokenizer(find_model("tiny"), kind.texts(task.plugin, found))
    encoded = kind.encode(task.plugin, found, tokenizer, 32)
    assert encoded.gold["words"].tolist() == [2, 3]
    begins = encoded.token_gold["word"][: encoded.sequences.lengths[0]]
    assert begins[begins >= 0].tolist() == [0, 1]


def test_a_row_that_no_split_makes_right_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [
        {"tokens": "play\u00a0jazz now", "slot_tags": "O O O O", "intent": "PlayMusic"},
        {"tokens": "play it", "slot_tags": "O O", "intent": "PlayMusic"},
    ]
    write_lines(tmp_path / "snips", rows, ("train", "test"))
    found = read("snips", tmp_path)
    assert (found.size, found.left_out) == (1, 1)


def test_rows_are_split_as_before_where_that_gives_a_tag_for_each_word(tmp_path: Path) -> None:
    rows = [{"tokens": "play\u00a0jazz \t now", "slot_tags": "O O\u00a0O", "intent": "PlayMusic"}]
    write_lines(tmp_path / "snips", rows, ("train", "test"))
    assert read("snips", tmp_path).columns["tokens"] == [["play", "jazz", "now"]]


# -- questions behind blanks


def byte_level() -> Any:
    """A tokenizer that makes a token of every blank."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    core.train_from_iterator(["How many people live in Paris?"] * 3, trainer)
    core.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    named = {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "eos_token": "</s>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, **named)


@pytest.mark.parametrize(
    "question",
    [
        " " * 600 + "How many people live in Paris?",
        "How many" + " \n" * 300 + "people live in Paris?",
        "How many people live in Paris?" + "\t" * 600,
    ],
)
def test_blanks_take_no_tokens_of_a_question(question: str) -> None:
    cut, counts = cut_questions(byte_level(), ["How many?", question])
    assert cut == ["How many?", "How many people live in Paris?"]
    assert counts[1] <= QUESTION_TOKENS


def test_a_question_that_is_short_enough_keeps_its_blanks() -> None:
    given = ["  How  many people ? ", "How many people live in Paris? " * 40]
    cut, counts = cut_questions(byte_level(), given)
    assert cut[0] == given[0]
    assert cut[1] and given[1].startswith(cut[1])
    assert counts[1] == QUESTION_TOKENS


# -- marks behind the last token of an answer


@pytest.mark.parametrize("answer", ["cafe\u0301", "nai\u0308ve\u0323\u0302", "e\u20dd"])
def test_the_gold_tokens_of_an_answer_that_ends_in_a_mark_are_an_exact_match(answer: str) -> None:
    context = f"a {answer} x"
    rows = examples(("What ?", context, answers(context, answer)))
    encoded = encode(rows, load_tokenizer(find_model("tiny"), [context]))
    start, end = encoded.gold["start"][0], encoded.gold["end"][0]
    kept = np.array([[1.0, 0.0, start, end, -1.0]], dtype=np.float32)
    found = SPAN.evaluate(SQUAD, kept, rows, encoded)
    assert context[slice(*found.prediction[0])] == answer
    assert (found.metric["exact"], found.metric["f1"]) == (1.0, 1.0)


def test_a_span_takes_the_marks_of_its_last_character_and_no_more() -> None:
    assert with_marks("e\u0301\u0302 x", 1) == 3
    assert with_marks("e\u0301\u0302", 1) == 3
    assert with_marks("ex", 1) == 1
    assert with_marks("e\u200bx", 1) == 1
    assert with_marks("\u0301e", 0) == 0
    assert with_marks("e\u0301", -1) == -1
