"""A shift in Chromium: on duty by roster and heartbeat, a claim refused by name, the hand-over with its note."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.e2e.conftest import GRID, ServedCity
from tests.e2e.pages.accessible import assert_accessible
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn

SCREENSHOTS = Path(__file__).parent / "screenshots"


@pytest.mark.parametrize("size", [TABLET, PHONE])
def test_a_shift_is_handed_over_with_a_note(served_city: ServedCity, size: tuple[int, int]) -> None:
    with psycopg.connect(served_city.database.owner) as owner:
        owner.execute(
            "INSERT INTO city.shift (grid, begins, ends, worker, deputy) SELECT %(grid)s, now() - interval '1 hour',"
            " now() + interval '5 hours', w.id, d.id FROM city.account w, city.account d"
            " WHERE w.name = 'worker' AND d.name = 'colleague'",
            {"grid": GRID},
        )
    with browsing(served_city.url) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        page.locator("[data-test=number-workers_on_duty] b", has_text="0").wait_for()
        tablet = browser.of_another_person(size)
        SignIn(tablet, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(tablet)
        tablet.locator("[data-test=shift]").wait_for()
        worker.acknowledge(worker.wait_for_stop())
        worker.wait_until_sent()
        page.reload()
        centre.follow_number("workers_on_duty")
        page.locator("[data-test=roster] [data-test=shift]", has_text="worker 在岗").wait_for()
        page.screenshot(path=SCREENSHOTS / f"roster-{size[0]}.png")

        tablet.locator("[data-test=shift-end]").click()
        tablet.locator("[data-test=shift-note]").fill("3 栋楼道杂物未清")
        tablet.screenshot(path=SCREENSHOTS / f"shift-{size[0]}.png")
        tablet.locator("[data-test=shift-send]").click()
        tablet.locator("[data-test=shift-ended]", has_text="3").wait_for()
        with psycopg.connect(served_city.database.owner) as owner:
            owner.execute(
                "INSERT INTO city.shift (grid, begins, ends, worker) SELECT %s, now(), now() + interval '5 hours', id"
                " FROM city.account WHERE name = 'colleague'",
                (GRID,),
            )
        other = browser.of_another_person(size)
        SignIn(other, served_city.url).as_account("colleague", served_city.password)
        assert "3 栋楼道杂物未清" in other.locator("[data-test=shift-left]").inner_text()
        GridWorker(other).acknowledge(GridWorker(other).wait_for_stop())
        GridWorker(other).wait_until_sent()


@pytest.mark.parametrize("size", [CENTRE, TABLET, PHONE])
def test_a_centre_plans_a_day_on_its_page(served_city: ServedCity, size: tuple[int, int]) -> None:
    with browsing(served_city.url, size) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        CommandCentre(page).follow_number("workers_on_duty")
        form = page.locator("[data-test=roster-form]")
        form.locator("[data-test=roster-grid]").select_option(GRID)
        form.locator("[data-test=shift-worker]").select_option("worker")
        form.locator("[data-test=shift-deputy]").select_option("colleague")
        form.locator("[data-test=shift-add]").click()
        night = form.locator("[data-test=shift-line]").nth(1)
        night.locator("[data-test=shift-begins]").fill("18:00")
        night.locator("[data-test=shift-ends]").fill("02:00")
        night.locator("[data-test=shift-worker]").select_option("colleague")
        form.locator("[data-test=roster-save]").click()
        form.locator("[data-test=roster-saved]", has_text="已保存").wait_for()
        form.scroll_into_view_if_needed()
        page.screenshot(path=SCREENSHOTS / f"roster-plan-{size[0]}.png")
        assert_accessible(page)
        with psycopg.connect(served_city.database.owner) as owner:
            planned = owner.execute(
                "SELECT w.name, ends - begins FROM city.shift s JOIN city.account w ON w.id = s.worker"
            )
            assert sorted((name, span.total_seconds() / 3600) for name, span in planned) == [
                ("colleague", 8),
                ("worker", 10),
            ]

        form.locator("[data-test=roster-grid]").select_option("")
        form.locator("[data-test=roster-grid]").select_option(GRID)
        form.locator("[data-test=shift-line]").nth(1).wait_for()  # what is planned is there to be changed
        form.locator("[data-test=shift-remove]").first.click()
        form.locator("[data-test=roster-save]").click()
        form.locator("[data-test=roster-saved]", has_text="已保存").wait_for()
        with psycopg.connect(served_city.database.owner) as owner:
            assert owner.execute("SELECT count(*) FROM city.shift").fetchone() == (1,)
        browser.check()
