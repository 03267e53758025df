"""The letters that a figure's SVG brings along, so that it looks the same where the font is not installed."""

from __future__ import annotations

import base64
import io
from functools import cache
from pathlib import Path

#: What figures are written in; it comes with the drawing library.
FAMILY = "DejaVu Sans"
#: Letters that every figure brings, so that figures of one board bring the same.
_USUAL = "".join(map(chr, range(32, 127))) + "–—×…†±°≤≥−"


def with_font(svg: str) -> str:
    """Return an SVG with the letters it needs, as a font of its own before everything else that is drawn."""
    further = "".join(sorted({*svg} - {*_USUAL} - {"\n", "\t"}))
    rule = f"@font-face{{font-family:'{FAMILY}';src:url(data:font/ttf;base64,{_letters(further)})}}"
    before, defs, after = svg.partition("<defs>")
    return f"{before}<style>{rule}</style>\n {defs}{after}"


@cache
def _letters(further: str) -> str:
    """Return the font with the usual letters and some further ones, where it has them; not compressed.

    Uncompressed, since libraries that compress differ between machines, and the same figure has the same bytes.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from matplotlib import get_data_path

    options = Options()
    options.hinting = False
    options.layout_features = ["kern"]
    options.name_IDs = []
    options.drop_tables += ["FFTM"]  # when the font was made
    options.notdef_outline = True
    options.recalc_timestamp = False
    font = TTFont(Path(get_data_path()) / "fonts/ttf/DejaVuSans.ttf", recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(text=_USUAL + further)
    subsetter.subset(font)
    stream = io.BytesIO()
    font.save(stream)
    return base64.b64encode(stream.getvalue()).decode()
