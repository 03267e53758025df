"""A job that takes a second, and what an executor tells of its jobs."""

from __future__ import annotations

from dataclasses import dataclass, field

from hbench.data.load import describe_source
from hbench.jobs.recipe import Recipe
from hbench.jobs.spec import FineTune, ModelRef, TaskRef
from hbench.models.catalogue import find_model
from hbench.plugins.registry import TASKS


@dataclass
class Heard:
    """Remembers what progress is told."""

    started: list[str] = field(default_factory=list)
    steps: dict[str, tuple[int, int]] = field(default_factory=dict)
    finished: dict[str, str | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def stage(self, name: str, total_jobs: int) -> None:
        raise AssertionError("an executor starts no stage")

    def job_started(self, key: str, label: str) -> None:
        self.started.append(key)
        assert label

    def job_progress(self, key: str, done: int, total: int) -> None:
        assert key in self.started
        assert key not in self.finished
        assert 0 <= done <= total
        self.steps[key] = (done, total)

    def job_finished(self, key: str, reason: str | None = None) -> None:
        assert key in self.started
        assert key not in self.finished
        self.finished[key] = reason

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.notes.append(text)


def small_job(seed: int, reference: str = "planted-sentence[size=60]", **recipe: object) -> FineTune:
    task = TASKS.find(reference)
    source = describe_source(task.plugin, None, task.name)
    ref = TaskRef(task.ref, task.plugin.declaration(), source, eval_size=20)
    tiny = find_model("tiny")
    made = Recipe(**{"epochs": 1, "batch_size": 8, "precision": "fp32", **recipe})
    return FineTune(ref, ModelRef(tiny.ref, tiny.source()), made, seed)
