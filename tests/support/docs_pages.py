"""The code that the documentation prints: its blocks, what they are marked as, and the files that a page begins with.

A block is run unless a word behind its language says why not:

    network     needs a network
    own-files   needs files that the reader has
    gpu         needs an NVIDIA GPU
    checkout    is run in the checkout of hbench, of which it changes nothing
    excerpt     is part of a file that the page has written before
    elsewhere   takes long, and is run by a test or a benchmark of its own
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.paths import ROOT

MARKS = ("network", "own-files", "gpu", "checkout", "excerpt", "elsewhere")
#: Languages of blocks that are run, and of those that show what is printed or written.
RUN, SHOWN = ("python", "sh", "toml"), ("text", "json", "bibtex", "latex", "yaml")
#: Pages whose blocks another test adds to a copy of hbench.
INCLUDED = ("contributing.md",)
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.name not in INCLUDED]
_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fence:
    """A block of code on a page."""

    page: str
    #: Line of the page where the code begins.
    line: int
    language: str
    marks: tuple[str, ...]
    code: str


def fences(page: Path) -> list[Fence]:
    """Return the blocks of a page in their order; directives of the site are none."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        if match[1].startswith("{"):
            continue
        language, *marks = match[1].split() or [""]
        line = text.count("\n", 0, match.start()) + 2
        found.append(Fence(page.name, line, language, tuple(marks), match[2]))
    return found


def reviews(path: Path, names: tuple[str, str], rows: int, start: int = 0) -> None:
    """Write labelled reviews as a file of id, text and label."""
    words = (("awful", "boring", "poor", "bland"), ("great", "lovely", "fresh", "clever"))
    things = ["film", "story", "acting", "food", "service", "room", "view", "ending", "staff", "book"]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "text", "label"])
        for row in range(start, start + rows):
            label = row % 2
            text = f"the {things[row // 8 % 10]} was {words[label][row // 2 % 4]} on day {row}"
            table.writerow([f"review-{row}", text, names[label]])


def tiny_model(place: Path) -> None:
    """Save a model with random weights and its tokenizer, as one from the hub would be."""
    from hbench.models.catalogue import find_model
    from hbench.models.load import load_config, load_model, load_tokenizer
    from hbench.plugins import Head

    tiny, head = find_model("tiny"), Head("AutoModelForSequenceClassification", {"num_labels": 2})
    tokenizer = load_tokenizer(tiny, ["the film story was awful great lovely boring on day " + " ".join("0123456789")])
    model = load_model(tiny, head, load_config(tiny, head, tokenizer), seed=1)
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)


def _trainer(folder: Path) -> dict[str, object]:
    reviews(folder / "train.csv", ("0", "1"), 60)
    tiny_model(folder / "my-model")
    return {}


def _own_rows(folder: Path) -> dict[str, object]:
    reviews(folder / "train.csv", ("bad", "good"), 200)
    reviews(folder / "dev.csv", ("bad", "good"), 60, start=200)
    with (folder / "train.csv").open(encoding="utf-8") as file:
        return {"data": list(csv.DictReader(file))}


#: What a page says the reader has: makes the files, and returns the values of names.
BEGIN: dict[str, Callable[[Path], dict[str, object]]] = {
    "your-trainer.md": _trainer,
    "prune-your-data.md": _own_rows,
    "own-data.md": _own_rows,
}
