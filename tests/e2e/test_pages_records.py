"""Records of every kind, the catalogue, and departments that are quiet, in Chromium over the real API and database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page

from database.accounts import Account, create
from tests.e2e.conftest import GRID, ServedCity
from tests.e2e.pages.browser import CENTRE, PHONE, Watched, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.rich_city import COMPANY, OWNER, PERSON, tell
from tests.integration.api.two_streets import open_alert, retell

SCREENSHOTS = Path(__file__).parent / "screenshots"


@pytest.fixture
def rich_city(served_city: ServedCity) -> ServedCity:
    """Rows of every view, as the stages make them."""
    tell(GRID, served_city.here.dwelling, served_city.here.household).write(served_city.database)
    return served_city


@contextmanager
def signed_in(
    city: ServedCity, name: str = "district", size: tuple[int, int] = CENTRE, language: str = "zh"
) -> Iterator[tuple[Watched, Page]]:
    with browsing(city.url, size, "en" if language == "en" else "zh") as browser:
        page = browser.page()
        SignIn(page, city.url).as_account(name, city.password)
        yield browser, page


def show(page: Page, city: ServedCity, view: str, key: str, picture: str | None = None) -> None:
    """The record of a row; `picture`: kept under that name, whole."""
    page.goto(f"{city.url}/record.html#{view}/{key}")
    page.locator(f"[data-test=row][data-view={view}]").wait_for()
    if picture:
        page.screenshot(path=SCREENSHOTS / f"{picture}.png", full_page=True)


def unmask(page: Page) -> None:
    page.locator("[data-test=purpose]").select_option("verify_fact")
    page.locator("[data-test=purpose]").wait_for(state="detached")


def departments(page: Page) -> list[str]:
    """The departments whose facts are shown, from the top."""
    return [one.get_attribute("data-department") or "" for one in page.locator("[data-test=department]").all()]


def test_every_kind_of_row_has_a_record_that_can_be_looked_at(rich_city: ServedCity) -> None:
    with signed_in(rich_city) as (_, page):
        show(page, rich_city, "resident", PERSON, "resident-masked")
        unmask(page)
        page.locator("[data-test=family]", has_text="周建国").wait_for()
        assert {"police", "civil-affairs", "transport", "tax", "bracelet"} <= set(departments(page))
        page.locator("[data-test=lanes]", has_text="车辆").wait_for()
        page.screenshot(path=SCREENSHOTS / "resident.png", full_page=True)

        show(page, rich_city, "dwelling", rich_city.here.dwelling)
        unmask(page)
        assert {"housing", "real-estate", "door-access", "police"} <= set(departments(page))
        page.screenshot(path=SCREENSHOTS / "dwelling.png", full_page=True)
        page.locator("[data-test=to-grid]").click()
        page.locator("[data-test=row][data-view=grid]", has_text="先锋社区").wait_for()
        page.locator("[data-test=risk]", has_text="井盖缺失").wait_for()
        assert "路灯不亮" not in page.locator("[data-test=risk]").inner_text(), "it was repaired"
        unmask(page)
        page.locator("[data-test=risk]", has_text="D 级").wait_for()
        page.screenshot(path=SCREENSHOTS / "grid.png", full_page=True)

        show(page, rich_city, "legal_person", COMPANY)
        page.locator("h1", has_text="番禺示例五金店").wait_for()
        assert {"market-regulation", "tax", "social-security"} <= set(departments(page))
        page.locator("[data-test=lanes]", has_text="纳税申报").wait_for()
        unmask(page)
        page.screenshot(path=SCREENSHOTS / "company-rich.png", full_page=True)
        page.locator(f"[data-test=family] a[href*='{OWNER}']").wait_for()

        show(page, rich_city, "household", rich_city.here.household)
        unmask(page)
        page.screenshot(path=SCREENSHOTS / "household-rich.png", full_page=True)
        show(page, rich_city, "district", GRID[:6], "district")


def test_a_record_says_which_departments_are_quiet_where_their_data_stands(rich_city: ServedCity) -> None:
    with psycopg.connect(rich_city.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.freshness VALUES ('civil-affairs.marriage', 'civil-affairs', now() - interval '2 days', "
            "86400), ('tax.tax-record', 'tax', now(), 86400), ('bracelet.button', 'bracelet', NULL, 3600)"
        )
    with signed_in(rich_city) as (_, page):
        show(page, rich_city, "resident", PERSON, "resident-quiet")
        vehicles = page.locator("[data-department=transport]")
        assert "未知 · 数据中断自" in vehicles.inner_text()
        assert "未知" in page.locator("[data-department=civil-affairs]").inner_text()
        assert "从未收到数据" in page.locator("[data-department=bracelet]").inner_text()
        assert "未知" not in page.locator("[data-department=tax]").inner_text()
        assert page.locator("[data-test=quiet-topics] li").count() == 3


def test_an_unknown_finding_is_marked_in_the_list_and_says_why(served_city: ServedCity) -> None:
    with psycopg.connect(served_city.database.sinks) as sinks:
        held = open_alert(sinks, served_city.here, 0)
        sinks.execute("UPDATE city.alert SET unknown = true, state = 'held' WHERE finding_id = %s", (held,))
        kept = served_city.here.findings[1]
        sinks.execute("UPDATE city.alert SET unknown = true WHERE finding_id = %s", (kept,))
    with signed_in(served_city) as (_, page):
        centre = CommandCentre(page)
        row = centre.wait_for_alert(finding=str(kept))
        assert "未知" in row.inner_text()
        assert str(held) not in centre.findings()
        case = centre.open_case(row)
        assert "已派任务保留" in page.locator("[data-test=case] [data-test=unknown]").inner_text()
        assert "未知 · 数据中断自" in case.facts()[0]
        page.screenshot(path=SCREENSHOTS / "centre-unknown.png")
        assert centre.number("unknown") == "2"
        centre.follow_number("unknown")
        row = centre.wait_for_alert(finding=str(held))
        centre.open_case(row)
        page.locator("[data-test=case] [data-test=unknown]", has_text="未派任务").wait_for()


def test_a_stop_says_at_once_that_nobody_knows_whether_it_still_holds(served_city: ServedCity) -> None:
    finding = served_city.here.findings[1]
    with signed_in(served_city, "worker", PHONE) as (_, page):
        worker = GridWorker(page)
        stop = worker.wait_for_stop(str(finding))
        worker.wait_until_kept()
        assert stop.locator("[data-test=unknown]").count() == 0
        with psycopg.connect(served_city.database.sinks) as sinks:
            retell(sinks, finding, unknown=True)
        stop.locator("[data-test=unknown]", has_text="已派任务保留").wait_for()
        assert page.locator("[data-test=unknown]").count() == 1, "the other stops are as they were"
        page.screenshot(path=SCREENSHOTS / "worker-unknown.png", full_page=True)
        worker.acknowledge(stop)
        worker.arrive(stop)
        page.locator("[data-test=visit] [data-test=unknown]").wait_for()
        page.screenshot(path=SCREENSHOTS / "worker-unknown-visit.png")
        with psycopg.connect(served_city.database.sinks) as sinks:
            retell(sinks, finding, unknown=False)
        page.locator("[data-test=unknown]").wait_for(state="detached")


@pytest.mark.parametrize("role", ["department", "ops"])
def test_who_sees_no_person_comes_to_the_catalogue_and_finds_a_field(served_city: ServedCity, role: str) -> None:
    create(served_city.database.owner, Account("clerk", role), served_city.password)  # type: ignore[arg-type]
    with signed_in(served_city, "clerk") as (_, page):
        if role == "ops":  # begins at what runs
            page.locator("[data-test=to-catalogue]").click()
        page.locator("[data-test=topic]").first.wait_for()
        assert "/catalogue.html" in page.url
        everything = page.locator("[data-test=topic]").count()
        page.locator("[data-test=search]").fill("承租人")
        page.locator("[data-test=topic]").nth(1).wait_for(state="detached")
        page.locator("[data-topic='housing.tenancy'] a").click()
        detail = page.locator("[data-test=topic-detail]")
        detail.locator("[data-kind=Let]", has_text="承租人").wait_for()
        assert "新出租房屋" in detail.locator("[data-test=readers]").inner_text()
        page.screenshot(path=SCREENSHOTS / "catalogue.png")
        detail.locator("[data-test=topic-close]").click()
        page.locator("[data-test=search]").fill("")
        page.locator("[data-test=filter-freshness]").select_option("fresh")
        page.locator("[data-test=topic]").nth(1).wait_for(state="detached")
        assert page.locator("[data-test=topic]").get_attribute("data-topic") == "police.household-registration"
        page.locator("[data-test=filter-freshness]").select_option("")
        page.locator("[data-test=filter-classification]").select_option("sensitive")
        assert 0 < page.locator("[data-test=topic]").count() < everything
        page.screenshot(path=SCREENSHOTS / "catalogue-sensitive.png")


def test_the_catalogue_is_one_click_from_the_centre_and_reads_on_a_phone_in_english(served_city: ServedCity) -> None:
    with signed_in(served_city) as (_, page):
        page.locator("[data-test=to-catalogue]").click()
        page.locator("[data-topic='housing.tenancy']").wait_for()
        page.locator("[data-topic='police.household-registration'] [data-test=fresh]").wait_for()
    with signed_in(served_city, size=PHONE, language="en") as (_, page):
        page.goto(f"{served_city.url}/catalogue.html#housing.tenancy")
        page.locator("[data-test=topic-detail]", has_text="identity number").wait_for()
        page.screenshot(path=SCREENSHOTS / "catalogue-phone.png")


def test_a_company_is_found_by_its_code_and_the_code_stands_in_no_request(rich_city: ServedCity) -> None:
    with signed_in(rich_city) as (_, page):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        CommandCentre(page).search(COMPANY.lower())
        page.locator("[data-test=search]").press("Enter")
        page.locator("[data-test=look-purpose]").select_option("verify_fact")
        page.screenshot(path=SCREENSHOTS / "company-search.png")
        page.locator("[data-test=look]").click()
        page.locator("[data-test=row][data-view=legal_person]", has_text="番禺示例五金店").wait_for()
        lookups = [url for url in asked if "lookup" in url]
        assert len(lookups) == 1
        assert COMPANY not in lookups[0].upper()


def test_a_case_leads_to_the_record_of_its_grid(rich_city: ServedCity) -> None:
    with psycopg.connect(rich_city.database.sinks) as sinks:
        finding = rich_city.here.findings[1]
        sinks.execute("UPDATE city.alert SET view = 'grid', subject = %s WHERE finding_id = %s", (GRID, finding))
    with signed_in(rich_city) as (_, page):
        centre = CommandCentre(page)
        centre.open_case(centre.wait_for_alert(finding=str(finding)))
        page.locator("[data-test=to-subject]").click()
        page.locator("[data-test=row][data-view=grid]").wait_for()
