"""Measured rates of this machine: kept, read by plans, and no more than a cache."""

from __future__ import annotations

import pytest

from hbench.experiment.estimate import ASSUMED_RATE, estimate
from hbench.experiment.plan import make_plan
from hbench.experiment.rates import Rate, machine_name, rates_file, read_rate, write_rate
from hbench.experiment.suite_file import load_suite


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def rate(flops: float, machine: str | None = None) -> Rate:
    return Rate(machine or machine_name(), "one CPU thread", "fp32", "made up", flops)


def test_what_is_written_is_read_back_by_device_and_machine():
    assert read_rate("cpu") is None
    write_rate("cpu", rate(1e9))
    write_rate("cuda", rate(1e14))
    write_rate("cpu", rate(5e9, machine="another"))
    assert read_rate("cpu") == rate(1e9)
    assert read_rate("cuda") == rate(1e14)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 1}'])
def test_a_damaged_file_is_measured_anew(text):
    rates_file().parent.mkdir(parents=True)
    rates_file().write_text(text)
    assert read_rate("cpu") is None
    write_rate("cpu", rate(2e9))
    assert read_rate("cpu") == rate(2e9)


def test_the_suite_of_larger_models_is_planned_with_its_cost():
    found = estimate(make_plan(load_suite("paper-large")))
    assert {one.model for one in found.experiments} == {"roberta-large", "opt-1.3b", "llama-3.2-1b", "qwen2.5-1.5b"}
    for one in found.experiments:
        assert one.flops_per_job is not None
        assert one.gpu_hours_per_job == pytest.approx(one.flops_per_job / ASSUMED_RATE / 3600, abs=0.01)
        assert one.gpu_hours_at_most == pytest.approx(one.flops_at_most / ASSUMED_RATE / 3600, abs=0.01)
        assert one.memory_gib > 5
    assert found.total.gpu_hours_at_most == pytest.approx(
        sum(one.gpu_hours_at_most for one in found.experiments), abs=1
    )
    assert found.total.flops_per_job == max(one.flops_per_job for one in found.experiments)


def test_hours_are_operations_over_the_rate():
    plan = make_plan(load_suite("paper"))
    found, at_rate = estimate(plan), estimate(plan, rate=1e14)
    assert found.total.hours_at_most is None
    for one in at_rate.experiments:
        assert one.hours_at_most == pytest.approx(one.flops_at_most / 1e14 / 3600, rel=1e-3)
    snli = next(one for one in at_rate.experiments if (one.task, one.model) == ("snli", "roberta-large"))
    once = 3 * 3 * 549_367 * 24 * (8 * 128 * 1024**2 + 4 * 128 * 1024 * 4096 + 4 * 128**2 * 1024)
    assert snli.flops_at_most == pytest.approx(once * snli.cost_at_most, rel=0.7)
    assert at_rate.total.memory_gib == max(one.memory_gib for one in at_rate.experiments)
