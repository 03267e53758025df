"""Suite files made at random: read in one way, or refused by one short line that names the file.

`HBENCH_FUZZ=20000` tries that many.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hbench.errors import UsageError
from hbench.experiment.plan import make_plan
from hbench.experiment.suite_file import load_suite
from hbench.plugins.references import speakable

TRIES = settings(
    max_examples=int(os.environ.get("HBENCH_FUZZ", "150")), deadline=None, suppress_health_check=list(HealthCheck)
)
VALID = """\
name = "mini"
description = "d"
tasks = ["planted-sentence[size=120]"]
diagnose = ["planted-pair"]
models = ["tiny"]
scorers = ["h-score", "el2n[epoch=2]", "length"]
baseline = "random"
rivals = ["dynamic-random"]
keep = [0.3, "h-score"]
budgets = ["equal-epochs", "equal-steps"]
scoring_runs = 2
seeds = 2
train_size = 60
sample_seed = 1
margin = 0.01
executor = "local[jobs=2]"
[recipe]
epochs = 2
learning_rate = 2e-5
schedule = "linear"
compile = false
[recipe.planted-sentence]
batch_size = 16
[sizes.planted-sentence]
train_size = 500
""".splitlines()
KEYS = st.sampled_from([*dict.fromkeys(line.split(" =")[0] for line in VALID if "=" in line), "chance", "a.b", '""'])
_NUMBERS = ["0", "-1", "2", "0.3", "nan", "inf", "1e400", "1" + "0" * 400, "9" * 5000, "0x" + "f" * 300]
_TEXTS = ['""', '"tiny"', '"el2n"', '"nan"', '"\\u0000"', '"' + "a/" * 3000 + '"', '"./\\u0000"', '"a[b=c]"', '"1e999"']
_OTHERS = ["true", "1979-05-27", "07:32:00", "[]", "{}", "[[]]", "{a = 1}", "[" * 3000, "{a=" * 2000]
VALUES = st.sampled_from([*_NUMBERS, *_TEXTS, *_OTHERS]) | st.recursive(
    st.sampled_from([*_NUMBERS, *_TEXTS]), lambda inner: st.lists(inner, max_size=3).map(lambda v: f"[{', '.join(v)}]")
)
SETTINGS = st.tuples(KEYS, VALUES).map(" = ".join)
LINES = SETTINGS | KEYS.map(lambda key: f"[{key}]") | st.text(max_size=8) | st.sampled_from(VALID)
PIECES = st.sampled_from(["", *"[]{}=\".,\\'#\n\r\t a0-", "é", "\0", "\ufeff", "\u2028", "\ud800", "a." * 3000])


@st.composite
def changed(draw: st.DrawFn) -> str:
    """Return the valid suite with a few values, lines or characters exchanged, put in or left out."""
    lines = list(VALID)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["value", "value", "value", "line", "gone", "piece"]))
        if what == "value" and "=" in lines[place]:
            lines[place] = f"{lines[place].split(' =')[0]} = {draw(VALUES)}"
        elif what == "line":
            lines.insert(place, draw(LINES))
        elif what == "gone" and len(lines) > 1:
            del lines[place]
        else:
            at = draw(st.integers(0, len(lines[place])))
            lines[place] = lines[place][:at] + draw(PIECES) + lines[place][at + draw(st.integers(0, 2)) :]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("suites") / "suite.toml"


def check(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        suite = load_suite(str(file))
    except UsageError as error:
        assert str(error).startswith(f"suite {file}")
        assert speakable(str(error))
        assert len(str(error)) < 1500
    else:
        assert suite.overridden() == suite


def test_the_suite_that_is_changed_is_valid(file: Path) -> None:
    file.write_text("\n".join(VALID))
    assert load_suite(str(file)).seeds == 2


@TRIES
@given(changed() | st.lists(LINES, max_size=6).map("\n".join))
def test_any_suite_is_read_or_refused(file: Path, text: str) -> None:
    check(file, text.encode(errors="surrogatepass"))


@TRIES
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(file: Path, content: bytes) -> None:
    check(file, content)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keep = " + "[" * 5000, "nested too deeply"),
        ("seeds = " + "9" * 5000, "too many digits"),
        ("keep = [1" + "0" * 400 + "]", "keep 1000"),
        ("seeds = 100000000000", "at most 1000"),
        ("scoring_runs = 1001", "at most 1000"),
        ("[recipe]\nlearning_rate = 1" + "0" * 400, "learning_rate = inf"),
        ("[recipe]\nlearning_rate = -1" + "0" * 400, "learning_rate = -inf"),
        ("seeds = '" + "a" * 5000 + "'", "..."),
        ('rivals = "a\\nb"', 'such as rivals = ["a\\nb"]'),
    ],
)
def test_what_no_suite_can_mean_is_refused_by_its_name(file: Path, text: str, said: str) -> None:
    file.write_text('tasks = ["planted-sentence"]\nmodels = ["tiny"]\nscorers = ["length"]\n' + text)
    with pytest.raises(UsageError) as caught:
        load_suite(str(file))
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("train_size = 60", f"train_size = {10**300}", "train_size 1"),
        ("sample_seed = 1", f"sample_seed = {10**300}", "sample_seed 1"),
        ("epochs = 2", f"epochs = {10**300}", "recipe.epochs = 1"),
        ("epochs = 2", "epochs = 100001", "use at most 10000"),
        ("epochs = 2", f"batch_size = {10**300}", "recipe.batch_size = 1"),
        ("epochs = 2", f"max_length = {10**300}", "recipe.max_length = 1"),
        ("planted-sentence[size=120]", f"planted-sentence[size={10**300}]", "use at most 1000000"),
    ],
)
def test_numbers_that_no_training_has_are_refused(before: str, after: str, said: str, tmp_path: Path) -> None:
    text = "\n".join(VALID)
    assert before in text
    file = tmp_path / "suite.toml"
    file.write_text(text.replace(before, after, 1))
    with pytest.raises(UsageError) as refused:
        make_plan(load_suite(file))
    assert said in str(refused.value)
    assert len(str(refused.value)) < 500
