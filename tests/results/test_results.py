"""Result files: what is written is read back, and what is wrong is named with its file, field and fix."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.synthetic_results import (
    SEEDS,
    cell,
    diagnostic,
    failing,
    with_rivals,
    with_trivial,
)

from hbench.results.cell import CellResult, Subset, slug
from hbench.results.fields import ResultError
from hbench.results.folder import read_cell, write_cell
from hbench.results.outcomes import Outcomes
from hbench.results.parse import parse_cell


def payload_of(made: CellResult) -> dict:
    return json.loads(made.dump())


def parse(payload: dict) -> CellResult:
    return parse_cell(json.dumps(payload), "board/x.json")


def changed(path: str, value: object) -> dict:
    """A good file's content with one entry, such as `cost.full`, set to another value."""
    payload = payload_of(cell(planted={"mislabelled": 0.8}))
    payload["recipe"]["max_steps"] = 375 if (path, value) == ("budget", "equal-epochs") else None
    *parents, last = path.split(".")
    place = payload
    for name in parents:
        place = place[name]
    place[last] = value
    return payload


@pytest.mark.parametrize(
    "made",
    [
        cell(),
        cell(method="full"),
        cell(keep="h-score", margin=0.02, planted={"redundant": 0.1}),
        cell(also={"exact": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)}),
        with_trivial(cell(method="full")),
        cell(published="no loss on 50 % of the rows (Author 2024)"),
        *with_rivals([cell(), cell(method="h-score")], "h-score", "length"),
        failing(cell(), 98, 828),
        failing(cell(), *SEEDS),
        diagnostic(),
        replace(diagnostic(), planted=None),
    ],
)
def test_what_is_written_is_read_back(made, tmp_path):
    path = tmp_path / made.path
    write_cell(made, path)
    assert read_cell(path) == made
    first = path.read_bytes()
    write_cell(read_cell(path), path)
    assert path.read_bytes() == first


def test_the_file_has_the_agreed_form():
    payload = payload_of(cell())
    assert list(payload) == sorted(payload)
    assert set(payload) == {
        *("schema", "protocol", "task", "split", "primary", "model", "method", "keep", "budget", "kind", "metric"),
        *(
            "chance",
            "compared",
            "margin",
            "data",
            "model_source",
            "recipe",
            "seeds",
            "scoring_runs",
            "values",
            "examples",
        ),
        *("failures", "subset", "cost", "planted"),
    }
    charge = {"full", "train", "scoring"}
    assert set(payload["cost"]) == {"unit", "examples", "tokens", *charge}
    assert set(payload["cost"]["tokens"]) == charge
    assert payload["cost"]["tokens"]["scoring"] == [[epoch, "training", 720000.0] for epoch in (1, 2, 3)]
    assert set(payload["examples"]) == {"count", "encoding", "values", "cases"}
    assert set(payload["subset"]) == {"sizes", "share", "classes"}
    assert payload["schema"] == 2
    assert cell().dump().startswith('{\n "budget": "equal-epochs",\n')


def test_results_of_an_earlier_protocol_are_read_and_keep_it():
    assert parse(changed("protocol", 1)).protocol == 1
    assert parse(changed("protocol", 2)).protocol == 2


def test_rivals_stand_in_the_file_only_where_there_are_some():
    made = with_rivals([cell()], "length")[0]
    assert payload_of(made) == {
        **payload_of(cell()),
        "rivals": ["length"],
        "compared": ["el2n", "length", "random"],
    }


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (["length"], "field 'compared' does not name 'length', which this file compares; run the cell again"),
        (["random"], "field 'rivals' names 'random', the random baseline (`chance`); run the cell again"),
        (["el2n", "el2n"], "field 'rivals' is ['el2n', 'el2n']; use a sorted list of the rivals, each once, without"),
        ("el2n", "field 'rivals' is 'el2n'; use a sorted list"),
        ([3], "field 'rivals' is [3]; use a sorted list"),
        (["full"], "without 'full'"),
    ],
)
def test_rivals_that_cannot_be_are_named(value, problem):
    with pytest.raises(ResultError) as caught:
        parse(changed("rivals", value))
    assert problem in str(caught.value)


def test_paths_name_the_cell():
    made = cell("mnli[evaluate=matched]", "el2n[epoch=2,offset=0.05]", "h-score", model="minilm-l6[layers=4]")
    expected = "mnli-evaluate-matched/minilm-l6-layers-4/h-score-equal-epochs-validation-el2n-epoch-2-offset-0.05.json"
    assert made.path.as_posix() == expected
    assert slug("owner/model").startswith("owner-model~")


@given(
    st.integers(1, 70).flatmap(
        lambda n: st.lists(
            st.one_of(st.none(), st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n)), min_size=1, max_size=4
        )
    )
)
def test_bits_survive_packing(rows):
    outcomes = Outcomes.encode(rows)
    assert outcomes.encoding == "bits"
    for position, row in enumerate(rows):
        decoded = outcomes.decode(position)
        assert decoded is None if row is None else decoded.tolist() == row


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40))
def test_shares_survive_packing(row):
    outcomes = Outcomes.encode([row, None, [0.5] * len(row)])
    assert outcomes.encoding == "float32"
    assert outcomes.decode(0).tolist() == row
    assert outcomes.decode(1) is None


def test_bits_are_those_of_numpy_and_floats_are_little_endian():
    assert Outcomes.encode([[1, 0, 0, 0, 0, 0, 0, 0, 1]]).values == ("gIA=",)
    assert Outcomes.encode([[0.5]]).values == ("AAAAPw==",)


@pytest.mark.parametrize("rows", [[[1.0, 0.0], [1.0]], [[float("nan")]]])
def test_packing_refuses_what_is_no_result(rows):
    with pytest.raises(ValueError, match=r"number of examples|finite"):
        Outcomes.encode(rows)


@pytest.mark.parametrize(
    ("path", "value", "field", "fix"),
    [
        ("schema", 1, "schema", "this hbench reads 2"),
        ("protocol", 99, "protocol", "this hbench reads 1 to 2"),
        ("protocol", 0, "protocol", "this hbench reads 1 to 2"),
        ("task", "", "task", "a string of one line"),
        ("task", "a\nb", "task", "a string of one line"),
        ("primary", 1, "primary", "true or false"),
        ("budget", "equal-time", "budget", "one of equal-epochs, equal-steps"),
        ("margin", -0.1, "margin", "numbers from 0 to 1, or null"),
        ("data.train_rows", 4.5, "data.train_rows", "an integer"),
        ("data.train_digest", "", "data", "restore the file"),
        ("data.eval_rows", 300, "examples.count", "restore the file"),
        ("recipe", [], "recipe", "an object"),
        ("seeds", [1, 1, 2, 3, 4, 5], "seeds", "restore the file"),
        ("seeds", [1, 2], "values", "restore the file"),
        ("seeds", [True, 2], "seeds", "integers"),
        ("values", [73.1, 0.7, 0.7, 0.7, 0.7, 0.7], "values", "shares, not points"),
        ("examples.encoding", "utf-8", "examples.encoding", "one of bits, float32"),
        ("examples.encoding", "float32", "examples.values[0]", "restore the file"),
        ("examples.values", ["!"] * 6, "examples.values[0]", "is not base64"),
        ("examples.values", [None] * 6, "examples.values[0]", "disagree"),
        ("examples.cases", [1, 2], "examples.cases", "a list of 400 integers"),
        ("examples", None, "examples", "restore the file"),
        ("failures", [{"seed": 342, "reason": "gone"}], "failures", "restore the file"),
        ("failures", [{"seed": 342}], "failures[0].reason", "is missing; add it"),
        ("subset.share", 30, "subset.share", "numbers from 0 to 1"),
        ("subset.sizes", [5000] * 6, "subset.sizes", "exceeds data.train_rows"),
        ("cost.full", 0, "cost.full", "a number above 0"),
        ("cost.train", -1, "cost.train", "numbers of at least 0"),
        ("cost.scoring", "free", "cost.scoring", "a sorted list of [epoch, "),
        ("cost.scoring", [[2, "training", 1.0], [1, "training", 1.0]], "cost.scoring", "a sorted list"),
        ("cost.scoring", [[1, "training", 1.0], [1, "training", 1.0]], "cost.scoring", "each epoch and work once"),
        ("cost.scoring", [[0, "training", 1.0]], "cost.scoring", "a sorted list"),
        ("cost.scoring", [[1, "waiting", 1.0]], "cost.scoring", "training or signals or gradients"),
        ("cost.scoring", [[1, ["training"], 1.0]], "cost.scoring", "a sorted list"),
        ("cost.tokens.scoring", [[1, "training", -1.0]], "cost.tokens.scoring", "number of at least 0, or null"),
        ("cost.tokens.scoring", [], "cost.tokens.scoring", "names no part of 6 scoring runs"),
        ("scoring_runs", [], "cost.scoring", "names parts of 0 scoring runs"),
        ("compared", ["random", "el2n"], "compared", "a sorted list of the methods"),
        ("compared", ["el2n", "el2n", "random"], "compared", "each once"),
        ("compared", ["el2n", "full", "random"], "compared", "without 'full'"),
        ("compared", ["random"], "compared", "does not name 'el2n'"),
        ("compared", ["el2n"], "compared", "does not name 'random'"),
        ("budget", "equal-epochs", "recipe", "restore the file"),
        ("subset.sizes", [1200] * 5, "subset.sizes", "restore the file"),
        ("subset.sizes", [1200, None, 1200, 1200, 1200, 1200], "subset.sizes", "is null for seed 4827"),
        ("subset.sizes", [0] * 6, "subset.sizes", "integers of at least 1"),
        ("subset.share", 0.3001, "subset.share", "the sizes come to 0.3; run the cell again"),
        ("subset", None, "subset", "restore the file"),
        ("keep", "0.31", "keep", "subset.sizes runs from 1200 to 1200"),
        ("data.train_rows", 10**400, "data.train_rows", "an integer"),
        ("seeds", [10**400], "seeds", "integers"),
        ("margin", 10**400, "margin", "numbers from 0 to 1, or null"),
        ("values", [10**400] * 6, "values", "shares, not points"),
        ("cost.full", 10**400, "cost.full", "a number above 0"),
        ("cost.train", 10**400, "cost.train", "numbers of at least 0"),
        ("subset.classes", {"a": 10**400}, "subset.classes", "numbers from 0 to 1"),
        ("planted", {"mislabelled": 1.2}, "planted", "numbers from 0 to 1"),
        ("keep", "none", "seeds", "restore the file"),
        ("method", "full", "keep", "restore the file"),
        ("metrik", "accuracy", "metrik", "did you mean 'metric'?"),
        ("cost.seconds", 12.0, "cost.seconds", "is unknown; remove it"),
    ],
)
def test_every_problem_names_file_field_and_fix(path, value, field, fix):
    with pytest.raises(ResultError) as caught:
        parse(changed(path, value))
    message = str(caught.value)
    assert message.startswith("board/x.json: ")
    assert f"'{field}'" in message
    assert fix in message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("field", sorted(payload_of(cell())))
def test_every_field_is_required(field):
    payload = payload_of(cell())
    del payload[field]
    with pytest.raises(ResultError, match=f"'{field}' is missing"):
        parse(payload)


def test_a_metric_that_does_not_follow_from_its_examples_is_refused():
    payload = payload_of(cell())
    payload["values"][2] += 0.01
    with pytest.raises(ResultError, match=r"'values\[2\]' is .* the mean of its per-example results"):
        parse(payload)


def test_a_metric_beside_the_main_one_has_a_number_for_the_same_seeds():
    payload = payload_of(cell(also={"exact": (0.1,) * 6}))
    for values, said in (
        ([0.1] * 5, "disagree on the seeds"),
        ([None, *[0.1] * 5], "disagree on the seeds"),
        ([7] * 6, "shares"),
    ):
        payload["also"]["exact"] = values
        with pytest.raises(ResultError, match=f"'also.exact' .*{said}"):
            parse(payload)


def test_a_failed_seed_needs_a_reason():
    payload = payload_of(failing(cell(), 98))
    payload["failures"] = []
    with pytest.raises(ResultError, match="no reason for seed 98"):
        parse(payload)


@pytest.mark.parametrize("size", [1199, 1200, 1201])
def test_a_label_may_be_off_by_one_row(size):
    made = replace(cell(), subset=Subset((size,) * 6, size / 4000, {}))
    assert parse_cell(made.dump(), "x").sizes == dict.fromkeys(SEEDS, size)


@pytest.mark.parametrize("size", [1198, 1202])
def test_a_label_that_is_off_by_more_is_refused(size):
    with pytest.raises(ResultError, match=f"'keep' is '0.3' of 4000 rows, but subset.sizes runs from {size}"):
        parse(payload_of(replace(cell(), subset=Subset((size,) * 6, size / 4000, {}))))


def test_a_size_that_a_scorer_sets_is_not_held_against_its_label():
    made = replace(cell(keep="h-score"), subset=Subset((2134,) * 6, 2134 / 4000, {}))
    assert parse_cell(made.dump(), "x") == made


def test_a_seed_without_a_subset_has_no_size():
    made = failing(cell(), 98)
    made = replace(made, subset=Subset((1200, 1200, 1200, None, 1200, 1200), 0.3, {}))
    assert parse_cell(made.dump(), "x").sizes == dict.fromkeys((342, 4827, 1215, 8128, 828), 1200)
    nothing = replace(failing(cell(), *SEEDS), subset=Subset((None,) * 6, 0.3, {}))
    with pytest.raises(ResultError, match="'subset' gives no size"):
        parse(payload_of(nothing))


@pytest.mark.parametrize(
    ("kind", "metric", "is_mean"),
    [
        ("classification", "accuracy", True),
        ("joint", "accuracy", True),
        ("span", "f1", True),
        ("span", "exact", True),
        ("choice", "accuracy", True),
        ("choice", "f1", False),
        ("classification", "f1", False),
        ("classification", "matthews", False),
        ("span", "matthews", False),
    ],
)
def test_metrics_that_are_means_have_to_be_those_of_their_examples(kind, metric, is_mean):
    made = replace(cell(), kind=kind, metric=metric)
    assert made.metric_is_mean == is_mean
    assert parse(payload_of(made)) == made
    other = payload_of(replace(made, values=tuple(v - 0.01 for v in made.values)))
    if is_mean:
        with pytest.raises(ResultError, match=r"'values\[0\]' is .* the mean of its per-example results"):
            parse(other)
    else:
        assert parse(other).values[0] == pytest.approx(made.values[0] - 0.01)


def test_a_result_of_a_kind_that_is_not_installed_is_refused():
    with pytest.raises(ResultError, match=r"'kind' is 'pictures'; use a kind of task that is installed .*choice, "):
        parse(payload_of(replace(cell(), kind="pictures")))


def test_the_full_data_have_one_budget():
    steps = replace(cell(method="full"), budget="equal-steps")
    with pytest.raises(ResultError, match="'budget' is 'equal-steps' for method 'full', not 'equal-epochs'"):
        parse(payload_of(steps))


@pytest.mark.parametrize("depth", [60, 500, 100_000])
def test_what_is_nested_too_deeply_is_refused(depth):
    text = cell().dump().replace('"recipe": {', '"recipe": {"deep": ' + "[" * depth + "]" * depth + ",", 1)
    with pytest.raises(ResultError, match=r"board/x.json: is nested too deeply"):
        parse_cell(text, "board/x.json")


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": NaN}', ""])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(ResultError, match=r"board/x.json: "):
        parse_cell(text, "board/x.json")


def test_nothing_wrong_is_written(tmp_path):
    made = replace(cell(), subset=Subset(sizes=(9000,) * 6, share=0.3, classes={}))
    with pytest.raises(ResultError):
        write_cell(made, tmp_path / "x.json")
    assert not list(tmp_path.iterdir())


def test_what_failed_before_its_data_were_known_is_kept():
    made = failing(cell(), *SEEDS, reason="out of memory")
    unknown = replace(made.data, train_rows=0, eval_rows=0, train_digest="", eval_digest="")
    made = replace(made, data=unknown, examples=Outcomes.encode([None] * 6), subset=None, cost=None)
    assert parse_cell(made.dump(), "x") == made


def test_values_are_exact_after_a_round_trip():
    rows = [np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 1.0])]
    made = Outcomes.encode(rows, cases=[7, 7, 9])
    assert made.cases == (7, 7, 9)
    assert made.decode(0).mean() == 2 / 3
