"""Jobs on a GPU: the same bytes twice, and whoever else is on the card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.gpu import DEVICE, need_gpu
from support.small_jobs import Heard, small_job

from hbench.execute import find_executor
from hbench.execute.base import Context
from hbench.jobs.store import Store

pytestmark = pytest.mark.cuda


@pytest.fixture(autouse=True, scope="module")
def gpu() -> None:
    need_gpu()


def test_jobs_that_share_a_gpu_leave_the_bytes_of_jobs_that_have_it_alone(tmp_path: Path) -> None:
    jobs = [replace(small_job(seed), recipe=replace(small_job(seed).recipe, precision="auto")) for seed in range(1, 5)]
    kept = []
    for name, reference in (("alone", "local[jobs=1]"), ("shared", "local[jobs=4,reserve=1]")):
        store, heard = Store(tmp_path / name), Heard()
        store.prepare()
        find_executor(reference).run(jobs, store, Context(DEVICE), heard)
        assert set(heard.finished.values()) == {None}
        kept.append([(store.folder(job.job_type, job.key) / "predictions.npz").read_bytes() for job in jobs])
    assert kept[0] == kept[1]
