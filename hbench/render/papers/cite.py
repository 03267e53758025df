"""`hbench cite`: the BibTeX of exactly what the results of a board rest on."""

from __future__ import annotations

from collections.abc import Iterable

from hbench.board.board import Board
from hbench.render.papers.sources import Source, sources_of

_KINDS = {"hbench": "", "method": "methods", "task": "tasks", "model": "models", "test": "tests"}


def cited(board: Board) -> str:
    """Return a BibTeX file: comments that say what is cited for what and what has no entry, then each entry once."""
    sources = sources_of(board)
    entries = {key: entry for source in sources for key, entry in source.entries}
    blocks = ["\n".join(_comments(sources)), *(entries[key] for key in sorted(entries))]
    return "\n\n".join(blocks) + "\n"


def unknown(sources: Iterable[Source]) -> list[str]:
    """Return a line for each source without an entry."""
    return [f"no entry is known for {source.kind} '{source.name}'" for source in sources if not source.entries]


def _comments(sources: Iterable[Source]) -> list[str]:
    sources = list(sources)
    lines = []
    for kind, heading in _KINDS.items():
        of_kind = [source for source in sources if source.kind == kind and source.entries]
        if heading and of_kind:
            lines.append(f"% {heading}: " + _comment("; ".join(f"{s.name}: {', '.join(s.keys)}" for s in of_kind)))
    return [*lines, *(f"% {_comment(line)}; cite what its authors ask for" for line in unknown(sources))]


def _comment(text: str) -> str:
    """Return a text as one line outside of entries, where BibTeX takes an @ for the start of one, comment or not."""
    return " ".join(text.split()).replace("@", "(at)").replace("{", "(").replace("}", ")")
