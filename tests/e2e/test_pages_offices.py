"""Pages of administrators and operations in Chromium, on desk, tablet and phone, in both languages."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page

from api.operations import Operation, ReaderLag, Running
from database.accounts import Account, create
from processes.operations import WatchedProcesses
from tests.e2e.conftest import GRID, ServedCity
from tests.e2e.pages.accessible import assert_accessible, assert_fits
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET
from tests.e2e.test_pages_records import signed_in

SCREENSHOTS = Path(__file__).parent / "screenshots"
SIZES = pytest.mark.parametrize(("name", "size"), [("desk", CENTRE), ("tablet", TABLET), ("phone", PHONE)])


@pytest.fixture
def offices(served_city: ServedCity) -> ServedCity:
    """An administrator, somebody on call, accounts of each kind, two dead letters of departments."""
    for account in (
        Account("root-wang", "admin"),
        Account("on-call", "ops"),
        Account("housing-clerk", "department", department="housing"),
        Account("benefits-desk", "command_centre", GRID[:9], domains=("benefits", "care")),
    ):
        create(served_city.database.owner, account, served_city.password)
    with psycopg.connect(served_city.database.sinks) as sinks:
        for number, reason in ((77, "bytes are left over after the record"), (78, "there is no such kind")):
            sinks.execute(
                "INSERT INTO city.put_aside VALUES (%s, 'housing', 'housing.tenancy', NULL, %s, 'dead-letters', now() - interval '2 hours', NULL)",
                (f"housing.tenancy:1:{number}", f"housing.tenancy: {reason}"),
            )
    return served_city


def row(page: Page, name: str) -> str:
    return f"[data-test=account-row][data-name={name}]"


@SIZES
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_administrator_comes_to_accounts_and_not_to_an_empty_map(
    offices: ServedCity, name: str, size: tuple[int, int], language: str
) -> None:
    with signed_in(offices, "root-wang", size=size, language=language) as (_, page):
        page.locator(row(page, "benefits-desk")).wait_for()
        assert page.url.endswith("/admin.html")
        assert page.locator("[data-test=account-row]").count() == 7
        assert_fits(page)
        assert_accessible(page)
        page.screenshot(path=SCREENSHOTS / f"admin-{name}-{language}.png", full_page=True)
        page.locator("[data-test=make]").click()
        page.locator("[data-test=account-name]").wait_for()
        assert_accessible(page)
        page.screenshot(path=SCREENSHOTS / f"admin-make-{name}-{language}.png")


def test_an_account_is_made_signs_in_and_is_locked(offices: ServedCity) -> None:
    with signed_in(offices, "root-wang") as (browser, page):
        page.locator("[data-test=make]").click()
        page.locator("[data-test=account-name]").fill("li-new")
        page.locator("[data-test=account-scope]").fill(GRID)
        page.locator("[data-test=account-send]").click()
        password = page.locator("[data-test=given-password]").inner_text()
        page.screenshot(path=SCREENSHOTS / "admin-password.png")
        page.locator("[data-test=account-close]").click()
        page.locator(row(page, "li-new")).wait_for()

        tablet = browser.of_another_person(TABLET)
        tablet.goto(offices.url)
        tablet.locator("[data-test=name]").fill("li-new")
        tablet.locator("[data-test=password]").fill(password)
        tablet.locator("[data-test=sign-in]").click()
        tablet.locator("[data-test=stop]").first.wait_for()

        page.locator("[data-test=search]").fill("li-new")
        page.locator(row(page, "root-wang")).wait_for(state="detached")
        assert "search=li-new" in page.url, "the address says what the page shows"
        page.locator(f"{row(page, 'li-new')} [data-test=lock]").click()
        page.screenshot(path=SCREENSHOTS / "admin-lock.png")
        page.locator("[data-test=account-send]").click()
        page.locator(f"{row(page, 'li-new')} [data-test=unlock]").wait_for()
        assert tablet.evaluate("fetch('/api/v1/me').then((answer) => answer.status)") == 401
        tablet.close()
        browser.faults[:] = [fault for fault in browser.faults if "401" not in fault]  # what the locked page asked for

        page.locator(f"{row(page, 'li-new')} [data-test=looks]").click()
        page.locator("[data-test=look-row]").first.wait_for()
        assert "li-new" in page.locator("[data-test=look-row]").first.inner_text()
        page.screenshot(path=SCREENSHOTS / "admin-looks.png", full_page=True)
        assert_accessible(page)
        page.locator("[data-test=look-account]").fill("root-wang")
        page.locator("[data-test=look-row]", has_text="锁定").first.wait_for()
        page.locator("[data-test=sign-out]").click()
        page.locator("[data-test=sign-in]").wait_for()


def test_a_refusal_is_said_in_the_dialog(offices: ServedCity) -> None:
    with signed_in(offices, "root-wang") as (browser, page):
        page.locator(f"{row(page, 'root-wang')} [data-test=lock]").click()
        page.locator("[data-test=account-send]").click()
        page.locator("dialog [data-test=refusal]", has_text="另一位管理员").wait_for()
        browser.faults.clear()  # the console names the 422


async def _one_away(_self: object) -> Operation:
    now = datetime.now(UTC)
    names = ("stage-household", "sink-alerts", "sink-tasks", "outbox", "mending", "clock")
    states = ("ready", "waiting", "ready", "ready", "away", "ready")
    return Operation(
        asked_at=now,
        processes=[
            Running(
                name=one, kind=one.split("-")[0], state=state, why="PostgreSQL is away" if state == "waiting" else None
            )
            for one, state in zip(names, states, strict=True)
        ],
        readers=[
            ReaderLag(reader="sink-alerts", records=4711, topic="alerts"),
            ReaderLag(reader="stage-household", records=0, topic=None),
        ],
        readers_at=now,
    )


@SIZES
@pytest.mark.parametrize("language", ["zh", "en"])
def test_operations_see_what_runs_and_have_a_dead_letter_sent_back(
    offices: ServedCity, monkeypatch: pytest.MonkeyPatch, name: str, size: tuple[int, int], language: str
) -> None:
    monkeypatch.setattr(WatchedProcesses, "now", _one_away)
    with signed_in(offices, "on-call", size=size, language=language) as (_, page):
        page.locator("[data-test=process]").nth(5).wait_for()
        assert page.url.endswith("/ops.html")
        assert page.locator("[data-test=process]").first.get_attribute("data-state") == "away", "trouble comes first"
        numbers = {
            key: page.locator(f"[data-test=number-{key}] strong").inner_text()
            for key in ("processes", "lag", "letters", "quiet")
        }
        assert numbers == {"processes": "2", "lag": "4,711", "letters": "2", "quiet": "1"}
        assert_fits(page)
        assert_accessible(page)
        page.screenshot(path=SCREENSHOTS / f"ops-{name}-{language}.png", full_page=True)
        page.locator("[data-test=replay]").first.click()
        page.locator("[data-test=replay-send]").click()
        page.locator("[data-test=letter]", has_text="on-call").wait_for()
        with psycopg.connect(offices.database.sinks) as sinks:
            assert sinks.execute("SELECT asked_name FROM city.replay").fetchall() == [("on-call",)]
            sinks.execute("UPDATE city.replay SET answered_at = now(), answer = 'sent'")
            sinks.execute(
                "UPDATE city.put_aside SET replayed_at = now() WHERE origin IN (SELECT origin FROM city.replay)"
            )
        page.locator("[data-test=letter] .good").wait_for(timeout=20_000)
        assert page.locator("[data-test=number-letters] strong").inner_text() == "1"
        page.locator("[data-test=sign-out]").click()
        page.locator("[data-test=sign-in]").wait_for()


def test_what_could_not_be_asked_is_unknown_and_not_zero(offices: ServedCity) -> None:
    """Nothing runs beside the pages: each process is away, and of readers nothing is known."""
    with signed_in(offices, "on-call") as (_, page):
        page.locator("[data-test=readers-unknown]").wait_for()
        assert page.locator("[data-test=number-lag] strong").inner_text() == "?"
        assert page.locator("[data-test=process][data-name=clock]").get_attribute("data-state") == "away"
        assert page.locator("[data-test=process][data-name=api]").get_attribute("data-state") == "ready"
        page.screenshot(path=SCREENSHOTS / "ops-unknown.png", full_page=True)


@SIZES
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_district_reads_what_the_shift_hands_over_and_takes_the_sheet(
    offices: ServedCity, name: str, size: tuple[int, int], language: str
) -> None:
    with psycopg.connect(offices.database.owner) as owner:
        owner.execute(
            "INSERT INTO city.shift (grid, begins, ends, worker, deputy) SELECT %s, now(), now() + interval '5 hours', w.id, d.id"
            " FROM city.account w, city.account d WHERE w.name = 'worker' AND d.name = 'colleague'",
            (GRID,),
        )
    with signed_in(offices, "district", size=size, language=language) as (_, page):
        page.locator("[data-test=number-workers_on_duty]").wait_for()
        page.goto(f"{offices.url}/handover.html")
        page.locator("[data-test=handed-open]").nth(6).wait_for()
        assert page.locator("[data-test=number-open] strong").inner_text() == "7"
        assert "worker" in page.locator("[data-test=handed-shift]").inner_text()
        assert_fits(page)
        assert_accessible(page)
        page.screenshot(path=SCREENSHOTS / f"handover-{name}-{language}.png", full_page=True)
        with page.expect_download() as started:
            page.locator("[data-test=pdf]").click()
        assert started.value.suggested_filename.endswith(".pdf")
        assert started.value.path().read_bytes().startswith(b"%PDF")
        page.locator("[data-test=sign-out]").click()
        page.locator("[data-test=sign-in]").wait_for()
