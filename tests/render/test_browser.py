"""index.html in a real browser: no error, no network, sorting, filters, links, names of controls, contrast, texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.boards import board_of
from support.browser import opened, started
from support.paths import ROOT
from support.synthetic_results import diagnostic, failing, small_board, with_rivals, with_trivial, write_all

from hbench.render.publish import HTML, build, write

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: What a result may call itself to be run, or to be read as something else.
SCRIPT = "<script>window.hit=1</script>"
QUOTES = "\"'><img src=x onerror=window.hit=2>"
TURNED = "el2n\u202ecilbup"


@pytest.fixture(scope="module")
def browser():
    with started() as found:
        yield found


@pytest.fixture(scope="module")
def board(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    cells = [with_trivial(c) if c.method == "full" else c for c in with_rivals(small_board(), "el2n")]
    build(write_all([*cells, diagnostic()], folder / "results"), folder)
    return folder / HTML


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    methods = ("random", SCRIPT, QUOTES, TURNED)
    cells = [replace(c, model=f"m{SCRIPT}") for c in small_board((f"t{QUOTES}",), ("0.3",), methods)]
    cells = [failing(c, 98, reason=f"{SCRIPT} {QUOTES} [x](javascript:window.hit=3)") for c in cells]
    write(board_of(cells), folder)  # not from files: some of these names are refused there
    return folder / HTML


def shown(tab, query: str) -> list[str]:
    return tab.locator(query).evaluate_all("all => all.filter(e => e.checkVisibility()).map(e => e.innerText)")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_without_an_error_and_without_a_network(browser, board, width, dark):
    with opened(browser, board, width=width, dark=dark) as seen:
        assert seen.page.title() == "Leaderboard – hbench"
        assert seen.said == []
        assert [url for url in seen.asked if not url.startswith("file:")] == []
        assert len(seen.asked) == 1
        # nothing is wider than the window: tables scroll in their own place
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_heading_sorts_its_table_and_what_is_not_known_stays_last(browser, board):
    with opened(browser, board) as seen:
        section = seen.page.locator("section", has=seen.page.get_by_role("heading", name="SNLI, 30 % kept, minilm"))
        table = section.last.locator("table").first
        head = table.locator("th", has=seen.page.get_by_role("button", name="to random", exact=True))
        first = table.locator("tbody th").all_inner_texts()
        orders = []
        for expected in ("descending", "ascending", None):
            head.locator(".sort").click()
            assert head.get_attribute("aria-sort") == expected
            orders.append(table.locator("tbody th").all_inner_texts())
        down, up, back = orders
        assert back == first
        assert {down[-1][:4], down[-2][:4]} == {"full", "rand"} == {up[-1][:4], up[-2][:4]}  # they have no such number
        assert down[:3] == up[:3][::-1] != up[:3]
        values = table.locator("tbody tr td:nth-child(4)").all_inner_texts()
        assert len(values) == 5
        assert seen.said == []


def test_a_filter_leaves_the_rows_that_were_asked_for(browser, board):
    with opened(browser, board) as seen:
        tab = seen.page
        every = len(shown(tab, "tbody tr[id]"))
        tab.locator("select[name=task]").select_option("snli")
        tab.locator("select[name=method]").select_option("el2n")
        tab.locator("select[name=keep]").select_option("0.5")
        rows = shown(tab, "tbody tr[id]")
        assert 0 < len(rows) < every
        assert all("el2n" in row for row in shown(tab, "tbody tr[id][data-method]"))
        assert "MNLI" not in " ".join(shown(tab, "section.level-3 h3, thead th"))
        assert tab.locator(".count").inner_text() == f"{len(rows)} rows"
        tab.get_by_role("button", name="Show all").click()
        tab.wait_for_function("document.querySelector('.count').textContent === ''")
        assert len(shown(tab, "tbody tr[id]")) == every
        tab.locator("select[name=keep]").select_option("0.5")
        assert any("full" in row for row in shown(tab, "tbody tr[id]"))  # all data belong to every size
        assert seen.said == []


def test_a_link_leads_to_a_row_and_opens_what_it_is_folded_in(browser, board):
    with opened(browser, board, fragment="#what-was-measured") as seen:
        assert "training rows" in seen.page.locator("details.fold").last.inner_text()
        row = seen.page.locator("tbody tr[id]").nth(7)
        link = row.locator("a.link").get_attribute("href")
        seen.page.goto(f"{board.as_uri()}{link}")
        assert seen.page.evaluate("document.querySelector('tr:target').id") == link[1:]


def test_what_a_number_means_opens_by_tap_and_by_keyboard(browser, board):
    with opened(browser, board, width=390) as seen:
        tab = seen.page
        cell = tab.locator("td[data-v]").first
        cell.tap()
        assert "random subset" in tab.locator("#about-cell").inner_text()
        tab.keyboard.press("Escape")
        assert not tab.locator("#about-cell").is_visible()
        why = tab.locator(".why").first
        why.focus()
        tab.keyboard.press("Enter")
        assert tab.locator(f"#{why.get_attribute('popovertarget')}").is_visible()
        assert seen.said == []


def test_every_control_has_a_name_and_nothing_serious_is_found(browser, board, hostile):
    from axe_playwright_python.sync_playwright import Axe

    for file in (board, hostile):
        for width, dark in ((1280, False), (1280, True), (390, False)):
            with opened(browser, file, width=width, dark=dark) as seen:
                seen.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
                found = Axe().run(seen.page).response["violations"]
                serious = [
                    (f["id"], f["nodes"][0]["html"][:200]) for f in found if f["impact"] in ("serious", "critical")
                ]
                assert serious == [], (file, width, dark)
                names = seen.page.get_by_role("button").evaluate_all(
                    "all => all.filter(b => !(b.getAttribute('aria-label') || b.innerText).trim()).length"
                )
                assert names == 0


def test_names_and_reasons_that_hold_markup_are_texts(browser, hostile):
    with opened(browser, hostile) as seen:
        tab = seen.page
        assert tab.evaluate("window.hit") is None
        assert tab.locator("img").count() == 0
        assert tab.locator("script").count() == 1
        text = tab.evaluate(
            "document.body.innerText + [...document.querySelectorAll('details')].map(d => d.textContent)"
        )
        for name in (SCRIPT, QUOTES, "el2n[U+202E]cilbup"):
            assert name in text, name
        assert "\u202e" not in text
        assert tab.locator("a[href^=javascript]").count() == 0
        tab.locator("select[name=method]").select_option(QUOTES)
        assert len(shown(tab, "tbody tr[id]")) >= 2
        assert seen.said == []


def test_print_shows_everything_that_is_folded(browser, board):
    with opened(browser, board) as seen:
        seen.page.emulate_media(media="print")
        seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert seen.page.evaluate("[...document.querySelectorAll('details')].every(d => d.open)")
        assert not seen.page.locator(".filters").is_visible()
        assert len(seen.page.pdf()) > 10_000


def test_the_published_pages_open_without_an_error_and_are_small(browser):
    for folder in ("leaderboard", "leaderboard/dynamic", "leaderboard/answering"):
        page = ROOT / folder / HTML
        assert page.stat().st_size < 3_000_000
        with opened(browser, page) as seen:
            assert seen.said == []
