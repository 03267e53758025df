"""Job specifications: frozen, canonical JSON, sha256 keys.

Everything that can change a job's result is a field here, so that equal keys mean equal results on one machine.
A field that is None is left out of the JSON: a later field with the default None leaves older keys as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from hbench.errors import UsageError
from hbench.files import JsonObject, lone_surrogate, short_repr
from hbench.jobs.observe import CurriculumSpec, Observed, Watch
from hbench.jobs.recipe import Recipe
from hbench.plugins import Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Raised whenever a change of the engine changes results: jobs and results of other protocols are never mixed.
PROTOCOL = 2

#: What a job's key calls a model that the user named by a folder, whose path is of one machine.
FOLDER = "folder"


@dataclass(frozen=True)
class TaskRef:
    """A task as a job sees it. `declaration` and `source` decide the examples, the rest which of them are used."""

    ref: str
    declaration: JsonObject
    #: Where the rows come from and their version, e.g. {"hub": id, "revision": sha} or {"files": {split: sha256}}.
    source: Source
    train_size: int | None = None
    eval_size: int | None = None
    sample_seed: int = 0
    #: Folder or None; not part of the key, which holds the files' digests instead.
    data_dir: str | None = None


@dataclass(frozen=True)
class ModelRef:
    """A model as a job sees it: its reference, and the version of its weights."""

    #: What the user named, but `FOLDER` with the options for a folder, whose path says nothing of the weights.
    ref: str
    source: JsonObject
    #: Path of that folder or None; not part of the key, which holds the files' digests instead.
    folder: str | None = None

    @property
    def shown(self) -> str:
        """What to call the model where a job is named: a folder by its last part."""
        if self.folder is None:
            return self.ref
        return PurePath(self.folder).name + self.ref.removeprefix(FOLDER)


@dataclass(frozen=True)
class _Specification:
    """What the two types of job have in common."""

    job_type: ClassVar[str]
    task: TaskRef

    def payload(self) -> JsonObject:
        """Return the whole specification as JSON values."""
        return {"job": self.job_type, "protocol": PROTOCOL, **asdict(self)}

    @cached_property
    def key(self) -> str:
        """sha256 of the canonical JSON of the whole specification; computed once, since a plan asks for it often."""
        payload = self.payload()
        payload["task"] = _portable(payload["task"])
        payload.pop("files", None)
        if payload.get("further") is not None:
            payload["further"] = [_portable(entry) for entry in payload["further"]]
        if "model" in payload:
            payload["model"] = {k: v for k, v in payload["model"].items() if k != "folder"}
        return hashlib.sha256(canonical(payload).encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True)
class FineTune(_Specification):
    """Fine-tune a model on a task, whole or pruned, observe what is asked, and evaluate it."""

    model: ModelRef
    recipe: Recipe
    seed: int
    #: By capture point; None to observe nothing.
    observe: Observed | None = None
    #: Examples trained on, as `pack_subset` writes it; None for all.
    subset: str | None = None
    #: Pruning while training; None for none.
    curriculum: CurriculumSpec | None = None
    #: Type of device asked for, `cpu`, `cuda` or `mps`; None for `auto`, which is decided on the machine that trains.
    #: What it came to is in the result, and results that differ in it are never compared.
    device: str | None = None
    #: Sets of other tasks that the trained model is evaluated on as well, each a task of one evaluation split; None for
    #: none. They change no bit of the training, nor of the evaluation on its own splits.
    further: tuple[TaskRef, ...] | None = None

    job_type = "finetune"


@dataclass(frozen=True)
class Score(_Specification):
    """Compute one number per training example from finished runs."""

    scorer: str
    #: All options of the scorer that act on scores, and the digest of the file that defines it.
    options: Mapping[str, object]
    source: str
    #: Key of the full-data job whose examples (ids, labels, lengths) are scored.
    examples: str
    #: Keys of the fine-tuning jobs whose dynamics are read, in the order of their seeds.
    runs: tuple[str, ...] = ()
    capture: str | None = None
    #: Seed of a scorer that draws anew for every evaluation seed.
    draw: int | None = None
    #: By option: the file of a scorer that reads one, None without; not part of the key, which holds its digest among
    #: the options instead.
    files: Mapping[str, str] | None = None

    job_type = "score"


Job = FineTune | Score


def canonical(value: Any) -> str:
    """Return JSON with sorted keys and no white space; entries that are None are left out of objects."""
    return json.dumps(_strip(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def dump(job: Job) -> str:
    """Return the text of spec.json: readable, complete, and read back by `load`."""
    payload = _strip(job.payload())
    text = json.dumps(payload, sort_keys=True, indent=1, ensure_ascii=False)
    # a path that is not text in the locale's encoding holds halves of surrogate pairs
    return (json.dumps(payload, sort_keys=True, indent=1) if lone_surrogate([text]) else text) + "\n"


def load(text: str) -> Job:
    """Read back what `dump` wrote. Raises UsageError for another protocol or an unknown type of job.

    Text that `dump` cannot have written raises ValueError, KeyError or TypeError.
    """
    payload = json.loads(text)
    if not isinstance(payload, dict):
        raise TypeError(f"{short_repr(payload)} is not an object")
    job_type, protocol = payload.pop("job"), payload.pop("protocol")
    if protocol != PROTOCOL:
        raise UsageError(f"this job was written for protocol {protocol}, hbench runs {PROTOCOL}; plan the suite again")
    payload["task"] = TaskRef(**payload["task"])
    if job_type == FineTune.job_type:
        payload["model"] = ModelRef(**payload["model"])
        payload["recipe"] = Recipe(**payload["recipe"])
        if "observe" in payload:
            payload["observe"] = {capture: _watch(**what) for capture, what in dict(payload["observe"]).items()}
        if "curriculum" in payload:
            payload["curriculum"] = CurriculumSpec(**payload["curriculum"])
        if "further" in payload:
            payload["further"] = tuple(TaskRef(**entry) for entry in payload["further"])
        return FineTune(**payload)
    if job_type == Score.job_type:
        payload["runs"] = tuple(payload["runs"])
        return Score(**payload)
    raise UsageError(f"unknown type of job '{job_type}'; plan the suite again")


def device_type(name: str) -> str | None:
    """Return what a job's key holds of a device's name: its type, not which GPU of several; None for `auto`."""
    kind = name.partition(":")[0]
    return None if kind == "auto" else kind


def covers(job: FineTune, other: FineTune) -> bool:
    """Return whether a job gives all that another one does: every signal, and every further set."""
    observed = job.observe or {}
    sets = {canonical(_portable(asdict(found))) for found in job.further or ()}
    return {canonical(_portable(asdict(wanted))) for wanted in other.further or ()} <= sets and all(
        capture in observed and observed[capture].covers(wanted, job.recipe.epochs)
        for capture, wanted in (other.observe or {}).items()
    )


def pack_subset(mask: npt.NDArray[np.bool_]) -> str:
    """Return a boolean per training example as text: its length, a colon, and the bits in base64."""
    import numpy as np

    return f"{mask.size}:{base64.b64encode(np.packbits(mask).tobytes()).decode()}"


def unpack_subset(text: str) -> npt.NDArray[np.bool_]:
    """Return the boolean array that `pack_subset` wrote."""
    import numpy as np

    size, _, bits = text.partition(":")
    packed = np.frombuffer(base64.b64decode(bits), dtype=np.uint8)
    return np.unpackbits(packed, count=int(size)).astype(bool)


def _watch(
    *,
    epochs: list[int] | None = None,
    gradients: list[str] | tuple[str, ...] = (),
    embeddings: list[str] | None = None,
) -> Watch:
    return Watch(
        None if epochs is None else tuple(epochs),
        tuple(gradients),
        None if embeddings is None else tuple(embeddings),
    )


def _portable(task: JsonObject) -> JsonObject:
    """Return a task without the folder of its data, which may move: the digests of the files count."""
    return {k: v for k, v in task.items() if k != "data_dir"}


def _strip(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _strip(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_strip(v) for v in value]
    return value
