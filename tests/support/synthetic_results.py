"""Result files made of random outcomes with known effects: input for the tests of the leaderboard."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from hbench.results.cell import CellResult, Charge, Cost, Data, Failed, Part, Subset, TrivialAnswer, kept_share
from hbench.results.folder import write_cell
from hbench.results.outcomes import Outcomes

SEEDS = (342, 4827, 1215, 98, 8128, 828)
CLASSES = {"entailment": 0.34, "neutral": 0.33, "contradiction": 0.33}
#: Share of examples that each method answers right beyond or below the full data.
EFFECTS = {"full": 0.0, "random": -0.10, "el2n": -0.02, "h-score": 0.02, "length": -0.10}
METHODS = ("random", "el2n", "h-score", "length")


def rng_of(*parts: object) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8]))


def outcomes_of(task: str, method: str, keep: str, seeds=SEEDS, examples: int = 400, effect: float | None = None):
    """0/1 per seed and example: examples differ in difficulty, seeds pair, methods differ by their effect."""
    difficulty = rng_of(task, "difficulty").uniform(0.5, 1.0, examples)
    shift = EFFECTS.get(method, 0.0) if effect is None else effect
    rows = []
    for seed in seeds:
        shared = rng_of(task, seed).uniform(size=examples)
        own = rng_of(task, method, keep, seed).uniform(size=examples)
        draw = np.where(rng_of(task, seed, "mix").uniform(size=examples) < 0.8, shared, own)
        rows.append((draw < difficulty + shift).astype(float))
    return rows


def cell(task="snli", method="el2n", keep="0.3", *, model="minilm", seeds=SEEDS, examples=400, effect=None, **changes):
    """One complete cell; `changes` replaces fields afterwards."""
    if method == "full":
        keep = "1"
    size = round(4000 * (kept_share(keep) or 0.25))
    rows = outcomes_of(task, method, keep, seeds, examples, effect)
    scored = method in ("el2n", "h-score")
    classes = dict(CLASSES) if method != "el2n" else {"entailment": 0.25, "neutral": 0.42, "contradiction": 0.33}
    made = CellResult(
        task=task,
        split="validation",
        primary=True,
        model=model,
        method=method,
        keep=keep,
        budget="equal-epochs",
        kind="classification",
        metric="accuracy",
        baseline="random",
        compared=tuple(sorted({method, "random"} - {"full"})),
        margin=None,
        data=Data(
            source={"files": {"train.jsonl.gz": "a" * 64, "validation.jsonl.gz": "b" * 64}},
            train_rows=4000,
            eval_rows=examples,
            declaration={
                "kind": "classification",
                "hub": {"id": f"owner/{task}", "config": None, "revision": "c" * 40},
            },
            train_digest=hashlib.sha256(f"{task} train".encode()).hexdigest(),
            eval_digest=hashlib.sha256(f"{task} validation".encode()).hexdigest(),
        ),
        model_source={"files": {"model.safetensors": "d" * 64}},
        recipe={"epochs": 3, "batch_size": 32, "learning_rate": 2e-5, "threads": 1},
        seeds=tuple(seeds),
        scoring_runs=SEEDS if scored else (),
        values=tuple(float(row.mean()) for row in rows),
        examples=Outcomes.encode(rows),
        failures=(),
        subset=Subset(sizes=(size,) * len(seeds), share=size / 4000, classes=classes),
        cost=cost_of(size / 4000, scored),
        planted=None,
        protocol=1,
    )
    return replace(made, **changes)


def cost_of(share: float, scored: bool, parts: dict[tuple[int, str], float] | None = None) -> Cost:
    """Full training 1; a scored method needs three epochs of six scoring runs, or `parts` in the same unit."""
    needed = parts or {(epoch, "training"): 2.0 for epoch in (1, 2, 3)}

    def charge(unit: float) -> Charge:
        scoring = tuple(Part(epoch, what, unit * amount) for (epoch, what), amount in sorted(needed.items()))
        return Charge(full=unit, train=unit * share, scoring=scoring if scored else ())

    return Cost(unit="FLOPs", compute=charge(1.0e12), examples=charge(12000.0), tokens=charge(360000.0))


def failing(made: CellResult, *seeds: int, reason: str = "loss is not a number at step 12") -> CellResult:
    """The same cell with some seeds failed."""
    lost = [seed in seeds for seed in made.seeds]
    assert made.examples is not None
    return replace(
        made,
        values=tuple(None if gone else v for gone, v in zip(lost, made.values, strict=True)),
        examples=replace(
            made.examples,
            values=tuple(None if gone else v for gone, v in zip(lost, made.examples.values, strict=True)),
        ),
        failures=tuple(Failed(seed, reason) for seed in seeds),
    )


def diagnostic(task="planted-pair", method="el2n", **aurocs: float) -> CellResult:
    """A cell without trainings, which only says how well the method finds planted examples."""
    return replace(
        cell(task, "full"),
        method=method,
        keep="none",
        compared=tuple(sorted({method, "random"})),
        seeds=(),
        values=(),
        examples=None,
        subset=None,
        cost=None,
        scoring_runs=SEEDS if method != "random" else (),
        planted=aurocs or {"mislabelled": 0.83, "redundant": 0.21},
    )


def small_board(tasks=("snli", "mnli"), keeps=("0.3", "0.5"), methods=METHODS, **options):
    """The cells of a whole board; each names all methods, as those of one suite do."""
    made = []
    options = {"compared": tuple(sorted({"random", *methods})), **options}
    for task in tasks:
        made.append(cell(task, "full", **options))
        made += [cell(task, method, keep, **options) for keep in keeps for method in methods]
    return made


def with_trivial(made: CellResult, answer: str = "always entailment", share: float = 0.34) -> CellResult:
    """The same cell of the full data with a trivial answer that is right on the first examples."""
    values = (np.arange(made.data.eval_rows) < share * made.data.eval_rows).astype(float)
    return replace(made, trivial=TrivialAnswer(answer, Outcomes.encode([values])))


def with_rivals(cells, *rivals: str) -> list[CellResult]:
    """The same cells as of a suite that names rivals."""
    return [replace(c, rivals=tuple(sorted(rivals)), compared=tuple(sorted({*c.compared, *rivals}))) for c in cells]


def write_all(cells, folder: Path) -> Path:
    """Write cells where they belong and return the folder of results."""
    for made in cells:
        write_cell(made, folder / made.path)
    return folder
