"""The contract every registered scorer keeps, whoever wrote it: one test per promise, over all of them.

Options are tried out by their types: every value of a choice, both values of a flag; those that take a number or a
text are listed in `MORE`.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import pickle
import re
import subprocess
import sys
import typing

import numpy as np
import pytest
import xarray as xr
from support.random_dynamics import random_dynamics
from support.references import scorers, written

from hbench.dynamics.arrays import from_arrays
from hbench.errors import UsageError
from hbench.plugins import EXAMPLE_FIELDS, DynamicScorer, Observation, Scorer
from hbench.plugins.registry import SCORERS

MORE = ["h-score[remove=01S]", "cartography[burn_out=2]", "cartography[burn_out=1,region=hard]", "el2n[epoch=3]"]
MORE += ["grand[epoch=2,scope=head]", "el2n[offset=0.1]", "loss[epoch=2]", "entropy[epoch=1]", "margin[epoch=1]"]
MORE += ["dyn-unc[window=2]", "dual[window=2]", "tdds[decay=0.5,window=3]"]
MORE += ["ccs(el2n[epoch=2])[offset=0.0,strata=3]", "ccs(rank-mean(h-score,tfidf))"]
#: Scorers that cannot do with little say so: reference, runs, epochs.
TOO_LITTLE = {("cartography[pooled=true]", 1, 1)}
#: Those that look at how something changes over the epochs.
CHANGING = ("dyn-unc", "dual", "tdds", "dyn-unc[window=2]", "dual[window=2]", "tdds[decay=0.5,window=3]")
TOO_LITTLE |= {(name, runs, 1) for name in CHANGING for runs in (1, 3)}


def references():
    """Yield every registered scorer by its name alone, and with each choice and flag of its own options changed."""
    shared = {field.name for field in dataclasses.fields(Scorer)}
    for registered in SCORERS.names():
        name = written(registered)
        yield name
        cls = SCORERS.load(registered)
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            choices = (
                typing.get_args(hints[field.name]) if typing.get_origin(hints[field.name]) is typing.Literal else ()
            )
            values = ("true", "false") if hints[field.name] is bool else choices
            if field.name not in shared:
                changed = (f"{field.name}={value}" for value in values if value != field.default)
                yield from (join(name, option) for option in changed)
    yield from MORE


def join(reference, option):
    """Return a reference with one more option."""
    return f"{reference[:-1]},{option}]" if reference.endswith("]") else f"{reference}[{option}]"


REFERENCES = list(references())


@pytest.fixture(params=REFERENCES)
def named(request):
    return SCORERS.find(request.param)


def test_the_built_in_scorers_are_registered():
    assert {"h-score", "forgetting", "cartography", "el2n", "grand", "random", "length"} <= set(SCORERS.names())


def test_gives_one_finite_number_per_example(named):
    dynamics = random_dynamics()
    scores = named.plugin.score(dynamics)
    preference = named.plugin.prefer(scores, 3)
    for array in (scores, preference):
        assert isinstance(array, xr.DataArray)
        assert array.dims == ("example",)
        assert array.shape == (11,)
        assert array["example"].equals(dynamics["example"])
        assert np.isfinite(array).all()
    assert preference.dtype == np.float64


def test_natural_subset_is_a_flag_per_example(named):
    natural = named.plugin.natural(named.plugin.score(random_dynamics()), 3)
    assert natural is None or (natural.dims == ("example",) and natural.shape == (11,) and natural.dtype == bool)


def test_is_deterministic(named):
    first, second = (named.plugin.score(random_dynamics(seed=4)) for _ in range(2))
    xr.testing.assert_identical(first, second)


@pytest.mark.parametrize(("runs", "epochs", "classes"), [(3, 3, 3), (1, 3, 2), (10, 9, 2)])
def test_follows_a_permutation_of_the_examples(named, runs, epochs, classes):
    dynamics = random_dynamics(seed=1, runs=runs, epochs=epochs, classes=classes)
    order = np.random.default_rng(5).permutation(11)
    scores = named.plugin.score(dynamics)
    permuted = named.plugin.score(dynamics.isel(example=order))
    np.testing.assert_allclose(permuted.values, scores.values[order], rtol=1e-12)
    preferred = named.plugin.prefer(scores, runs).values
    np.testing.assert_allclose(named.plugin.prefer(permuted, runs).values, preferred[order], rtol=1e-12)


def test_does_not_change_its_input(named):
    dynamics = random_dynamics(seed=2)
    for variable in dynamics.data_vars.values():
        variable.values.flags.writeable = False
    scores = named.plugin.score(dynamics)
    before = scores.copy(deep=True)
    named.plugin.prefer(scores, 3)
    named.plugin.natural(scores, 3)
    xr.testing.assert_identical(scores, before)
    xr.testing.assert_identical(dynamics, random_dynamics(seed=2))


def test_pickles(named):
    copy = pickle.loads(pickle.dumps(named.plugin))
    assert copy == named.plugin
    xr.testing.assert_identical(copy.score(random_dynamics()), named.plugin.score(random_dynamics()))


@pytest.mark.parametrize(("runs", "epochs"), [(1, 1), (1, 3), (3, 1)])
def test_survives_one_run_and_one_epoch_or_says_why_not(named, runs, epochs):
    dynamics = random_dynamics(seed=3, runs=runs, epochs=epochs)
    wanted = named.plugin.observations()
    missing = any(max(one.epochs or (0,)) > epochs for one in wanted)
    if missing or (named.ref, runs, epochs) in TOO_LITTLE:
        with pytest.raises(UsageError, match="is not in the dynamics" if missing else "use more (runs or )?epochs"):
            named.plugin.score(dynamics)
        return
    scores = named.plugin.score(dynamics)
    assert np.isfinite(scores).all()
    assert np.isfinite(named.plugin.prefer(scores, runs)).all()


def observed(plugin):
    """Return what a scorer reads: of scoring runs, or, when it is a dynamic one, of the training it prunes."""
    if isinstance(plugin, DynamicScorer):
        return () if plugin.asks() is None else (plugin.asks(),)
    return plugin.observations()


def test_needs_no_more_than_it_declares(named):
    """The engine hands over what was asked for and nothing else."""
    wanted = observed(named.plugin)
    whole = random_dynamics(seed=6)
    more = ["text"] if named.plugin.reads_texts() else []
    if not wanted:
        asked = from_arrays(ids=whole["example"].values, label=whole["label"], length=whole["length"], draw=6)
        asked = asked.assign({name: whole[name] for name in more})
    else:
        signals = [signal for one in wanted for signal in one.signals]
        asked = whole[[*signals, *(name for name in EXAMPLE_FIELDS if name != "id"), *more]]
        if len(wanted) == 1 and wanted[0].epochs is not None:
            asked = asked.sel(epoch=list(wanted[0].epochs))
    xr.testing.assert_equal(named.plugin.score(asked), named.plugin.score(whole))


@pytest.mark.parametrize("capture", ["train", "epoch_end"])
def test_capture_moves_the_observation_or_is_refused(named, capture):
    needs = named.plugin.needs
    options = {f.name: getattr(named.plugin, f.name) for f in dataclasses.fields(named.plugin)} | {"capture": capture}
    if not isinstance(needs, Observation) or (
        capture == "train" and needs.signals[0].startswith(("grad_norm", "embedding"))
    ):
        with pytest.raises(UsageError, match=f"option capture={capture}.*leave the option out"):
            type(named.plugin)(**options)
        return
    moved = observed(type(named.plugin)(**options))
    assert moved == (dataclasses.replace(needs, at=capture),)


def test_canonical_captures():
    at = {name: next(iter(observed(SCORERS.find(written(name)).plugin)), None) for name in SCORERS.names()}
    for name in ("dynamic-el2n", "dynamic-loss", "infobatch"):
        assert SCORERS.find(name).plugin.observation() is None  # of scoring runs it needs none
    assert (at["dynamic-el2n"].at, at["dynamic-random"], at["infobatch"].at) == ("epoch_end", None, "train")
    assert {name: at[name].at for name in ("h-score", "forgetting", "cartography", "el2n", "grand")} == {
        "h-score": "train",
        "forgetting": "train",
        "cartography": "train",
        "el2n": "epoch_end",
        "grand": "epoch_end",
    }
    assert at["random"] is None
    assert at["length"] is None
    assert SCORERS.find("random").plugin.fresh
    assert SCORERS.find("el2n[epoch=2]").plugin.observation().epochs == (2,)
    assert SCORERS.find("cartography[burn_out=2]").plugin.observation().epochs == (1, 2)


@pytest.mark.parametrize("name", SCORERS.names())
def test_says_what_it_does_and_cites_a_shipped_entry(name):
    cls = SCORERS.load(name)
    assert cls.__doc__ and not cls.__doc__.startswith(f"{cls.__name__}(")
    if cls.__module__.startswith("hbench_scorers") and cls.cite is not None:
        assert cls.cite in bibliography()


def test_bibliography_is_well_formed():
    for key, entry in bibliography().items():
        assert re.fullmatch(r"[a-z]+\d{4}[a-z]+", key)
        assert entry.count("{") == entry.count("}")
        for field in ("title", "author", "year"):
            assert re.search(rf"^  {field} +=", entry, re.MULTILINE), f"{key} has no {field}"


def bibliography():
    text = importlib.resources.files("hbench").joinpath("references.bib").read_text(encoding="utf-8")
    entries = {match[1]: match[0] for match in re.finditer(r"^@\w+\{(\w+),.*?^\}", text, re.MULTILINE | re.DOTALL)}
    assert len(entries) == text.count("\n@")
    return entries


def test_listing_scorers_imports_nothing_heavy():
    code = (
        "import sys; from hbench.plugins.registry import SCORERS\n"
        f"for name in {scorers()}: SCORERS.find(name).plugin.observations()\n"
        "print(sorted({'numpy', 'xarray', 'pandas', 'torch', 'scipy'} & set(sys.modules)))"
    )
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert listed.stdout.strip() == "[]"
