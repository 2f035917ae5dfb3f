"""A call for help in Chromium: on the desk's and the nearest worker's page before all else, until one answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import psycopg
import pytest
from playwright.sync_api import expect

from database import calls
from database.accounts import create, demo_accounts
from database.queries import record_alerts
from tests.e2e.conftest import GRID, ServedCity
from tests.e2e.pages.accessible import assert_accessible
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.test_pages_shifts import SCREENSHOTS


def press(city: ServedCity) -> None:
    """Somebody at the first door of a grid presses their button, and the nearest worker is told."""
    now = datetime.now(UTC)
    with psycopg.connect(city.database.sinks) as sinks:
        (door,) = sinks.execute("SELECT dwelling FROM city.task WHERE length(queue) = 15 LIMIT 1").fetchall()[0]
        record_alerts(
            sinks,
            [
                {
                    "finding_id": "00000000-0000-0000-0000-0000000000aa",
                    "rule": "button-sos",
                    "rule_version": 1,
                    "domain": "sos",
                    "state": "opened",
                    "view": "dwelling",
                    "subject": door,
                    "cause": "call-1",
                    "severity": "urgent",
                    "why_zh": "按下手环紧急求助键",
                    "why_en": "help",
                    "because": "[]",
                    "household": None,
                    "dwelling": door,
                    "opened_at": now,
                    "at": now,
                    "respond_within": 5,
                    "respond_unit": "minute",
                    "resolution_zh": None,
                    "resolution_en": None,
                    "version": 9_999_999,
                    "unknown": False,
                }
            ],
        )
        assert calls.tell(sinks) == 1


@pytest.mark.parametrize(("who", "size"), [*(("district", size) for size in (CENTRE, TABLET, PHONE)), ("sos", CENTRE)])
def test_a_call_is_first_on_the_page_until_somebody_answers(
    served_city: ServedCity, who: str, size: tuple[int, int]
) -> None:
    (sos,) = (account for account in demo_accounts(GRID) if account.name == "sos")
    create(served_city.database.owner, sos, served_city.password)
    with browsing(served_city.url) as browser:
        tablet = browser.of_another_person(PHONE)
        SignIn(tablet, served_city.url).as_account("worker", served_city.password)
        tablet.locator("[data-test=route]").wait_for()
        desk = browser.of_another_person(size)
        SignIn(desk, served_city.url).as_account(who, served_city.password)
        desk.locator("[data-test=numbers], [data-test=breadcrumb]").first.wait_for()
        press(served_city)
        for page in (desk, tablet):
            page.locator("[data-test=call][data-state=dispatched]").wait_for()
            expect(page).to_have_title(re.compile(r"^\(1\)"))
        assert "worker" in desk.locator("[data-test=call-told]").inner_text()
        if who == "district":
            desk.locator("[data-test=call-people]").click()
        desk.locator("[data-test=call-people]").wait_for(state="detached")  # who sits at calls has looked for that
        desk.screenshot(path=SCREENSHOTS / f"call-desk-{who}-{size[0]}.png")
        tablet.screenshot(path=SCREENSHOTS / f"call-worker-{size[0]}.png")
        for page in (desk, tablet):
            assert_accessible(page)
        tablet.locator("[data-test=call-answer]").click()
        desk.locator("[data-test=call][data-state=acknowledged]", has_text="worker").wait_for()
        expect(desk).to_have_title(re.compile(r"^[^(]"))
        browser.check()
