"""What axe-core finds wrong with a page as it stands (WCAG 2.2 A and AA, and good practice)."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page


def assert_accessible(page: Page, within: str | None = None) -> None:
    """Raises AssertionError with each rule that fails and where; `within`: a selector of the part that is looked at."""
    found = Axe().run(page, context=within).response["violations"]
    faults = [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found]
    assert faults == [], faults


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"the page is {wide} px wider than the screen"
