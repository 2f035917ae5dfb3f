"""The page of a grid worker in Chromium: the route, visits without a network, what the server refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from database import patrols
from tests.e2e.conftest import ServedCity
from tests.e2e.pages.browser import PHONE, TABLET, Watched, browsing
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.test_pages_records import signed_in
from tests.integration.api.two_streets import DISTRICT, dispatch, open_alert, place, say

SCREENSHOTS = Path(__file__).parent / "screenshots"


@contextmanager
def at_work(
    city: ServedCity, size: tuple[int, int] = PHONE, language: str = "zh"
) -> Iterator[tuple[Watched, GridWorker]]:
    """A browser session of the worker's own, signed in and on the route."""
    with signed_in(city, "worker", size, language) as (browser, page):
        yield browser, GridWorker(page)


def test_without_a_network_nothing_typed_is_lost(served_city: ServedCity) -> None:
    with at_work(served_city) as (browser, worker):
        page = worker.page
        worker.wait_for_stop()
        worker.wait_until_kept()

        browser.context.set_offline(True)
        page.reload()
        stop = worker.wait_for_stop()
        worker.acknowledge(stop)
        visit = worker.arrive(stop)
        assert len(visit.checks()) == 4, "what three findings ask alike is asked once"
        for check in visit.checks():
            visit.answer(check, "yes")
        visit.note("车停在楼下，户主称借用")
        page.reload()
        page.locator("[data-test=visit]").wait_for()
        assert visit.noted() == "车停在楼下，户主称借用"
        visit.finish()
        assert worker.waiting() == 6, "each of the three findings was accepted and answered"
        page.reload()
        page.locator("main", has_text="今天没有待办任务").wait_for()
        assert worker.waiting() == 6

        browser.context.set_offline(False)
        worker.wait_until_sent()
    with psycopg.connect(served_city.database.owner) as owner:
        rows = owner.execute("SELECT state, note FROM city.task WHERE dwelling = %s", (served_city.here.dwelling,))
        assert rows.fetchall() == [("completed", "车停在楼下，户主称借用")] * 3


def test_a_move_that_the_server_refuses_stays_with_its_words(served_city: ServedCity) -> None:
    """A colleague was faster: the worker is told, and what was typed is still there to copy."""
    finding, task = served_city.here.findings[1], served_city.here.tasks[1]
    with at_work(served_city) as (browser, worker):
        page = worker.page
        stop = worker.wait_for_stop(str(finding))
        worker.wait_until_kept()
        browser.context.set_offline(True)
        worker.acknowledge(stop)
        with psycopg.connect(served_city.database.owner) as owner:
            owner.execute(
                "UPDATE city.task SET state = 'acknowledged', acknowledged_at = now(), "
                "claimed_by = (SELECT id FROM city.account WHERE name = 'colleague') WHERE id = %s",
                (task,),
            )
        browser.context.set_offline(False)
        page.locator("[data-test=refused]").wait_for()
        browser.faults.clear()  # Chromium reports the 409 itself


def test_what_was_seen_while_a_colleague_took_over_is_kept_and_the_worker_is_told(served_city: ServedCity) -> None:
    finding, task = served_city.here.findings[1], served_city.here.tasks[1]
    with at_work(served_city) as (browser, worker):
        page = worker.page
        stop = worker.wait_for_stop(str(finding))
        worker.wait_until_kept()
        worker.acknowledge(stop)
        worker.wait_until_sent()
        browser.context.set_offline(True)
        visit = worker.arrive(stop)
        visit.note("户主称车已借出")
        visit.finish("nobody_home")
        with psycopg.connect(served_city.database.owner) as owner:
            owner.execute(
                "UPDATE city.task SET claimed_by = (SELECT id FROM city.account WHERE name = 'colleague') "
                "WHERE id = %s",
                (task,),
            )
        browser.context.set_offline(False)
        page.locator("[data-test=visit-kept]", has_text="同事").wait_for()
        worker.wait_until_sent()
    with psycopg.connect(served_city.database.owner) as owner:
        kept = owner.execute("SELECT because, note FROM city.observation WHERE task = %s", (task,)).fetchall()
    assert kept == [("taken_over", "户主称车已借出")]  # the other two findings of the door were completed


def test_signing_out_without_a_network_signs_out_and_what_is_unsent_is_sent_later(served_city: ServedCity) -> None:
    finding = served_city.here.findings[1]
    sessions = "SELECT count(*) FROM city.session s JOIN city.account a ON a.id = s.account WHERE a.name = 'worker'"
    with at_work(served_city) as (browser, worker):
        page = worker.page
        stop = worker.wait_for_stop(str(finding))
        worker.wait_until_kept()
        worker.acknowledge(stop)
        worker.wait_until_sent()
        browser.context.set_offline(True)
        visit = worker.arrive(stop)
        visit.note("门口停着一辆车")
        visit.finish("nobody_home")
        page.locator("[data-test=sign-out]").click()
        page.locator("[data-test=sign-in]").wait_for()
        page.goto(f"{served_city.url}/worker.html")
        page.locator("[data-test=sign-in]").wait_for()
        browser.context.set_offline(False)
        page.reload()
        page.locator("[data-test=sign-in]").wait_for()
        page.wait_for_function("() => !localStorage.getItem('citygrid.signed-out')")
        with psycopg.connect(served_city.database.owner) as owner:
            assert owner.execute(sessions).fetchone() == (0,)
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker.wait_for_stop()
        worker.wait_until_sent()
    with psycopg.connect(served_city.database.owner) as owner:
        noted = owner.execute("SELECT note FROM city.task WHERE finding_id = %s AND note IS NOT NULL", (finding,))
        assert noted.fetchall() == [("门口停着一辆车",)]


def test_where_nobody_was_home_the_stop_comes_back_and_says_so(served_city: ServedCity) -> None:
    with at_work(served_city) as (_, worker):
        page = worker.page
        stop = worker.wait_for_stop()
        finding, first = stop.get_attribute("data-finding"), stop.get_attribute("data-task")
        worker.acknowledge(stop)
        worker.arrive(stop).finish("nobody_home")
        again = page.locator(f'[data-test=stop][data-finding="{finding}"]:not([data-task="{first}"])')
        again.locator("[data-test=before]", has_text="上次：无人在家").first.wait_for()
        assert again.get_attribute("data-state") == "dispatched"
        worker.wait_until_sent()
        page.screenshot(path=SCREENSHOTS / "worker-nobody-home.png")


def doors_around(city: ServedCity) -> dict[str, str]:
    """Three more doors to the east of the first with a task each, and a manhole of the patrol plan: door → finding."""
    with psycopg.connect(city.database.sinks) as sinks:
        found = {}
        for number, metres in enumerate((900, 300, 600)):
            door = f"D-{number}"
            place(sinks, door, city.here.grid)
            sinks.execute(
                "UPDATE city.placement SET lon = lon + %s, address = %s WHERE dwelling = %s",
                (metres / 102_500, f"001街 {metres} 号", door),
            )
            finding = open_alert(sinks, city.here, 0)
            task = dispatch(sinks, city.here, finding, 0)
            sinks.execute("UPDATE city.task SET dwelling = %s WHERE id = %s", (door, task))
            found[door] = str(finding)
    plan = f"kind,grid,spot,address,lon,lat\nmanhole,{city.here.grid},A-0173,001街 1 号旁,113.361,22.9401\n"
    patrols.load(city.database.owner, plan.encode())
    return found


@pytest.mark.parametrize("size", [TABLET, PHONE])
def test_the_route_is_the_servers_plan_and_is_there_without_a_network(
    served_city: ServedCity, size: tuple[int, int]
) -> None:
    doors = doors_around(served_city)
    with browsing(served_city.url, size) as browser:
        browser.context.grant_permissions(["geolocation"])
        browser.context.set_geolocation({"longitude": 113.3595, "latitude": 22.94})
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
        worker.wait_until_planned()
        planned = page.locator("[data-test=stop]")
        order = [stop.get_attribute("data-key") for stop in planned.all()]
        assert [key for key in order if key in {served_city.here.dwelling, *doors}] == [
            served_city.here.dwelling,
            *("D-1", "D-2", "D-0"),
        ]
        assert planned.first.locator("[data-test=reasons]", has_text="紧急").count() == 1
        assert "m" in planned.first.locator("[data-test=distance]").inner_text()
        manhole = planned.filter(has=page.locator("[data-test=patrol]", has_text="A-0173"))
        assert manhole.count() == 1
        if size == PHONE:  # where the map is not shown at once
            page.locator(".route-map > button").click()
        page.locator("path.way").wait_for(state="attached")  # the line of the route
        page.locator("path.me").wait_for(state="attached")  # where one is
        target = planned.first.locator("[data-test=navigate]").get_attribute("href") or ""
        assert target.startswith("geo:22.9"), "and shifted to GCJ-02, so not the place itself"
        assert "22.940000" not in target
        page.screenshot(path=SCREENSHOTS / f"route-{size[0]}.png", full_page=True)
        worker.wait_until_kept()

        browser.context.set_offline(True)
        page.reload()
        worker.wait_until_planned()
        assert [stop.get_attribute("data-key") for stop in planned.all()] == order
        worker.arrive(manhole).finish()
        assert manhole.count() == 0
        browser.context.set_offline(False)
        worker.wait_until_sent()
        visit = worker.arrive_after_accepting(planned.first)
        page.screenshot(path=SCREENSHOTS / f"visit-{size[0]}.png", full_page=True)
        assert len(visit.matters()) == 3
    with psycopg.connect(served_city.database.admin) as admin:
        assert admin.execute("SELECT outcome FROM city.patrol_visit").fetchall() == [("done",)]


def test_an_urgent_stop_that_comes_in_does_not_shuffle_the_list(served_city: ServedCity) -> None:
    doors_around(served_city)
    with at_work(served_city, TABLET) as (_, worker):
        page = worker.page
        worker.wait_until_planned()
        stops = page.locator("[data-test=stop]")
        morning = [stop.get_attribute("data-key") for stop in stops.all()]
        with psycopg.connect(served_city.database.sinks) as sinks:
            place(sinks, "D-fire", served_city.here.grid)
            finding = open_alert(sinks, served_city.here, 1, feed=True)
            task = dispatch(sinks, served_city.here, finding, 1)
            sinks.execute("UPDATE city.task SET dwelling = 'D-fire' WHERE id = %s", (task,))
            say(sinks, "task", str(task), served_city.here.grid)
        page.locator('[data-test=stop][data-key="D-fire"] [data-test=reasons]').wait_for()
        order = [stop.get_attribute("data-key") for stop in stops.all()]
        assert [key for key in order if key != "D-fire"] == morning


def test_a_typed_door_plate_opens_its_stop(served_city: ServedCity) -> None:
    with at_work(served_city) as (_, worker):
        page = worker.page
        stop = worker.wait_for_stop()
        worker.scan(stop, "D-999999")
        page.locator("[data-test=scan-dialog] [role=alert]", has_text="没有这个门牌").wait_for()
        page.locator("[data-test=scan-code]").fill(served_city.here.dwelling.lower())
        page.locator("[data-test=scan-go]").click()
        page.locator("[data-test=visit]").wait_for()
        worker.wait_until_sent()  # to arrive is to have accepted it
    with psycopg.connect(served_city.database.owner) as owner:
        row = owner.execute("SELECT count(*) FROM city.task WHERE state = 'acknowledged'").fetchone()
    assert row == (3,)


def test_a_stop_is_handed_to_the_district_with_a_reason(served_city: ServedCity) -> None:
    with at_work(served_city, language="en") as (_, worker):
        stop = worker.wait_for_stop()
        finding = stop.get_attribute("data-finding")
        worker.hand_over(stop, DISTRICT, "不属于本网格")
        worker.wait_until_sent()
        assert worker.stops() == []
    with psycopg.connect(served_city.database.owner) as owner:
        rows = owner.execute(
            "SELECT e.reason FROM city.task_event e JOIN city.task t ON t.id = e.task "
            "WHERE t.finding_id = %s AND e.move = 'hand_over'",
            (finding,),
        ).fetchall()
    assert rows == [("不属于本网格",)]
