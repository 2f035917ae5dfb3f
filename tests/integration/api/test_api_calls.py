"""Calls for help over HTTP: a tablet says where it is, the nearest worker sees the call and answers it."""

from __future__ import annotations

import psycopg

from database import calls
from database.queries import record_alerts
from tests.integration.api.two_streets import NOW, City, LogIn


async def test_a_worker_who_was_told_answers_and_the_desk_sees_who(city: City, log_in: LogIn) -> None:
    worker, desk, there = await log_in("worker"), await log_in("district"), await log_in("there")
    beat = await worker.post("/heartbeat", json={"position": {"lon": 113.36, "lat": 22.94, "age_s": 3}})
    assert beat.status_code == 200, beat.text
    assert (await worker.post("/heartbeat", json={"position": {"lon": 999, "lat": 0}})).status_code == 422
    press = {
        "finding_id": "00000000-0000-0000-0000-0000000000aa",
        "rule": "button-sos",
        "rule_version": 1,
        "domain": "sos",
        "state": "opened",
        "view": "resident",
        "subject": city.here.resident,
        "cause": "call-1",
        "severity": "urgent",
        "why_zh": "求助",
        "why_en": "help",
        "because": "[]",
        "household": None,
        "dwelling": city.here.dwelling,
        "opened_at": NOW,
        "at": NOW,
        "respond_within": 5,
        "respond_unit": "minute",
        "resolution_zh": None,
        "resolution_en": None,
        "version": 99,
        "unknown": False,
    }
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute("UPDATE city.placement SET lon = 113.36, lat = 22.941 WHERE dwelling = %s", (city.here.dwelling,))
        record_alerts(sinks, [press])
        assert calls.tell(sinks) == 1
    (seen,) = (await worker.get("/calls")).json()["items"]
    assert (seen["may_answer"], seen["told"], seen["place"]["grid"]) == (True, [], city.here.grid)
    (at_desk,) = (await desk.get("/calls")).json()["items"]
    assert [(one["name"], one["metres"]) for one in at_desk["told"]] == [("worker", 111)]
    assert at_desk["next_at"]
    assert (await there.get("/calls")).json() == {"items": []}
    assert (await there.post(f"/calls/{seen['task']}/answer", json={})).status_code == 404
    answered = await worker.post(f"/calls/{seen['task']}/answer", json={})
    assert [one["mine"] for one in answered.json()["items"]] == [True]
    (after,) = (await desk.get("/calls")).json()["items"]
    assert (after["by"], after["next_at"], after["may_answer"]) == ("worker", None, False)
    assert (await desk.post(f"/calls/{seen['task']}/answer", json={})).status_code == 409
