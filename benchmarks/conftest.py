"""Benchmarks run one after the other in one process: what they time must not share the cores with another."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Turn off the workers that the tests run in, before they are started."""
    config.option.numprocesses = 0
    config.option.dist = "no"
    config.option.tx = []
