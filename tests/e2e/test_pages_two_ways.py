"""Two ways in Chromium: a centre asks a department, which answers on its page; a worker reads and answers an
instruction, also without a network; what is contested shows wherever the fact does."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import expect

from database.accounts import Account, create
from tests.e2e.conftest import ServedCity
from tests.e2e.pages.accessible import assert_accessible, assert_fits
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn

SCREENSHOTS = Path(__file__).parent / "screenshots"
REREAD_MS = 25_000  # a department's page reads again every 10 s
SOON_S = 2.0


@pytest.fixture
def two_ways_city(served_city: ServedCity) -> ServedCity:
    """The vehicle office, on whose statements the cases rest, has an account."""
    create(served_city.database.owner, Account("vehicles", "department", department="transport"), served_city.password)
    return served_city


@pytest.mark.parametrize(("size", "language"), [(CENTRE, "zh"), (TABLET, "en"), (PHONE, "zh")])
def test_a_centre_asks_and_a_department_answers(
    two_ways_city: ServedCity, size: tuple[int, int], language: str
) -> None:
    city, finding = two_ways_city, str(two_ways_city.here.findings[0])
    name = f"{size[0]}-{language}"
    with browsing(city.url, size, "en" if language == "en" else "zh") as browser:
        office = browser.page()
        SignIn(office, city.url).as_account("vehicles", city.password)
        office.locator("[data-test=questions]").wait_for()
        assert office.locator("[data-test=number-questions] strong").inner_text() == "0"

        page = browser.of_another_person(size)
        SignIn(page, city.url).as_account("district", city.password)
        page.goto(f"{city.url}/centre.html#case={finding}")
        case = page.locator("[data-test=case]")
        case.locator("[data-test=ask-department]").click()
        case.locator("[data-test=ask-purpose]").select_option("verify_fact")
        case.locator("[data-test=ask-text]").fill("11010519491231002X 的车过户了吗？")
        case.locator("[data-test=ask-number]").wait_for()
        case.locator("[data-test=ask-text]").fill("该车是否已过户？")
        case.locator("[data-test=ask-number]").wait_for(state="detached")
        page.screenshot(path=SCREENSHOTS / f"two-ways-ask-{name}.png")
        assert_accessible(page)
        case.locator("[data-test=ask-send]").click()
        case.locator("[data-test=question] [data-test=waits]").wait_for()
        assert "该车是否已过户？" in case.locator("[data-test=timeline]").inner_text()
        assert case.locator("[data-test=contested]").count() == 0, "to ask disputes nothing"

        question = office.locator("[data-test=question]")
        question.locator("[data-test=due]").wait_for(timeout=REREAD_MS)  # by itself
        assert "该车是否已过户？" in question.inner_text()
        assert office.locator("[data-test=number-questions] strong").inner_text() == "1"
        question.locator("[data-test=answer-wrong]").check()
        question.locator("[data-test=answer-note]").fill("已过户，待更正")
        office.screenshot(path=SCREENSHOTS / f"two-ways-question-{name}.png", full_page=True)
        assert_accessible(office)
        assert_fits(office)
        question.locator("[data-test=answer-send]").click()
        question.locator("[data-test=answered][data-answer=wrong]").wait_for()
        begun = time.monotonic()
        case.locator("[data-test=question] [data-test=answered][data-answer=wrong]").wait_for()
        took = time.monotonic() - begun
        assert "已过户，待更正" in case.locator("[data-test=questions]").inner_text()
        case.locator("[data-test=because] [data-test=contested][data-state=wrong]").wait_for()
        case.locator("[data-test=questions]").scroll_into_view_if_needed()
        page.screenshot(path=SCREENSHOTS / f"two-ways-answered-{name}.png")
        assert_accessible(page)
        assert_fits(page)
        assert took < 10, f"the case showed the answer after {took:.1f} s"

        result = office.locator("[data-test=record-result][data-standing=contradicted]")
        result.wait_for()
        office.locator("[data-test=standing-corrected]").click()
        result.wait_for(state="detached")
        question.locator("[data-test=answer-corrected]").check()
        question.locator("[data-test=answer-send]").click()
        office.locator("[data-test=record-result][data-standing=corrected]").wait_for()
        office.screenshot(path=SCREENSHOTS / f"two-ways-results-{name}.png", full_page=True)
        assert_accessible(office)
        assert_fits(office)
        case.locator("[data-test=because] [data-test=contested]").wait_for(state="detached")


@pytest.mark.parametrize("size", [TABLET, PHONE])
def test_an_instruction_is_read_and_answered_also_without_a_network(
    two_ways_city: ServedCity, size: tuple[int, int]
) -> None:
    city, finding = two_ways_city, str(two_ways_city.here.findings[1])
    with browsing(city.url) as browser:
        tablet = browser.of_another_person(size)
        SignIn(tablet, city.url).as_account("worker", city.password)
        worker = GridWorker(tablet)
        worker.acknowledge(worker.wait_for_stop(finding))
        worker.wait_until_sent()
        worker.wait_until_kept()

        page = browser.page()
        SignIn(page, city.url).as_account("district", city.password)
        page.goto(f"{city.url}/centre.html#case={finding}")
        case = page.locator("[data-test=case]")
        case.locator("[data-test=move-instruct]").click()
        case.locator("[data-test=move-text]").fill("请先看后楼梯")
        case.locator("[data-test=move-send]").click()
        case.locator("[data-test=case-instruction]").wait_for()
        instruction = tablet.locator(f'[data-finding="{finding}"] [data-test=instruction]')
        instruction.scroll_into_view_if_needed()
        case.locator("[data-test=mark]", has_text="worker").wait_for()
        assert "已读" in case.locator("[data-test=mark]").inner_text()
        page.screenshot(path=SCREENSHOTS / f"two-ways-read-{size[0]}.png")

        tablet.context.set_offline(True)
        instruction.locator("[data-test=instruction-open]").click()
        instruction.locator("[data-test=instruction-text]").fill("已看，11010519491231002X 在家，楼梯无堵塞")
        tablet.screenshot(path=SCREENSHOTS / f"two-ways-instruction-{size[0]}.png")
        instruction.locator("[data-test=instruction-send]").click()
        instruction.locator("[data-test=my-answer]", has_text="待上传").wait_for()
        assert worker.waiting() == 1
        tablet.reload()  # what was typed is on the disk, sealed
        instruction.locator("[data-test=my-answer]", has_text="待上传").wait_for()
        tablet.screenshot(path=SCREENSHOTS / f"two-ways-instruction-offline-{size[0]}.png")
        tablet.context.set_offline(False)
        worker.wait_until_sent(60_000)
        begun = time.monotonic()
        case.locator("[data-test=instruction-answer]", has_text="楼梯无堵塞").wait_for()
        took = time.monotonic() - begun
        assert "▮" in case.locator("[data-test=instruction-answer]").inner_text()
        instruction.locator("[data-test=my-answer]", has_text="▮").wait_for()
        tablet.locator("[data-test=note-masked]").wait_for()
        assert_accessible(tablet)
        assert_fits(tablet)
        page.screenshot(path=SCREENSHOTS / f"two-ways-instruction-answered-{size[0]}.png")
        assert_accessible(page)
        assert took < SOON_S * 5, f"the centre saw it after {took:.1f} s"


def test_what_the_door_says_otherwise_shows_wherever_the_fact_does(two_ways_city: ServedCity) -> None:
    city = two_ways_city
    with psycopg.connect(city.database.owner) as owner:
        task, finding = city.here.tasks[0], city.here.findings[0]
        owner.execute(
            "INSERT INTO city.task_event (task, number, move, to_state, queue, at)"
            " SELECT id, 99, 'observe', state, queue, now() FROM city.task WHERE id = %s",
            (task,),
        )
        about = (
            "INSERT INTO city.question (department, kind, record, event_id, stated_at, correction, task, number,"
            " seen_at, asked_at) SELECT %s, %s, %s, %s, now(), %s, %s, 99, now(), now()"
        )
        (because,) = owner.execute("SELECT because FROM city.alert WHERE finding_id = %s", (finding,)).fetchall()[0]
        fact = because[0]
        owner.execute(about, ("transport", fact["kind"], fact["record"], fact["event_id"], "not_theirs", task))
        owner.execute(about, ("police", "MovedIn", "P-2", "e-P-2", "lives_elsewhere", task))
    with browsing(city.url) as browser:
        page = browser.page()
        SignIn(page, city.url).as_account("district", city.password)
        centre = CommandCentre(page)
        centre.open_case(centre.wait_for_alert(finding=str(finding)))
        contested = page.locator("[data-test=because] [data-test=contested]")
        expect(contested).to_contain_text("车辆不属其所有")
        page.screenshot(path=SCREENSHOTS / "two-ways-contested-case.png")
        page.goto(f"{city.url}/record.html#resident/{city.here.resident}")
        contested = page.locator("[data-test=facts] [data-test=contested]")
        expect(contested).to_contain_text("已不在此居住")
        assert_accessible(page)
        page.screenshot(path=SCREENSHOTS / "two-ways-contested-record.png", full_page=True)
