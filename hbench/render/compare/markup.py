"""Texts from outside in Markdown: shown as they are, whatever they hold."""

from __future__ import annotations

import re

_BACKQUOTES = re.compile(r"`+")


def literal(text: str) -> str:
    """Return a text as code of one line: nothing in it is a link, a mention, HTML or the end of the code.

    Signs that are not printed, such as those that turn the direction of writing, are shown by their numbers.
    """
    line = " ".join(text.split())
    line = "".join(sign if sign.isprintable() else f"<U+{ord(sign):04X}>" for sign in line)
    fence = "`" * (max(map(len, _BACKQUOTES.findall(line)), default=0) + 1)
    # a space on either side is not shown, and keeps a backquote in the text apart from the fence
    return f"{fence} {line} {fence}"
