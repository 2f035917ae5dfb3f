"""A Chromium in which a page's faults fail the test: an error on its console, or a request to another address."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CENTRE, TABLET, PHONE = (1440, 900), (820, 1180), (390, 844)
"""Viewports in CSS pixels (width, height) for which the pages are drawn."""

PATIENCE_MS = 15_000
AWAY = "net::ERR_INTERNET_DISCONNECTED"  # what Chromium says of each request while a test has cut the network


class ChromiumMissing(RuntimeError):
    """Debian's chromium is not installed: `apt-get install chromium fonts-noto-cjk`."""


class Watched:
    """One browser session: its context, and what went wrong in it."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context = context
        self.base = base
        self.faults: list[str] = []
        self.outside: list[str] = []

    def page(self) -> Page:
        return self._watched(self.context.new_page())

    def _watched(self, page: Page) -> Page:
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._asked)
        return page

    def of_another_person(self, size: tuple[int, int]) -> Page:
        """A page of a second person, who signs in for himself: nothing is shared but the city."""
        browser = self.context.browser
        assert browser is not None
        return self._watched(_context(browser, size, "zh").new_page())

    def check(self) -> None:
        """Raises AssertionError for a console error or a request to anywhere but our own address."""
        assert self.outside == [], f"the page asked elsewhere: {self.outside}"
        assert self.faults == [], f"the page reported: {self.faults}"

    def _said(self, message: ConsoleMessage) -> None:
        # 401: asked before signing in, or a session ended by the page and, when the network came back, once more
        expected = AWAY in message.text or message.location.get("url", "").endswith(("/api/v1/me", "/api/v1/session"))
        if message.type == "error" and not expected:
            self.faults.append(f"{message.text} ({message.location.get('url', '')})")

    def _asked(self, request: Request) -> None:
        wanted = urlsplit(request.url)
        if wanted.scheme in {"http", "https", "ws", "wss"} and wanted.netloc != urlsplit(self.base).netloc:
            self.outside.append(f"{wanted.scheme}://{wanted.netloc}")


@contextmanager
def browsing(base: str, size: tuple[int, int] = CENTRE, language: Literal["zh", "en"] = "zh") -> Iterator[Watched]:
    """A browser session of its own at `base` ("http://127.0.0.1:8080"); its faults raise at the end.

    Raises ChromiumMissing when there is no browser.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise ChromiumMissing("chromium is not installed: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            watched = Watched(_context(browser, size, language), base)
            yield watched
            watched.check()
        finally:
            browser.close()


def _context(browser: Browser, size: tuple[int, int], language: Literal["zh", "en"]) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=size != CENTRE, timezone_id="Asia/Shanghai"
    )
    context.add_init_script(
        f"localStorage.getItem('citygrid.language') ?? localStorage.setItem('citygrid.language', '{language}')"
    )
    return context
