"""What axe-core finds wrong with a page as it stands: WCAG 2.2 A and AA, good practice, and what axe still tries."""

from __future__ import annotations

import functools

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from tests.e2e.pages.browser import CENTRE, PHONE, TABLET

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental")
"""Every rule but those of level AAA, also those that axe leaves out unless they are asked for (target-size, …)."""


def assert_accessible(page: Page) -> None:
    """Raises AssertionError with each rule that fails and where. Always of the whole page: what a page as such must
    have (a heading, landmarks) is not asked of a part of it."""
    assert (found := faults(page)) == [], found


def assert_accessible_at_all_sizes(page: Page, state: str) -> None:
    """The same at desk, tablet and phone, of the page as it stands in this `state`, which the message names."""
    before = page.viewport_size
    found = {}
    for size in (CENTRE, TABLET, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if wrong := faults(page):
            found[f"{state} at {size[0]} x {size[1]}"] = wrong
    if before:
        page.set_viewport_size(before)
    assert found == {}, found


def faults(page: Page) -> list[tuple[str, list[str]]]:
    """Each rule that fails, and the first elements of which it does."""
    page.emulate_media(reduced_motion="reduce")  # what fades in is judged as it stays
    options = {"runOnly": {"type": "tag", "values": list(RULES)}}
    violations = _axe().run(page, options=options).response["violations"]
    return [
        (
            rule["id"],
            [f"{node['target']} {node['failureSummary'].splitlines()[-1].strip()}" for node in rule["nodes"]][:3],
        )
        for rule in violations
    ]


@functools.cache
def _axe() -> Axe:
    return Axe()


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"the page is {wide} px wider than the screen"
