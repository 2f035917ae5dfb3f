"""Lines, what is inhibited, and silences over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg

from tests.contracts.people import number
from tests.integration.api.two_streets import DISTRICT, HERE, City, LogIn

RULE = "car-and-benefit"


def body(**more: Any) -> dict[str, Any]:
    ends_at = (datetime.now(UTC) + timedelta(hours=4)).isoformat()
    return {"rule": RULE, "area": HERE, "reason": "整栋改造", "ends_at": ends_at} | more


async def numbers(client: httpx.AsyncClient) -> tuple[int, int, int]:
    """Open and silenced of the head, and how many the list of silenced ones has."""
    head = (await client.get("/summary")).json()
    silenced = (await client.get("/alerts", params={"state": "silenced"})).json()["items"]
    return head["open"], head["silenced"], len(silenced)


async def test_a_list_with_lines_says_for_how_many_each_stands(city: City, log_in: LogIn) -> None:
    with psycopg.connect(city.database.sinks) as sinks:
        warned = "UPDATE city.alert SET gathered_by = 'a', why_zh = '暴雨橙色预警：危房' WHERE place LIKE %s"
        sinks.execute(warned, (f"{HERE}%",))
    centre = await log_in("district")
    items = (await centre.get("/alerts", params={"lines": True})).json()["items"]
    assert len(items) == 5
    (line,) = [one for one in items if one["gathered"]]
    assert (line["gathered"]["alerts"], line["gathered"]["title_zh"]) == (3, "暴雨橙色预警")
    assert (await centre.get("/alerts/count")).json() == {"count": 7, "lines": 5, "more": False}
    doors = (await centre.get("/alerts", params={"lines": True, "line": line["line"]})).json()["items"]
    assert [one["gathered"] for one in doors] == [None] * 3
    assert (await centre.get("/alerts/count", params={"line": line["line"]})).json()["count"] == 3
    assert len((await centre.get("/alerts")).json()["items"]) == 7, "who does not ask for lines has alerts"
    assert (await (await log_in("there")).get("/alerts", params={"line": line["line"]})).json()["items"] == []


async def test_a_street_silences_a_rule_and_ends_it(city: City, log_in: LogIn) -> None:
    here, there = await log_in("here"), await log_in("there")
    made = await here.post("/silences", json=body())
    assert made.status_code == 200, made.text
    (silence,) = made.json()["items"]
    assert (silence["made_by_name"], silence["alerts"], silence["may_end"]) == ("here", 3, True)
    assert await numbers(here) == (0, 3, 3)
    assert await numbers(there) == (4, 0, 0)
    assert (await there.get("/silences")).json()["items"] == []
    case = (await here.get(f"/alerts/{city.here.findings[0]}")).json()
    assert (case["silenced"]["name"], case["silenced"]["reason"]) == ("here", "整栋改造")
    assert (await there.post(f"/silences/{silence['id']}/end", json={})).status_code == 404
    assert (await here.post(f"/silences/{silence['id']}/end", json={})).json()["items"] == []
    assert await numbers(here) == (3, 0, 0)
    (over,) = (await here.get("/silences", params={"ended": True})).json()["items"]
    assert over["ended_by_name"] == "here"


async def test_what_cannot_be_silenced_says_why(city: City, log_in: LogIn) -> None:
    here, limited, worker = await log_in("here"), await log_in("taxes-only"), await log_in("worker")
    call = await here.post("/silences", json=body(rule="button-sos"))
    assert (call.status_code, call.json()["detail"]) == (422, "求助呼叫不能静默。")
    assert (await here.post("/silences", json=body(rule="no-such"))).status_code == 422
    assert (await here.post("/silences", json=body(reason=" "))).status_code == 422
    typed = await here.post("/silences", json=body(reason=f"住户{number(3)}外出"))
    assert (typed.status_code, "reason" in str(typed.json()["errors"])) == (422, True), "a number is stored nowhere"
    assert (await here.post("/silences", json=body(ends_at="2020-01-01T00:00:00Z"))).status_code == 422
    assert (await here.post("/silences", json=body(area=DISTRICT))).status_code == 403
    assert (await limited.post("/silences", json=body())).status_code == 403, "not its business"
    assert (await worker.post("/silences", json=body())).status_code == 403
    assert (await worker.get("/silences")).status_code == 403
    assert await numbers(here) == (3, 0, 0)
