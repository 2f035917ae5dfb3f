"""Shifts that a centre plans on its page: of its own grids, ahead, by workers who see them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain.time import CITY
from tests.integration.api.two_streets import City, LogIn

DAY = (datetime.now(CITY) + timedelta(days=2)).date()


def line(worker: str = "worker", deputy: str | None = "colleague", begins: str = "08:00", ends: str = "18:00") -> Any:
    return {"begins": begins, "ends": ends, "worker": worker, "deputy": deputy}


async def test_a_street_plans_its_own_grids_and_what_is_sent_is_the_whole_day(city: City, log_in: LogIn) -> None:
    here, there = await log_in("here"), await log_in("there")
    path = f"/roster/{city.here.grid}/{DAY}"
    night = line("colleague", None, "22:00", "06:00")
    made = await here.put(path, json={"items": [line(), night]})
    assert made.status_code == 200, made.text
    assert [(one["worker"], one["deputy"]) for one in made.json()["items"]] == [
        ("worker", "colleague"),
        ("colleague", None),
    ]
    begins, ends = (datetime.fromisoformat(made.json()["items"][1][edge]) for edge in ("begins", "ends"))
    assert ends - begins == timedelta(hours=8), "a night ends on the day after"
    again = await here.put(path, json={"items": [night]})
    assert [one["worker"] for one in again.json()["items"]] == ["colleague"]
    assert (await here.put(path, json={"items": []})).json()["items"] == []
    nowhere = f"/roster/440113999999999/{DAY}"
    theirs, unreal = await there.put(path, json={"items": [line()]}), await there.put(nowhere, json={"items": [line()]})
    assert theirs.status_code == unreal.status_code == 403
    assert theirs.json() | {"instance": ""} == unreal.json() | {"instance": ""}


async def test_wrong_plans_are_refused_in_words_and_change_nothing(city: City, log_in: LogIn) -> None:
    here, path = await log_in("here"), f"/roster/{city.here.grid}/{DAY}"
    await here.put(path, json={"items": [line()]})
    for bad, why in (
        ([line("worker-there")], "能看到该网格"),
        ([line("nobody")], "能看到该网格"),
        ([line("here")], "能看到该网格"),
        ([line("worker", "worker")], "两个"),
        ([line(), line()], "同一班次"),
    ):
        refused = await here.put(path, json={"items": bad})
        assert refused.status_code == 422, bad
        assert why in refused.json()["detail"], refused.text
    past = f"/roster/{city.here.grid}/{DAY - timedelta(days=9)}"
    assert "已开始" in (await here.put(past, json={"items": [line()]})).json()["detail"]
    for bad in (line(begins="8 Uhr"), line(begins="24:00")):
        assert (await here.put(path, json={"items": [bad]})).status_code == 422
    assert (await here.put("/roster/440113/2026-01-01", json={"items": []})).status_code == 422
    shifts = (await here.get("/roster", params={"day": str(DAY)})).json()["items"]
    assert [one["worker"] for one in shifts] == ["worker"]
    for name, status in (("worker", 403), ("taxes-only", 403), ("admin", 403)):
        assert (await (await log_in(name)).put(path, json={"items": [line()]})).status_code == status


async def test_who_planned_a_shift_stands_with_it_and_in_the_audit(city: City, log_in: LogIn) -> None:
    here, admin = await log_in("here"), await log_in("admin")
    path = f"/roster/{city.here.grid}/{DAY}"
    (made,) = (await here.put(path, json={"items": [line()]})).json()["items"]
    assert made["planned_by"] == "here"
    assert datetime.now(CITY) - datetime.fromisoformat(made["planned_at"]) < timedelta(minutes=1)
    district = await log_in("district")
    (changed,) = (await district.put(path, json={"items": [line(deputy=None)]})).json()["items"]
    assert changed["planned_by"] == "district", "the last who says the day"
    await district.put(path, json={"items": []})
    span = {"from": datetime.now(CITY) - timedelta(hours=1), "until": datetime.now(CITY) + timedelta(hours=1)}
    asked = {name: at.isoformat() for name, at in span.items()} | {"view": "shift"}
    looks = (await admin.get("/looks", params=asked)).json()["items"]
    day = f"{city.here.grid} {DAY}"
    assert [(one["account"], one["purpose"], one["keys"]) for one in reversed(looks)] == [
        ("here", "plan", [day, "+ 08:00-18:00 worker / colleague"]),
        ("district", "plan", [day, "- 08:00-18:00 worker / colleague", "+ 08:00-18:00 worker"]),
        ("district", "plan", [day, "- 08:00-18:00 worker"]),
    ]
    refused = await here.put(path, json={"items": [line("nobody")]})
    assert refused.status_code == 422
    assert len((await admin.get("/looks", params=asked)).json()["items"]) == 3, "what was refused was not done"
