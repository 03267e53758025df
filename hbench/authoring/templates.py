"""Files to begin with: a scorer, a task and a kind of task that work before a line is changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from hbench.errors import UsageError
from hbench.plugins.checks import check_name
from hbench.plugins.registry import KINDS, SCORERS, TASKS, Registry, plugin_name

What = Literal["scorer", "task", "kind"]

_SCORER = '''"""NAME: a scorer for hbench.

Check and compare it:

    hbench check FILE
    hbench try FILE
    hbench run quickstart --plugin FILE --scorer NAME --scorer el2n
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hbench import Scorer, observe

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class CLASS(Scorer):
    """Mean loss of the training steps over epochs and runs, in nats; higher = harder, the highest are kept."""
NAMED
    # What every scoring run records: any signals, in the training steps ("train", free) or in a pass after every
    # epoch ("epoch_end"). Fields with a type, such as `power: float = 1.0`, are options: NAME[power=2].
    needs = observe("loss", at="train")
    # The end of the scores that is kept: "highest", "lowest" or "middle".
    keep = "highest"

    def score(self, dynamics: xr.Dataset) -> xr.DataArray:
        """Return one number for each example; signals have the dimensions (run, epoch, example)."""
        return dynamics.loss.mean(("run", "epoch"))
'''

_TASK = '''"""NAME: a task for hbench.

Check and compare it:

    hbench check FILE
    hbench run quickstart --plugin FILE --task NAME
"""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Task


@dataclass(frozen=True)
class CLASS(Task):
    """Made-up remarks, bad or good."""
NAMED
    # "classification", "choice", "span" or "joint": what an example is, see `hbench list kinds`.
    kind = "classification"
    # The columns of the data: one text, or two as ("premise", "hypothesis"), and the class.
    columns = {"text": "text", "label": "label"}
    # Names of the classes 0, 1, ...
    labels = ("bad", "good")
    eval_splits = ("validation",)
    metric = "accuracy"
    licence = "unknown"
    recipe = {"epochs": 3, "batch_size": 16, "learning_rate": 2e-3, "max_length": 32}

    def rows(self, split: str) -> dict[str, list[object]] | None:
        """Return the columns of a split, None for a split that there is not.

        Without this method rows are read from <data-dir>/NAME/<split>.jsonl, .csv or .parquet (`--data-dir`),
        or from the hub: `from hbench import Hub`, and `hub = Hub("owner/dataset")` above.
        """
        if split not in ("train", "validation"):
            return None
        words = (("awful", "boring", "poor", "bland", "clumsy"), ("great", "lovely", "fresh", "clever", "superb"))
        things = ("film", "story", "acting", "food", "service", "room", "view", "ending", "staff", "book", "garden")
        rows = [(f"the {thing} was {word}", label) for thing in things for label in (0, 1) for word in words[label]]
        part = [row for number, row in enumerate(rows) if (number % 4 == 0) == (split == "validation")]
        return {"text": [text for text, _ in part], "label": [label for _, label in part]}
'''

_KIND = '''"""NAME: a kind of task for hbench, with a task of it.

Check and compare it:

    hbench check FILE
    hbench run quickstart --plugin FILE --task NAME-task
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hbench import Task
from hbench.kinds import Encoded, Evaluation
from hbench.kinds.classification import Classification

if TYPE_CHECKING:
    import numpy.typing as npt

    from hbench.data.examples import Examples


@dataclass(frozen=True)
class CLASS(Classification):
    """Classification into classes with an order, such as stars: the nearer to the gold class, the better.

    What is not defined here is as in classification; `hbench.kinds.Kind` has all methods of a kind.
    """
NAMED
    # Metrics that are means over the examples, so that a board can recompute them.
    means = (*Classification.means, "closeness")

    def evaluate(self, task: Task, kept: npt.NDArray[np.float32], examples: Examples, encoded: Encoded) -> Evaluation:
        """Return the mean closeness: 1 for the gold class, 0 for the other end of the scale.

        kept: what `predict` gave, the logits (examples, classes).
        """
        prediction = kept.argmax(axis=-1).astype(np.int64)
        values = 1.0 - np.abs(prediction - encoded.label) / (len(task.labels) - 1)
        return Evaluation({"closeness": float(values.mean())}, values, prediction)


@dataclass(frozen=True)
class CLASSTask(Task):
    """Made-up remarks with one star to three."""

    name = "NAME-task"
    kind = "NAME"
    columns = {"text": "text", "label": "stars"}
    labels = ("one", "two", "three")
    metric = "closeness"
    recipe = {"epochs": 3, "batch_size": 16, "learning_rate": 2e-3, "max_length": 32}

    def rows(self, split: str) -> dict[str, list[object]] | None:
        """Return the columns of a split, None for a split that there is not."""
        if split not in ("train", "validation"):
            return None
        words = (("awful", "boring", "poor"), ("fair", "decent", "average"), ("great", "lovely", "superb"))
        things = ("film", "story", "acting", "food", "service", "room", "view", "ending", "staff", "book", "garden")
        rows = [(f"the {thing} was {word}", star) for thing in things for star in (0, 1, 2) for word in words[star]]
        part = [row for number, row in enumerate(rows) if (number % 4 == 0) == (split == "validation")]
        return {"text": [text for text, _ in part], "stars": [star for _, star in part]}
'''

_TEXTS: dict[What, str] = {"scorer": _SCORER, "task": _TASK, "kind": _KIND}
_REGISTRIES: dict[What, Registry[Any]] = {"scorer": SCORERS, "task": TASKS, "kind": KINDS}


@dataclass(frozen=True)
class NewFile:
    """A file to begin with: what to call it, and its text."""

    name: str
    text: str


def new_file(what: What, name: str) -> NewFile:
    """Return a file that defines a plugin of this name.

    Raises UsageError for a name that a plugin cannot have, or that is taken.
    """
    registry = _REGISTRIES[what]
    check_name(name, registry.noun, f"hbench new {what}")
    words = [word for word in re.split(r"[\W_]+", name) if word]
    if not re.fullmatch(r"[a-z]", words[0][0]) or name != name.lower():
        raise UsageError(f"{registry.noun} '{name}': begin with a letter, and use small ones, such as mean-loss")
    if name in registry.names():
        raise UsageError(f"{registry.noun} '{name}' exists already; choose another name")
    cls = "".join(word[0].upper() + word[1:] for word in words)
    named = "" if plugin_name(type(cls, (), {})) == name else f'\n    name = "{name}"\n'
    file = "_".join(words) + ".py"
    text = _TEXTS[what].replace("NAMED\n", named or "\n")
    for word, value in (("CLASS", cls), ("NAME", name), ("FILE", file)):
        text = text.replace(word, value)
    return NewFile(file, text)
