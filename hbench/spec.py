"""Job specifications: frozen, canonical JSON, sha256 keys.

Everything that can change a job's result is a field here, so that equal keys mean equal results on one machine.
A field that is None is left out of the JSON: a later field with the default None leaves older keys as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hbench.errors import UsageError, suggest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Raised whenever a change of the engine changes results: jobs and results of other protocols are never mixed.
PROTOCOL = 1

#: The method that trains on everything; it stands beside the scorers on every board.
FULL = "full"

Budget = Literal["equal-epochs", "equal-steps", "equal-cost"]
BUDGETS: tuple[Budget, ...] = ("equal-epochs", "equal-steps", "equal-cost")


@dataclass(frozen=True)
class Recipe:
    """How a model is fine-tuned. AdamW; the final epoch is reported, nothing is selected on the evaluation set."""

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 2e-5
    weight_decay: float = 0.0
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-8
    #: `linear` decays to zero over the run, `constant` does not decay.
    schedule: Literal["linear", "constant"] = "linear"
    #: Share of the steps over which the learning rate rises from zero, 0 <= warmup < 1.
    warmup: float = 0.0
    #: Gradient norm above which the gradient is scaled down; 0 for never.
    max_grad_norm: float = 1.0
    #: Tokens per sequence, longer ones are cut.
    max_length: int = 128
    #: `auto` is bf16 where the device has it.
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    #: Batches sorted by length together; 1 for no sorting. The order of examples and of batches stays random.
    bucket_batches: int = 50
    #: CPU threads of one job. Part of the key: another number of threads adds floats in another order.
    threads: int = 1
    #: Compile the model with torch.compile.
    compile: bool = False
    #: Optimiser steps of the whole run, instead of `epochs`. A budget sets it (`hbench.budgets`); a user does not.
    max_steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "max_length", "bucket_batches", "threads"):
            if getattr(self, name) < 1:
                raise UsageError(f"recipe.{name} = {getattr(self, name)}: use at least 1")
        for name in ("learning_rate", "adam_epsilon"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"recipe.{name} = {getattr(self, name)}: use a number above 0")
        for name in ("weight_decay", "max_grad_norm"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"recipe.{name} = {getattr(self, name)}: use a number of at least 0")
        for name in ("warmup", "adam_beta1", "adam_beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"recipe.{name} = {getattr(self, name)}: use a number from 0 to below 1")
        if self.schedule not in ("linear", "constant"):
            raise UsageError(f"recipe.schedule = {self.schedule!r}: use 'linear' or 'constant'")
        if self.precision not in ("auto", "bf16", "fp32"):
            raise UsageError(f"recipe.precision = {self.precision!r}: use 'auto', 'bf16' or 'fp32'")

    def updated(self, changes: dict[str, Any], where: str) -> Recipe:
        """Return the recipe with some fields changed; `where` names their source in error messages."""
        types = {f.name: f.type for f in fields(self) if f.name != "max_steps"}
        values = asdict(self)
        for key, value in changes.items():
            if key not in types:
                raise UsageError(f"{where}: unknown key '{key}'{suggest(key, types)}")
            expected = type(values[key])
            if expected is float and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            if type(value) is not expected:
                raise UsageError(f"{where}: {key} = {value!r} has the wrong type; expected {expected.__name__}")
            values[key] = value
        return Recipe(**values)


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
    """What the two sorts of job have in common."""

    kind: ClassVar[str]
    task: TaskRef

    def payload(self) -> dict[str, Any]:
        """Return the whole specification as JSON values."""
        return {"job": self.kind, "protocol": PROTOCOL, **asdict(self)}

    @cached_property
    def key(self) -> str:
        """sha256 of the canonical JSON of the whole specification; computed once, since a plan asks for it often."""
        payload = self.payload()
        payload["task"] = {k: v for k, v in payload["task"].items() if k != "data_dir"}
        return hashlib.sha256(canonical(payload).encode()).hexdigest()


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

    kind = "finetune"


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

    kind = "score"


Job = FineTune | Score


def canonical(value: Any) -> str:
    """Return JSON with sorted keys and no white space; entries that are None are left out of objects."""
    return json.dumps(_strip(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def dump(job: Job) -> str:
    """Return the text of spec.json: readable, complete, and read back by `load`."""
    return json.dumps(_strip(job.payload()), sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def load(text: str) -> Job:
    """Read back what `dump` wrote. Raises UsageError for another protocol or an unknown sort of job."""
    payload = json.loads(text)
    sort, protocol = payload.pop("job"), payload.pop("protocol")
    if protocol != PROTOCOL:
        raise UsageError(f"this job was written for protocol {protocol}, hbench runs {PROTOCOL}; plan the suite again")
    payload["task"] = TaskRef(**payload["task"])
    if sort == FineTune.kind:
        payload["model"] = ModelRef(**payload["model"])
        payload["recipe"] = Recipe(**payload["recipe"])
        return FineTune(**payload)
    if sort == Score.kind:
        payload["runs"] = tuple(payload["runs"])
        return Score(**payload)
    raise UsageError(f"unknown sort of job '{sort}'; plan the suite again")


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
