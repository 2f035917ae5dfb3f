"""A warning over an area in Chromium: one line with its doors at the centre's and on the tablet, and a building's alert
that stands for its flats'."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from database import queries
from tests.e2e.conftest import GRID, ServedCity
from tests.e2e.pages.accessible import assert_accessible
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.command_centre import CommandCentre
from tests.e2e.pages.sign_in import SignIn

SCREENSHOTS = Path(__file__).parent / "screenshots"
NOW = datetime.now(UTC)
WARNED = "暴雨橙色预警（雨量 63 mm）"


def warn(city: ServedCity, dwelling: str, version: int, state: str = "opened") -> uuid.UUID:
    """The finding about one door under the warning, as the sink writes it."""
    finding = uuid.uuid5(uuid.NAMESPACE_URL, dwelling)
    fact = {"department": "weather", "kind": "WarningIssued", "record": "W-63", "event_id": "w"}
    because = [fact | {"occurred_at": NOW.isoformat()}]
    number = dwelling.rsplit("-", 1)[-1]
    alert: dict[str, Any] = {
        "finding_id": finding,
        "rule": "warned-door",
        "rule_version": 1,
        "domain": "weather",
        "state": state,
        "view": "grid",
        "subject": GRID,
        "cause": dwelling,
        "severity": "urgent",
        "why_zh": f"{WARNED}：D 级危房",
        "why_en": "orange rain warning (63 mm): dangerous house, grade D",
        "because": json.dumps(because if state == "opened" else []),
        "dwelling": dwelling,
        "household": None,
        "opened_at": NOW,
        "at": NOW,
        "respond_within": 120,
        "respond_unit": "minute",
        "resolution_zh": "预警已解除" if state == "resolved" else None,
        "resolution_en": "the warning is over" if state == "resolved" else None,
        "version": version,
        "unknown": False,
    }
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.placement (dwelling, grid, district, lon, lat, address) "
            "VALUES (%s, %s, %s, 113.36, 22.94, %s) ON CONFLICT DO NOTHING",
            (dwelling, GRID, GRID[:6], f"右街 12 号 {number} 房"),
        )
        assert queries.record_alerts(sinks, [alert]) == 1
        sinks.execute("NOTIFY city_feed")
    return finding


@pytest.mark.parametrize("size", [CENTRE, TABLET, PHONE])
def test_a_warning_is_one_line_that_opens_to_its_doors(served_city: ServedCity, size: tuple[int, int]) -> None:
    doors = [warn(served_city, f"440113-1-{100 + n}", n + 1) for n in range(12)]
    with browsing(served_city.url, size) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_until_live()
        line = page.locator("[data-test=line]")
        line.locator("[data-test=line-count]", has_text="12 户需上门").wait_for()
        assert line.count() == 1
        assert WARNED in line.inner_text()
        assert page.locator("[data-test=alert]").count() == 7, "those that stand alone"
        assert centre.number("open") == "19"
        count = page.locator("[data-test=list-count]")
        assert count.inner_text() == "19 条 · 合为 8 行"
        line.locator("button").first.click()
        page.locator("[data-test=line] [data-test=alert]").nth(11).wait_for()
        page.screenshot(path=SCREENSHOTS / f"line-{size[0]}.png")
        assert_accessible(page)
        # a door that comes in goes under it; another one that closes leaves it
        warn(served_city, "440113-1-199", 20)
        line.locator("[data-test=line-count]", has_text="13 户需上门").wait_for()
        page.locator("[data-test=line] [data-test=alert]").nth(12).wait_for()
        assert line.count() == 1
        row = page.locator(f'[data-test=line] [data-test=alert][data-finding="{doors[3]}"]')
        centre.open_case(row).close()
        # the building's alert stands for its flats'
        building = warn(served_city, "440113-1", 30)
        centre.wait_for_alert(finding=str(building))
        assert page.locator("[data-test=line]").count() == 0
        case = centre.open_case(centre.wait_for_alert(finding=str(building)))
        page.screenshot(path=SCREENSHOTS / f"inhibits-{size[0]}.png")
        case.locate("inhibits").locator("a").click()
        page.locator(f'[data-test=alert][data-finding="{doors[3]}"]').wait_for()
        row = centre.wait_for_alert(finding=str(doors[3]))
        assert "已办" not in row.inner_text(), "nobody was there"
        assert centre.open_case(row).locate("inhibited-by").count() == 1
        page.screenshot(path=SCREENSHOTS / f"inhibited-{size[0]}.png")


@pytest.mark.parametrize("size", [TABLET, PHONE])
def test_on_the_tablet_a_warning_is_one_line_with_its_doors(served_city: ServedCity, size: tuple[int, int]) -> None:
    for n in range(5):
        warn(served_city, f"440113-1-{100 + n}", n + 1)
    with browsing(served_city.url, size) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("worker", served_city.password)
        line = page.locator("[data-test=line]")
        line.locator("[data-test=line-count]", has_text="5 户需上门 · 0 户已办").wait_for()
        line.locator("summary").click()
        assert line.locator("[data-test=line-door]").count() == 5
        page.screenshot(path=SCREENSHOTS / f"line-worker-{size[0]}.png")
        line.locator("[data-test=line-door] button", has_text="102 房").click()
        page.locator("[data-test=visit]", has_text="102 房").wait_for()


def test_lines_in_english(served_city: ServedCity) -> None:
    for n in range(3):
        warn(served_city, f"440113-1-{100 + n}", n + 1)
    with browsing(served_city.url, CENTRE, "en") as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        page.locator("[data-test=line-count]", has_text="3 doors to visit").wait_for()
        assert "orange rain warning" in page.locator("[data-test=line]").inner_text()


@pytest.mark.parametrize("size", [CENTRE, PHONE])
def test_a_rule_is_silenced_with_a_reason_and_an_end(served_city: ServedCity, size: tuple[int, int]) -> None:
    finding = warn(served_city, "440113-1-100", 1)
    with browsing(served_city.url, size) as browser:
        page = browser.page()
        SignIn(page, served_city.url).as_account("district", served_city.password)
        centre = CommandCentre(page)
        centre.wait_for_alert(finding=str(finding))
        page.locator("[data-test=silences-open]").click()
        panel = page.locator("[data-test=silences]")
        panel.locator("[data-test=silence-rule]").select_option("warned-door")
        panel.locator("[data-test=silence-reason]").fill("全村已转移，解除前不再上门")
        panel.locator("[data-test=silence-send]").click()
        panel.locator("[data-test=silence]", has_text="district").wait_for()
        page.screenshot(path=SCREENSHOTS / f"silences-{size[0]}.png")
        assert_accessible(page)
        panel.locator("[data-test=silence-rule]").select_option("button-sos")
        panel.locator("[data-test=silence-reason]").fill("误触太多")
        with page.expect_response("**/silences") as answered:
            panel.locator("[data-test=silence-send]").click()
        assert answered.value.status == 422
        panel.locator("[role=alert]", has_text="求助呼叫不能静默").wait_for()
        panel.locator("[data-test=silence-alerts]").click()
        row = centre.wait_for_alert(finding=str(finding))
        assert "静默至" in row.inner_text()
        assert centre.open_case(row).locate("silenced-by").count() == 1
        page.screenshot(path=SCREENSHOTS / f"silenced-{size[0]}.png")
        page.locator("[data-test=number-silenced] b", has_text="1").wait_for()
        page.locator("[data-test=silences-open]").click()
        page.locator("[data-test=silence-end]").click()
        page.locator("[data-test=silence-ended]").first.wait_for(state="attached")
        page.keyboard.press("Escape")  # the page below is free once the sheet is closed
        centre.follow_number("open")
        centre.wait_for_alert(finding=str(finding))
        browser.faults[:] = [fault for fault in browser.faults if "422" not in fault]  # the console repeats the refusal
