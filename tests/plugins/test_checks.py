"""Plugin files whose class cannot be meant as it is: refused when they are loaded, naming class, file and fix."""

from __future__ import annotations

import textwrap

import pytest
from support.references import scorers

from hbench.errors import UsageError
from hbench.plugins.registry import SCORERS, TASKS, load_plugin_file

HEAD = """
from __future__ import annotations
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from hbench import Hub, Scorer, Task, observe
from hbench.plugins import Observation
if TYPE_CHECKING:
    import numpy.typing as npt
"""
GOOD = """
@dataclass(frozen=True)
class Mine(Scorer):
    power: float = 1.0
    needs = observe("loss", at="train")

    def score(self, dynamics):
        return dynamics.loss.mean(("run", "epoch"))
"""


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    for registry in (SCORERS, TASKS):
        monkeypatch.setattr(registry, "_added", {})


def load(folder, body):
    path = folder / "mine.py"
    path.write_text(HEAD + textwrap.dedent(body))
    return path, lambda: [SCORERS.find(name) for name in load_plugin_file(path)]


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


NEEDS = 'needs = observe("loss", at="train")'
SCORE = "def score(self, dynamics):"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (changed("@dataclass(frozen=True)\n", ""), "Mine is not a dataclass, so its options would be ignored"),
        (changed("(frozen=True)", ""), "write @dataclass(frozen=True)"),
        (changed("(frozen=True)", "(frozen=False)"), "write @dataclass(frozen=True)"),
        (changed(NEEDS, 'needs = ("loss",)'), 'needs = (\'loss\',); write needs = observe("loss", at="train")'),
        (changed(NEEDS, 'needs = "correct"'), 'write needs = observe("correct", at="train")'),
        (changed(NEEDS, 'needs = observe'), 'write needs = observe("loss", at="train")'),
        (changed(NEEDS, 'needs = ["loss"]'), "needs = ['loss']"),
        (changed(NEEDS, 'needs = Observation(("lost",), "train")'), "needs: observe: unknown signal 'lost'"),
        (changed(NEEDS, 'needs = Observation(("loss",), "end")'), "needs: observe: at='end' is not a capture point"),
        (changed(NEEDS, '@property\n    def needs(self): return ("loss",)'), "needs = ('loss',)"),
        (changed(NEEDS, "@property\n    def needs(self): return 1 / 0"), "ZeroDivisionError: division by zero"),
        (changed(NEEDS, f'{NEEDS}\n    keep = "low"'), "keep = 'low'; use 'highest', 'lowest' or 'middle'"),
        (changed(NEEDS, "@property\n    def keep(self): return None"), "keep = None; use 'highest'"),
        (changed(NEEDS, 'fresh = "yes"'), "fresh = 'yes'; use True or False"),
        (changed(NEEDS, 'per_example = 1'), "per_example = 1; use True or False"),
        (changed(NEEDS, f'{NEEDS}\n    keep = "middle"\n    per_example = True'), "leave per_example = True out"),
        (changed(NEEDS, "cite = 2024"), "cite = 2024; use one key of a BibTeX file, or None"),
        (changed(NEEDS, 'cite = "a2024, b2025"'), "use one key of a BibTeX file"),
        (changed(NEEDS, 'name = "my scorer"'), "scorer 'my scorer' in"),
        (changed(NEEDS, 'name = "a[b]"'), "set another one as the class attribute `name`"),
        (changed(NEEDS, 'name = "../up"'), "scorer '../up' in"),
        (changed(NEEDS, 'name = ""'), "scorer '' in"),
        (changed(NEEDS, 'name = "0.5"'), "`keep` would read the name as a number"),
        (changed(NEEDS, "name = 5"), "Mine.name = 5; use a string"),
        (changed("power: float = 1.0", 'name: str = "other"'), "`name` has an annotation, which makes it an option"),
        (changed(NEEDS, f"needs: object = {NEEDS[8:]}"), "option 'needs' has the type object"),
        (changed("power: float = 1.0", 'cite: str = "a2024b"'), "`cite` has an annotation"),
        (changed("power: float = 1.0", 'keep: Literal["lowest"] = "lowest"'), "define `prefer` as well, or rename it"),
        (changed("power: float = 1.0", "offset: int = 1"), "option 'offset' is one that every scorer has"),
        (changed("power: float = 1.0", "power: list[int] = field(default_factory=list)"), "has the type list[int]"),
        (changed("power: float = 1.0", "power: dict | None = None"), "option 'power' has the type dict"),
        (changed("power: float = 1.0", 'power: Literal[1, "1"] = 1'), "option 'power' has the type"),
        (changed("power: float = 1.0", 'power: float = float("nan")'), "'power' is NaN by default; use None"),
        (changed("power: float = 1.0", "power: npt.NDArray = None"), "name 'npt' is not defined"),
        (changed(SCORE, "def score(self):"), "write def score(self, dynamics)"),
        (changed(SCORE, "def score(self, dynamics, more):"), "write def score(self, dynamics)"),
        (changed(SCORE, f"def prefer(self, scores): ...\n    {SCORE}"), "write def prefer(self, scores, runs)"),
        (changed(NEEDS, "def __post_init__(self): raise ValueError('no')"), "'mine' cannot be made: ValueError: no"),
        (changed(NEEDS, "__hash__ = None"), "it cannot be hashed"),
        (
            '@dataclass\nclass T(Scorer):\n    def score(self, dynamics): ...',
            "cannot inherit non-frozen dataclass from a frozen one; write @dataclass(frozen=True)",
        ),
        ('class T(Task):\n    kind = "classification"', "task 't'"),
        ("@dataclass(frozen=True)\nclass T(Task):\n    kind = 'choice'\n    extra: list[str] = None", "list[str]"),
    ],
)  # fmt: skip
def test_a_class_that_cannot_be_meant_is_refused_when_it_is_loaded(tmp_path, body, said):
    path, found = load(tmp_path, body)
    with pytest.raises(UsageError) as caught:
        found()
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        changed(NEEDS, ""),
        changed(NEEDS, "@property\n    def needs(self): return observe('loss') if self.power else None"),
        changed("power: float = 1.0", "power: tuple[int, ...] = (1, 2)"),
        changed("power: float = 1.0", "power: Literal[1, 2, None] = None"),
        changed("power: float = 1.0", "made: int = field(init=False, default=3)"),
        changed("power: float = 1.0", "balance: bool = True"),
        changed(NEEDS, 'name = "größe"\n    keep = "lowest"\n    fresh = True\n    cite = "paul2021deep"'),
        changed(SCORE, "def score(self, dynamics, more=None):"),
        changed(SCORE, "@staticmethod\n    def score(dynamics):"),
    ],
)
def test_what_can_be_meant_is_loaded(tmp_path, body):
    (named,) = load(tmp_path, body)[1]()
    assert named.ref == named.name
    assert SCORERS.find(named.ref) == named


def test_a_field_that_is_no_option_is_not_part_of_the_reference(tmp_path):
    body = changed(
        NEEDS, "made: int = field(init=False, default=0)\n    def __post_init__(self): vars(self)['made'] = 7"
    )
    (named,) = load(tmp_path, body)[1]()
    assert (named.plugin.made, named.ref, named.options) == (7, "mine", {})


def test_every_shipped_plugin_passes():
    for registry, references in ((SCORERS, scorers()), (TASKS, TASKS.names())):
        for reference in references:
            assert registry.find(reference).ref == reference


def test_a_needs_that_is_no_observation_is_refused_by_the_command_line(hbench, tmp_path):
    path, _ = load(tmp_path, changed(NEEDS, 'needs = ("loss",)'))
    done = hbench("plan", "quickstart", "--plugin", path, "--scorer", "mine")
    assert done.code == 2
    assert "write needs = observe" in done.err


@pytest.mark.parametrize("reference", ["mine[power=nan]", "mine[power=inf]", "dynamic-el2n[deviations=nan]"])
def test_a_number_that_is_not_finite_is_refused_by_the_command_line(hbench, tmp_path, reference):
    path, _ = load(tmp_path, GOOD)
    done = hbench("plan", "quickstart", "--plugin", path, "--scorer", reference)
    assert done.code == 2
    assert reference in done.err
    assert "finite" in done.err
