"""What the centre shows is what the server sorted, filtered and counted; its address says what it shows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.e2e.conftest import ServedCity
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.integration.api.two_streets import HERE, NOW

SCREENSHOTS = Path(__file__).parent / "screenshots"


@pytest.fixture
def busy(served_city: ServedCity) -> ServedCity:
    """Two are late; one of them stands still."""
    with psycopg.connect(served_city.database.sinks) as sinks:
        for finding in served_city.here.findings[:2]:
            sinks.execute("UPDATE city.alert SET due = %s WHERE finding_id = %s", (NOW - timedelta(hours=1), finding))
        sinks.execute(
            "UPDATE city.task SET state = 'suspended', suspended_from = 'dispatched', suspended_at = now() "
            "WHERE finding_id = %s",
            (served_city.here.findings[1],),
        )
    return served_city


@pytest.mark.parametrize("size", [CENTRE, TABLET, PHONE])
def test_a_number_a_filter_and_an_address_show_the_same_list(busy: ServedCity, size: tuple[int, int]) -> None:
    late = [str(busy.here.findings[0])]
    with browsing(busy.url, size) as browser:
        page = browser.page()
        SignIn(page, busy.url).as_account("district", busy.password)
        centre = CommandCentre(page)
        centre.wait_until_live()
        page.locator("[data-test=list-count]", has_text="7 条").wait_for()
        page.locator("[data-test=filter-severity]").select_option("planned")
        page.locator("[data-test=list-count]", has_text="3 条").wait_for()
        assert "severity=planned" in page.url
        centre.follow_number("overdue")  # leaves no other filter on
        page.locator("[data-test=list-count]", has_text="1 条").wait_for()
        assert (centre.number("overdue"), centre.findings()) == ("1", late)
        assert "severity" not in page.url
        other = browser.page()
        other.goto(page.url)  # sent to a colleague
        other.locator("[data-test=list-count]", has_text="1 条").wait_for()
        assert CommandCentre(other).findings() == late
        page.locator("[data-test=filter-none]").click()
        page.locator("[data-test=list-count]", has_text="7 条").wait_for()
        assert page.locator("[data-test=filter-list] option:checked").inner_text() == "未结预警"
        page.screenshot(path=SCREENSHOTS / f"centre-lists-{size[0]}.png")


def test_who_is_on_duty_and_what_one_has_in_hand(busy: ServedCity) -> None:
    with browsing(busy.url) as browser:
        tablet = browser.of_another_person(TABLET)
        SignIn(tablet, busy.url).as_account("worker", busy.password)
        worker = GridWorker(tablet)
        stop = worker.wait_for_stop(str(busy.here.findings[2]))
        (in_hand,) = [found for found in worker.stops() if str(busy.here.findings[2]) in found]
        count = f"{len(in_hand)} 条"  # all that is to be done at one door is accepted together
        worker.acknowledge(stop)
        worker.wait_until_sent()
        page = browser.page()
        SignIn(page, busy.url).as_account("district", busy.password)
        centre = CommandCentre(page)
        centre.wait_until_live()
        page.locator("[data-test=number-workers_on_duty] b", has_text="1").wait_for()
        centre.follow_number("workers_on_duty")
        on_duty = page.locator("[data-test=worker-on-duty]")
        on_duty.first.wait_for()
        page.screenshot(path=SCREENSHOTS / "centre-workers.png")
        assert on_duty.count() == 1
        assert "worker" in on_duty.inner_text()
        on_duty.locator("button").click()
        page.locator("[data-test=list-count]", has_text=count).wait_for()
        assert sorted(centre.findings()) == sorted(in_hand)
        centre.drill_to(HERE)
        page.locator("[data-test=list-count]", has_text=count).wait_for()
