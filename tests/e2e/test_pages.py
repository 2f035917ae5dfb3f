"""The pages in Chromium over the real API and database: what a centre and a grid worker see and do."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.e2e.conftest import ServedCity
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.integration.api.two_streets import HERE, dispatch, open_alert
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
