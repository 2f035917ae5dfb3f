"""What people met when they used the pages for a shift (docs: nothing of it comes back): the head of an area, the
keyboard, numbers as they are pasted, large letters, what moves under one's eyes, a day's end on the tablet."""

from __future__ import annotations

import json
import re

import psycopg
import pytest
from playwright.sync_api import Page, expect

from database.accounts import Account, create
from tests.e2e.conftest import GRID, ServedCity
from tests.e2e.pages.accessible import assert_fits
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.grid_worker import GridWorker
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.rich_city import PERSON, tell
from tests.e2e.test_pages_plates import of as of_door
from tests.e2e.test_pages_records import signed_in, unmask
from tests.integration.api.two_streets import HERE

SHIFTED = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 500);
})"""
MOST_SHIFT = 0.1
NARROW = """() => [...document.querySelectorAll("h1, h2, h3, p, strong, b, button, a, label, legend, span, td, th")]
    .filter((one) => one.checkVisibility())
    .filter((one) => [...one.childNodes].some((part) => part.nodeType === 3 && part.data.trim()))
    .filter((one) => {
        const text = one.textContent.trim();
        const letter = parseFloat(getComputedStyle(one).fontSize);
        const { width, height } = one.getBoundingClientRect();
        return text.length > 3 && width > 0 && width < 2.2 * letter && height > 3 * letter;
    })
    .map((one) => `${one.tagName} ${one.className}: ${one.textContent.trim().slice(0, 20)}`)"""
"""Texts of which a line holds one letter or two."""
HIDDEN_TEXT = """() => [...document.querySelectorAll(".facts-table td, .topics td, .fields td, .cards td, .number-box")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.textContent.trim().slice(0, 20))"""
"""Cells that reach beyond the screen."""


def test_the_head_counts_the_area_in_sight_and_its_numbers_lead_to_what_they_count_there(
    served_city: ServedCity,
) -> None:
    with signed_in(served_city) as (_, page):
        centre = CommandCentre(page)
        centre.wait_for_alert()
        assert centre.number("open") == "7"
        centre.drill_to(HERE)
        page.locator("[data-test=number-open] b", has_text="3").wait_for()
        for number in ("due_today", "open"):
            counted = centre.number(number)
            centre.follow_number(number)
            page.locator("[data-test=list-count]", has_text=re.compile(rf"^{counted} 条")).wait_for()
            assert f"grid={HERE}" in page.url, "the area stays"
            page.locator("[data-test=breadcrumb] [aria-current]", has_text="市桥街道").wait_for()
        link = page.locator("[data-test=number-due_today]").get_attribute("href") or ""
        with_colleague = page.context.new_page()
        with_colleague.goto(f"{served_city.url}/centre.html{link}")
        counted = centre.number("due_today")
        with_colleague.locator("[data-test=list-count]", has_text=re.compile(rf"^{counted} 条")).wait_for()
        centre.up()
        page.locator("[data-test=number-open] b", has_text="7").wait_for()


def test_whoever_closes_a_case_goes_on_where_they_were(served_city: ServedCity) -> None:
    with signed_in(served_city) as (_, page):
        centre = CommandCentre(page)
        centre.wait_for_alert()
        row = page.locator("[data-test=alert]").nth(2)
        row.locator("button").focus()
        page.keyboard.press("Enter")
        page.locator("[data-test=case] [data-test=why]").wait_for()
        page.keyboard.press("Escape")
        page.locator("[data-test=case]").wait_for(state="detached")
        expect(row.locator("button")).to_be_focused()


@pytest.mark.parametrize("panel", ["workers", "silences"])
def test_the_keyboard_stays_in_a_sheet_and_comes_back(served_city: ServedCity, panel: str) -> None:
    opener = "[data-test=number-workers_on_duty]" if panel == "workers" else "[data-test=silences-open]"
    with signed_in(served_city) as (_, page):
        CommandCentre(page).wait_for_alert()
        page.locator(opener).focus()
        page.keyboard.press("Enter")
        page.locator(f"[data-test={panel}]").wait_for()
        for _ in range(12):
            page.keyboard.press("Tab")
            where = page.evaluate("() => document.activeElement.closest('dialog, #page, html').tagName")
            assert where in ("DIALOG", "HTML"), "the page below has the focus"
        page.keyboard.press("Escape")
        page.locator(f"[data-test={panel}]").wait_for(state="detached")
        expect(page.locator(opener)).to_be_focused()


@pytest.mark.parametrize(
    ("link", "part"), [("freshness", "freshness"), ("number-acknowledge_p50_seconds", "acknowledge")]
)
def test_a_link_to_a_chart_leads_there(served_city: ServedCity, link: str, part: str) -> None:
    with signed_in(served_city) as (_, page):
        CommandCentre(page).wait_for_alert()
        page.locator(f"[data-test={link}]").click()
        expect(page.locator(f"#{part} h2")).to_be_focused()
        expect(page.locator(f"#{part}")).to_be_in_viewport()


@pytest.mark.parametrize(
    "pasted", ["440106 19620403 0010", "\u202d440106196204030010\u202c", "４４０１０６１９６２０４０３００１０"]
)
def test_a_number_is_looked_up_however_it_was_pasted(served_city: ServedCity, pasted: str) -> None:
    with signed_in(served_city) as (browser, page):
        centre = CommandCentre(page)
        centre.wait_for_alert()
        centre.search(pasted)
        colour, ground = page.locator("[data-test=search]").evaluate(
            "(one) => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]"
        )
        assert colour != ground, "what is typed can be read"
        page.locator("[data-test=search]").press("Enter")
        page.locator("[data-test=look-purpose]").select_option("answer_citizen")
        with page.expect_request("**/rows/resident/lookup") as asked:
            page.locator("[data-test=look]").click()
        assert json.loads(asked.value.post_data or "")["identity_number"] == "440106196204030010"
        page.locator("[data-test=person-look] [role=alert]").wait_for()  # there is nobody with it
        browser.faults[:] = [fault for fault in browser.faults if "404" not in fault]


@pytest.mark.parametrize(
    ("who", "size"),
    [("district", CENTRE), ("district", TABLET), ("district", PHONE), ("worker", TABLET), ("worker", PHONE)],
)
def test_nothing_moves_under_ones_eyes_while_a_page_comes(
    served_city: ServedCity, who: str, size: tuple[int, int]
) -> None:
    with signed_in(served_city, who, size) as (_, page):
        ready(page, who)
        page.reload()
        ready(page, who)
        moved = page.evaluate(SHIFTED)
        assert moved < MOST_SHIFT, f"layout shift {moved:.3f}"


def ready(page: Page, who: str) -> None:
    if who == "worker":
        GridWorker(page).wait_until_planned()
    else:
        CommandCentre(page).wait_until_live()


@pytest.mark.parametrize(
    ("who", "size"),
    [("district", (720, 450)), ("district", (195, 422)), ("worker", (410, 590)), ("worker", (195, 422))],
)
def test_at_two_hundred_per_cent_words_stay_words(served_city: ServedCity, who: str, size: tuple[int, int]) -> None:
    """A page at 200 % has half as many CSS pixels each way: desk, phone, tablet, phone."""
    with signed_in(served_city, who, size) as (_, page):
        ready(page, who)
        assert_fits(page)
        assert page.evaluate(NARROW) == []
        if who == "worker":
            worker = GridWorker(page)
            worker.arrive_after_accepting(worker.wait_for_stop())
        else:
            CommandCentre(page).open_case(page.locator("[data-test=alert]").first)
        assert_fits(page)
        assert page.evaluate(NARROW) == []


@pytest.mark.parametrize("of", ["resident", "operations", "catalogue", "topic", "plate"])
def test_other_pages_fit_a_phone_at_two_hundred_per_cent(served_city: ServedCity, of: str) -> None:
    tell(GRID, served_city.here.dwelling, served_city.here.household).write(served_city.database)
    with psycopg.connect(served_city.database.sinks) as sinks:
        sinks.execute("INSERT INTO city.freshness VALUES ('tax.tax-record', 'tax', now() - interval '9 days', 86400)")
    create(served_city.database.owner, Account("on-call", "ops"), served_city.password)
    address, ready_by = {
        "resident": (f"record.html#resident/{PERSON}", "facts"),
        "operations": ("ops.html", "process"),
        "catalogue": ("catalogue.html", "topic"),
        "topic": ("catalogue.html#housing.tenancy", "topic-detail"),
        "plate": (f"p/{of_door(served_city, served_city.here.dwelling)}", "report-send"),
    }[of]
    with signed_in(served_city, "on-call" if of == "operations" else "district", (195, 422)) as (_, page):
        page.goto(f"{served_city.url}/{address}")
        page.locator(f"[data-test={ready_by}]").first.wait_for()
        if of == "resident":
            unmask(page)
        assert_fits(page)
        assert page.evaluate(NARROW) == []
        assert page.evaluate(HIDDEN_TEXT) == [], "what is beside the screen is not read"


def test_a_link_into_an_area_names_it_and_a_case_on_a_phone_comes_into_sight(served_city: ServedCity) -> None:
    with signed_in(served_city, size=PHONE) as (_, page):
        page.goto(f"{served_city.url}/centre.html#grid={HERE}")
        page.reload()
        page.locator("[data-test=breadcrumb] [aria-current]", has_text="市桥街道").wait_for()
        case = CommandCentre(page).open_case(page.locator("[data-test=alert]").first)
        heading = page.locator("[data-test=case] h2")
        expect(heading).to_be_in_viewport()
        assert (heading.bounding_box() or {"y": PHONE[1]})["y"] < PHONE[1] / 4
        case.close()


def test_what_closed_by_itself_stays_with_its_reason_and_the_progress_stays_true(served_city: ServedCity) -> None:
    first, second, third = served_city.here.tasks[:3]
    with browsing(served_city.url, TABLET) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        GridWorker(page).wait_for_stop()
        with psycopg.connect(served_city.database.owner) as owner:
            because = '{"zh": "租约已终止（房管 11月27日）", "en": "the lease ended (housing, 27 November)"}'
            owner.execute("SELECT city.move_task(%s, 'close', NULL, '租约已终止', %s::jsonb)", (first, because))
            owner.execute(
                "UPDATE city.task SET state = 'completed', outcome = 'done', finished_at = now(),"
                " claimed_by = (SELECT id FROM city.account WHERE name = 'colleague') WHERE id = %s",
                (second,),
            )
        page.reload()
        progress = page.locator("[data-test=progress]")
        expect(progress).to_have_text("0/1")  # what a colleague did is theirs, what closed is nobody's
        page.locator("details.finished summary").click()
        closed = page.locator(f'[data-test=closed][data-task="{first}"]')
        closed.filter(has_text="租约已终止（房管 11月27日）").wait_for()
        page.reload()
        closed.wait_for(state="attached")
        expect(progress).to_have_text("0/1")
        page.locator(f'[data-test=stop]:has([data-task="{third}"])').wait_for()


def test_to_accept_without_a_network_what_one_accepted_elsewhere_is_no_error(served_city: ServedCity) -> None:
    with signed_in(served_city, "worker", PHONE) as (browser, page):
        worker = GridWorker(page)
        stop = worker.wait_for_stop()
        worker.wait_until_kept()
        browser.context.set_offline(True)
        worker.acknowledge(stop)
        other = browser.of_another_person(TABLET)
        SignIn(other, served_city.url).as_account("worker", served_city.password)
        GridWorker(other).acknowledge(GridWorker(other).wait_for_stop())
        GridWorker(other).wait_until_sent()
        browser.context.set_offline(False)
        worker.wait_until_sent()
        assert page.locator("[data-test=refused]").count() == 0


def test_a_refusal_names_its_stop_and_can_be_sent_again(served_city: ServedCity) -> None:
    finding, task = served_city.here.findings[1], served_city.here.tasks[1]
    claim = "UPDATE city.task SET state = %s, claimed_by = (SELECT id FROM city.account WHERE name = %s) WHERE id = %s"
    with signed_in(served_city, "worker", PHONE) as (browser, page):
        worker = GridWorker(page)
        stop = worker.wait_for_stop(str(finding))
        worker.wait_until_kept()
        browser.context.set_offline(True)
        worker.acknowledge(stop)
        with psycopg.connect(served_city.database.owner) as owner:
            owner.execute(claim, ("acknowledged", "colleague", task))
        browser.context.set_offline(False)
        refused = page.locator("[data-test=refused]")
        assert "001街 1 号" in refused.locator("[data-test=refused-at]").inner_text()
        with psycopg.connect(served_city.database.owner) as owner:
            owner.execute(claim, ("dispatched", None, task))  # the colleague gives it back
        refused.locator("[data-test=refused-again]").click()
        refused.wait_for(state="detached")
        worker.wait_until_sent()
        browser.faults[:] = [fault for fault in browser.faults if "409" not in fault]
    with psycopg.connect(served_city.database.owner) as owner:
        holder = "SELECT a.name FROM city.task t JOIN city.account a ON a.id = t.claimed_by WHERE t.id = %s"
        assert owner.execute(holder, (task,)).fetchone() == ("worker",)


def test_a_stop_can_be_handed_over_at_the_door(served_city: ServedCity) -> None:
    with signed_in(served_city, "worker", TABLET) as (_, page):
        worker = GridWorker(page)
        worker.arrive_after_accepting(worker.wait_for_stop())
        page.locator("[data-test=visit-ask]").click()
        page.locator("[data-test=sheet] [data-test=move-ask-suspension]").click()
        page.locator("[data-test=sheet] [data-test=move-text]").fill("住户出差")
        page.locator("[data-test=sheet] [data-test=move-send]").click()
        page.locator("[data-test=sheet]").wait_for(state="detached")
        page.locator("[data-test=visit]").wait_for()
        worker.wait_until_sent()
    with psycopg.connect(served_city.database.owner) as owner:
        rows = owner.execute("SELECT asked_because FROM city.task WHERE asked = 'suspension'").fetchall()
    assert rows == [("住户出差",)] * 3
