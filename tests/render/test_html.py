"""index.html: one file, the same bytes, everything from the page's sections, and texts that stay texts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from support.boards import board_of
from support.synthetic_results import diagnostic, failing, small_board, with_trivial, write_all

from hbench.render.check import check
from hbench.render.html.figures import inlined
from hbench.render.html.markup import block, inline
from hbench.render.html.page import html_page
from hbench.render.publish import HTML, build
from hbench.render.section import Text
from hbench.render.sections import page_of
from hbench.render.table import Table

CELLS = [with_trivial(c) if c.method == "full" else c for c in small_board()] + [diagnostic()]


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its texts by the element they are in."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def parsed(text: str) -> Elements:
    elements = Elements()
    elements.feed(text)
    return elements


@pytest.fixture(scope="module")
def page() -> str:
    return html_page(page_of(board_of(CELLS)), {})


@pytest.fixture
def built(tmp_path):
    build(write_all(CELLS, tmp_path / "results"), tmp_path)
    return tmp_path


def test_every_section_and_every_cell_of_the_page_is_there(page):
    shown = page_of(board_of(CELLS))
    text = " ".join("".join(parsed(page).texts).split())
    for section in shown.sections:
        assert section.title in text
        for found in section.blocks:
            if isinstance(found, Table):
                assert all(
                    f">{cell}<" in page
                    for row in found.rows
                    for c in row
                    for cell in c.page.split("\n")[:1]
                    if re.fullmatch(r"[-+.0-9]+", cell)
                ), section.title
            elif isinstance(found, Text) and found.page and "`" not in found.page and "*" not in found.page:
                assert " ".join(found.page.replace("- ", "").split())[:60] in text


def test_nothing_comes_from_elsewhere_and_only_its_own_script_runs(page):
    for tag, attributes in parsed(page).found:
        for name in ("src", "href", "action", "srcset", "data"):
            assert attributes.get(name, "#").startswith("#"), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert "default-src 'none'" in page
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'", page)
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_ids_are_there_once_and_what_refers_to_one_finds_it(page):
    elements = parsed(page).found
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in elements:
        for name in ("popovertarget",):
            assert attributes.get(name, ids[0]) in ids
        if attributes.get("href", "#") != "#":
            assert attributes["href"][1:] in ids


def test_rows_say_what_they_are_filtered_by(page):
    rows = [attributes for tag, attributes in parsed(page).found if tag == "tr" and "id" in attributes]
    tagged = [r for r in rows if {"data-task", "data-method", "data-keep", "data-budget"} <= set(r)]
    assert {(r["data-task"], r["data-keep"]) for r in tagged} >= {("snli", "0.3"), ("mnli", "0.5")}
    options = [a.get("value") for tag, a in parsed(page).found if tag == "option"]
    assert {"snli", "mnli", "el2n", "0.3", "0.5", "equal-epochs"} <= set(options)


def test_tags_in_texts_are_texts():
    for function in (inline, block):
        text = function('`<b>` <script>x</script> [a](javascript:alert(1)) \u202eab\n**bold** & "quotes"')
        assert "<script" not in text
        assert "<code>&lt;b&gt;</code>" in text
        assert 'href="javascript' not in text
        assert "[U+202E]ab" in text
        assert "<strong>bold</strong> &amp;" in text
    assert inline("a\nb") == "a<br>b"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a\"b'c>d", "a`b|c", "x\u202ey"])
def test_names_are_never_markup(name):
    cells = small_board((name,), ("0.3",), ("random", name), model=name)
    cells = [failing(c, 98, reason=name) for c in cells]
    text = html_page(page_of(board_of([*cells, replace(diagnostic(method=name), task=name)])), {})
    found = parsed(text).found
    assert sum(tag == "script" for tag, _ in found) == 1
    assert {tag for tag, _ in found} <= {
        *("html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "div", "p", "nav", "ul"),
        *("li", "form", "label", "select", "option", "button", "output", "main", "section", "table", "thead", "tbody"),
        *("tr", "th", "td", "details", "summary", "code", "strong", "br", "script", "figure", "figcaption", "em"),
    }
    assert "\u202e" not in text


def test_a_figure_is_shown_with_ids_of_its_own_and_the_page_s_colours():
    svg = (
        '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "x" "http://x">\n<svg width="9pt" viewBox="0 0 9 8" id="top">'
        "<metadata><a>x</a></metadata><style>@font-face{font-family:'D';src:url(data:x)}</style>"
        '<defs><clipPath id="p1"/></defs><g clip-path="url(#p1)" style="fill: #1b1f24"/><use href="#p1"/></svg>'
    )
    text = inlined(svg, "f1", 'a "figure" <b>')
    assert text.startswith(
        '<svg viewBox="0 0 9 8" style="max-width:9pt" role="img" aria-label="a &quot;figure&quot; &lt;b&gt;"'
    )
    assert 'id="f1-p1"' in text
    assert "url(#f1-p1)" in text
    assert 'href="#f1-p1"' in text
    assert "fill: currentColor" in text
    assert "font-face" not in text
    assert "metadata" not in text
    assert inlined("<svg/>", "f", "t") == inlined("nothing", "f", "t") == ""


def test_the_same_results_give_the_same_bytes_and_check_reads_them(built):
    before = (built / HTML).read_bytes()
    assert b"<figure><svg" in before
    build(built / "results", built)
    assert (built / HTML).read_bytes() == before
    assert check(built / "results", built).code == 0


def test_check_finds_a_page_that_was_changed_or_is_missing(built):
    path = built / HTML
    text = path.read_text()
    path.write_text(text.replace(">superior", ">inferior", 1))
    found = check(built / "results", built)
    assert found.code == 1
    assert re.match(r"index\.html: line \d+ does not follow from the results", found.problems[0])
    path.write_text(text + "<!-- -->\n")
    assert check(built / "results", built).code == 1
    path.unlink()
    found = check(built / "results", built)
    assert (found.code, found.problems) == (1, ("index.html: is missing; run `hbench leaderboard build`",))
