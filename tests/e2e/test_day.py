"""A city's day, told once through everything: rain at night, the morning's route, a door that is found by its plate,
an observation with a photo without a network, the centre's answer, a call for help, a resident's report, and what the
department hears of it. All processes run, the exports are as the offices write them, and each person has a page of the
own device. `make e2e-day` runs it; the pictures are in build/screens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from database import communities, plates
from database.accounts import Account, create, set_shown_as
from runtime.settings import CHECKOUT, Settings
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, Watched, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker, Visit
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.running import until
from tests.e2e.test_kinds_of_users import moved_in, person, stamp
from tests.e2e.test_pages_plates import PHOTOS_SHOWN, PLATES_KEPT, SERVICES, photo, report
from tests.e2e.whole_city import PASSWORD, City, whole_city

GRID = "440113001001001"
SCREENS = CHECKOUT / "build" / "screens"
DOORS = {f"DAY-{number}": (113.361 + number % 3 * 0.0027, 22.942 + number // 3 * 0.0031) for number in range(1, 6)}
"""Longitude and latitude of each, degrees WGS 84."""
AT_RISK = "SELECT 1 FROM city.grid WHERE id = %s AND jsonb_array_length(row->'doors') = 4"
TASK = "SELECT finding_id::text FROM city.task WHERE rule = 'warned-door' AND dwelling = %s"
WARNING = {"预警编号": "YJ-DAY", "行政区": "440113", "灾种": "暴雨", "预警级别": "橙色", "雨量": "63"}


class Pictures:
    """What each person saw, in the order of the day; and how long what one did took to the other's page."""

    def __init__(self) -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        for old in SCREENS.glob("*"):
            old.unlink()
        self._count = 0
        self.took: dict[str, float] = {}

    def take(self, page: Page, what: str) -> None:
        self._count += 1
        page.screenshot(path=SCREENS / f"{self._count:02d}-{what}.png")

    def time(self, what: str, do: Callable[[], None], seen: Callable[[], None]) -> None:
        """From the press to the other's page, seconds; kept beside the pictures, judged by `make bench`."""
        do()
        began = time.monotonic()
        seen()
        self.took[what] = round(time.monotonic() - began, 2)
        (SCREENS / "seconds.json").write_text(json.dumps(self.took, indent=1) + "\n")


@pytest.fixture
def city(settings: Settings, tmp_path: Path) -> Iterator[City]:
    owner = settings.dsn("owner")
    for account in (
        Account("worker", "grid_worker", GRID),
        Account("district", "command_centre", "440113"),
        Account("sos-desk", "command_centre", "440113", domains=("sos",)),
        Account("housing-office", "department", department="housing"),
    ):
        create(owner, account, PASSWORD)
    set_shown_as(owner, "worker", "小王")
    communities.load(owner, SERVICES.encode())
    with whole_city(settings, tmp_path) as running:
        for code, name_zh, name_en in (
            ("440113", "番禺区", "Panyu"),
            (GRID[:9], "市桥街道", "Shiqiao"),
            (GRID[:12], "先锋社区", "Xianfeng"),
            (GRID, "先锋社区01网格", "Grid 01"),
        ):
            running.draw(code, name_zh, name_en)
        yield running


@pytest.mark.timeout(900)
def test_a_day(city: City) -> None:
    pictures = Pictures()
    _registers(city)
    with plates.issued(city.settings.dsn("owner"), ["DAY-1"], "", again=True) as (plate,):
        code = plate.code
    with browsing(city.url, CENTRE) as browser:
        desk = _signed_in(browser, city, "district", CENTRE)
        centre = CommandCentre(desk)
        centre.wait_until_live()
        finding = _it_rains(city, desk, pictures)
        tablet = _signed_in(browser, city, "worker", TABLET)
        _a_door_without_a_network(tablet, desk, finding, code, pictures)
        _sent_back_verified_and_rated(tablet, desk, finding, pictures)
        _a_call_for_help(city, browser, tablet, pictures)
        _a_resident_reports(city, browser, desk, code, pictures)
        _the_rain_is_over(city, desk, pictures)
        _the_department_hears(city, browser, pictures)


def _signed_in(browser: Watched, city: City, account: str, size: tuple[int, int]) -> Page:
    page = browser.of_another_person(size)
    SignIn(page, city.url).as_account(account, PASSWORD)
    return page


def _registers(city: City) -> None:
    """What the offices know by evening: five doors, two of them a danger in rain, two people who are old and alone."""
    lines = [
        {
            "登记编号": f"FW-{home}", "房屋编码": home, "网格编码": GRID, "房屋地址": f"先锋社区右街{home[-1]}号",
            "建筑面积": "61.5", "房屋用途": "住宅", "行政区": "440113", "经度": f"{lon:.4f}", "纬度": f"{lat:.4f}",
            "登记日期": "2020-01-01", "录入时间": "2020-01-02 10:00:00",
        }
        for home, (lon, lat) in DOORS.items()
    ]  # fmt: skip
    city.publish("housing", "房屋登记", lines)
    moved_in(city, {person(index): f"DAY-{index}" for index in (2, 3)})
    graded = {"业务类型": "鉴定", "鉴定等级": "D级", "鉴定日期": "2016-05-01", "业务日期": "2016-05-01"}
    graded["录入时间"] = "2016-05-02 09:00:00"
    lines = [{"鉴定编号": f"AQ-{n}", "房屋编码": f"DAY-{n}"} | graded for n in (1, 4)]
    city.publish("housing", "房屋安全鉴定", lines)
    until(lambda: None if city.select(AT_RISK, GRID) else "the grid does not know its four doors at risk", 60)


def _it_rains(city: City, desk: Page, pictures: Pictures) -> str:
    """At night: one line with its doors."""
    issued = WARNING | {"信号状态": "发布", "生效时间": stamp(timedelta(minutes=1)), "录入时间": stamp()}
    city.publish("weather", "预警信号", [issued])
    line = desk.locator("[data-test=line]")
    line.locator("[data-test=line-count]", has_text="4 户需上门").wait_for(timeout=60_000)
    assert line.count() == 1
    assert "63" in line.inner_text()
    line.locator("button").first.click()
    line.locator("[data-test=alert]").nth(3).wait_for()
    pictures.take(desk, "centre-rain-at-night")
    ((finding,),) = city.wait_for("task of the first door", TASK, "DAY-1")
    return str(finding)


def _a_door_without_a_network(tablet: Page, desk: Page, finding: str, code: str, pictures: Pictures) -> None:
    """In the morning: the route with its reasons, the plate, what was seen; the network is away and comes back."""
    worker = GridWorker(tablet)
    worker.wait_until_planned()
    worker.wait_until_kept()
    stop = worker.wait_for_stop(finding)
    assert tablet.locator("[data-test=reasons]").first.inner_text()
    pictures.take(tablet, "tablet-the-mornings-route")
    until(lambda: None if tablet.evaluate(PLATES_KEPT) else "the plates are not known yet", 15)
    worker.acknowledge(stop)
    worker.wait_until_sent()
    tablet.context.set_offline(True)
    worker.scan(stop, code)
    tablet.locator("[data-test=visit]").wait_for()
    pictures.take(tablet, "tablet-at-the-door-by-its-plate")
    visit = _seen(worker, tablet, "外墙渗水，已劝住户暂避")
    pictures.take(tablet, "tablet-what-was-seen-without-a-network")
    visit()
    assert worker.waiting() > 0
    pictures.take(tablet, "tablet-waits-for-the-network")
    centre = CommandCentre(desk)
    case = centre.open_case(centre.wait_for_alert(finding=finding))
    assert case.task_state() == "acknowledged"

    def back() -> None:
        tablet.context.set_offline(False)
        tablet.evaluate("dispatchEvent(new Event('online'))")

    pictures.time("back online, to the centre's page", back, lambda: case.wait_for_task_state("completed"))
    worker.wait_until_sent()
    assert "外墙渗水" in case.locate("report").inner_text()
    case.locate("photos").locator("img").first.scroll_into_view_if_needed()
    until(lambda: None if desk.evaluate(PHOTOS_SHOWN) else "the photo is not shown yet", 15)
    pictures.take(desk, "centre-the-report-and-its-photo")


def _seen(worker: GridWorker, tablet: Page, note: str) -> Callable[[], None]:
    """Fills in a visit with all checks and a photo; the returned press finishes it."""
    visit = Visit(worker.page)
    for check in visit.checks():
        visit.answer(check, "yes")
    visit.note(note)
    tablet.locator("[data-test=photo]").set_input_files(photo())
    tablet.locator("[data-test=photo-preview]").wait_for()
    return visit.finish


def _sent_back_verified_and_rated(tablet: Page, desk: Page, finding: str, pictures: Pictures) -> None:
    """The centre answers; the worker reads it at once, goes again, and the case ends."""
    worker, case = GridWorker(tablet), CommandCentre(desk).case()
    stop = tablet.locator(f'[data-test=stop]:has([data-finding="{finding}"])')
    missing = stop.locator("[data-test=missing]", has_text="缺屋顶照片")
    pictures.time("sent back, to the tablet", lambda: case.move("send-back", "缺屋顶照片"), missing.wait_for)
    pictures.take(tablet, "tablet-sent-back-with-what-is-missing")
    worker.arrive(stop)
    _seen(worker, tablet, "屋顶照片已补")()
    worker.wait_until_sent()
    case.wait_for_task_state("completed")
    case.move("verify")
    case.wait_for_task_state("verified")
    case.move("rate", "照片清楚", rating="good")
    pictures.take(desk, "centre-verified-closed-and-rated")
    case.close()


def _a_call_for_help(city: City, browser: Watched, tablet: Page, pictures: Pictures) -> None:
    """A bracelet's button: first on the desk's and the tablet's page, until one answers."""
    sos = _signed_in(browser, city, "sos-desk", CENTRE)
    CommandCentre(sos).wait_until_live()
    press = {
        "呼叫编号": "HJ-DAY",
        "业务类型": "按键呼叫",
        "佩戴人身份证号": person(2),
        "按键": "SOS",
        "设备编号": "SH-1",
    }
    city.publish("bracelet", "呼叫记录", [press | {"发生时间": stamp(), "上报时间": stamp()}])
    for page, who in ((sos, "sos-desk"), (tablet, "tablet")):
        page.locator("[data-test=call]").wait_for(timeout=30_000)
        pictures.take(page, f"{who}-a-call-for-help")
    tablet.locator("[data-test=call-answer]").click()
    sos.locator("[data-test=call][data-state=acknowledged]").wait_for()
    pictures.take(sos, "sos-desk-somebody-is-on-the-way")


def _a_resident_reports(city: City, browser: Watched, desk: Page, code: str, pictures: Pictures) -> None:
    """A phone at the same plate; the centre makes a case of it."""
    phone = browser.of_another_person(PHONE)
    phone.goto(f"{city.url}/p/{code}")
    report(phone)
    pictures.take(phone, "phone-a-resident-reports")
    phone.locator("[data-test=report-send]").click()
    phone.locator("[data-test=report-taken]").wait_for()
    desk.goto(f"{city.url}/reports.html")
    desk.locator("[data-test=report]", has_text="三楼水管漏水").wait_for()
    pictures.take(desk, "centre-a-residents-report")
    desk.locator("[data-test=accept]").first.click()
    desk.locator("[data-test=no-reports]").wait_for()
    city.wait_for("case of the report", "SELECT 1 FROM city.task WHERE rule = 'public-report' AND dwelling = 'DAY-1'")


def _the_rain_is_over(city: City, desk: Page, pictures: Pictures) -> None:
    """What nobody has to do any more closes by itself."""
    city.publish("weather", "预警信号", [WARNING | {"信号状态": "解除", "生效时间": stamp(), "录入时间": stamp()}])
    still = "SELECT 1 FROM city.task WHERE rule = 'warned-door' AND state NOT IN ('closed', 'verified')"
    city.wait_until_gone("tasks of the rain are", still)
    desk.goto(f"{city.url}/centre.html")
    CommandCentre(desk).wait_until_live()
    expect(desk.locator("[data-test=line]")).to_have_count(0)
    pictures.take(desk, "centre-the-rain-is-over")


def _the_department_hears(city: City, browser: Watched, pictures: Pictures) -> None:
    """Housing graded the house: what came of it is on its page."""
    heard = "SELECT 1 FROM city.feedback WHERE department = 'housing'"
    city.wait_for("result for housing", heard)
    page = _signed_in(browser, city, "housing-office", CENTRE)
    page.locator("[data-test=record-result]").first.wait_for()
    pictures.take(page, "department-what-came-of-it")
