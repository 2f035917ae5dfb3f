"""The department's page in Chromium: what it handed over, which lines wait, dead letters; on desk, tablet and phone."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from database.accounts import Account, create
from tests.e2e.conftest import ServedCity
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET
from tests.e2e.test_pages_records import signed_in

SCREENSHOTS = Path(__file__).parent / "screenshots"
PUBLICATION = """
INSERT INTO city.door_publication VALUES (%s, 'housing', %s, %s, now() - %s * interval '1 hour', 'workbook', %s, %s::jsonb, %s, %s::jsonb,
    %s, 1, %s, NULL, %s)
"""
LINE = """
INSERT INTO city.rejected_line VALUES (%s, 'housing', 'file', %s, now() - interval '1 hour', %s, %s, %s, 'housing.tenancy', %s, 'Let')
"""
REASONS = '[{"field": "承租人身份证号", "reason": "is wrong: the check character of the identity number is wrong", "lines": 2}]'
REFUSED = (
    "租赁-旧.xlsx: the column 公民身份号码 stands 2 times (columns 3 and 5), and nothing says which is meant. Leave one, or "
    "give the others another name, and publish the file again."
)


@pytest.fixture
def handed_over(served_city: ServedCity) -> ServedCity:
    create(served_city.database.owner, Account("clerk", "department", department="housing"), served_city.password)
    with psycopg.connect(served_city.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.freshness VALUES ('housing.tenancy', 'housing', now(), 86400, 7), "
            "('housing.dwelling-register', 'housing', now() - interval '9 days', 86400, 5)"
        )
        rows: list[tuple[Any, ...]] = [
            ("a", "file", "租赁-2026-11-27.xlsx", 1, 4, '{"Let": 2}', 2, REASONS, 0, ["备注"], None),
            ("b", "file", "房屋登记.csv", 5, 1200, '{"DwellingRegistered": 1200}', 0, "[]", 1, [], None),
            ("c", "gateway", "housing.tenancy", 8, 31, '{"Let": 30, "TenancyEnded": 1}', 0, "[]", 0, [], None),
            ("d", "file", "租赁-旧.xlsx", 30, 0, "{}", 0, "[]", 0, [], REFUSED),
        ]
        for row in rows:
            sinks.execute(PUBLICATION, row)
        reason = "is wrong: the check character of the identity number is wrong"
        for place, record in (("租赁!4", "ZL-2026-0004"), ("租赁!9", None)):
            sinks.execute(LINE, (place, "租赁-2026-11-27.xlsx", place, "承租人身份证号", reason, record))
        sinks.execute(
            "INSERT INTO city.put_aside VALUES ('housing.tenancy:1:77', 'housing', 'housing.tenancy', NULL, "
            "'housing.tenancy: bytes are left over after the record', 'dead-letters', now() - interval '2 hours', NULL)"
        )
    return served_city


@pytest.mark.parametrize(("name", "size"), [("desk", CENTRE), ("tablet", TABLET), ("phone", PHONE)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_department_sees_what_became_of_its_files(
    handed_over: ServedCity, name: str, size: tuple[int, int], language: str
) -> None:
    with signed_in(handed_over, "clerk", size=size, language=language) as (_, page):
        page.locator("[data-test=file]").nth(3).wait_for()
        assert "/department.html" in page.url
        assert page.locator("[data-test=number-lines] strong").inner_text() == "2"
        assert page.locator("[data-test=number-letters] strong").inner_text() == "1"
        # asked for apart from the files: until it is known, it is not 0
        page.locator("[data-test=number-quiet] strong").get_by_text("1", exact=True).wait_for()
        shown = page.locator("[data-test=open-lines]").inner_text()
        assert "ZL-2026-0004" in shown
        chinese, english = "身份证号校验码不对", "the check character of the identity number is wrong"
        assert (chinese in shown, english in shown) == (language == "zh", language == "en")
        refused = page.locator("[data-source='租赁-旧.xlsx']").inner_text()
        assert ("出现 2 次" if language == "zh" else "stands 2 times") in refused
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, "the page is wider than the screen"
        page.screenshot(path=SCREENSHOTS / f"department-{name}-{language}.png", full_page=True)


def test_a_number_opens_what_it_counts_and_a_mended_line_goes_by_itself(handed_over: ServedCity) -> None:
    with signed_in(handed_over, "clerk") as (_, page):
        page.locator("[data-source='租赁-2026-11-27.xlsx'] [data-test=to-lines]").click()
        page.locator("[data-test=all-lines]").wait_for()
        assert page.locator("[data-test=open-line]").count() == 2
        page.locator("[data-source='租赁-2026-11-27.xlsx'] summary").click()
        page.locator("[data-source='租赁-2026-11-27.xlsx'] li", has_text="未使用的列").wait_for()
        with psycopg.connect(handed_over.database.sinks) as sinks:
            sinks.execute("DELETE FROM city.rejected_line WHERE record = 'ZL-2026-0004'")
        page.locator("[data-test=open-line]").nth(1).wait_for(state="detached", timeout=20_000)
        assert page.locator("[data-test=number-lines] strong").inner_text() == "1"
        page.locator("[data-test=sign-out]").click()
        page.locator("[data-test=sign-in]").wait_for()


def test_operations_choose_a_department(handed_over: ServedCity) -> None:
    create(handed_over.database.owner, Account("on-call", "ops"), handed_over.password)
    with signed_in(handed_over, "on-call") as (_, page):
        page.locator("[data-test=to-department]").click()
        page.locator("[data-test=department]").select_option("housing")
        page.locator("[data-test=file]").nth(3).wait_for()
