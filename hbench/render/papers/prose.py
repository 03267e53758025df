"""Sentences with citations in them, as plain text, Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hbench.render.latex import escaped


@dataclass(frozen=True)
class Cite:
    """A citation behind the words before it; without keys there is none."""

    keys: tuple[str, ...]


#: A sentence: words, with names in back quotes, and citations.
Sentence = tuple[str | Cite, ...]


def joined(names: Sequence[Sentence]) -> Sentence:
    """Return names with commas between them, and `and` before the last."""
    parts: list[str | Cite] = []
    for place, name in enumerate(names):
        parts += [] if place == 0 else [" and " if place == len(names) - 1 else ", "]
        parts += name
    return tuple(parts)


def plain(sentences: Iterable[Sentence]) -> str:
    """Return a paragraph without quotes and citations."""
    return " ".join("".join(part for part in sentence if isinstance(part, str)) for sentence in sentences).replace(
        "`", ""
    )


def markdown(sentences: Iterable[Sentence]) -> str:
    """Return a paragraph of Markdown with citations as pandoc reads them: [@holm1979simple]."""
    return " ".join("".join(map(_in_markdown, sentence)) for sentence in sentences)


def latex(sentences: Iterable[Sentence]) -> str:
    """Return a paragraph of LaTeX, each sentence in a line of its own."""
    return "\n".join("".join(map(_in_latex, sentence)) for sentence in sentences)


def _in_markdown(part: str | Cite) -> str:
    if isinstance(part, str):
        return part
    return f" [{'; '.join(f'@{key}' for key in part.keys)}]" if part.keys else ""


def _in_latex(part: str | Cite) -> str:
    if isinstance(part, str):
        return escaped(part)
    return f"~\\cite{{{','.join(part.keys)}}}" if part.keys else ""
