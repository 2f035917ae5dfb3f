"""The pages in Chromium over the real API and database: what a centre and a grid worker see and do."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from database import patrols
from tests.e2e.conftest import ServedCity
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.integration.api.two_streets import DISTRICT, HERE, dispatch, open_alert, place, say
from wire.pseudonym import Pseudonyms, read_keys

SCREENSHOTS = Path(__file__).parent / "screenshots"


def test_a_wrong_password_is_refused_in_the_readers_language(served_city: ServedCity) -> None:
    with browsing(served_city.url, language="en") as browser:
        door = SignIn(browser.page(), served_city.url)
        door.try_as("district", "not the password")
        assert door.refusal() == "The account or the password is not right."
        browser.faults.clear()  # Chromium reports the 401 itself


def test_a_new_alert_comes_by_the_stream_and_its_case_opens_beside_the_list(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_until_live()
        assert len(centre.findings()) == 7
        assert centre.number("open") == "7"

        with psycopg.connect(served_city.database.sinks) as sinks:
            finding = open_alert(sinks, served_city.here, 1, feed=True)
            dispatch(sinks, served_city.here, finding, 1)
        row = centre.wait_for_alert(finding=str(finding))
        assert "市桥街道 先锋社区 01网格 · 001街 1 号" in row.inner_text()  # each name once, no code
        case = centre.open_case(row)

        assert case.why() == "有车"
        assert "车管" in case.facts()[0]
        assert "数据中断" in case.facts()[0]  # the vehicle office has said nothing for three days
        assert case.people() == ["周*"]
        assert case.unmask() == ["周001伟"]
        case.instruct("请先查看后楼梯")
        assert len(centre.findings()) == 8
        page.screenshot(path=SCREENSHOTS / "centre.png")


def test_a_new_alert_does_not_move_what_one_reads(served_city: ServedCity) -> None:
    with browsing(served_city.url, (1440, 740)) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_until_live()
        last = page.locator("[data-test=alert]").last
        last.scroll_into_view_if_needed()
        before = last.bounding_box()
        with psycopg.connect(served_city.database.sinks) as sinks:
            open_alert(sinks, served_city.here, 6, feed=True)  # due before all others
        page.locator("[data-test=new-pill]").wait_for()
        after = last.bounding_box()
        assert before is not None
        assert after is not None
        assert abs(before["y"] - after["y"]) < 2  # CSS pixels
        page.locator("[data-test=new-pill]").click()
        page.locator("[data-test=new-pill]").wait_for(state="detached")


def test_the_map_leads_down_to_a_grid_and_back(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_for_alert()
        centre.drill_to(HERE)
        page.locator("[data-test=list-count]", has_text="3").wait_for()
        page.locator("[data-test=breadcrumb]", has_text="市桥街道").wait_for()
        centre.up()
        page.locator("[data-test=list-count]", has_text="7").wait_for()


def test_a_number_leads_to_what_it_counts(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_for_alert()
        centre.follow_number("due_today")
        page.locator("h2", has_text="今日到期").first.wait_for()
        page.locator("[data-test=list-count]", has_text=f"{centre.number('due_today')} 条").wait_for()


@pytest.mark.parametrize(("size", "language"), [(TABLET, "zh"), (PHONE, "en")])
def test_what_a_worker_acknowledges_the_centre_sees(
    served_city: ServedCity, size: tuple[int, int], language: str
) -> None:
    wanted = str(served_city.here.findings[1])  # the urgent one
    with browsing(served_city.url, size, "en" if language == "en" else "zh") as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
        stop = worker.wait_for_stop()
        (door,) = worker.stops()  # one door, one stop
        assert door[0] == wanted
        assert len(door) == 3
        worker.acknowledge(stop)
        worker.wait_until_sent()
        page.screenshot(path=SCREENSHOTS / f"worker-{size[0]}-{language}.png")
    with psycopg.connect(served_city.database.owner) as owner:
        row = owner.execute("SELECT state FROM city.task WHERE finding_id = %s", (wanted,)).fetchone()
    assert row == ("acknowledged",)


def test_without_a_network_nothing_typed_is_lost(served_city: ServedCity) -> None:
    with browsing(served_city.url, PHONE) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
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
    with browsing(served_city.url, PHONE) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
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
    with browsing(served_city.url, PHONE) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
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
    with browsing(served_city.url, PHONE) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
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
    with browsing(served_city.url, PHONE) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
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
    with browsing(served_city.url, TABLET) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
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


def test_a_search_finds_by_address_and_by_reason(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_for_alert()
        centre.search("002街")
        assert centre.hits().count() == 4
        centre.search("先锋社区")
        assert centre.hits().count() == 3
        centre.search("没有这条街")
        assert centre.hits().all_inner_texts() == ["本列表中没有符合条件的预警"]
        centre.search("有车")
        centre.hits().first.locator("button").click()
        page.locator("[data-test=case] [data-test=why]", has_text="有车").wait_for()


def test_a_persons_number_never_stands_in_an_address(served_city: ServedCity, pseudonym_key_file: Path) -> None:
    number = "440106196204030010"  # nobody's: made up, with the right check character
    key_id, key = read_keys(pseudonym_key_file)[-1]
    pseudonym = Pseudonyms(key, key_id).of_number(number)
    with psycopg.connect(served_city.database.sinks) as sinks:
        sinks.execute("UPDATE city.resident_g1 SET id = %s WHERE id = %s", (pseudonym, served_city.here.resident))
    with browsing(served_city.url) as browser:
        page = browser.page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_for_alert()
        centre.look_up(number)
        assert pseudonym in page.url
        assert any(url.endswith("/rows/resident/lookup") for url in asked)
        assert [url for url in [*asked, page.url] if number in url] == []


def test_a_typed_door_plate_opens_its_stop(served_city: ServedCity) -> None:
    with browsing(served_city.url, PHONE) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
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
    with browsing(served_city.url, PHONE, "en") as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        worker = GridWorker(page)
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


def test_an_instruction_of_the_centre_reaches_the_worker(served_city: ServedCity) -> None:
    finding = str(served_city.here.findings[1])
    with browsing(served_city.url) as browser:
        tablet = browser.of_another_person(TABLET)
        SignIn(tablet, served_city.url).as_account("worker", served_city.password)
        stop = GridWorker(tablet).wait_for_stop(finding)
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.open_case(centre.wait_for_alert(finding=finding)).instruct("请先查看后楼梯")
        stop.locator("[data-test=instruction]", has_text="请先查看后楼梯").wait_for()


def test_with_nothing_to_do_and_with_the_server_away_the_pages_say_so(served_city: ServedCity) -> None:
    with psycopg.connect(served_city.database.owner) as owner:
        owner.execute("DELETE FROM city.task")
    with psycopg.connect(served_city.database.sinks) as sinks:
        sinks.execute("UPDATE city.alert SET state = 'resolved'")
    with browsing(served_city.url) as browser:
        tablet = browser.of_another_person(TABLET)
        SignIn(tablet, served_city.url).as_account("worker", served_city.password)
        tablet.locator("main", has_text="今天没有待办任务").wait_for()
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        CommandCentre(page).wait_until_live()
        page.locator("[data-test=alerts]", has_text="这里没有预警").wait_for()
        browser.context.set_offline(True)
        page.locator("[data-test=map-choose]").select_option(HERE)
        page.locator("[role=alert]", has_text="连不上服务器").wait_for()


def test_a_household_shows_its_members_and_who_looked(served_city: ServedCity) -> None:
    with browsing(served_city.url, CENTRE) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        page.goto(f"{served_city.url}/record.html#household/{served_city.here.household}")
        page.locator("[data-test=row]").wait_for()
        assert "周*" in (page.locator("[data-test=family]").text_content() or "")
        page.locator("[data-test=purpose]").select_option("verify_fact")
        page.locator("[data-test=family]", has_text="周001伟").wait_for()
        page.locator("[data-test=looks]", has_text="district").wait_for()
        page.screenshot(path=SCREENSHOTS / "household.png")


def test_everything_can_be_read_in_english_and_stays_so(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_for_alert()
        centre.switch_language()
        page.reload()
        centre.wait_for_alert()
        assert page.locator("html").get_attribute("lang") == "en"
        page.locator("h2", has_text="Open alerts").wait_for()


def test_the_pages_policy_is_self_only(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        answer = browser.page().goto(served_city.url + "/centre.html")
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_people_change_their_own_password(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        CommandCentre(page).wait_until_live()
        page.locator("[data-test=account]").click()
        page.locator("[data-test=password-old]").fill(served_city.password)
        page.locator("[data-test=password-new]").fill("ein anderes langes Wort")
        page.locator("[data-test=password-send]").click()
        page.locator("[data-test=password-changed]").wait_for()
        other = browser.of_another_person(CENTRE)
        SignIn(other, served_city.url).as_account("district", "ein anderes langes Wort")
        CommandCentre(other).wait_until_live()
