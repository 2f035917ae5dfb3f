"""A number is the count of the list that it opens, the map has what the list has, and a list is sorted by the deadline
that it shows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.api.two_streets import DISTRICT, HERE, NOW, THERE, City, LogIn, place

HEAD = {
    "open": {"state": "open"},
    "urgent": {"state": "open", "severity": "urgent"},
    "unknown": {"state": "unknown"},
    "due_today": {"task": "running", "due": "today"},
    "overdue": {"task": "running", "due": "overdue"},
    "waiting_for_assignment": {"task": "waiting"},
}
"""Number of the head → the filters of the list that it opens."""


async def listed(client: httpx.AsyncClient, **filters: str) -> list[dict[str, Any]]:
    """The whole list, page by page."""
    items: list[dict[str, Any]] = []
    after = ""
    while after is not None:
        answer = await client.get("/alerts", params={**filters, "limit": 2, **({"cursor": after} if after else {})})
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        after = answer.json()["next"]
    return items


async def counted(client: httpx.AsyncClient, **filters: str) -> int:
    answer = (await client.get("/alerts/count", params=filters)).json()
    assert answer["more"] is False
    return int(answer["count"])


@pytest.fixture
def busy(city: City) -> City:
    """Some are late, one stands still, one waits for a decision of its district, one is of nobody knows."""
    with psycopg.connect(city.database.sinks) as sinks:
        late, still, decided, quiet = *city.here.findings[:2], city.there.findings[0], city.there.findings[1]
        for finding, due in ((late, NOW - timedelta(hours=1)), (still, NOW - timedelta(hours=2))):
            sinks.execute("UPDATE city.alert SET due = %s WHERE finding_id = %s", (due, finding))
            sinks.execute("UPDATE city.task SET respond_by = %s WHERE finding_id = %s", (due, finding))
        sinks.execute(
            "UPDATE city.task SET state = 'suspended', suspended_from = 'dispatched', suspended_at = now() "
            "WHERE finding_id = %s",
            (still,),
        )
        sinks.execute("UPDATE city.task SET queue = %s WHERE finding_id = %s", (DISTRICT, decided))
        sinks.execute("UPDATE city.alert SET unknown = true WHERE finding_id = %s", (quiet,))
    return city


async def test_each_head_number_is_the_count_of_the_list_that_it_opens(busy: City, log_in: LogIn) -> None:
    for name in ("district", "here", "city"):
        client = await log_in(name)
        head = (await client.get("/summary")).json()
        for number, filters in HEAD.items():
            items = await listed(client, **filters)
            assert len({item["finding_id"] for item in items}) == len(items)
            assert head[number] == len(items) == await counted(client, **filters), (name, number)
    head = (await (await log_in("district")).get("/summary")).json()
    assert (head["open"], head["overdue"], head["waiting_for_assignment"], head["unknown"]) == (7, 1, 1, 1)


async def test_a_list_is_sorted_by_the_deadline_that_it_shows(busy: City, log_in: LogIn) -> None:
    """A task whose clock stood still, and one that met nobody, have another deadline than their finding had."""
    centre, worker = await log_in("district"), await log_in("worker")
    first = (await listed(centre))[0]
    assert first["finding_id"] == str(busy.here.findings[1]), "it stands still, and was due first"
    with psycopg.connect(busy.database.sinks) as sinks:
        sinks.execute("UPDATE city.task SET respond_within = 9 * 24 * 60 WHERE state = 'suspended'")
    resumed = await centre.post(f"/tasks/{first['task']['id']}/resume", json={"reason": "已返回"})
    assert resumed.status_code == 200, resumed.text
    await worker.post(f"/tasks/{busy.here.tasks[2]}/acknowledge", json={})
    await worker.post(f"/tasks/{busy.here.tasks[2]}/complete", json={"outcome": "nobody_home"})
    items = await listed(centre)
    assert [item["due"] for item in items] == sorted(item["due"] for item in items)
    assert items[-1]["finding_id"] == first["finding_id"]
    assert items[-1]["due"] == resumed.json()["respond_by"]
    (followed,) = [item for item in items if item["finding_id"] == str(busy.here.findings[2])]
    assert followed["due"] == followed["task"]["respond_by"] > followed["respond_by"]


async def test_what_was_done_stands_behind_what_somebody_must_go_to(busy: City, log_in: LogIn) -> None:
    centre, worker = await log_in("district"), await log_in("worker")
    overdue = next(item for item in await listed(centre, task="running", due="overdue"))
    task = f"/tasks/{overdue['task']['id']}"
    await worker.post(f"{task}/acknowledge", json={})
    done = await worker.post(f"{task}/complete", json={"outcome": "done"})
    assert done.status_code == 200, done.text
    items = await listed(centre)
    assert (items[-1]["finding_id"], items[-1]["due"]) == (overdue["finding_id"], None)
    back = await centre.post(f"{task}/send-back", json={"reason": "照片不清"})
    again = next(item for item in await listed(centre) if item["finding_id"] == overdue["finding_id"])
    assert again["due"] == back.json()["respond_by"] is not None


async def test_a_list_is_narrowed_by_deadline_state_and_assignee(busy: City, log_in: LogIn) -> None:
    centre, worker = await log_in("district"), await log_in("worker")
    me = (await worker.get("/me")).json()["id"]
    await worker.post(f"/tasks/{busy.here.tasks[0]}/acknowledge", json={})
    mine = await listed(centre, assignee=me)
    assert [(one["finding_id"], one["task"]["claimed_by"]) for one in mine] == [(str(busy.here.findings[0]), "worker")]
    assert mine == await listed(centre, task="acknowledged")
    assert [one["finding_id"] for one in await listed(centre, task="suspended")] == [str(busy.here.findings[1])]
    assert len(await listed(centre, due="overdue")) == 2, "one of them stands still"
    assert await counted(centre, due="overdue", grid=THERE) == 0
    assert await counted(centre, due="later") + await counted(centre, due="today") == 5
    assert await counted(centre, state="any") == 7
    opened = [datetime.fromisoformat(one["opened_at"]) for one in await listed(centre, state="any")]
    assert opened == sorted(opened, reverse=True)


@pytest.mark.parametrize("filters", [{}, {"severity": "urgent"}, {"task": "running", "due": "overdue"}, {"grid": HERE}])
async def test_the_map_has_what_the_list_has(busy: City, log_in: LogIn, filters: dict[str, str]) -> None:
    with psycopg.connect(busy.database.sinks) as sinks:  # far from the others
        sinks.execute("UPDATE city.placement SET lon = 113.9 WHERE dwelling = %s", (busy.there.dwelling,))
    for name in ("district", "here"):
        centre = await log_in(name)
        count = await counted(centre, **filters)
        for zoom in (0, 12, 20):
            pins = (await centre.get("/map/alerts", params={**filters, "zoom": str(zoom)})).json()["features"]
            assert sum(pin["properties"]["alerts"] for pin in pins) == count
        areas = (await centre.get("/map/grids", params={**filters, "parent": DISTRICT})).json()["features"]
        inside = await counted(centre, **(filters | {"grid": DISTRICT}))  # `parent` says where
        assert sum(area["properties"]["open"] for area in areas) == inside
    west = {**filters, "zoom": "12", "within": "113.3,22.0,113.5,23.0"}
    district = await log_in("district")
    pins = (await district.get("/map/alerts", params=west)).json()["features"]
    assert sum(pin["properties"]["alerts"] for pin in pins) == await counted(district, **(filters | {"grid": HERE}))


async def test_a_pin_and_the_first_of_a_cluster_are_a_look(city: City, log_in: LogIn) -> None:
    with psycopg.connect(city.database.sinks) as sinks:
        place(sinks, "alone", f"{HERE}001001")
        sinks.execute("UPDATE city.placement SET lon = 113.99 WHERE dwelling = 'alone'")
        sinks.execute("UPDATE city.alert SET dwelling = 'alone' WHERE finding_id = %s", (city.here.findings[0],))
    pins = (await (await log_in("here")).get("/map/alerts")).json()["features"]
    assert sorted(pin["properties"]["alerts"] for pin in pins) == [1, 2]
    with psycopg.connect(city.database.admin) as admin:
        looks = admin.execute("SELECT keys FROM audit.look").fetchall()
    assert looks == [([pin["id"] for pin in pins],)]


async def test_done_today_is_the_servers_day(city: City, log_in: LogIn) -> None:
    worker = await log_in("worker")
    for task in city.here.tasks[:2]:
        await worker.post(f"/tasks/{task}/acknowledge", json={})
        await worker.post(f"/tasks/{task}/complete", json={"outcome": "done"})
    with psycopg.connect(city.database.sinks) as sinks:
        midnight = "date_trunc('day', now() AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai'"
        move = f"UPDATE city.task SET finished_at = {midnight} + %s WHERE id = %s"
        sinks.execute(move.encode(), (timedelta(seconds=-1), city.here.tasks[0]))
        sinks.execute(move.encode(), (timedelta(0), city.here.tasks[1]))
    answer = await worker.get("/tasks", params={"state": "completed", "mine": True, "finished_today": True})
    assert [task["id"] for task in answer.json()["items"]] == [str(city.here.tasks[1])]


async def test_who_is_on_duty_is_as_many_as_the_head_says(city: City, log_in: LogIn) -> None:
    worker, centre = await log_in("worker"), await log_in("here")
    await worker.post(f"/tasks/{city.here.tasks[0]}/acknowledge", json={})
    items = (await centre.get("/workers")).json()["items"]
    on_duty = [(one["name"], one["open"]) for one in items if one["on_duty"]]
    assert on_duty == [("worker", 1)]
    assert len(on_duty) == (await centre.get("/summary")).json()["workers_on_duty"]
    assert {one["name"] for one in items} == {"worker", "colleague"}
    assert (await worker.get("/workers")).json()["items"] == []
