"""The table of signals, and all that is derived from it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hbench.dynamics.signals import CAPTURES, SIGNALS, TABLE
from hbench.errors import UsageError
from hbench.plugins import EMBEDDING_SIGNALS, GRADIENT_SIGNALS, KIND_SIGNALS, STANDARD_SIGNALS, observe
from hbench.plugins.registry import KINDS
from hbench.training.gradients.norms import SCOPES

DOCS = Path(__file__).parents[2] / "docs" / "scorers.md"


def test_each_signal_has_one_name_and_is_of_one_group() -> None:
    assert len(SIGNALS) == len(TABLE)
    groups = [*STANDARD_SIGNALS, *KIND_SIGNALS, *GRADIENT_SIGNALS, *EMBEDDING_SIGNALS]
    assert sorted(groups) == sorted(SIGNALS)
    for signal in TABLE:
        assert signal.meaning and signal.captures
        assert set(signal.captures) <= set(CAPTURES)


def test_what_is_asked_for_is_what_can_be_measured() -> None:
    assert tuple(GRADIENT_SIGNALS.values()) == SCOPES
    assert GRADIENT_SIGNALS == {"grad_norm": "all", "grad_norm_head": "head", "grad_norm_last": "last"}
    assert EMBEDDING_SIGNALS == {"embedding": "mean", "embedding_cls": "cls"}


def test_every_signal_of_some_kinds_is_recorded_by_one() -> None:
    declared = {name for kind in KINDS.names() for name in KINDS.load(kind).extra_signals}
    assert declared == set(KIND_SIGNALS)


def test_the_page_for_authors_lists_the_same_signals() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (run, [^|]+) \| ([^|]+) \| ([^|]+) \|", DOCS.read_text(), re.MULTILINE)
    listed = {name: (dims, captures, what) for name, dims, captures, what in rows if name in SIGNALS}
    assert list(listed) == list(SIGNALS)
    for name, (dims, captures, what) in listed.items():
        signal = SIGNALS[name]
        assert dims.strip() == ", ".join(signal.dims)
        assert captures.strip() == ", ".join(signal.captures)
        assert what.strip() == signal.meaning


@pytest.mark.parametrize("name", [signal.name for signal in TABLE if signal.captures == ("epoch_end",)])
def test_what_a_step_of_training_does_not_show_is_refused_there(name: str) -> None:
    assert observe(name, at="epoch_end").signals == (name,)
    with pytest.raises(UsageError, match=f"{name} is measured at epoch_end only; pass at='epoch_end'"):
        observe(name, at="train")


def test_an_unknown_signal_is_refused_with_the_one_meant() -> None:
    with pytest.raises(UsageError, match=r"unknown signal 'embeding'; did you mean 'embedding'\?"):
        observe("embeding", at="epoch_end")


def test_the_table_imports_nothing_heavy() -> None:
    code = "import sys, hbench.dynamics.signals; print({'numpy', 'xarray', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
