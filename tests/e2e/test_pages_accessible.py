"""axe finds nothing wrong with any page in any of its states, at desk, tablet and phone: no rule left out, nothing
looked at in part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from playwright.sync_api import Page, Route

from database import communities
from database.accounts import Account, create
from tests.e2e.conftest import GRID, ServedCity
from tests.e2e.pages.accessible import assert_accessible_at_all_sizes as assert_accessible
from tests.e2e.pages.browser import CENTRE, TABLET, Watched, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.rich_city import COMPANY, PERSON, tell
from tests.e2e.test_pages_calls import press
from tests.e2e.test_pages_department import handed_over  # noqa: F401 (a fixture)
from tests.e2e.test_pages_noise import warn
from tests.e2e.test_pages_plates import SERVICES, of, report
from tests.e2e.test_pages_records import show, signed_in, unmask

NOWHERE = "6f2c1f0e-6a52-4d5e-8a3b-000000000000"


@contextmanager
def refusals_expected(browser: Watched) -> Iterator[None]:
    """Chromium's console names each answer that is a refusal; here they are what is looked at."""
    yield
    browser.faults[:] = [fault for fault in browser.faults if "status of 4" not in fault and "ERR_FAILED" not in fault]


def test_the_door(served_city: ServedCity) -> None:
    with browsing(served_city.url) as browser, refusals_expected(browser):
        page = browser.page()
        page.goto(served_city.url)
        page.locator("[data-test=sign-in]").wait_for()
        assert_accessible(page, "sign-in")
        SignIn(page, served_city.url).try_as("district", "not the password")
        page.locator("[data-test=refusal]").wait_for()
        assert_accessible(page, "sign-in refused")
        page.locator("[data-test=language]").click()
        assert_accessible(page, "sign-in in English")


def test_the_centre(served_city: ServedCity) -> None:
    doors = [warn(served_city, f"440113-1-{100 + n}", n + 1) for n in range(3)]
    with signed_in(served_city) as (browser, page), refusals_expected(browser):
        centre = CommandCentre(page)
        centre.wait_until_live()
        assert_accessible(page, "centre")
        page.locator("[data-test=line] > button").first.click()
        page.locator("[data-test=line] [data-test=alert]").nth(len(doors) - 1).wait_for()
        assert_accessible(page, "a line with its doors")
        case = centre.open_case(centre.wait_for_alert(rule="car-and-benefit"))
        assert_accessible(page, "a case")
        case.unmask()
        case.locate("move-instruct").click()
        case.locate("ask-department").click()
        assert_accessible(page, "a case with its forms")
        case.close()
        centre.search("001街")
        page.locator("[data-test=hits] li").first.wait_for()
        assert_accessible(page, "search with hits")
        centre.search("没有这个地址")
        page.locator("[data-test=hits] .quiet").wait_for()
        assert_accessible(page, "search without hits")
        centre.search("440106196204030010")
        page.locator("[data-test=search]").press("Enter")
        page.locator("[data-test=look-purpose]").wait_for()
        assert_accessible(page, "a person is looked up")
        page.keyboard.press("Escape")
        centre.search("")
        page.locator("[data-test=account]").click()
        page.locator("[data-test=password-old]").wait_for()
        assert_accessible(page, "a new password")
        page.keyboard.press("Escape")
        page.goto(f"{served_city.url}/centre.html#case={NOWHERE}")
        page.reload()
        page.locator("[data-test=case] [role=alert]").wait_for()
        assert_accessible(page, "a case that is not there")


def test_the_centres_panels(served_city: ServedCity) -> None:
    with psycopg.connect(served_city.database.owner) as owner:
        owner.execute(
            "INSERT INTO city.shift (grid, begins, ends, worker, deputy) SELECT %s, now(), now() + interval '5 hours',"
            " w.id, d.id FROM city.account w, city.account d WHERE w.name = 'worker' AND d.name = 'colleague'",
            (GRID,),
        )
    with signed_in(served_city) as (browser, page):
        centre = CommandCentre(page)
        centre.wait_until_live()
        centre.follow_number("workers_on_duty")
        page.locator("[data-test=roster] [data-test=shift]").wait_for()
        page.locator("[data-test=roster-grid]").select_option(GRID)
        page.locator("[data-test=shift-line]").first.wait_for()
        assert_accessible(page, "board and shifts")
        page.keyboard.press("Escape")
        page.locator("[data-test=silences-open]").click()
        page.locator("[data-test=silence-rule]").select_option("car-and-benefit")
        page.locator("[data-test=silence-reason]").fill("演练")
        page.locator("[data-test=silence-send]").click()
        page.locator("[data-test=silence]").wait_for()
        assert_accessible(page, "silences")
        page.locator("[data-test=silence-end]").click()
        page.locator("[data-test=silences] summary").click()
        assert_accessible(page, "silences that have ended")
        page.keyboard.press("Escape")
        centre.follow_number("due_today")
        page.locator("[data-test=filter-none]").wait_for()
        page.goto(f"{served_city.url}/centre.html#list=resolved")
        page.locator("[data-test=alerts] .empty").wait_for()
        assert_accessible(page, "an empty list")
        browser.context.set_offline(True)
        page.locator("[data-test=filter-severity]").select_option("urgent")
        page.locator(".floating [role=alert]").wait_for()
        assert_accessible(page, "the centre without the server")
        browser.context.set_offline(False)


def test_a_call_for_help(served_city: ServedCity) -> None:
    with signed_in(served_city) as (browser, page):
        CommandCentre(page).wait_until_live()
        tablet = browser.of_another_person(TABLET)
        SignIn(tablet, served_city.url).as_account("worker", served_city.password)
        tablet.locator("[data-test=route]").wait_for()
        press(served_city)
        for one in (page, tablet):
            one.locator("[data-test=call][data-state=dispatched]").wait_for()
        page.locator("[data-test=call-people]").click()
        page.locator("[data-test=call-people]").wait_for(state="detached")
        assert_accessible(page, "a call at the desk")
        assert_accessible(tablet, "a call on the tablet")


def test_the_desk_of_calls(served_city: ServedCity) -> None:
    desk = Account("desk", "command_centre", GRID[:6], domains=("sos",))
    create(served_city.database.owner, desk, served_city.password)
    with signed_in(served_city, "desk") as (_, page):
        page.locator("[data-test=breadcrumb]").wait_for()
        assert_accessible(page, "the desk of calls without one")
        press(served_city)
        page.locator("[data-test=call][data-state=dispatched]").wait_for()
        assert_accessible(page, "the desk of calls")


def test_the_tablet(served_city: ServedCity) -> None:
    doors = [warn(served_city, f"440113-1-{100 + n}", n + 1) for n in range(2)]
    with signed_in(served_city, "worker", TABLET) as (browser, page):
        worker = GridWorker(page)
        worker.wait_until_planned()
        worker.wait_until_kept()
        page.locator("[data-test=line] summary").click()
        assert_accessible(page, "the route")
        stop = worker.wait_for_stop(str(served_city.here.findings[1]))
        stop.locator("[data-test=hand-over]").click()
        page.locator("[data-test=sheet] [data-test=move-text]").wait_for()
        assert_accessible(page, "a stop is handed over")
        page.locator("[data-test=move-cancel]").click()
        stop.locator("[data-test=scan]").click()
        page.locator("[data-test=scan-code]").fill("D-999999")
        page.locator("[data-test=scan-go]").click()
        page.locator("[data-test=scan-dialog] [role=alert]").wait_for()
        assert_accessible(page, "a plate that is not of the route")
        page.keyboard.press("Escape")
        worker.acknowledge(stop)
        stop.locator("[data-test=ask]").click()
        page.locator("[data-test=sheet] [data-test=move-ask-extension]").click()
        assert_accessible(page, "more time is asked for")
        page.locator("[data-test=move-cancel]").click()
        visit = worker.arrive(stop)
        visit.note("11010519491231002X")
        page.locator("[data-test=complete]").click()
        page.locator("[data-test=visit] [role=alert]").wait_for()
        assert_accessible(page, "a visit that lacks answers")
        page.locator("[data-test=back]").click()
        browser.context.set_offline(True)
        worker.acknowledge(worker.wait_for_stop(str(doors[0])))
        page.reload()
        worker.wait_for_stop()
        assert_accessible(page, "the route without a network")
        browser.context.set_offline(False)
        worker.wait_until_sent()


def test_the_tablet_with_a_shift_and_an_unplanned_door(served_city: ServedCity) -> None:
    with psycopg.connect(served_city.database.owner) as owner:
        owner.execute(
            "INSERT INTO city.shift (grid, begins, ends, worker) SELECT %s, now() - interval '1 hour',"
            " now() + interval '5 hours', id FROM city.account WHERE name = 'worker'",
            (GRID,),
        )
        owner.execute("DELETE FROM city.task")
    tell(GRID, served_city.here.dwelling, served_city.here.household).write(served_city.database)
    code = of(served_city, served_city.here.dwelling)
    with signed_in(served_city, "worker", TABLET) as (_, page):
        page.locator("main", has_text="今天没有待办任务").wait_for()
        page.locator("[data-test=shift-end]").click()
        assert_accessible(page, "nothing to do, and a shift that ends")
        page.goto(f"{served_city.url}/p/{code}")
        page.locator("[data-test=door-of-worker]").wait_for()
        assert_accessible(page, "a plate before a grid worker")


@pytest.mark.parametrize("home", ["centre", "worker"])
def test_a_page_that_cannot_learn_for_whom_it_is(served_city: ServedCity, home: str) -> None:
    def away(route: Route) -> None:
        route.abort()

    with browsing(served_city.url) as browser, refusals_expected(browser):
        page = browser.page()
        page.route("**/api/v1/me", away)
        page.goto(f"{served_city.url}/{home}.html")
        page.locator("[role=alert]").first.wait_for()
        assert_accessible(page, f"{home} without anybody")


def test_records(served_city: ServedCity) -> None:
    tell(GRID, served_city.here.dwelling, served_city.here.household).write(served_city.database)
    with signed_in(served_city) as (browser, page), refusals_expected(browser):
        for view, key in (
            ("resident", PERSON),
            ("household", served_city.here.household),
            ("dwelling", served_city.here.dwelling),
            ("grid", GRID),
            ("legal_person", COMPANY),
        ):
            show(page, served_city, view, key)
            assert_accessible(page, f"{view}, masked")
        show(page, served_city, "resident", PERSON)
        unmask(page)
        assert_accessible(page, "resident, whole")
        page.goto(f"{served_city.url}/record.html#household/nowhere")
        page.reload()
        page.locator("[role=alert]").wait_for()
        assert_accessible(page, "a record that is not there")
        page.locator("[data-test=sign-out]").click()
        page.locator("[data-test=sign-in]").wait_for()


def test_the_catalogue(served_city: ServedCity) -> None:
    with signed_in(served_city) as (_, page):
        page.goto(f"{served_city.url}/catalogue.html")
        page.locator("[data-test=topics] tbody tr").nth(5).wait_for()
        assert_accessible(page, "catalogue")
        page.goto(f"{served_city.url}/catalogue.html#police.household-registration")
        page.locator("[data-test=topic-detail]").wait_for()
        assert_accessible(page, "a topic")
        page.locator("[data-test=search]").fill("没有这个主题")
        page.locator(".empty").wait_for()
        assert_accessible(page, "no topic")
        page.locator("[data-test=sign-out]").click()
        page.locator("[data-test=sign-in]").wait_for()


def test_a_department(handed_over: ServedCity) -> None:  # noqa: F811
    with signed_in(handed_over, "clerk") as (_, page):
        page.locator("[data-test=number-lines]").wait_for()
        for summary in page.locator("summary").all():
            summary.click()
        assert_accessible(page, "department")
        page.locator("[data-test=account]").click()
        page.locator("[data-test=password-old]").wait_for()
        assert_accessible(page, "a department's new password")


def test_offices(served_city: ServedCity) -> None:
    for account in (Account("root-wang", "admin"), Account("on-call", "ops")):
        create(served_city.database.owner, account, served_city.password)
    with psycopg.connect(served_city.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.put_aside VALUES ('housing.tenancy:1:77', 'housing', 'housing.tenancy', NULL, "
            "'bytes are left over after the record', 'dead-letters', now(), NULL)"
        )
    with signed_in(served_city, "root-wang") as (_, page):
        page.locator("[data-test=account-row]").first.wait_for()
        assert_accessible(page, "accounts")
        page.locator("[data-test=make]").click()
        page.locator("[data-test=account-name]").wait_for()
        assert_accessible(page, "a new account")
        page.locator("[data-test=account-close]").click()
        page.goto(f"{served_city.url}/admin.html#page=looks")
        page.locator("[data-test=look-row]").first.wait_for()
        assert_accessible(page, "looks")
    with signed_in(served_city, "on-call") as (_, page):
        page.locator("[data-test=replay]").first.wait_for()
        assert_accessible(page, "operations")
        page.locator("[data-test=replay]").first.click()
        page.locator("[data-test=replay-send]").wait_for()
        assert_accessible(page, "a dead letter is sent back")
    with signed_in(served_city) as (_, page):
        page.goto(f"{served_city.url}/handover.html")
        page.locator("[data-test=handed-open]").first.wait_for()
        assert_accessible(page, "hand-over")


def test_plates_and_reports(served_city: ServedCity) -> None:
    communities.load(served_city.database.owner, SERVICES.encode())
    code = of(served_city, served_city.here.dwelling)
    with browsing(served_city.url) as browser, refusals_expected(browser):
        page = browser.page()
        page.goto(f"{served_city.url}/p/{code}")
        page.locator("[data-test=service]").nth(2).wait_for()
        page.locator("[data-test=report-send]").click()
        page.locator("[role=alert]").wait_for()
        assert_accessible(page, "a plate")
        report(page)
        page.locator("[data-test=report-send]").click()
        page.locator("[data-test=report-taken]").wait_for()
        assert_accessible(page, "a report was taken")
        page.goto(f"{served_city.url}/p/ABCDEFGHJKMN")
        page.locator("[data-test=no-plate]").wait_for()
        assert_accessible(page, "no plate")
        desk = browser.of_another_person(CENTRE)
        SignIn(desk, served_city.url).as_account("district", served_city.password)
        _reports(desk, served_city)


def _reports(desk: Page, city: ServedCity) -> None:
    desk.goto(f"{city.url}/reports.html")
    desk.locator("[data-test=report]").wait_for()
    desk.locator("[data-test=decline]").click()
    desk.locator("[data-test=reason]").wait_for()
    assert_accessible(desk, "a report")
    desk.locator("[data-test=state-accepted]").click()
    desk.locator("[data-test=no-reports]").wait_for()
    assert_accessible(desk, "no reports")
