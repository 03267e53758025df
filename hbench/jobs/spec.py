"""Job specifications: frozen, canonical JSON, sha256 keys.

Everything that can change a job's result is a field here, so that equal keys mean equal results on one machine.
A field that is None is left out of the JSON: a later field with the default None leaves older keys as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from hbench.errors import UsageError
from hbench.files import lone_surrogate
from hbench.jobs.recipe import Recipe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Raised whenever a change of the engine changes results: jobs and results of other protocols are never mixed.
PROTOCOL = 1

#: The method that trains on everything; it stands beside the scorers on every board.
FULL = "full"


@dataclass(frozen=True)
class TaskRef:
    """A task as a job sees it. `declaration` and `source` decide the examples, the rest which of them are used."""

    ref: str
    declaration: dict[str, Any]
    #: Where the rows come from and their version, e.g. {"hub": id, "revision": sha} or {"files": {split: sha256}}.
    source: dict[str, Any]
    train_size: int | None = None
    eval_size: int | None = None
    sample_seed: int = 0
    #: Folder or None; not part of the key, which holds the files' digests instead.
    data_dir: str | None = None


@dataclass(frozen=True)
class ModelRef:
    """A model as a job sees it: its reference, and the version of its weights."""

    ref: str
    source: dict[str, Any]


@dataclass(frozen=True)
class _Specification:
    """What the two types of job have in common."""

    job_type: ClassVar[str]
    task: TaskRef

    def payload(self) -> dict[str, Any]:
        """Return the whole specification as JSON values."""
        return {"job": self.job_type, "protocol": PROTOCOL, **asdict(self)}

    @cached_property
    def key(self) -> str:
        """sha256 of the canonical JSON of the whole specification; computed once, since a plan asks for it often."""
        payload = self.payload()
        payload["task"] = {k: v for k, v in payload["task"].items() if k != "data_dir"}
        return hashlib.sha256(canonical(payload).encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True)
class FineTune(_Specification):
    """Fine-tune a model on a task, whole or pruned, observe what is asked, and evaluate it."""

    model: ModelRef
    recipe: Recipe
    seed: int
    #: Per capture point: {"epochs": [1, 2], "gradients": ["all"]}; None to observe nothing.
    observe: dict[str, dict[str, Any]] | None = None
    #: Examples trained on, as `pack_subset` writes it; None for all.
    subset: str | None = None
    #: Pruning while training: {"scorer", "options", "source", "count", "selection_seed"}; None for none.
    curriculum: dict[str, Any] | None = None

    job_type = "finetune"


@dataclass(frozen=True)
class Score(_Specification):
    """Compute one number per training example from finished runs."""

    scorer: str
    #: All options of the scorer that act on scores, and the digest of the file that defines it.
    options: dict[str, Any]
    source: str
    #: Key of the full-data job whose examples (ids, labels, lengths) are scored.
    examples: str
    #: Keys of the fine-tuning jobs whose dynamics are read, in the order of their seeds.
    runs: tuple[str, ...] = ()
    capture: str | None = None
    #: Seed of a scorer that draws anew for every evaluation seed.
    draw: int | None = None

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
    """Read back what `dump` wrote. Raises UsageError for another protocol or an unknown type of job."""
    payload = json.loads(text)
    job_type, protocol = payload.pop("job"), payload.pop("protocol")
    if protocol != PROTOCOL:
        raise UsageError(f"this job was written for protocol {protocol}, hbench runs {PROTOCOL}; plan the suite again")
    payload["task"] = TaskRef(**payload["task"])
    if job_type == FineTune.job_type:
        payload["model"] = ModelRef(**payload["model"])
        payload["recipe"] = Recipe(**payload["recipe"])
        return FineTune(**payload)
    if job_type == Score.job_type:
        payload["runs"] = tuple(payload["runs"])
        return Score(**payload)
    raise UsageError(f"unknown type of job '{job_type}'; plan the suite again")


def covers(job: FineTune, other: FineTune) -> bool:
    """Return whether a job observes everything that another one does: every point, epoch and gradient norm."""
    for capture, wanted in (other.observe or {}).items():
        found = (job.observe or {}).get(capture)
        if found is None or not set(wanted.get("gradients") or ()) <= set(found.get("gradients") or ()):
            return False
        if found.get("epochs") is not None:
            epochs = wanted.get("epochs") or range(1, job.recipe.epochs + 1)
            if not set(epochs) <= set(found["epochs"]):
                return False
    return True


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


def _strip(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _strip(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_strip(v) for v in value]
    return value
