"""Transfer: the scores of one model's runs select what another model trains on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.boards import board_of, files
from support.command_line import refused
from support.made_up_scores import finish
from support.synthetic_results import cell, small_board

import hbench
from hbench.errors import UsageError
from hbench.experiment.bind import bind
from hbench.experiment.collect import collect
from hbench.experiment.estimate import estimate
from hbench.experiment.plan import make_plan
from hbench.experiment.prune import PrunedRun, prune
from hbench.experiment.suite import Suite
from hbench.jobs.store import Store
from hbench.render.publish import MARKDOWN
from hbench.results.cell import ScoredWith
from hbench.results.fields import ResultError
from hbench.results.parse import parse_cell

SMALL = "tiny[layers=1]"


def suite(**changes: object) -> Suite:
    fields = {
        "name": "lent",
        "tasks": ("planted-sentence[size=60]",),
        "models": ("tiny",),
        "scorers": ("el2n", "h-score", "length", "dynamic-random"),
        "keep": (0.3, "h-score"),
        "scoring_runs": {"h-score": 2},
        "seeds": 4,
        "score_with": SMALL,
    }
    return Suite(**{**fields, **changes})


def named(scorer: str) -> str:
    return f'{scorer}[score_with="{SMALL}"]'


# --- what a suite says


def test_it_becomes_an_option_of_all_scorers_that_read_runs():
    made = suite(rivals=("forgetting",))
    assert made.scorers == (named("el2n"), named("h-score"), "length", "dynamic-random", "random", named("forgetting"))
    assert made.rivals == (named("forgetting"),)
    assert made.keep == (0.3, named("h-score"))
    assert suite(score_with=None, scorers=("el2n", named("el2n"))).scorers[:2] == ("el2n", named("el2n"))


def test_the_command_line_replaces_it():
    assert suite().overridden(score_with="tiny").scorers[0] == "el2n[score_with=tiny]"
    assert suite().overridden(scorers=("grand",)).scorers[0] == named("grand")


def test_what_cannot_score_is_refused_by_name(hbench, tmp_path):
    refused(hbench("plan", "quickstart", "--score-with", "tinny"), "--score-with", "'tinny'", "did you mean 'tiny'")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with pytest.raises(UsageError, match=r"score_with: model .*mine.* is a folder"):
        suite(score_with=str(folder))
    for scorer in ("length", "random", "dynamic-el2n"):
        with pytest.raises(UsageError, match=r"score_with=tiny: this scorer reads no run"):
            suite(score_with=None, scorers=(f"{scorer}[score_with=tiny]",))
    with pytest.raises(UsageError, match=r"unknown model 'tinny'"):
        suite(score_with=None, scorers=("el2n[score_with=tinny]",))


def test_a_scorer_has_the_claims_of_its_authors_only_where_its_own_model_scores():
    from hbench.plugins.claims import claims_of

    assert claims_of(hbench.scorer("el2n"))
    assert claims_of(hbench.scorer("el2n[score_with=tiny]")) == ()


# --- jobs


def bound_of(made: Suite, folder: Path):
    [experiment] = make_plan(made).experiments
    return bind(experiment, made, None, Store(folder))


def test_scores_are_of_the_other_models_runs_and_training_is_of_ours(tmp_path):
    bound = bound_of(suite(), tmp_path)
    assert {job.model.ref for job in bound.full.values()} == {"tiny"}
    assert all(job.observe is None for job in bound.full.values())
    lent = bound.scoring[SMALL]
    assert list(lent) == list(bound.full)
    assert {job.model.ref for job in lent.values()} == {SMALL}
    assert all(job.observe is not None and job.subset is None for job in lent.values())
    keys = {job.key for job in lent.values()}
    for method in bound.experiment.scored():
        for seed, score in bound.scores[method.ref].items():
            assert set(score.runs) <= keys
            assert lent[seed].key not in score.runs
            assert (score.examples in keys) == bool(score.runs)
            assert "score_with" not in score.options
    assert len(bound.full_runs()) == 8


def test_scores_and_runs_are_those_of_a_suite_of_the_other_model(tmp_path):
    lent, own = bound_of(suite(), tmp_path), bound_of(suite(score_with=None, models=(SMALL,)), tmp_path)
    assert {job.key for job in lent.scoring[SMALL].values()} == {job.key for job in own.full.values()}
    for ours, theirs in ((named("el2n"), "el2n"), (named("h-score"), "h-score")):
        assert [job.key for job in lent.scores[ours].values()] == [job.key for job in own.scores[theirs].values()]


def test_a_model_that_scores_for_itself_is_as_if_nothing_was_said(tmp_path):
    said, plain = bound_of(suite(score_with="tiny"), tmp_path), bound_of(suite(score_with=None), tmp_path)
    assert said.scoring == {}
    assert [job.key for job in said.full.values()] == [job.key for job in plain.full.values()]
    for name in ("el2n", "h-score"):
        ours = said.scores[f"{name}[score_with=tiny]"]
        assert [job.key for job in ours.values()] == [job.key for job in plain.scores[name].values()]


def test_the_subset_is_the_scores_and_the_natural_size_too(tmp_path):
    bound, store = bound_of(suite(), tmp_path), Store(tmp_path)
    finish(store, bound)
    for jobs in bound.scoring.values():
        finish(store, replace(bound, full=jobs, scores={}))
    runs = prune(bound, store).runs
    assert all(isinstance(run, PrunedRun) and run.job.model.ref == "tiny" for run in runs.values())
    assert {(arm.method.ref, arm.keep.label) for arm, _ in runs} >= {(named("h-score"), named("h-score"))}


def test_a_run_that_is_missing_is_named_with_its_model(tmp_path):
    bound, store = bound_of(suite(), tmp_path), Store(tmp_path)
    reason = bound.lacking(bound.scores[named("el2n")][342], store)
    assert reason is not None
    assert f"full-data run of {SMALL} of seed" in reason


def test_results_say_which_model_scored(tmp_path):
    bound, store = bound_of(suite(), tmp_path), Store(tmp_path)
    cells = list(collect(bound, prune(bound, store), store))
    by_method = {made.method: made for made in cells}
    found = by_method[named("el2n")].scored_with
    assert found is not None
    assert (found.model, found.source["builtin"]) == (SMALL, "tiny")
    assert by_method["length"].scored_with is by_method["full"].scored_with is None
    assert {made.model for made in cells} == {"tiny"}


def test_the_plan_counts_the_other_models_runs_by_their_operations():
    plain, lent = (estimate(make_plan(suite(score_with=model, train_size=60))) for model in (None, SMALL))
    assert lent.total.full_runs == plain.total.full_runs + 4
    # one layer of two: half the operations, whatever the embeddings
    assert lent.experiments[0].cost_at_most > plain.experiments[0].cost_at_most
    whole = estimate(make_plan(suite(score_with="tiny[layers=2]", train_size=60)))
    assert lent.experiments[0].cost_at_most < whole.experiments[0].cost_at_most


# --- the board


def lent_cells():
    cells = small_board(tasks=("snli",), keeps=("0.3",), methods=("random", "el2n", "length"))
    other = cell("snli", "el2n[score_with=tiny]", effect=-0.05, compared=(*cells[0].compared, "el2n[score_with=tiny]"))
    own = next(c for c in cells if c.method == "el2n")
    assert own.cost is not None
    cheap = replace(own.cost.compute, scoring=tuple(p._replace(amount=1e9) for p in own.cost.compute.scoring))
    made = replace(
        other,
        compared=tuple(sorted(other.compared)),
        scoring_runs=own.scoring_runs,
        cost=replace(own.cost, compute=cheap),
        scored_with=ScoredWith("tiny", {"builtin": "tiny", "version": 1}),
    )
    return [*cells, made]


def test_both_stand_in_one_table_and_share_no_bill():
    board = board_of(lent_cells())
    rows = {row.method: row for row in board.rows}
    assert rows["el2n[score_with=tiny]"].scored_with == "tiny"
    assert rows["el2n"].scored_with is None
    own, lent = (rows[name].costs for name in ("el2n", "el2n[score_with=tiny]"))
    assert own is not None
    assert lent is not None
    assert own.net_shared == own.net_alone
    assert lent.net_alone is not None
    assert own.net_alone is not None
    assert lent.net_alone < own.net_alone
    page = files(board)[MARKDOWN]
    assert "- `el2n[score_with=tiny]`: scored with `tiny`, whose runs its net cost counts." in page
    assert "1 × 6 runs of `tiny`" in page


def test_who_scored_is_written_and_read_back():
    made = lent_cells()[-1]
    assert parse_cell(made.dump(), "x.json") == made
    assert '"scored_with"' not in cell().dump()
    with pytest.raises(ResultError, match=r"x.json: field 'scored_with'"):
        unread = replace(made, method="length", scoring_runs=(), cost=None)
        parse_cell(unread.dump(), "x.json")


@pytest.mark.slow
def test_a_whole_run_scored_with_another_model(bench):
    bench.hbench("run", "suite.toml", "--store", "a/store", "--quiet", "--score-with", "tiny[layers=1]")
    cells = [json.loads(path.read_text()) for path in (bench.folder / "a/results").rglob("*.json")]
    assert {c["method"] for c in cells if "scored_with" in c} == {named("h-score"), named("el2n")}
    assert all(None not in c["values"] for c in cells)
    check = ("leaderboard", "check", "--results", "a/results", "--out", "a/leaderboard")
    assert bench.hbench(*check).returncode == 0
