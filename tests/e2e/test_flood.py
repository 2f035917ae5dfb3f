"""The centre under a flood: a thousand events in a second, in Chromium over the real API and database."""

from __future__ import annotations

from pathlib import Path

import psycopg

from tests.e2e.conftest import ServedCity
from tests.e2e.pages.browser import browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.sign_in import SignIn
from tests.integration.api.two_streets import dispatch, open_alert

SCREENSHOTS = Path(__file__).parent / "screenshots"
EVENTS = 1_000
LONGEST_MS = 1_000.0
"""Between two frames, at most; it was 56 s."""
WATCH_FRAMES = """() => {
    window.longest = 0;
    let before = performance.now();
    const frame = () => {
        const now = performance.now();
        window.longest = Math.max(window.longest, now - before);
        before = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


def test_a_thousand_events_do_not_freeze_the_centre(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_until_live()
        page.evaluate(WATCH_FRAMES)
        with psycopg.connect(served_city.database.sinks) as sinks:
            for number in range(EVENTS):
                finding = open_alert(sinks, served_city.here, number % 6, feed=True)
                dispatch(sinks, served_city.here, finding, number % 6)
        page.locator("[data-test=list-count]", has_text=f"{EVENTS + 7} 条").wait_for()
        page.locator("[data-test=number-open] b", has_text=str(EVENTS + 7)).wait_for()
        longest = page.evaluate("() => window.longest")
        page.screenshot(path=SCREENSHOTS / "centre-flood.png")
        assert longest < LONGEST_MS, f"{longest:.0f} ms between two frames"
        with psycopg.connect(served_city.database.sinks) as sinks:
            last = open_alert(sinks, served_city.here, 6, feed=True)  # due before all others
        row = centre.wait_for_alert(finding=str(last))
        assert row.is_visible()


def test_a_page_that_is_behind_says_so_where_the_numbers_stand(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        CommandCentre(page).wait_until_live()
        with psycopg.connect(served_city.database.sinks) as sinks:
            finding = open_alert(sinks, served_city.here, 1)
            sinks.execute(
                "INSERT INTO city.feed (kind, key, place, domain, at) "
                "VALUES ('alert', %s, %s, 'benefits', now() - interval '40 seconds')",
                (str(finding), served_city.here.grid),
            )
            sinks.execute("NOTIFY city_feed")
        page.locator("[data-test=stream][data-state=behind]", has_text="落后 40 秒").wait_for()
        page.locator("[data-test=numbers-behind]").wait_for()
        page.screenshot(path=SCREENSHOTS / "centre-behind.png")
        with psycopg.connect(served_city.database.sinks) as sinks:
            open_alert(sinks, served_city.here, 1, feed=True)
        CommandCentre(page).wait_until_live()
        page.locator("[data-test=numbers-behind]").wait_for(state="detached")
