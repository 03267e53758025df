"""How `hbench leaderboard check` reports what it found: to people, to a page, to a workflow on GitHub, to a program."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hbench.errors import UsageError

if TYPE_CHECKING:
    from hbench.render.check import Check

#: The word for every code.
_OUTCOMES = {0: "same", 1: "drift", 2: "incompatible"}
_SAME = "the leaderboard follows from the results"


def text(found: Check, verbose: bool) -> str:
    """Return the summary, and all differences where asked."""
    if not found.code:
        return _SAME
    details = [f"  {problem}" for problem in found.problems] if verbose else ["--verbose names every difference"]
    return "\n".join([*found.summary, *details])


def markdown(found: Check, verbose: bool) -> str:
    """Return a heading, the summary and, where asked, all differences as a list."""
    from hbench.render.compare.markup import literal

    lines = list(map(literal, found.summary)) if found.code else [_SAME]
    details = [f"  - {literal(problem)}" for problem in found.problems] if verbose else []
    return "\n".join([f"**Leaderboard: {_OUTCOMES[found.code]}**", "", *(f"- {line}" for line in lines), *details])


def github(found: Check, verbose: bool) -> str:
    """Return an annotation per line of the summary; the summary of the job gets the Markdown.

    Raises UsageError where that cannot be written.
    """
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if page:
        try:
            with Path(page).open("a", encoding="utf-8") as stream:
                stream.write(f"{markdown(found, verbose)}\n")
        except OSError as error:
            raise UsageError(
                f"GITHUB_STEP_SUMMARY {page}: cannot be written ({error.strerror}); name a writable file, unset it, "
                "or use --format markdown"
            ) from None
    lines = [*found.summary, *(found.problems if verbose else ())]
    title = f"leaderboard {_OUTCOMES[found.code]}"
    return "\n".join(f"::error title={title}::{_escaped(line)}" for line in lines) or f"::notice title={title}::{_SAME}"


def as_json(found: Check, verbose: bool) -> str:
    """Return an object with the outcome, the summary and all differences."""
    del verbose  # a program can leave out what it does not want
    found_here = {"code": found.code, "outcome": _OUTCOMES[found.code], "summary": list(found.summary)}
    return json.dumps({**found_here, "differences": list(found.problems)}, indent=2, ensure_ascii=False)


#: By the name of the format.
REPORTS: dict[str, Callable[[Check, bool], str]] = {
    "text": text,
    "markdown": markdown,
    "github": github,
    "json": as_json,
}


def _escaped(line: str) -> str:
    """Return a line as the commands of a workflow take it."""
    return line.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
