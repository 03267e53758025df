"""What was measured, in words: tasks, data, models, recipes, seeds and scoring runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hbench.board.board import Board
from hbench.board.versions import MAY_DIFFER
from hbench.jobs.recipe import Recipe
from hbench.render.display import code, listed, margin, plural
from hbench.render.section import Section, Text
from hbench.results.cell import CellResult

_FOLD = "Data, models, training, seeds and scoring runs, with digests"
#: Settings of a recipe that are always said.
_MAIN = ("epochs", "batch_size", "learning_rate", "schedule", "max_length", "precision")


def provenance_sections(board: Board) -> list[Section]:
    """Return the section `What was measured`, whose digests few people read: it is folded away."""
    trained = [r for r in board.results if not r.is_diagnostic]
    sources = sorted({f"- {code(r.model)}: {_source(r.model_source)}" for r in board.results})
    training = _grouped((_recipe(r.recipe), r.task) for r in board.results)
    training += _grouped((_seeds(r.seeds), r.task) for r in trained)
    scoring = _grouped((_scoring(r.scoring_runs), r.method) for r in board.results)
    texts = ["Data:", "\n".join(_data(board)), "Models:", "\n".join(sources)]
    texts += ["Training:", "\n".join(training)]
    texts += ["Scoring runs (trainings on all data whose dynamics a method reads):", "\n".join(scoring)]
    return [Section("What was measured", 2, tuple(map(Text, texts)), fold=_FOLD)]


def _data(board: Board) -> list[str]:
    lines: dict[str, None] = {}
    for r in sorted(board.results, key=lambda r: (r.task, r.split)):
        text = f"- {code(r.task)} ({r.kind}): {plural(r.data.train_rows, 'training row')}"
        if not r.is_diagnostic:
            text += f", {plural(r.data.eval_rows, 'row')} of {code(r.split)} for evaluation by {r.metric}"
            text += _independent(r)
            text += _not_primary(r)
            text += f", margin {margin(board.margins[r.cell], ' points')}"
        lines[f"{text}; {_data_source(r)}"] = None
    return list(lines)


def _not_primary(result: CellResult) -> str:
    """Say what a split is that is not the task's first one."""
    if result.further is None:
        return "" if result.primary else " (not the primary split)"
    return f" (a further set, {code(result.further.task)} from {_source(result.further.source)})"


def _independent(result: CellResult) -> str:
    """Say where the columns of a task make one case of each context, though contexts can come from one article."""
    columns = (result.further or result.data).declaration.get("columns")
    if not isinstance(columns, dict) or "context" not in columns or columns.get("passage") != columns["context"]:
        return ""
    return " (contexts count as independent, those of one article too: if these are alike, p values are too small)"


def _data_source(result: CellResult) -> str:
    source, hub = result.data.source, result.data.declaration.get("hub")
    text = f"from {_source(source)}"
    if "files" in source and isinstance(hub, dict) and hub.get("id"):
        text += f", given for the hub's {code(str(hub['id']))}"
    digests = [digest[:12] for digest in (result.data.train_digest, result.data.eval_digest) if digest]
    return f"{text}; digests of the rows used: {listed(digests)}" if digests else text


def _source(source: Mapping[str, Any]) -> str:
    """Say where data or weights come from and in which version; digests are cut to 12 digits."""
    if "files" in source and isinstance(source["files"], dict):
        files = (f"{code(name)} {str(digest)[:12]}" for name, digest in sorted(source["files"].items()))
        return f"files with sha256 {', '.join(files)}"
    if "hub" in source:
        config = f", {source['config']}" if source.get("config") else ""
        return f"the hub, {code(str(source['hub']))}{config}, revision {str(source.get('revision'))[:12]}"
    if "embedded" in source:
        return f"hbench itself (generated from a seed), sha256 {str(source['embedded'])[:12]}"
    return ", ".join(f"{key} {source[key]}" for key in sorted(source)) or "an unnamed source"


def _grouped(facts: Iterable[tuple[str, str]]) -> list[str]:
    """Return one line per fact with the names it holds for."""
    names: dict[str, set[str]] = {}
    for fact, name in facts:
        names.setdefault(fact, set()).add(name)
    return [f"- {fact}: {listed(sorted(names[fact]))}" for fact in sorted(names)]


def _recipe(recipe: Mapping[str, Any]) -> str:
    """Say the main settings, and the others where they differ from hbench's defaults."""
    defaults = asdict(Recipe())
    other = sorted(k for k, v in recipe.items() if k not in _MAIN and k not in MAY_DIFFER and v != defaults.get(k))
    shown = [k for k in (*_MAIN, *other) if recipe.get(k) is not None]
    return ", ".join(["AdamW", *(f"{k.replace('_', ' ')} {_value(recipe[k])}" for k in shown)])


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _seeds(seeds: Sequence[int]) -> str:
    return f"{plural(len(seeds), 'training seed')} {', '.join(map(str, seeds))}"


def _scoring(runs: Sequence[int]) -> str:
    return f"{plural(len(runs), 'run')}, seeds {', '.join(map(str, runs))}" if runs else "none"
