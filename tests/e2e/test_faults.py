"""What goes wrong around the product, seen through all processes and the pages: a clock that jumps, a transaction that
somebody forgot. One city for both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page

from local.stack.postgres import SUPERUSER
from tests.e2e.mortal_city import MortalCity, mortal_city
from tests.e2e.pages.browser import CENTRE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker, Visit
from tests.e2e.running import until
from tests.e2e.whole_city import screenshots
from tests.integration.test_clock import machine, newest_is, ticks

pytestmark = pytest.mark.timeout(600)
MONTH_S = 30 * 86_400
MONTH_US = MONTH_S * 1_000_000
JUMP = "citygrid_clock_jump_seconds"
WAITING = "SELECT id FROM city.outbox WHERE published_at IS NULL"


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalCity]:
    with mortal_city(tmp_path_factory.mktemp("faults")) as city:
        yield city


def alert(page: Page, finding: str) -> str:
    return f'[data-test=alert][data-finding="{finding}"]'


def visited(visit: Visit, note: str = "") -> None:
    """All is as it should be at the door."""
    for check in visit.checks():
        visit.answer(check, "yes")
    visit.note(note)
    visit.finish()


def the_clock_is(page: Page, state: str, why: str) -> None:
    """Returns once the page of operations says so of the clock's process."""
    line = page.locator(f"[data-test=process][data-name=clock][data-state={state}]", has_text=why)
    line.wait_for(timeout=40_000)


def test_a_clock_that_jumps_a_month_changes_nothing_and_a_mistaken_month_is_taken_back(
    mortal: MortalCity, tmp_path: Path
) -> None:
    """One lease ends within the month, another begins: by that month's time one alert would close, another open."""
    city, ahead = mortal.city, tmp_path / "ahead"
    ahead.write_text("0")
    mortal.register("CLOCK-ENDS", "CLOCK-BEGINS", "CLOCK-NOW")
    mortal.let("CLOCK-ENDS", ends=10)
    mortal.let("CLOCK-BEGINS", starts=10)
    ending = mortal.finding("CLOCK-ENDS")
    with browsing(city.url, CENTRE) as browser:
        page, operations = (mortal.signed_in(browser, name, CENTRE) for name in ("district", "ops"))
        centre = CommandCentre(page)
        centre.wait_until_live()
        centre.wait_for_alert(finding=ending)
        mortal.clock_with(ahead)
        until(newest_is(city.settings, machine), 60)
        before = mortal.states()

        ahead.write_text(str(MONTH_S))
        until(lambda: None if city.query(JUMP) > MONTH_S / 2 else "no metric tells of the jump", 60)
        the_clock_is(operations, "waiting", "ahead of the last tick and the broker")
        operations.screenshot(path=screenshots() / "faults-clock.png")
        assert '"clock_jumped"' in mortal.log("clock")
        stood = len(ticks(city.settings))
        until(lambda: None if len(ticks(city.settings)) > stood + 5 else "the last tick is not said again", 30)
        assert max(ticks(city.settings)) < machine() + MONTH_US // 2
        mortal.let("CLOCK-NOW")  # what is stated meanwhile is judged by the last right time
        centre.wait_for_alert(finding=mortal.finding("CLOCK-NOW"))
        assert before.items() <= mortal.states().items(), "the jump opened or closed an alert"
        assert city.select("SELECT 1 FROM city.alert WHERE cause = 'CLOCK-BEGINS'") == []

        ahead.write_text("0")
        until(lambda: None if city.query(JUMP) == 0 else "it is not believed again", 60)
        the_clock_is(operations, "ready", "")

        ahead.write_text(str(MONTH_S))
        mortal.clock_with(ahead, clock_jump_seconds=str(2 * MONTH_S))  # somebody allowed it
        page.locator(alert(page, ending)).wait_for(state="detached", timeout=60_000)
        beginning = mortal.finding("CLOCK-BEGINS")
        centre.wait_for_alert(finding=beginning)
        ahead.write_text("0")
        mortal.clock_with(ahead)
        until(lambda: None if city.query(JUMP) < 0 else "no metric tells of the mistaken time", 60)
        the_clock_is(operations, "waiting", "behind the last tick")
        taken = city.citygrid("clock", "take-back", "--yes")
        assert taken.returncode == 0, taken.stdout + taken.stderr
        page.locator(alert(page, beginning)).wait_for(state="detached", timeout=60_000)
        centre.wait_for_alert(finding=ending, timeout_ms=60_000)
        until(newest_is(city.settings, machine), 60)
        until(lambda: None if city.query(JUMP) == 0 else "it is not believed again", 60)
        the_clock_is(operations, "ready", "")
    assert mortal.died() == []


def test_a_transaction_that_somebody_forgot_stops_no_stream_and_no_outbox_and_is_told(mortal: MortalCity) -> None:
    """In another database of the server, and in the city's own, where it leaves holes in feed and outbox."""
    city = mortal.city
    mortal.register("FORGOTTEN")
    elsewhere = psycopg.connect(mortal.stack.dsn(SUPERUSER, "postgres"))
    here = psycopg.connect(city.settings.dsn("admin"))
    with browsing(city.url, CENTRE) as browser, elsewhere, here:
        elsewhere.execute("SELECT pg_current_xact_id()")
        here.execute("INSERT INTO city.feed (kind, key, place, domain) VALUES ('alert', 'x', '440113', 'housing')")
        here.execute("INSERT INTO city.outbox (topic, statement) VALUES ('grid.observation', '{}')")
        page, tablet = mortal.signed_in(browser, "district", CENTRE), mortal.signed_in(browser, "worker", TABLET)
        centre, worker = CommandCentre(page), GridWorker(tablet)
        centre.wait_until_live()
        mortal.let("FORGOTTEN")
        finding = mortal.finding("FORGOTTEN", seconds=20)
        centre.wait_for_alert(finding=finding, timeout_ms=5_000)
        stop = worker.wait_for_stop(finding)
        visited(worker.arrive_after_accepting(stop))
        worker.wait_until_sent()
        page.locator(alert(page, finding)).wait_for(state="detached", timeout=20_000)  # by what the outbox published
        city.wait_until_gone("statement", WAITING)
        for database in ("city", "other"):
            oldest = f'citygrid_oldest_transaction_seconds{{database="{database}"}}'
            until(lambda oldest=oldest: None if city.query(oldest) > 3 else f"{oldest} tells nothing", 30)  # type: ignore[misc]
        elsewhere.rollback()
        here.rollback()
        until(lambda: None if city.query("max(citygrid_oldest_transaction_seconds)") < 3 else "still told", 30)
    assert mortal.died() == []
