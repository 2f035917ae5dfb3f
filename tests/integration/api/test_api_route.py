"""Today's route over HTTP: from the own open tasks and the patrol plan, a door being one stop; planned in a process of
its own."""

from __future__ import annotations

import os
import signal
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from database import patrols
from database.patrols import PlanRefused
from tests.integration.api.two_streets import City, LogIn, dispatch, open_alert, place

Json = dict[str, Any]
HERE = {"lon": 113.36, "lat": 22.94}


async def planned(client: httpx.AsyncClient, **wish: Any) -> Json:
    answer = await client.post("/route", json=wish)
    assert answer.status_code == 200, answer.text
    plan: Json = answer.json()
    return plan


def keys(plan: Json) -> list[str]:
    return [stop["key"] for stop in plan["stops"]]


def another_door(city: City, dwelling: str, metres: float, severity: str = "planned") -> uuid.UUID:
    """A task at a door so far to the east; due in three hours."""
    with psycopg.connect(city.database.sinks) as sinks:
        place(sinks, dwelling, city.here.grid)
        sinks.execute("UPDATE city.placement SET lon = lon + %s WHERE dwelling = %s", (metres / 102_500, dwelling))
        task = dispatch(sinks, city.here, open_alert(sinks, city.here, 0), 0)
        sinks.execute(
            "UPDATE city.task SET dwelling = %s, severity = %s, respond_by = %s WHERE id = %s",
            (dwelling, severity, datetime.now(UTC) + timedelta(hours=3), task),
        )
    return task


async def test_findings_at_one_door_are_one_stop(city: City, log_in: LogIn) -> None:
    worker = await log_in("worker")
    plan = await planned(worker, position=HERE)
    (stop,) = plan["stops"]
    assert stop["key"] == city.here.dwelling
    assert sorted(stop["tasks"]) == sorted(str(task) for task in city.here.tasks)
    assert stop["reasons"][0]["kind"] == "urgent"
    assert (plan["left"], plan["moved"]) == ([], [])
    assert plan["line"][0] == [HERE["lon"], HERE["lat"]]
    assert plan["made_at"] <= stop["begin_at"] < stop["leave_at"] < plan["shift_ends_at"]


async def test_a_colleagues_and_a_suspended_task_and_another_street_are_no_stops(city: City, log_in: LogIn) -> None:
    worker, colleague, centre = await log_in("worker"), await log_in("colleague"), await log_in("here")
    mine, claimed, suspended = city.here.tasks
    assert (await colleague.post(f"/tasks/{claimed}/acknowledge", json={})).status_code == 200
    assert (await centre.post(f"/tasks/{suspended}/suspend", json={"reason": "away"})).status_code == 200
    (stop,) = (await planned(worker))["stops"]
    assert stop["tasks"] == [str(mine)]


@pytest.mark.parametrize("name", ["here", "admin", "department", "ops"])
async def test_only_a_grid_worker_has_a_route(city: City, log_in: LogIn, name: str) -> None:
    client = await log_in(name)
    assert (await client.post("/route", json={})).status_code == 403


async def test_the_order_in_hand_stays_and_an_urgent_stop_comes_first(city: City, log_in: LogIn) -> None:
    worker = await log_in("worker")
    for number, metres in enumerate((900, 300, 600)):
        another_door(city, f"D-{number}", metres)
    morning = keys(await planned(worker, position=HERE))
    assert morning == [city.here.dwelling, "D-1", "D-2", "D-0"]
    in_hand = ["D-0", "D-2", "D-1", city.here.dwelling]
    assert keys(await planned(worker, position=HERE, before=in_hand)) == in_hand
    assert keys(await planned(worker, position=HERE, before=in_hand, anew=True)) == morning
    another_door(city, "D-fire", -200, "urgent")
    plan = await planned(worker, position=HERE, before=morning)
    assert [key for key in keys(plan) if key != "D-fire"] == morning
    assert len(plan["moved"]) <= 3


async def test_a_planner_that_dies_is_made_anew(city: City, log_in: LogIn, app: FastAPI) -> None:
    worker = await log_in("worker")
    await planned(worker)
    first = app.state.planner._process
    os.kill(first.pid, signal.SIGKILL)
    await first.wait()
    assert len((await planned(worker))["stops"]) == 1
    assert app.state.planner._process.pid != first.pid


async def test_a_planner_that_hangs_is_told_to_come_again(
    city: City, log_in: LogIn, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await log_in("worker")
    await planned(worker)
    hangs = app.state.planner._process
    os.kill(hangs.pid, signal.SIGSTOP)
    monkeypatch.setattr("api.planner.PATIENCE_S", 0.2)
    answer = await worker.post("/route", json={})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:citygrid:problem:planner-busy")
    monkeypatch.undo()
    assert len((await planned(worker))["stops"]) == 1
    assert hangs.returncode == -signal.SIGKILL


PLAN = """kind,dwelling,grid,spot,address,lon,lat,every_days,opens,closes
low_income,{door},,,,,,90,,
rental,D-rental,,,,,,,,
manhole,,{grid},A-0173,右街 12 号旁,113.361,22.941,,,
daily_visit,D-there,,,,,,,,
"""


@pytest.fixture
def patrolled(city: City) -> City:
    """With a plan of recurring visits: at the door with tasks, another one, a manhole, and in the other street."""
    with psycopg.connect(city.database.sinks) as sinks:
        place(sinks, "D-rental", city.here.grid)
        place(sinks, "D-there", city.there.grid)
    content = PLAN.format(door=city.here.dwelling, grid=city.here.grid)
    assert patrols.load(city.database.owner, content.encode()) == 4
    return city


async def test_recurring_visits_are_stops_and_share_the_door_of_a_finding(patrolled: City, log_in: LogIn) -> None:
    worker = await log_in("worker")
    plan = await planned(worker, position=HERE)
    by_kind = {patrol["kind"]: (stop, patrol) for stop in plan["stops"] for patrol in stop["patrols"]}
    assert set(by_kind) == {"low_income", "rental", "manhole"}, "the other street's is not told"
    shared, patrol = by_kind["low_income"]
    assert (shared["key"], len(shared["tasks"])) == (patrolled.here.dwelling, 3)
    assert (patrol["every_days"], patrol["last_at"], patrol["title_zh"]) == (90, None, "低收入家庭走访")
    manhole, spot = by_kind["manhole"]
    assert (spot["spot"], spot["address"], manhole["tasks"]) == ("A-0173", "右街 12 号旁", [])
    assert (manhole["lon"], manhole["lat"]) == (113.361, 22.941)
    with psycopg.connect(patrolled.database.admin) as admin:
        looks = admin.execute("SELECT view, cardinality(keys) FROM audit.look WHERE name = 'worker' ORDER BY view")
        assert looks.fetchall() == [("patrol", 3), ("task", 3)], "each look is recorded"


async def test_a_visit_is_kept_once_and_due_again_after_its_interval(patrolled: City, log_in: LogIn) -> None:
    worker = await log_in("worker")
    stops = (await planned(worker))["stops"]
    (patrol,) = [one["id"] for stop in stops for one in stop["patrols"] if one["kind"] == "low_income"]
    key = str(uuid.uuid4())
    seen_at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    body = {"outcome": "done", "note": "11010519491231002X in", "seen_at": seen_at}
    answers = [
        (await worker.post(f"/patrols/{patrol}/complete", json=body, headers={"idempotency-key": key})).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["note_masked"] is True
    assert patrol not in [one["id"] for stop in (await planned(worker))["stops"] for one in stop["patrols"]]
    with psycopg.connect(patrolled.database.admin) as admin:
        assert admin.execute("SELECT count(*) FROM city.patrol_visit").fetchall() == [(1,)]
        stated = (
            "SELECT statement ->> 'subject', statement ->> 'kind' FROM city.outbox WHERE topic = 'grid.observation'"
        )
        assert admin.execute(stated).fetchall() == [(patrolled.here.dwelling, "Visited")]
        admin.execute("UPDATE city.patrol_visit SET seen_at = seen_at - interval '90 days'")
        admin.commit()
    again = [one for stop in (await planned(worker))["stops"] for one in stop["patrols"] if one["id"] == patrol]
    assert again
    assert again[0]["last_at"] is not None


async def test_who_was_not_met_is_due_tomorrow(patrolled: City, log_in: LogIn) -> None:
    worker = await log_in("worker")
    (stop,) = [stop for stop in (await planned(worker))["stops"] if stop["key"] == "D-rental"]
    patrol = stop["patrols"][0]["id"]
    answer = await worker.post(f"/patrols/{patrol}/complete", json={"outcome": "nobody_home"})
    assert answer.status_code == 200
    assert "D-rental" not in keys(await planned(worker))
    with psycopg.connect(patrolled.database.admin) as admin:
        admin.execute("UPDATE city.patrol_visit SET seen_at = seen_at - interval '1 day'")
    assert "D-rental" in keys(await planned(worker))


async def test_nobody_visits_what_is_not_in_the_own_plan(patrolled: City, log_in: LogIn) -> None:
    stranger, centre = await log_in("worker-there"), await log_in("here")
    with psycopg.connect(patrolled.database.admin) as admin:
        found = admin.execute("SELECT id FROM city.patrol WHERE dwelling = %s", (patrolled.here.dwelling,)).fetchall()
    for client in (stranger, centre):
        answers = [
            await client.post(f"/patrols/{patrol}/complete", json={"outcome": "done"})
            for patrol in (found[0][0], uuid.uuid4())
        ]
        assert {answer.status_code for answer in answers} == {404}
        theirs, unreal = (answer.json() | {"instance": None} for answer in answers)
        assert theirs == unreal, "what is not in the own plan answers as what is not there"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("dancing,D-1,,,,,,,,", "line 2: 'kind' must be one of"),
        ("rental,,440113001001001,,,,,,,", "line 2: name a door by 'dwelling', or a spot"),
        ("manhole,,44011,A-1,,,,,,", "line 2: 'grid' is wrong: a grid code has 15 digits"),
        ("rental,D-1,,,,113,,,,", "line 2: 'lon' and 'lat' stand together"),
        ("rental,D-1,,,,,,0,,", "line 2: 'every_days' must be 1 to 366"),
        ("rental,D-1,,,,,,,18:00,08:00", "line 2: 'opens' and 'closes' stand together"),
        ("rental,D-1,,,,,,,\nrental,D-1,,,,,,,", "1 lines name a place"),
    ],
)
def test_a_plan_with_a_wrong_line_is_refused_whole(city: City, line: str, says: str) -> None:
    head = PLAN.splitlines()[0]
    with pytest.raises(PlanRefused, match=says):
        patrols.load(city.database.owner, f"{head}\n{line}\n".encode())
    with psycopg.connect(city.database.admin) as admin:
        assert admin.execute("SELECT count(*) FROM city.patrol").fetchall() == [(0,)]
