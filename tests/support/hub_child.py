"""What `test_hub.py` runs in a process of its own, because the hub's address is read when its client is imported.

python hub_child.py data|open|models|unreachable '<json arguments>'     prints a JSON object
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hbench import Hub
from hbench.data.load import describe_source
from hbench.errors import HbenchError
from hbench.kinds import load_examples
from hbench.models.catalogue import find_model
from hbench.plugins.registry import TASKS, Named


def data(data_dir: str) -> dict[str, Any]:
    """Load the tasks from the hub and from a folder that holds the same rows."""
    found: dict[str, Any] = {}
    for name in ("snli", "mnli", "sst2"):
        task = TASKS.find(name)
        for way, folder in (("hub", None), ("folder", Path(data_dir))):
            source = describe_source(task.plugin, folder, name)
            splits = {
                split: dataclasses.asdict(load_examples(task, split, source=source, data_dir=folder, size=None, seed=0))
                for split in ("train", *task.plugin.splits())
            }
            found[f"{name} {way}"] = {"source": source, "splits": splits}
    snli = TASKS.find("snli")
    source = describe_source(snli.plugin, None, "snli")
    found["errors"] = {
        "split": said(lambda: load(snli, source, "dev")),
        "config": said(lambda: load(snli, {**source, "config": "plain"})),
        "revision": said(lambda: load(snli, {**source, "revision": "0" * 40})),
        "name": said(lambda: load(snli, {**source, "hub": "nobody/nothing"})),
    }
    return found


def open_revision(hub_id: str) -> dict[str, Any]:
    """Load a task that leaves its revision open."""
    task = _task(Hub(hub_id, "plain_text"))
    source = describe_source(task.plugin, None, "open")
    nowhere = _task(Hub("nobody/nothing"))
    return {
        "source": source,
        "labels": load(task, source).columns["label"],
        "model": find_model("nobody/model").source(),
        "unknown data set": said(lambda: describe_source(nowhere.plugin, None, "nowhere")),
    }


def models(references: list[str]) -> dict[str, Any]:
    """Load models with a head of three classes, and run them on a short and a long pair."""
    import torch

    from hbench.data.examples import Examples
    from hbench.kinds import find_kind
    from hbench.models.load import load_config, load_model, load_tokenizer
    from hbench.training.batches import Collator

    task, kind = TASKS.find("snli").plugin, find_kind("classification")
    pairs = {
        "premise": ["A man is outside.", "Two dogs run over the wet grass."],
        "hypothesis": ["He is.", "Dogs run."],
    }
    examples = Examples(["0", "1"], {**pairs, "label": [0, 2]}, "")
    found: dict[str, Any] = {}
    for reference in references:
        model = find_model(reference)
        tokenizer = load_tokenizer(model, ())
        head = kind.head(task)
        config = load_config(model, head, tokenizer)
        network = load_model(model, head, config, seed=0).eval()
        encoded = kind.encode(task, examples, tokenizer, max_length=48)
        collate = Collator(encoded, torch.device("cpu"))
        members = torch.tensor([0, 1]).numpy()
        with torch.no_grad():
            together = network(**collate(members).inputs).logits
            alone = network(**collate(members[:1]).inputs).logits
        found[reference] = {
            "source": model.source(),
            "architecture": type(network).__name__,
            "sums": {key: float(value.double().abs().sum()) for key, value in network.base_model.state_dict().items()},
            "tokens": [row["input_ids"] for row in encoded.sequences],
            "logits": together.tolist(),
            "alone": alone.tolist(),
        }
    return found


def unreachable() -> dict[str, Any]:
    """Ask for what only the hub has, while nothing answers; the client's pauses between its attempts are left out."""
    from hbench.models.load import load_tokenizer

    time.sleep = lambda seconds: None
    snli = TASKS.find("snli")
    return {
        "pinned": describe_source(snli.plugin, None, "snli"),
        "load": said(lambda: load(snli, describe_source(snli.plugin, None, "snli"))),
        "resolve data set": said(lambda: describe_source(_task(Hub("nobody/nothing")).plugin, None, "nowhere")),
        "resolve model": said(lambda: find_model("nobody/model").source()),
        "load model": said(lambda: load_tokenizer(find_model("roberta-base"), ())),
    }


def load(task: Named[Any], source: dict[str, Any], split: str = "train") -> Any:
    return load_examples(task, split, source=source, data_dir=None, size=None, seed=0)


def said(act: Callable[[], Any]) -> str:
    """Return the message of the error that an act ends in; any other error than hbench's own ends the process."""
    try:
        act()
    except HbenchError as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def _task(hub: Hub) -> Named[Any]:
    snli = TASKS.load("snli")
    cls = type("Open", (snli,), {"hub": hub, "eval_splits": ("validation",)})
    return Named("open", "open", cls())


if __name__ == "__main__":
    modes = {"data": data, "open": open_revision, "models": models, "unreachable": unreachable}
    sys.stdout.write(json.dumps(modes[sys.argv[1]](*json.loads(sys.argv[2]))))
