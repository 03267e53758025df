"""Naming plugins: the reference notation, options by type, suggestions, and plugin files."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hbench
from hbench.errors import UsageError
from hbench.plugins import Scorer, observe
from hbench.plugins.installed import Entry
from hbench.plugins.references import configure, join_reference, split_reference
from hbench.plugins.registry import SCORERS, TASKS, Registry, load_plugin_file, plugin_name, source_digest

WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_./:", min_size=1, max_size=12)


@pytest.fixture
def registries(monkeypatch):
    """Let a test register plugins that no other test sees."""
    monkeypatch.setattr(SCORERS, "_added", {})
    monkeypatch.setattr(TASKS, "_added", {})


@settings(deadline=None, max_examples=100)
@given(WORD, st.dictionaries(WORD, WORD, max_size=4))
def test_references_read_back_what_they_write(name, options):
    assert split_reference(join_reference(name, options)) == (name, options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("el2n", ("el2n", {})),
        ("el2n[]", ("el2n", {})),
        (" el2n [ epoch = 2 , offset=0.05 ] ", ("el2n", {"epoch": "2", "offset": "0.05"})),
        ("owner/model[layers=2]", ("owner/model", {"layers": "2"})),
        ("el2n[epoch=2,]", ("el2n", {"epoch": "2"})),
    ],
)
def test_references_are_read(text, expected):
    assert split_reference(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("el2n[epoch=2", "cannot be read"),
        ("el2n epoch=2", "cannot be read"),
        ("el2n[epoch=2]x", "cannot be read"),
        ("el2n[epoch]", "'epoch' cannot be read; write option=value"),
        ("el2n[epoch=]", "write option=value"),
        ("el2n[epoch=1,epoch=2]", "option 'epoch' is listed twice"),
    ],
)
def test_references_that_cannot_be_read_name_the_text(text, message):
    with pytest.raises(UsageError) as error:
        split_reference(text)
    assert message in str(error.value)
    assert f"'{text}'" in str(error.value)


def test_one_scorer_has_one_canonical_reference():
    spellings = ["el2n[offset=0.05,epoch=2]", "el2n[ epoch=2, offset=5e-2 ]", "el2n[epoch=2,offset=0.05,balance=false]"]
    assert {SCORERS.find(text).ref for text in spellings} == {"el2n[epoch=2,offset=0.05]"}
    assert SCORERS.find("el2n[epoch=1]").ref == "el2n"
    assert SCORERS.find("cartography[pooled=True]").ref == "cartography[pooled=true]"
    assert SCORERS.find("el2n[epoch=2]").options == {"epoch": 2}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("hscore", "unknown scorer 'hscore'; did you mean 'h-score'?"),
        ("cartografy", "did you mean 'cartography'?"),
        ("zzzz", "unknown scorer 'zzzz'; known: aum, cartography, ccs, "),
        ("el2n[epok=1]", "el2n has no option 'epok'; did you mean 'epoch'?"),
        ("el2n[epoch=two]", "el2n[epoch=two]: expected an integer, found 'two'"),
        ("el2n[epoch=1.5]", "expected an integer"),
        ("el2n[epoch=0]", "epochs count from 1"),
        ("grand[epoch=-1]", "epochs count from 1"),
        ("el2n[offset=big]", "expected a number, found 'big'"),
        ("el2n[offset=1]", "use 0 <= offset < 1"),
        ("el2n[offset=-0.1]", "use 0 <= offset < 1"),
        ("el2n[offset=nan]", "el2n[offset=nan]: expected a finite number"),
        ("el2n[balance=yes]", "expected true or false"),
        ("el2n[capture=test]", "use one of train, epoch_end"),
        ("grand[capture=train]", "grad_norm is measured at epoch_end only; leave the option out"),
        ("random[capture=train]", "observes no training; leave the option out"),
        ("cartography[region=odd]", "use one of ambiguous, hard, easy"),
        ("cartography[burn_out=0]", "use at least 1"),
        ("cartography[burn_out=some]", "expected an integer"),
        ("forgetting[never=always]", "use one of epochs, infinite, 1000, 0"),
        ("h-score[remove=0X]", "write digits and the letter S only"),
        ("h-score[order=upwards]", "use one of nested, middle"),
        ("length[keep=some]", "use one of longest, shortest"),
    ],
)
def test_mistakes_are_answered_with_the_fix(reference, message):
    with pytest.raises(UsageError) as error:
        hbench.scorer(reference)
    assert message in str(error.value)


def test_a_choice_that_may_be_left_out_reads_none():
    assert hbench.scorer("cartography[burn_out=none]").burn_out is None
    assert hbench.scorer("cartography[burn_out=3]").burn_out == 3
    assert hbench.scorer("el2n[capture=train]").observation().at == "train"


@dataclass(frozen=True)
class Options:
    number: int = 1
    share: float = 0.5
    flag: bool = False
    word: str = "a"
    choice: Literal["x", "y"] = "x"
    perhaps: int | None = None
    either: float | Literal["auto", "off"] | None = 0.0


def test_options_take_the_type_of_their_field():
    given = {"number": "3", "share": "2", "flag": "TRUE", "word": "5", "choice": "y", "perhaps": "4"}
    plugin = configure(Options, "thing", given)
    assert plugin == Options(3, 2.0, True, "5", "y", 4)
    assert [type(v) for v in vars(plugin).values()] == [int, float, bool, str, str, int, float]


def test_an_option_may_be_a_number_or_one_of_some_words():
    found = [configure(Options, "thing", {"either": text}).either for text in ("off", "2.5", "none", "auto")]
    assert found == ["off", 2.5, None, "auto"]
    with pytest.raises(UsageError, match=r"either=on\]: expected a number, found 'on', or use auto, or use off"):
        configure(Options, "thing", {"either": "on"})


PLUGIN = """
    from __future__ import annotations

    from dataclasses import dataclass

    from hbench import Scorer, observe

    @dataclass(frozen=True)
    class LastLoss(Scorer):
        '''Loss at the last epoch, mean over runs.'''

        weight: float = 1.0
        needs = observe("loss")

        def score(self, dynamics):
            return self.weight * dynamics.loss.isel(epoch=-1).mean("run").drop_vars("epoch")
"""


def write(folder, text, name="mine.py"):
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


def test_a_plugin_file_is_registered_and_scores(tmp_path, registries):
    path = write(tmp_path, PLUGIN)
    assert load_plugin_file(path) == ["last-loss"]
    assert "last-loss" in SCORERS.names()
    dynamics = hbench.dynamics.from_arrays(loss=[[[1.0, 2.0], [3.0, 4.0]], [[0, 0], [5.0, 6.0]]])
    assert hbench.scorer("last-loss[weight=2]").score(dynamics).values.tolist() == [8.0, 10.0]
    with pytest.raises(UsageError, match="last-loss has no option 'wait'; did you mean 'weight'"):
        hbench.scorer("last-loss[wait=2]")


def test_a_plugin_file_may_be_named_twice(tmp_path, registries):
    path = write(tmp_path, PLUGIN)
    assert load_plugin_file(path) == load_plugin_file(path) == ["last-loss"]


def test_an_edited_plugin_file_has_another_digest(tmp_path, registries):
    digests = []
    for text in (PLUGIN, PLUGIN + "\n    # edited\n"):
        load_plugin_file(write(tmp_path, text))
        digests.append(source_digest(SCORERS.load("last-loss")))
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n    pass\n", ", line 1: invalid syntax; fix the syntax"),
        ("import a_module_nobody_has\n", "No module named 'a_module_nobody_has'; the file has to import cleanly"),
        ("1 / 0\n", "ZeroDivisionError: division by zero; the file has to import cleanly"),
        ("x = 1\n", "defines no scorer and no task; subclass hbench.Scorer or hbench.Task"),
        ("from hbench import Scorer\n", "defines no scorer and no task"),
        ("from hbench import Scorer\nclass Half(Scorer):\n    pass\n", "defines no scorer and no task"),
        (PLUGIN.replace("LastLoss", "El2n"), "scorer 'el2n' exists already; give the one in"),
    ],
)
def test_a_plugin_file_that_cannot_serve_says_why(tmp_path, registries, text, message):
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as error:
        load_plugin_file(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_plugin_file_has_to_be_there_and_be_python(tmp_path):
    with pytest.raises(UsageError, match=r"absent.py: no such file"):
        load_plugin_file(tmp_path / "absent.py")
    with pytest.raises(UsageError, match=r"has to end in .py"):
        load_plugin_file(write(tmp_path, PLUGIN, "mine.txt"))


def test_two_files_may_not_share_a_name(tmp_path, registries):
    load_plugin_file(write(tmp_path, PLUGIN, "one.py"))
    with pytest.raises(UsageError, match=r"'last-loss' exists already; give the one in .*two\.py another name"):
        load_plugin_file(write(tmp_path, PLUGIN, "two.py"))


def test_names_of_classes_in_plugin_files():
    assert plugin_name(type("HScore", (), {})) == "h-score"
    assert plugin_name(type("El2n", (), {})) == "el2n"
    assert plugin_name(type("AUM", (), {})) == "aum"
    assert plugin_name(type("EL2NMean", (), {})) == "el2n-mean"
    assert plugin_name(type("DynamicEL2N", (), {})) == "dynamic-el2n"
    assert plugin_name(type("Top5Mean", (), {})) == "top5-mean"
    assert plugin_name(type("Mine_too", (), {})) == "mine-too"
    assert plugin_name(type("Anything", (), {"name": "mine"})) == "mine"


def test_an_entry_point_that_is_no_scorer_is_refused():
    registry = Registry("hbench.scorers", "scorer", Scorer)
    registry._entries = {"odd": Entry("odd", "math:pi")}
    with pytest.raises(UsageError, match=r"scorer 'odd' \(math:pi\) is not a subclass of Scorer"):
        registry.load("odd")


@dataclass(frozen=True)
class Sideways(Scorer):
    """A scorer whose direction is misspelt."""

    needs = observe("loss")
    keep = "sideways"

    def score(self, dynamics):
        return dynamics.loss.mean(("run", "epoch"))


def test_a_misspelt_direction_is_refused():
    scores = Sideways().score(hbench.dynamics.from_arrays(loss=[[[1.0, 2.0]]]))
    with pytest.raises(UsageError, match=r"Sideways.keep = 'sideways'; use 'highest', 'lowest' or 'middle'"):
        Sideways().prefer(scores, 1)


@pytest.mark.parametrize(
    ("keep", "groups"),
    [
        ("highest", [[9], [6], [3], [1]]),
        ("lowest", [[1], [3], [6], [9]]),
        ("middle", [[3, 6], [1, 9]]),
    ],
)
def test_directions_a_scorer_may_name(keep, groups):
    plugin = type("Named", (Sideways,), {"keep": keep})()
    scores = plugin.score(hbench.dynamics.from_arrays(loss=[[[1.0, 6.0, 3.0, 9.0]]]))
    preference = plugin.prefer(scores, 1)
    found = [sorted(scores.values[preference == value]) for value in sorted(set(preference.values), reverse=True)]
    assert found == groups


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"signals": ("loss",), "at": "test"}, "not a capture point"),
        ({"signals": ("los",)}, "unknown signal 'los'"),
        ({"signals": ("grad_norm",), "at": "train"}, "measured at epoch_end only"),
        ({"signals": ("loss",), "epochs": (0, 1)}, "epoch 0 cannot be observed"),
        ({"signals": ("loss",), "epochs": ()}, "epochs count from 1"),
    ],
)
def test_what_cannot_be_observed_is_refused(arguments, message):
    signals = arguments.pop("signals")
    with pytest.raises(UsageError, match=message):
        observe(*signals, **arguments)
