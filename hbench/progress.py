"""The progress of a run as the engine reports it: the command line shows it, a library call ignores it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the course of a run. Calls may come from several threads at once.

    A stage is a batch of jobs that may run side by side; the next stage starts after the last job of this one.
    """

    def stage(self, name: str, total_jobs: int) -> None:
        """Start a stage, such as "scoring runs", of so many jobs."""

    def job_started(self, key: str, label: str) -> None:
        """Start the job with this key; the label names its cell, such as "snli minilm-l6 el2n 0.3 seed 342"."""

    def job_progress(self, key: str, done: int, total: int) -> None:
        """Report optimiser steps done of the total of a running job."""

    def job_finished(self, key: str, reason: str | None = None) -> None:
        """Finish a job; the reason says why it failed, None when it did not."""

    def note(self, text: str) -> None:
        """Say one line that belongs to no job."""

    def warn(self, text: str) -> None:
        """Say one line about something wrong, which is said even where no progress is shown."""


class NullProgress:
    """Ignores everything."""

    def stage(self, name: str, total_jobs: int) -> None:
        """Ignore a stage."""

    def job_started(self, key: str, label: str) -> None:
        """Ignore a start."""

    def job_progress(self, key: str, done: int, total: int) -> None:
        """Ignore progress."""

    def job_finished(self, key: str, reason: str | None = None) -> None:
        """Ignore an end."""

    def note(self, text: str) -> None:
        """Ignore a line."""

    def warn(self, text: str) -> None:
        """Ignore a warning."""
