"""A case from report to rating in Chromium: a centre reads, sends back, grants, verifies, rates; its worker sees it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.e2e.conftest import ServedCity
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn

SCREENSHOTS = Path(__file__).parent / "screenshots"


@pytest.mark.parametrize(("size", "language"), [(TABLET, "zh"), (PHONE, "en")])
def test_a_case_is_sent_back_extended_verified_and_rated(
    served_city: ServedCity, size: tuple[int, int], language: str
) -> None:
    finding = str(served_city.here.findings[1])
    with browsing(served_city.url, CENTRE, "en" if language == "en" else "zh") as browser:
        tablet = browser.of_another_person(size)
        SignIn(tablet, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(tablet)
        visit = worker.arrive_after_accepting(worker.wait_for_stop(finding))
        for check in visit.checks():
            visit.answer(check, "yes")
        visit.note("已劝离，楼道已清")
        visit.finish()
        worker.wait_until_sent()

        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        page.locator("[data-test=number-fed_back] b", has_text="3").wait_for()
        centre.follow_number("fed_back")
        case = centre.open_case(centre.wait_for_alert(finding=finding))
        assert "已劝离，楼道已清" in case.locate("report").inner_text()
        page.screenshot(path=SCREENSHOTS / f"case-report-{language}.png")
        case.move("send-back", "缺楼梯照片")
        case.wait_for_task_state("acknowledged")

        stop = worker.wait_for_stop(finding)
        assert "缺楼梯照片" in stop.locator("[data-test=missing]").inner_text()
        worker.ask(stop, "extension", "住户下午回家", 3)
        stop.locator("[data-test=asked]").wait_for()
        worker.wait_until_sent()
        tablet.screenshot(path=SCREENSHOTS / f"worker-sent-back-{size[0]}.png")

        case.locate("asked").wait_for()
        assert "住户下午回家" in case.locate("asked").inner_text()
        page.screenshot(path=SCREENSHOTS / f"case-asked-{language}.png")
        case.move("extend", "同意")
        stop.locator("[data-test=asked]").wait_for(state="detached")

        visit = worker.arrive(stop)
        for check in visit.checks():
            visit.answer(check, "yes")
        visit.note("照片已传")
        visit.finish()
        case.wait_for_task_state("completed")
        case.move("verify")
        case.wait_for_task_state("verified")
        case.move("rate", "照片清楚", rating="good")
        page.screenshot(path=SCREENSHOTS / f"case-rated-{language}.png")
    with psycopg.connect(served_city.database.owner) as owner:
        row = owner.execute("SELECT state, rating, note FROM city.task WHERE finding_id = %s", (finding,)).fetchone()
    assert row == ("verified", "good", "照片已传")
