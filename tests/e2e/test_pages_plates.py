"""A door plate in Chromium: everybody's page, the report that becomes a case, the scan on the tablet."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, Response

from database import communities, plates
from database.accounts import set_shown_as
from tests.e2e.conftest import GRID, ServedCity
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.sign_in import SignIn
from tests.e2e.rich_city import tell
from tests.e2e.running import until
from tests.e2e.test_pages_records import signed_in
from tests.integration.api.two_streets import place

SCREENSHOTS = Path(__file__).parent / "screenshots"
SERVICES = f"""community,kind,name_zh,name_en,about_zh,about_en,address,phone,hours
{GRID[:12]},profile,先锋社区,Xianfeng community,老城社区，一千二百户。,An old quarter.,,020-8480 0000,
{GRID[:12]},doctor,先锋社区卫生服务站,Xianfeng clinic,,,右街 3 号,020-8480 0001,8:00-12:00 14:30-17:30
{GRID[:12]},housekeeper,安心家政,Anxin housekeeping,,,左街 8 号,020-8480 0002,8:00-20:00
{GRID[:12]},restaurant,长者饭堂,Seniors' canteen,老人半价,half price for elders,右街 5 号,,11:00-13:00
"""


@pytest.fixture
def code(served_city: ServedCity) -> str:
    """The code of the plate at the first street's door; its community tells of services, its worker of a name."""
    communities.load(served_city.database.owner, SERVICES.encode())
    set_shown_as(served_city.database.owner, "worker", "小王")
    return of(served_city, served_city.here.dwelling)


PHOTOS_SHOWN = "document.images.length > 0 && [...document.images].every((one) => one.naturalWidth > 0)"
PLATES_KEPT = """() => new Promise((done) => {
    const open = indexedDB.open("citygrid");
    open.onsuccess = () => {
        const ask = open.result.transaction("kept").objectStore("kept").get("plates");
        ask.onsuccess = () => done(Boolean(ask.result?.length));
    };
})"""


def of(city: ServedCity, door: str) -> str:
    with plates.issued(city.database.owner, [door], "", again=True) as (made,):
        return made.code


def picture() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (22.0, 56.0, 24.0), 3: "E", 4: (113.0, 21.0, 36.0)})
    written = io.BytesIO()
    Image.linear_gradient("L").resize((2400, 1800)).convert("RGB").save(written, "JPEG", exif=exif)
    return written.getvalue()


def photo() -> FilePayload:
    """As a camera hands it to the page."""
    return {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()}


def fits(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page is wider than the screen"


def report(page: Page, note: str = "三楼水管漏水") -> None:
    page.locator("[data-test=category-leak]").check()
    page.locator("[data-test=report-note]").fill(note)
    page.locator("[data-test=photo]").set_input_files(photo())
    page.locator("[data-test=photo-preview]").wait_for()


@pytest.mark.parametrize(("name", "size"), [("desk", CENTRE), ("tablet", TABLET), ("phone", PHONE)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everybody_reads_a_plate_and_reports(
    served_city: ServedCity, code: str, name: str, size: tuple[int, int], language: Literal["zh", "en"]
) -> None:
    with browsing(served_city.url, size, language) as browser:
        page = browser.page()
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks its handlers
        page.goto(f"{served_city.url}/p/{code}")
        page.locator("[data-test=service]").nth(2).wait_for()
        assert page.locator("[data-test=address]").inner_text() == "001街 1 号"
        assert "小王" in page.locator("[data-test=workers]").inner_text()
        assert ("先锋社区卫生服务站" if language == "zh" else "Xianfeng clinic") in page.locator("main").inner_text()
        assert "/api/v1/me" not in {answer.url.removeprefix(served_city.url) for answer in answers}
        assert answers[0].headers["cache-control"] == "no-store"
        assert answers[0].headers["referrer-policy"] == "no-referrer"
        fits(page)
        page.screenshot(path=SCREENSHOTS / f"plate-{name}-{language}.png", full_page=True)
        page.locator("[data-test=report-send]").click()
        page.locator("[role=alert]").wait_for()
        report(page)
        page.screenshot(path=SCREENSHOTS / f"plate-report-{name}-{language}.png", full_page=True)
        page.locator("[data-test=report-send]").click()
        page.locator("[data-test=report-taken]").wait_for()
        fits(page)
        assert page.evaluate("Object.keys(localStorage)") == ["citygrid.language"], "nothing is kept of who was here"


def test_a_plate_that_was_revoked_says_so(served_city: ServedCity, code: str) -> None:
    plates.revoke(served_city.database.owner, served_city.here.dwelling)
    with browsing(served_city.url, PHONE) as browser:
        page = browser.page()
        page.goto(f"{served_city.url}/p/{code}")
        page.locator("[data-test=no-plate]").wait_for()
        page.screenshot(path=SCREENSHOTS / "plate-revoked.png")
        browser.faults.clear()  # Chromium reports the 404 that was asked for


@pytest.mark.parametrize(("name", "size"), [("desk", CENTRE), ("tablet", TABLET), ("phone", PHONE)])
def test_the_centre_makes_a_case_of_one_report_and_declines_another(
    served_city: ServedCity, code: str, name: str, size: tuple[int, int]
) -> None:
    with browsing(served_city.url, PHONE) as browser:
        for note in ("三楼水管漏水", "测试"):
            page = browser.page()
            page.goto(f"{served_city.url}/p/{code}")
            report(page, note)
            page.locator("[data-test=report-send]").click()
            page.locator("[data-test=report-taken]").wait_for()
    with signed_in(served_city, size=size) as (_, page):
        if size == CENTRE:
            page.locator("[data-test=to-reports]").click()
        else:
            page.goto(f"{served_city.url}/reports.html")
        first, second = page.locator("[data-test=report]").nth(0), page.locator("[data-test=report]").nth(1)
        second.wait_for()
        until(lambda: None if page.evaluate(PHOTOS_SHOWN) else "a photo is not shown yet", 15)
        assert "三楼水管漏水" in first.inner_text(), "the oldest first"
        fits(page)
        page.screenshot(path=SCREENSHOTS / f"reports-{name}.png", full_page=True)
        second.locator("[data-test=decline]").click()
        second.locator("[data-test=reason]").fill("测试上报")
        second.locator("[data-test=decline-go]").click()
        page.locator("[data-test=report]").nth(1).wait_for(state="detached")
        first.locator("[data-test=accept]").click()
        page.locator("[data-test=no-reports]").wait_for()
        page.locator("[data-test=state-declined]").click()
        page.locator("[data-test=report]", has_text="测试上报").wait_for()
    with psycopg.connect(served_city.database.admin) as admin:
        stated = admin.execute("SELECT statement ->> 'subject' FROM city.outbox WHERE topic = 'grid.report'").fetchall()
    assert stated == [(served_city.here.dwelling,)]


@pytest.mark.parametrize(("name", "size"), [("tablet", TABLET), ("phone", PHONE)])
def test_a_scan_leads_to_the_stop_without_a_network_and_to_any_other_door_with_one(
    served_city: ServedCity, code: str, name: str, size: tuple[int, int]
) -> None:
    with psycopg.connect(served_city.database.sinks) as sinks:
        place(sinks, "D-elsewhere", GRID)
    elsewhere = of(served_city, "D-elsewhere")
    with signed_in(served_city, "worker", size=size) as (browser, page):
        page.locator("[data-test=stop] [data-test=scan]").first.wait_for()
        until(lambda: None if page.evaluate(PLATES_KEPT) else "the plates are not known yet", 15)

        def scan(text: str) -> None:
            page.locator("[data-test=scan]").first.click()
            page.locator("[data-test=scan-code]").fill(text)
            page.locator("[data-test=scan-go]").click()

        scan(f"{served_city.url}/p/{elsewhere}")
        page.locator("[data-test=door][data-door=D-elsewhere]").wait_for()
        page.screenshot(path=SCREENSHOTS / f"scan-elsewhere-{name}.png", full_page=True)
        page.locator("[data-test=back]").click()
        browser.context.set_offline(True)
        scan(f"{served_city.url}/p/{elsewhere}")
        page.locator("[data-test=scan-dialog] [role=alert]").wait_for()
        page.locator("[data-test=scan-code]").fill(" ".join((code[:5], code[5:].lower())))
        page.locator("[data-test=scan-go]").click()
        page.locator("[data-test=visit]").wait_for()
        browser.context.set_offline(False)


def test_a_worker_who_is_signed_in_sees_the_door_on_its_plate(served_city: ServedCity, code: str) -> None:
    tell(GRID, served_city.here.dwelling, served_city.here.household).write(served_city.database)
    with signed_in(served_city, "worker", size=PHONE) as (_, page):
        page.locator("[data-test=stop]").first.wait_for()
        page.goto(f"{served_city.url}/p/{code}")
        page.locator("[data-test=door-of-worker] [data-test=occupant]").first.wait_for()
        page.locator("[data-test=change]").first.wait_for()
        assert page.locator("[data-test=door-task]").count() == 3
        fits(page)
        page.screenshot(path=SCREENSHOTS / "plate-worker.png", full_page=True)


def unsent(page: Page) -> str:
    """All that waits on the tablet to be sent, as whoever opens its disk reads it."""
    kept: str = page.evaluate(UNSENT)
    return kept


UNSENT = """() => new Promise((done) => {
    const open = indexedDB.open("citygrid");
    open.onsuccess = () => {
        const ask = open.result.transaction("moves").objectStore("moves").getAll();
        ask.onsuccess = () => done(JSON.stringify(ask.result));
    };
})"""


@pytest.mark.parametrize(("name", "size"), [("tablet", TABLET), ("phone", PHONE)])
def test_a_photo_is_kept_without_a_network_sealed_sent_in_order_and_shown_with_the_case(
    served_city: ServedCity, name: str, size: tuple[int, int]
) -> None:
    def photos() -> list[tuple[int, int]]:
        with psycopg.connect(served_city.database.admin) as admin:
            return admin.execute("SELECT count(DISTINCT id), count(*) FROM city.visit_photo").fetchall()

    with signed_in(served_city, "worker", size=size) as (browser, page):
        page.locator("[data-test=stop] [data-test=acknowledge]").first.click()
        page.locator("[data-test=stop] [data-test=arrive]").first.click()
        page.locator("[data-test=visit]").wait_for()
        page.locator("[data-test=before]").wait_for()
        page.locator("[data-test=waiting][data-count='0']").wait_for(state="attached")  # the door is acknowledged
        browser.context.set_offline(True)
        page.locator("[data-test=photo]").set_input_files(photo())
        page.locator("[data-test=photo-preview]").wait_for()
        fits(page)
        page.screenshot(path=SCREENSHOTS / f"visit-photo-{name}.png", full_page=True)
        page.locator("[data-test=outcome] input[value=nobody_home]").check(force=True)
        page.locator("[data-test=complete]").click()
        page.locator("[data-test=waiting][data-count='4']").wait_for()
        kept = unsent(page)
        assert '"photo"' in kept
        assert "/9j/" not in kept, "the picture is sealed: a JPEG in Base64 begins so"
        assert photos() == [(0, 0)]
        browser.context.set_offline(False)
        page.evaluate("dispatchEvent(new Event('online'))")
        page.locator("[data-test=waiting][data-count='0']").wait_for(state="attached")
        assert photos() == [(1, 3)], "one photo, of each of the door's three cases"
        assert unsent(page) == "[]"
    with signed_in(served_city) as (_, page):
        page.goto(f"{served_city.url}/centre.html#case={served_city.here.findings[0]}")
        page.locator("[data-test=photos] img").scroll_into_view_if_needed()
        until(lambda: None if page.evaluate(PHOTOS_SHOWN) else "the photo is not shown yet", 15)
        page.screenshot(path=SCREENSHOTS / f"case-photo-{name}.png")


def test_a_photo_that_was_not_sent_is_there_again_for_its_account_after_a_sign_out(served_city: ServedCity) -> None:
    with signed_in(served_city, "worker", size=PHONE) as (_, page):

        def to_visit() -> None:
            page.locator("[data-test=stop] [data-test=arrive]").first.click()
            page.locator("[data-test=visit]").wait_for()

        page.locator("[data-test=stop] [data-test=acknowledge]").first.click()
        to_visit()
        page.locator("[data-test=photo]").set_input_files(photo())
        page.locator("[data-test=photo-preview]").wait_for()
        page.locator("[data-test=back]").click()
        page.locator("[data-test=sign-out]").click()
        page.locator("[data-test=sign-in]").wait_for()
        drafts = page.evaluate(UNSENT.replace("moves", "drafts"))
        assert "/9j/" not in drafts
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        to_visit()
        page.locator("[data-test=photo-preview]").wait_for()
