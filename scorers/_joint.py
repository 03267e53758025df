"""EL2N of a task with several softmaxes in an example: the signal behind each way to put their errors together."""

from __future__ import annotations

SIGNALS = {"norm": "el2n", "sum": "el2n_sum", "mean": "el2n_mean"}
