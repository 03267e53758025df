"""Scorers made of others: the notation, what they may be made of, what they need, and what they are checked for."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from hbench import Combination, Selection, observe
from hbench.errors import UsageError
from hbench.plugins.composed import combined
from hbench.plugins.references import join_reference, split_parts, with_options
from hbench.plugins.registry import SCORERS, TASKS, load_plugin_file, scored, sources_digest, with_parts
from hbench.results.cell import slug
from hbench.selection import select

WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=6)
OPTIONS = st.dictionaries(WORD, WORD | st.just("()") | st.just("a,b)"), max_size=2)
REFERENCES = st.recursive(
    st.builds(join_reference, WORD, OPTIONS),
    lambda inner: st.builds(join_reference, WORD, OPTIONS, st.lists(inner, min_size=1, max_size=3)),
    max_leaves=4,
)


@settings(deadline=None, max_examples=150)
@given(WORD, OPTIONS, st.lists(REFERENCES, max_size=3))
def test_parts_are_read_back(name, options, parts):
    assert split_parts(join_reference(name, options, parts)) == (name, tuple(parts), options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ccs(aum)", ("ccs", ("aum",), {})),
        (" ccs ( el2n[ epoch = 2 ] ) [ strata = 9 ] ", ("ccs", ("el2n[ epoch = 2 ]",), {"strata": "9"})),
        ("mean(a[x=()],b(c,d))", ("mean", ("a[x=()]", "b(c,d)"), {})),
        ('mean(a[x="),("],b)', ("mean", ('a[x="),("]', "b"), {})),
        ("el2n[x=()]", ("el2n", (), {"x": "()"})),
    ],
)
def test_parentheses_are_read(text, expected):
    assert split_parts(text) == expected


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("ccs", "made of 1 other, and 0 are named; write ccs(el2n)"),
        ("ccs()", "names nothing between two signs"),
        ("ccs(aum,)", "names nothing between two signs"),
        ("ccs(aum", "a parenthesis is not closed"),
        ("ccs(aum))", "cannot be read"),
        ("ccs(aum)x", "cannot be read"),
        ("ccs(aum,el2n)", "made of 1 other, and 2 are named"),
        ("rank-mean(aum)", "at least 2 others, and 1 are named; write rank-mean(el2n,forgetting)"),
        ("ccs(aumm)", "unknown scorer 'aumm'; did you mean 'aum'?"),
        ("el2n(aum)", "scorer 'el2n' is not made of others; leave out the parentheses with aum"),
        ("ccs(infobatch)", "infobatch chooses while the model is trained"),
        ("ccs(ccs(aum))", "ccs(aum) chooses a subset and has no scores of its own"),
        ("ccs(el2n[offset=0.1])", "offset acts on a selection; give it to ccs"),
        ("rank-mean(aum,el2n[balance=true])", "balance acts on a selection; give it to rank-mean"),
        ("rank-mean(aum,random)", "random draws anew for every seed"),
        ("ccs(aum)[capture=train]", "belongs to a scorer in the parentheses"),
        ("ccs(aum)[strata=0]", "use at least 1"),
        ("ccs(aum)[strat=2]", "did you mean 'strata'?"),
        ("ccs(aum)[of=2]", "has no option 'of'"),
        ("a(b(c(d(e(f(g))))))", "parentheses go 6 deep"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_fix(reference, said):
    with pytest.raises(UsageError) as error:
        SCORERS.find(reference)
    assert said in str(error.value)


def test_tasks_are_not_made_of_others():
    with pytest.raises(UsageError, match="task 'planted-pair' is not made of others"):
        TASKS.find("planted-pair(planted-pair)")


def test_one_composition_has_one_canonical_reference():
    named = SCORERS.find(" ccs( el2n[ offset=0 , epoch=2 ] )[strata=50, offset=0.2]")
    assert named.ref == "ccs(el2n[epoch=2])[offset=0.2]"
    assert named.name == "ccs(el2n[epoch=2])"
    assert named.options == {"offset": 0.2}
    assert with_options(named.name, named.options) == named.ref
    assert SCORERS.find(named.ref) == named
    assert [part.ref for part in named.parts] == ["el2n[epoch=2]"]
    assert scored(named).ref == "el2n[epoch=2]"
    combination = SCORERS.find("rank-mean(el2n,ccs(aum))".replace("ccs(aum)", "aum"))
    assert scored(combination) == combination
    assert [part.ref for part in with_parts(SCORERS.find("ccs(rank-mean(el2n,aum))"))] == [
        "ccs(rank-mean(el2n,aum))",
        "rank-mean(el2n,aum)",
        "el2n",
        "aum",
    ]


def test_file_names_tell_compositions_apart():
    names = ["ccs(aum)", "ccs-aum", "ccs(aum)[strata=5]", "ccs(aum[strata=5])", "rank-mean(a,b)", "rank-mean(b,a)"]
    names += ["ccs(rank-mean(a,b))", "ccs(rank-mean(a),b)", "ccs[aum=1]"]
    assert len({slug(name).lower() for name in names}) == len(names)


def test_it_needs_what_its_parts_need_each_once():
    train, after = observe("correct", at="train"), observe("el2n", at="epoch_end", epochs=(1,))
    assert SCORERS.find("ccs(el2n)").plugin.observations() == (after,)
    assert SCORERS.find("rank-mean(el2n,h-score,forgetting)").plugin.observations() == (after, train)
    assert SCORERS.find("rank-mean(length,tfidf)").plugin.observations() == ()
    assert SCORERS.find("rank-mean(length,tfidf)").plugin.reads_texts()
    assert not SCORERS.find("ccs(length)").plugin.reads_texts()


def test_an_edit_of_a_part_or_of_the_whole_changes_the_digest():
    digests = [sources_digest(SCORERS.find(ref)) for ref in ("rank-mean(el2n,aum)", "rank-mean(aum,el2n)")]
    digests += [sources_digest(SCORERS.find(ref)) for ref in ("rank-mean(el2n,loss)", "el2n", "aum")]
    assert len(set(digests)) == len(digests)


IDS = np.array(["c", "a", "b", "d"])


def test_a_combination_is_checked_for_what_it_gives():
    @dataclass(frozen=True)
    class Odd(Combination):
        give: str = "right"

        def combine(self, preferences):
            first = preferences[0] + preferences[1]
            place = xr.DataArray(np.arange(first.size), dims="example")
            return {
                "right": first,
                "bare": first.values,
                "infinite": first * np.inf,
                "short": first.isel(example=[0]),
                "drawn": first + np.random.default_rng().random(first.size),
                "placed": first * 0 + place,
            }[self.give]

    given = [np.array([4.0, 1, 2, 3]), np.array([1.0, 1, 1, 2])]
    made = combined(Odd(), given, IDS)
    assert made.scores.tolist() == made.preference.tolist() == [5, 2, 3, 5]
    assert made.natural is None
    for give, said in [
        ("bare", "gave a ndarray"),
        ("infinite", "not finite"),
        ("short", "one number per example"),
        ("drawn", "let `combine` draw nothing"),
        ("placed", "by its position"),
    ]:
        with pytest.raises(UsageError, match=said):
            combined(Odd(give), given, IDS)


@pytest.mark.parametrize(
    ("give", "said"),
    [
        ("preference > 1", "gave 2 of 3 examples"),
        ("(preference > 2)[:2]", "gave 1 of 2 examples"),
        ("[0, 1]", "type int64"),
    ],
)
def test_a_choice_that_is_none_is_refused(give, said):
    def pick(preference, count, random):
        return eval(give, {"preference": preference})

    with pytest.raises(UsageError, match=said):
        select(np.array([1.0, 2, 3]), ["a", "b", "c"], count=1, pick=pick)


def test_a_choice_sees_what_is_left_in_order_within_each_class_and_draws_by_the_seed():
    seen = []

    def pick(preference, count, random):
        seen.append((preference.tolist(), count, random.random()))
        return np.arange(len(preference)) >= len(preference) - count

    values, ids = np.array([9.0, 1, 7, 5, 3, 8, 2, 4]), list("abcdefgh")
    labels = np.array([0, 1] * 4)
    mask = select(values, ids, count=4, offset=0.25, balance=labels, seed=3, pick=pick)
    assert [(left, count) for left, count, _ in seen] == [([7.0, 3.0, 2.0], 2), ([5.0, 4.0, 1.0], 2)]
    assert [i for i, kept in zip(ids, mask, strict=True) if kept] == ["b", "e", "g", "h"]
    draws = [draw for *_, draw in seen]
    assert draws[0] != draws[1]
    seen.clear()
    order = [3, 0, 2, 1, 7, 6, 4, 5]
    turned = select(
        values[order], [ids[i] for i in order], count=4, offset=0.25, balance=labels[order], seed=3, pick=pick
    )
    assert [draw for *_, draw in seen] == draws
    assert turned.tolist() == mask[order].tolist()


def test_a_file_may_define_one(tmp_path, monkeypatch):
    monkeypatch.setattr(SCORERS, "_added", {})
    path = tmp_path / "mine.py"
    path.write_text(
        textwrap.dedent("""
            from __future__ import annotations
            from dataclasses import dataclass
            from hbench import Combination, Selection

            @dataclass(frozen=True)
            class Every(Selection):
                step: int = 2

                def pick(self, preference, count, random):
                    kept = preference != preference
                    kept[:: self.step][:count] = True
                    return kept

            @dataclass(frozen=True)
            class Best(Combination):
                def combine(self, preferences):
                    return preferences[0]
        """)
    )
    assert load_plugin_file(path) == ["every", "best"]
    assert SCORERS.find("every(best(aum,el2n))[step=3]").plugin.step == 3
    bad = tmp_path / "bad.py"
    bad.write_text(path.read_text().replace("def pick(self, preference, count, random)", "def pick(self, preference)"))
    with pytest.raises(UsageError, match=r"write def pick\(self, preference, count, random\)"):
        load_plugin_file(bad)


def test_a_selection_has_the_scores_of_what_it_selects_from():
    from support.random_dynamics import random_dynamics

    dynamics = random_dynamics()
    inner, outer = (SCORERS.find(ref).plugin for ref in ("aum", "ccs(aum)"))
    assert isinstance(outer, Selection)
    xr.testing.assert_identical(outer.score(dynamics), inner.score(dynamics))
    xr.testing.assert_identical(outer.prefer(outer.score(dynamics), 3), inner.prefer(inner.score(dynamics), 3))
