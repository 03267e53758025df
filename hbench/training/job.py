"""Running one fine-tuning job: its specification in, its files out."""

from __future__ import annotations

import platform
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers

from hbench import dynamics
from hbench.data.examples import Examples
from hbench.errors import DataError, TrainingFailed, UsageError
from hbench.jobs.integrity import write_result
from hbench.jobs.result import ExampleCounts, Machine, TrainingResult
from hbench.jobs.spec import FineTune, TaskRef, canonical, unpack_subset
from hbench.jobs.store import write_arrays
from hbench.kinds import Encoded, Evaluation, Head, Kind, Trivial, find_kind, load_examples
from hbench.kinds.noise import with_label_noise
from hbench.models.catalogue import Model, check_model, model_of
from hbench.models.load import auto_class, check_loaded, load_config, load_model, load_tokenizer
from hbench.models.rows import Rows, RowsInUse, token_table, used_rows
from hbench.plugins import DynamicScorer, Task, texts_of
from hbench.plugins.further import further_label
from hbench.plugins.recording import why_unrecorded
from hbench.plugins.references import join_reference
from hbench.plugins.registry import SCORERS, TASKS
from hbench.training.checkpoint import Checkpoints
from hbench.training.curriculum import Curriculum
from hbench.training.device import device_name
from hbench.training.flops import FlopCount, count_flops
from hbench.training.loop import OnStep, Run, Setting


@dataclass(frozen=True)
class EvaluationSet:
    """A split that trained models are evaluated on."""

    #: Whose split it is: the task that is trained on, or that of a further set.
    task: Task
    examples: Examples
    encoded: Encoded


@dataclass(frozen=True)
class Prepared:
    """What all jobs of one task and model share: examples, their encoding, and the model's configuration."""

    task: Task
    model: Model
    kind: Kind
    config: Any
    #: Id of the tokenizer's classification token, None where it has none.
    cls_token: int | None
    flops: FlopCount
    train: Examples
    encoded: Encoded
    #: By split.
    evaluation: dict[str, EvaluationSet]
    #: By label: the sets of other tasks.
    further: dict[str, EvaluationSet]
    #: Tokens that occur in the task's examples, those of further sets left out: the rows of the embedding that are
    #: trained.
    rows: Rows

    @property
    def sets(self) -> dict[str, EvaluationSet]:
        """Return all sets that models are evaluated on, the task's own ones first."""
        return {**self.evaluation, **self.further}


#: By set: what `Kind.predict` keeps of every example.
Kept = dict[str, npt.NDArray[np.float32]]

#: Per process: identity of task, model and length -> what is shared, the oldest first.
_RECENT: dict[str, Prepared] = {}
_KEEP_RECENT = 2


def fine_tune(
    job: FineTune, folder: Path, device: str, progress: OnStep, checkpoints: Checkpoints | None = None
) -> None:
    """Run a fine-tuning job and write its files into `folder`: `hbench.jobs.store` lists them.

    checkpoints: where they are written, and the latest is gone on from; None for none.
    Raises TrainingFailed when the training diverges, DataError or UsageError when the input is at fault.
    """
    started = time.perf_counter()
    shared = prepare(job)
    members = _members(job, len(shared.encoded.ids))
    head = shared.kind.head(shared.task)
    model = load_model(shared.model, head, shared.config, job.seed)
    table = token_table(model) if shared.further else None
    rows = RowsInUse(model, shared.rows)
    setting = Setting(
        model=model,
        kind=shared.kind,
        flops=shared.flops,
        width=shared.kind.width(shared.task),
        predict_width=max(
            # a task of a user's own rows may have none to evaluate on
            (shared.kind.predict_width(one.task, one.encoded) for one in shared.sets.values()),
            default=1,
        ),
        recipe=job.recipe,
        seed=job.seed,
        device=device,
        cls_token=shared.cls_token,
    )
    curriculum = _curriculum(job, shared)
    run = Run(setting, shared.encoded, members, job.observe, curriculum)
    run.started = started
    with nullcontext() if checkpoints is None else checkpoints.following(run):
        run.train(progress)
        kept = {split: run.predict(one.encoded, split) for split, one in shared.evaluation.items()}
        if shared.further:
            # No checkpoint from here on: one holds the rows in use alone, and what is left to do takes little.
            run.after_batch = None
            if table is not None:
                rows.restore(table)
            kept |= {label: run.predict(one.encoded) for label, one in shared.further.items()}
        _write_files(run, job, shared, kept, folder)


def _write_files(run: Run, job: FineTune, shared: Prepared, kept: Kept, folder: Path) -> None:
    """Write all files of a job; `kept`: what its trained run predicts, by set."""
    curriculum = run.curriculum
    if curriculum is not None:
        curriculum.save(folder)
    if run.observers:
        observed = {name: o.dataset(shared.kind, shared.encoded, job.seed) for name, o in run.observers.items()}
        dynamics.save(folder / "dynamics.nc", observed)
    if job.subset is None and curriculum is None:
        _write_examples(folder, shared)
    trivial = {name: shared.kind.trivial(one.task, one.examples, one.encoded) for name, one in shared.sets.items()}
    evaluations = _evaluate(kept, shared, trivial, folder)
    run.seconds["whole job"] = time.perf_counter() - run.started
    run.log += [f"{split}: {name} {value:.6f}" for split, e in evaluations.items() for name, value in e.metric.items()]
    (folder / "log.txt").write_text("\n".join(run.log) + "\n", encoding="utf-8")
    write_result(folder, _result(run, shared, evaluations, trivial))


def prepare(job: FineTune) -> Prepared:
    """Return what all jobs of this task, model and length share; the latest are kept, so data are read once."""
    parts: list[Any] = [asdict(job.task), asdict(job.model), job.recipe.max_length]
    identity = canonical([*parts, [asdict(found) for found in job.further or ()]])
    if identity not in _RECENT:
        while len(_RECENT) >= _KEEP_RECENT:
            _RECENT.pop(next(iter(_RECENT)))
        _RECENT[identity] = _prepare(job)
    return _RECENT[identity]


def _prepare(job: FineTune) -> Prepared:
    task = TASKS.find(job.task.ref).plugin
    kind = find_kind(task.kind)
    train, *rest = (_examples(job.task, split) for split in (task.training(), *task.splits()))
    model = model_of(job.model)
    length = job.recipe.max_length
    check_model(model, length, texts_of(task))
    tokenizer = load_tokenizer(model, kind.texts(task, train))
    head = kind.head(task)
    config = load_config(model, head, tokenizer)
    check_loaded(model, tokenizer, config, length, texts_of(task))
    train, encoded = with_label_noise(task, train, kind.encode(task, train, tokenizer, length))

    def encode(of: Task, examples: Examples) -> EvaluationSet:
        return EvaluationSet(of, examples, kind.encode(of, examples, tokenizer, length))

    evaluation = {split: encode(task, examples) for split, examples in zip(task.splits(), rest, strict=True)}
    further = {}
    for ref in job.further or ():
        found = TASKS.find(ref.ref)
        further[further_label(found)] = encode(found.plugin, _examples(ref, found.plugin.splits()[0]))
    return Prepared(
        task=task,
        model=model,
        kind=kind,
        config=config,
        cls_token=tokenizer.cls_token_id,
        flops=_count_flops(model, head, config),
        train=replace(train, columns={}),  # the texts are in `encoded` now
        encoded=encoded,
        evaluation=evaluation,
        further=further,
        rows=used_rows(
            [one.sequences.fields["input_ids"] for one in (encoded, *(one.encoded for one in evaluation.values()))],
            tokenizer,
            config,
        ),
    )


def _count_flops(model: Model, head: Head, config: Any) -> FlopCount:
    """Return the cost of a forward pass. Raises UsageError for an architecture that has no such head."""
    try:
        return count_flops(auto_class(head), config)
    except ValueError as error:
        raise UsageError(
            f"model '{model.ref}' cannot be used for this task: transformers has no {head.auto} for the architecture "
            f"'{config.model_type}' ({str(error).strip().splitlines()[0]}); choose another model"
        ) from error


def _examples(ref: TaskRef, split: str) -> Examples:
    task = TASKS.find(ref.ref)
    return load_examples(
        task,
        split,
        source=ref.source,
        data_dir=None if ref.data_dir is None else Path(ref.data_dir),
        size=ref.train_size if split == task.plugin.training() else ref.eval_size,
        seed=ref.sample_seed,
    )


def _members(job: FineTune, size: int) -> npt.NDArray[np.int64]:
    if job.subset is None:
        return np.arange(size)
    mask = unpack_subset(job.subset)
    if mask.size != size:
        raise DataError(
            f"the subset of this job is for {mask.size} examples, the task has {size}; plan the suite again"
        )
    return np.flatnonzero(mask)


def _curriculum(job: FineTune, shared: Prepared) -> Curriculum | None:
    if job.curriculum is None:
        return None
    wanted = job.curriculum
    named = SCORERS.find(join_reference(wanted.scorer, wanted.options))
    scorer = named.plugin
    assert isinstance(scorer, DynamicScorer)
    reason = why_unrecorded(named, TASKS.find(job.task.ref))
    if reason is not None:
        raise TrainingFailed(reason)
    return Curriculum(
        scorer,
        shared.kind,
        shared.encoded,
        width=shared.kind.width(shared.task),
        count=wanted.count,
        epochs=job.recipe.epochs,
        batch_size=job.recipe.batch_size,
        max_steps=job.recipe.max_steps,
        seed=job.seed,
        selection_seed=wanted.selection_seed,
    )


def _write_examples(folder: Path, shared: Prepared) -> None:
    encoded = shared.encoded
    arrays: dict[str, npt.NDArray[Any]] = {
        "id": np.array(encoded.ids),
        "label": encoded.label,
        "length": encoded.length,
    }
    if shared.train.planted is not None:
        arrays["planted"] = np.array(shared.train.planted)
    write_arrays(folder / "examples.npz", arrays)


def _evaluate(kept: Kept, shared: Prepared, trivial: dict[str, Trivial], folder: Path) -> dict[str, Evaluation]:
    arrays: dict[str, npt.NDArray[Any]] = {f"{split}.trivial": found.values for split, found in trivial.items()}
    evaluations = {}
    for split, one in shared.sets.items():
        found = shared.kind.evaluate(one.task, kept[split], one.examples, one.encoded)
        evaluations[split] = found
        arrays |= {f"{split}.values": found.values, f"{split}.prediction": found.prediction}
        arrays[f"{split}.gold"] = one.encoded.label
        arrays |= {f"{split}.{name}": values for name, values in found.details.items()}
        if one.examples.cases is not None:
            arrays[f"{split}.cases"] = np.array(one.examples.cases, dtype=np.int64)
    write_arrays(folder / "predictions.npz", arrays)
    return evaluations


def _result(
    run: Run, shared: Prepared, evaluations: dict[str, Evaluation], trivial: dict[str, Trivial]
) -> TrainingResult:
    curriculum = run.curriculum
    digests = {split: one.examples.digest for split, one in shared.sets.items()}
    return TrainingResult(
        metric={split: found.metric for split, found in evaluations.items()},
        examples=ExampleCounts(
            train=len(shared.encoded.ids),
            subset=len(run.members) if curriculum is None else curriculum.count,
            evaluation={split: len(one.encoded.ids) for split, one in shared.sets.items()},
            digests={shared.task.training(): shared.train.digest, **digests},
        ),
        steps=run.steps,
        precision=run.precision,
        bill=run.bill,
        seconds={name: round(value, 3) for name, value in run.seconds.items()},
        machine=Machine(
            device=device_name(run.accelerator.device),
            python=platform.python_version(),
            torch=torch.__version__,
            transformers=transformers.__version__,
        ),
        trivial={split: found.answer for split, found in trivial.items()},
        curriculum=None if curriculum is None else curriculum.summary(len(shared.task.labels)),
        device=run.accelerator.device.type,
    )
