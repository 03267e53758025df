"""Jobs that look finished: made-up examples and scores in a store, so that subsets can be selected without training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hbench.experiment.bind import BoundExperiment
from hbench.jobs.integrity import write_result
from hbench.jobs.store import Store
from support.finished_jobs import SCORED, TRAINED

#: Training examples of every made-up run: two classes in turn.
EXAMPLES = 60


def finish(
    store: Store,
    bound: BoundExperiment,
    scores: Mapping[str, np.ndarray] | None = None,
    natural: np.ndarray | None = None,
) -> None:
    """Put results of all full-data runs and scores into the store; what is not given is drawn.

    natural: the subset that h-score names, by default its 20 most preferred examples.
    """
    ids, labels = np.array([str(i) for i in range(EXAMPLES)]), np.arange(EXAMPLES) % 2
    for job in bound.full.values():
        with store.writing(job) as folder:
            np.savez(folder / "examples.npz", id=ids, label=labels, length=np.ones(EXAMPLES, dtype=int))
            write_result(folder, TRAINED)
    written = set()
    for number, ref in enumerate(bound.scores):
        for place, (job, _) in enumerate(bound.distinct_scores(ref)):
            if job.key in written:  # a selection shares the scores of the scorer inside it
                continue
            written.add(job.key)
            preference = (scores or {}).get(ref, np.random.default_rng([number, job.draw or place]).random(EXAMPLES))
            arrays = {"id": ids, "score": preference, "preference": preference}
            if ref.partition("[")[0] == "h-score":
                arrays["natural"] = preference >= np.sort(preference)[-20] if natural is None else natural
            with store.writing(job) as folder:
                np.savez(folder / "scores.npz", **arrays)
                write_result(folder, SCORED)
