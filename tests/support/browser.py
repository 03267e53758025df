"""Headless Chromium that opens a board's page: what it says on its console, and what readers can do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Where Chromium is, unless `HBENCH_CHROMIUM` says so.
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return the path of a browser; fails, and says what to install, where there is none."""
    found = os.environ.get("HBENCH_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"none of {', '.join(NAMES)} is installed: `apt-get install chromium`, or set HBENCH_CHROMIUM"
    return found


@contextmanager
def started() -> Iterator[Browser]:
    """Start the browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as library:
        browser = library.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, page: Path, *, width: int = 1280, dark: bool = False, fragment: str = ""
) -> Iterator[SimpleNamespace]:
    """Open a file; yields the `page`, what was written to its console or failed, and what it asked the network for."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        has_touch=width < 600,
        is_mobile=width < 600,
    )
    context.set_default_timeout(120_000)  # on a busy machine too
    tab = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{page.resolve().as_uri()}{fragment}")
    yield SimpleNamespace(page=tab, said=said, asked=asked)
    context.close()
