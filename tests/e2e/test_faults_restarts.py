"""What stops and comes back, seen through all processes and the pages: PostgreSQL restarted under load, everything lost
and restored from a backup. One city for both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.completing import command_centre
from tests.e2e.mortal_city import ELSEWHERE, GRID, MortalCity, forgive_a_server_away, mortal_city
from tests.e2e.pages.browser import CENTRE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker, Visit
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.running import until
from tests.e2e.whole_city import PASSWORD, screenshots

pytestmark = pytest.mark.timeout(600)
VISITS = "SELECT count(*) FROM city.dwelling WHERE id = ANY(%s) AND jsonb_array_length(row->'visits') = 1"
TWICE = """
SELECT task FROM city.task_event WHERE move IN ('acknowledge', 'complete') GROUP BY task, move HAVING count(*) > 1
"""
WAITING = "SELECT id FROM city.outbox WHERE published_at IS NULL"


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalCity]:
    with mortal_city(tmp_path_factory.mktemp("faults")) as city:
        yield city


def lists_of_the_grid(page: Page, centre: CommandCentre, *findings: str) -> None:
    """Returns once the list of the worker's grid has these and no others."""
    page.evaluate("grid => (location.hash = `#grid=${grid}`)", GRID)
    until(lambda: None if {*centre.findings()} == {*findings} else f"{centre.findings()}, not {findings}", 60)


def visited(visit: Visit, note: str = "") -> None:
    """All is as it should be at the door."""
    for check in visit.checks():
        visit.answer(check, "yes")
    visit.note(note)
    visit.finish()


def test_postgresql_restarted_under_load_loses_and_doubles_nothing(mortal: MortalCity) -> None:
    city, doors = mortal.city, [f"LOAD-{number}" for number in range(150)]
    early, late = doors[:30], doors[30:]
    mortal.register(*doors, grid=ELSEWHERE)
    mortal.register("TABLET")
    mortal.let("TABLET", *early)
    tasks = {door: mortal.task(mortal.finding(door)) for door in early[:12]}
    with (
        browsing(city.url, CENTRE) as browser,
        command_centre(city.settings) as somebody,
        ThreadPoolExecutor(2) as pool,
    ):
        page, tablet = mortal.signed_in(browser, "district", CENTRE), mortal.signed_in(browser, "worker", TABLET)
        centre, worker = CommandCentre(page), GridWorker(tablet)
        centre.wait_until_live()
        stop = worker.wait_for_stop(mortal.finding("TABLET"))
        worker.wait_until_kept()
        stating = threading.Thread(target=mortal.let, args=late, kwargs={"every": 0.1})
        stating.start()
        moved = {door: pool.submit(somebody.complete, task) for door, task in tasks.items()}
        until(lambda: None if any(one.done() for one in moved.values()) else "nobody has completed anything", 60)
        with mortal.postgres_away():
            assert not all(one.done() for one in moved.values()), "all was done before PostgreSQL stopped"
            page.locator("[data-test=stream]:not([data-state=live])").wait_for()
            page.locator("[data-test=numbers-behind]").wait_for()
            page.screenshot(path=screenshots() / "faults-away.png")
            visited(worker.arrive_after_accepting(stop), "服务器重启时上门")
            assert worker.waiting() == 2
        assert somebody.states({*tasks.values()}), "the first requests after it are answered, each of them"
        stating.join()
        completed = [door for door, one in moved.items() if one.result()]
        worker.wait_until_sent(60_000)
        centre.wait_until_live()
        page.locator("[data-test=numbers-behind]").wait_for(state="detached")
        assert completed == list(tasks), "no finding closed before it was visited"
        seen = [*completed, "TABLET"]
        until(lambda: _lacks(city.select(VISITS, seen), len(seen), "visits"), 60)
        every = "SELECT count(*) FROM city.alert WHERE rule = 'newly-let' AND cause = ANY(%s)"
        until(lambda: _lacks(city.select(every, doors), len(doors), "alerts"), 60)
        of_each = "SELECT count(*) FROM city.task JOIN city.alert USING (finding_id) WHERE cause = ANY(%s)"
        assert city.select(of_each, [*doors, "TABLET"]) == [(len(doors) + 1,)]
        assert city.select(TWICE) == []
        noted = "SELECT note FROM city.task JOIN city.alert USING (finding_id) WHERE cause = 'TABLET'"
        assert city.select(noted) == [("服务器重启时上门",)]
        until(lambda: mortal.shows_what_is_open(page), 30)
        forgive_a_server_away(browser)
    assert mortal.died() == []


def test_all_is_lost_and_restored_while_the_outbox_holds_a_visit(mortal: MortalCity, tmp_path: Path) -> None:
    city = mortal.city
    mortal.register("RESTORED", "STAYS", "AFTERWARDS")
    mortal.let("RESTORED", "STAYS")
    finding, stays = mortal.finding("RESTORED"), mortal.finding("STAYS")
    with browsing(city.url, CENTRE) as browser:
        page, tablet = mortal.signed_in(browser, "district", CENTRE), mortal.signed_in(browser, "worker", TABLET)
        centre, worker = CommandCentre(page), GridWorker(tablet)
        centre.wait_until_live()
        stop = worker.wait_for_stop(finding)
        city.ours.freeze("outbox")
        visited(worker.arrive_after_accepting(stop))
        worker.wait_until_sent()
        waiting = [number for (number,) in city.select(WAITING)]
        assert waiting
        until(lambda: mortal.shows_what_is_open(page), 30)
        mortal.back_up(tmp_path / "backup")
        alerts, sessions = mortal.states(), "SELECT 1 FROM city.session"
        lists_of_the_grid(page, centre, finding, stays)

        mortal.lose_everything_and_restore(tmp_path / "backup")

        # nobody is in any more: the page that was left open leads to the door by itself
        page.locator("[data-test=sign-in]").wait_for(timeout=120_000)
        assert city.select(sessions) == []
        SignIn(page, city.url).as_account("district", PASSWORD)
        centre.wait_until_live()
        published = "SELECT count(*) FROM city.outbox WHERE id = ANY(%s) AND published_at IS NOT NULL"
        until(lambda: _lacks(city.select(published, waiting), len(waiting), "statements"), 60)
        mortal.finding("RESTORED", "resolved")
        assert mortal.states() == alerts | {finding: "resolved"}
        until(lambda: mortal.shows_what_is_open(page), 30)
        lists_of_the_grid(page, centre, stays)
        mortal.let("AFTERWARDS")
        centre.wait_for_alert(finding=mortal.finding("AFTERWARDS"))
        page.screenshot(path=screenshots() / "faults-restored.png")
        forgive_a_server_away(browser)
    assert mortal.died() == []


def _lacks(rows: list[tuple[int, ...]], wanted: int, what: str) -> str | None:
    return None if rows == [(wanted,)] else f"{rows} {what} of {wanted}"
