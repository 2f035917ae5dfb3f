"""The door."""

from __future__ import annotations

from playwright.sync_api import Page


class SignIn:
    def __init__(self, page: Page, base: str) -> None:
        self._page = page
        self._base = base

    def as_account(self, name: str, password: str) -> None:
        """Signs in and waits until the page where the role's work begins is there."""
        self.try_as(name, password)
        self._page.wait_for_url(lambda address: address.split("#")[0].endswith((".html",)))

    def try_as(self, name: str, password: str) -> None:
        """Fills in the form and sends it, whatever comes of it."""
        self._page.goto(self._base + "/")
        self._page.locator("[data-test=name]").fill(name)
        self._page.locator("[data-test=password]").fill(password)
        self._page.locator("[data-test=sign-in]").click()

    def refusal(self) -> str:
        """What the page says to a wrong name or password."""
        return self._page.locator("[data-test=refusal]").inner_text()
