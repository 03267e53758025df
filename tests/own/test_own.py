"""Scoring and pruning rows of one's own from Python: the same words as on the command line."""

from __future__ import annotations

import json

import datasets
import numpy as np
import pandas as pd
import pytest
from support.own_rows import reviews, write_reviews

import hbench
from hbench.errors import DataError, UsageError
from hbench.jobs.store import Store
from hbench.own.provenance import provenance_of
from hbench.own.pruning import Choice, prune_examples
from hbench.own.scores import load_scores
from hbench.plugins.registry import SCORERS

WRONG = (3, 10, 17, 24)
SETTINGS = {
    "text": "text",
    "label": "label",
    "id": "id",
    "model": "tiny",
    "executor": "inline",
    "recipe": {"epochs": 3, "max_length": 32, "batch_size": 8},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory, one_thread):
    return tmp_path_factory.mktemp("own") / "store"


@pytest.fixture(scope="module")
def scores(store):
    return hbench.score(reviews(40, WRONG), scorers=["el2n", "h-score", "aum"], runs=2, store=store, **SETTINGS)


def test_every_row_has_a_number_for_every_scorer(scores):
    frame = scores.frame()
    assert list(frame.columns) == ["id", "text", "label", "el2n", "h-score", "aum"]
    assert frame["id"].tolist() == [row["id"] for row in reviews(40)]
    assert frame["label"].tolist() == [row["label"] for row in reviews(40, WRONG)]
    assert np.isfinite(frame[["el2n", "h-score", "aum"]].to_numpy()).all()
    assert set(frame["h-score"]) <= {0.0, 1.0, 2.0}


def test_all_scorers_share_the_trainings_and_nothing_is_trained_twice(scores, store):
    trained = {job.key for job, _ in Store(store).finished_jobs() if job.job_type == "finetune"}
    assert len(trained) == 2
    more = hbench.score(
        pd.DataFrame(reviews(40, WRONG)), scorers=["forgetting", "el2n"], runs=2, store=store, **SETTINGS
    )
    assert {job.key for job, _ in Store(store).finished_jobs() if job.job_type == "finetune"} == trained
    np.testing.assert_array_equal(more.columns["el2n"], scores.columns["el2n"])


def test_provenance_says_what_the_scores_come_from(scores):
    made = scores.provenance
    assert made.columns == {"text": "text", "label": "label"}
    assert (made.id, made.labels, made.model, made.examples) == ("id", ("bad", "good"), "tiny", 40)
    assert made.recipe["epochs"] == 3
    assert {name: used.runs for name, used in made.scorers.items()} == {"el2n": 2, "h-score": 2, "aum": 2}
    # both runs whole, and for el2n the first epoch of three with a pass after it
    assert made.scorers["h-score"].cost == pytest.approx(2.0)
    assert made.scorers["el2n"].cost == pytest.approx(2 * (1 / 3 + 1 / 9), rel=0.02)


def test_a_table_is_read_back_as_it_was(scores, tmp_path):
    scores.save(tmp_path / "scores.csv")
    found = load_scores(tmp_path / "scores.csv")
    assert found.ids == scores.ids
    assert found.provenance == scores.provenance
    for name, values in scores.columns.items():
        np.testing.assert_array_equal(found.columns[name], values)


@pytest.mark.parametrize("by", ["el2n", "h-score", "aum"])
def test_the_subset_is_that_of_a_board(scores, by, tmp_path):
    """The order of keeping follows from the scores in the table alone, also where the file is all there is."""
    scores.save(tmp_path / "scores.csv")
    scorer = hbench.scorer(by)
    import xarray as xr

    from hbench.experiment.seeds import tie_seed

    given = xr.DataArray(scores.columns[by], coords={"example": list(scores.ids)}, dims="example")
    expected = hbench.select(scorer.prefer(given, 2).to_numpy(), scores.ids, count=12, seed=tie_seed(0, 342))
    kept = hbench.prune(reviews(40, WRONG), tmp_path / "scores.csv", by=by, keep=0.3)
    assert [row["id"] for row in kept] == [name for name, keep in zip(scores.ids, expected, strict=True) if keep]


def test_pruning_gives_the_type_that_it_is_given(scores, tmp_path):
    rows = reviews(40, WRONG)
    kept = hbench.prune(rows, scores, by="el2n", keep=0.25)
    assert isinstance(kept, list)
    assert [row for row in rows if row in kept] == kept
    assert len(kept) == 10
    frame = hbench.prune(pd.DataFrame(rows), scores, by="el2n", keep=0.25)
    assert frame.to_dict("records") == kept
    made = hbench.prune(datasets.Dataset.from_list(rows), scores, by="el2n", keep=0.25)
    assert made.to_list() == kept
    path = write_reviews(tmp_path / "train.csv", 40, WRONG)
    assert hbench.prune(path, scores, by="el2n", keep=0.25, out=tmp_path / "pruned.csv") == tmp_path / "pruned.csv"
    assert pd.read_csv(tmp_path / "pruned.csv").to_dict("records") == kept


def test_balance_keeps_each_class_in_its_proportion(scores):
    kept = hbench.prune(reviews(40, WRONG), scores, by="el2n", keep=0.5, balance=True)
    assert sorted(row["label"] for row in kept) == ["bad"] * 10 + ["good"] * 10


def test_the_offset_drops_the_first_ones(scores):
    plain = hbench.prune(reviews(40, WRONG), scores, by="el2n", keep=0.25)
    later = hbench.prune(reviews(40, WRONG), scores, by="el2n", keep=0.25, offset=0.1)
    assert len(later) == len(plain) == 10
    first = np.argsort(-scores.columns["el2n"])[:4]
    assert not {row["id"] for row in later} & {scores.ids[at] for at in first}


def test_the_natural_subset_is_that_of_the_scorer(scores):
    kept = hbench.prune(reviews(40, WRONG), scores, by="h-score", natural=True)
    assert len(kept) == int((scores.columns["h-score"] == 1).sum())


def test_suspects_are_doubted_rows_with_what_the_model_answers(scores):
    found = scores.suspects(5)
    assert [one.confidence for one in found] == sorted(one.confidence for one in found)
    for one in found:
        gold = {"bad": 0, "good": 1}[reviews(40, WRONG)[one.position]["label"]]
        assert one.answer != gold
        assert one.answer_prob == pytest.approx(1 - one.confidence, abs=1e-5)


def test_numbers_of_ones_own_need_only_the_end_that_is_kept():
    rows = [{"text": t} for t in "abcd"]
    kept = hbench.prune(rows, {"0": 0.1, "1": 0.9, "2": 0.5, "3": 0.7}, keep=0.5, order="highest")
    assert [row["text"] for row in kept] == ["b", "d"]
    frame = pd.DataFrame({"id": ["0", "1", "2", "3"], "mine": [1, 2, 3, 4]})
    assert [row["text"] for row in hbench.prune(rows, frame, keep=0.5, order="lowest")] == ["a", "b"]
    with pytest.raises(UsageError, match=r"'mine' is not a scorer.*--order"):
        hbench.prune(rows, frame, keep=0.5)


def test_ids_that_do_not_match_are_named(scores):
    rows = reviews(40, WRONG)
    with pytest.raises(DataError, match="no scores for id 'new'"):
        hbench.prune([*rows, {**rows[0], "id": "new"}], scores, by="el2n", keep=0.3)
    with pytest.raises(DataError, match="ids 'r000', 'r001', 'r002' and 2 more, which data does not have"):
        hbench.prune(rows[5:], scores, by="el2n", keep=0.3)


def test_rows_that_changed_since_they_were_scored_are_named(scores):
    """Rows without ids are matched by their number: a file that was sorted would otherwise be pruned at random."""
    rows = reviews(40, WRONG)
    rows[7] = {**rows[7], "text": "another"}
    with pytest.raises(DataError, match=r"row 8 .*'text' holds 'another'.*r007 was scored"):
        hbench.prune(rows, scores, by="el2n", keep=0.3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keep": 0.3, "natural": True}, "either"),
        ({}, "either"),
        ({"keep": 0.3}, "there are el2n, h-score, aum"),
        ({"keep": 0.3, "by": "el2m"}, "did you mean 'el2n'"),
        ({"natural": True, "by": "el2n"}, "no subset of its own"),
        ({"keep": 1.5, "by": "el2n"}, "keep 1.5"),
        ({"keep": 0.9, "offset": 0.5, "by": "el2n"}, "lower the offset"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(scores, settings, message):
    with pytest.raises(UsageError, match=message):
        hbench.prune(reviews(40, WRONG), scores, **settings)


def test_without_provenance_the_number_of_runs_is_asked_for(scores, tmp_path):
    scores.save(tmp_path / "scores.csv")
    provenance_of(tmp_path / "scores.csv").unlink()
    with pytest.raises(UsageError, match=r"provenance .* missing.*--runs"):
        hbench.prune(reviews(40, WRONG), tmp_path / "scores.csv", by="h-score", keep=0.3, id="id")


def test_a_score_that_is_no_number_is_named_by_its_line(scores, tmp_path):
    path = tmp_path / "scores.csv"
    scores.save(path)
    lines = path.read_text().splitlines()
    lines[4] = lines[4].rpartition(",")[0] + ",high"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"line 5: column 'aum' holds 'high'"):
        load_scores(path)


def test_what_cannot_be_scored_is_refused_before_any_training(tmp_path):
    settings = {**SETTINGS, "store": tmp_path / "store"}
    for changes, error, message in [
        ({"scorers": ["dynamic-el2n"]}, UsageError, "gives no scores"),
        ({"scorers": ["el2n"], "runs": 0}, UsageError, "--runs 0"),
        ({"scorers": ["el2n[epoch=5]"]}, UsageError, "epoch 5"),
        ({"scorers": ["el2m"]}, UsageError, "el2m"),
        ({"scorers": ["el2n"], "model": "tinny"}, UsageError, "tiny"),
        ({"scorers": ["el2n"], "recipe": {"epoch": 1}}, UsageError, "epochs"),
        ({"scorers": ["el2n"], "label": "lable"}, DataError, "'lable' is missing"),
        ({"scorers": ["length"], "text": "id", "id": None}, UsageError, "column 'id'"),
    ]:
        with pytest.raises(error, match=message):
            hbench.score(reviews(10), **{**settings, **changes})
    assert not (tmp_path / "store").exists()


def test_a_failed_training_says_why(tmp_path, one_thread):
    settings = {**SETTINGS, "recipe": {"epochs": 1, "learning_rate": 1e30, "precision": "fp32", "max_grad_norm": 0.0}}
    with pytest.raises(hbench.errors.TrainingFailed, match="not a finite number"):
        hbench.score(reviews(24), scorers=["el2n"], runs=1, store=tmp_path / "store", **settings)


def test_select_is_the_step_from_numbers_to_a_subset():
    mask = hbench.select(np.array([0.1, 0.9, 0.5, 0.5]), ["a", "b", "c", "d"], count=2)
    assert mask.tolist()[:2] == [False, True]
    assert mask.sum() == 2


def test_every_static_scorer_keeps_the_same_by_its_numbers_alone(tmp_path, store, scores):
    """What `prefer` makes of the scores of a table is what it made of those in the store."""
    import xarray as xr

    others = (hbench.DynamicScorer, hbench.GivenScorer, hbench.Selection, hbench.Combination)
    wanted = [name for name in SCORERS.names() if not issubclass(SCORERS.load(name), others) and name != "random"]
    made = hbench.score(reviews(40, WRONG), scorers=wanted, runs=2, store=store, **SETTINGS)
    made.save(tmp_path / "scores.csv")
    stored = {
        job.scorer: Store(store).arrays("score", job.key, "scores.npz")
        for job, _ in Store(store).finished_jobs()
        if job.job_type == "score"
    }
    read = load_scores(tmp_path / "scores.csv")
    for name in wanted:
        given = xr.DataArray(read.columns[name], coords={"example": list(read.ids)}, dims="example")
        found = hbench.scorer(name).prefer(given, read.provenance.scorers[name].runs).to_numpy()
        order, expected = (np.argsort(values, kind="stable") for values in (found, stored[name]["preference"]))
        np.testing.assert_array_equal(order, expected, name)


def test_a_scorer_that_selects_in_its_own_way_does_so(scores, store):
    rows = reviews(40, WRONG)
    made = hbench.score(rows, scorers=["ccs(aum)", "aum"], runs=2, store=store, **SETTINGS)
    np.testing.assert_array_equal(made.columns["ccs(aum)"], scores.columns["aum"])
    kept, plain = (hbench.prune(rows, made, by=by, keep=0.3) for by in ("ccs(aum)", "aum"))
    assert len(kept) == len(plain) == 12
    assert kept != plain


def test_the_pruned_rows_say_what_went(scores):
    from hbench.data.own.source import Origin
    from hbench.own.api import matching_rows

    train = matching_rows(reviews(40, WRONG), scores, id=None, label=None, unlabelled=None, origin=Origin())
    pruned = prune_examples(train, scores, Choice("el2n", 0.25))
    assert sum(kept for _, kept in pruned.classes.values()) == pruned.size == 10
    assert {name: size for name, (size, _) in pruned.classes.items()} == {"bad": 20, "good": 20}
    assert pruned.pays_after() == int(np.ceil(pruned.cost / 0.75))
    assert all(not pruned.kept[place] for place in pruned.dropped(3))
    assert json.loads(scores.provenance.as_text())["digest"] == scores.provenance.digest
