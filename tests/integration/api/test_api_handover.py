"""What a shift hands over: one's own area's open, suspended and done tasks, and who serves next; on paper too."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import psycopg
import pypdfium2
import pytest

from api.routes.handover import around
from domain.time import CITY
from tests.integration.api.two_streets import HERE, City, LogIn

DAY = ((time(8), time(18)),)
THREE = ((time(0), time(8)), (time(8), time(16)), (time(16), time(23, 59)))


@pytest.mark.parametrize(
    ("now", "hours", "began", "next_until"),
    [
        ("2026-03-02 17:50", DAY, "2026-03-02 08:00", "2026-03-03 18:00"),
        ("2026-03-02 06:00", DAY, "2026-03-01 08:00", "2026-03-02 18:00"),
        ("2026-03-02 15:55", THREE, "2026-03-02 08:00", "2026-03-02 23:59"),
        ("2026-03-02 23:50", THREE, "2026-03-02 16:00", "2026-03-03 08:00"),
    ],
)
def test_a_shift_begins_and_the_next_one_ends_by_the_hours_of_shifts(
    now: str, hours: tuple[tuple[time, time], ...], began: str, next_until: str
) -> None:
    told = around(datetime.fromisoformat(now).replace(tzinfo=CITY), hours)
    assert [f"{one:%Y-%m-%d %H:%M}" for one in told] == [began, next_until]


async def test_a_street_hands_over_its_own_and_nothing_of_the_other(city: City, log_in: LogIn) -> None:
    district, here = await log_in("district"), await log_in("here")
    first, second, _ = (str(task) for task in city.here.tasks)
    worker = await log_in("worker")
    assert (await worker.post(f"/tasks/{first}/acknowledge", json={})).status_code == 200
    assert (await worker.post(f"/tasks/{first}/complete", json={"outcome": "done"})).status_code == 200
    assert (await district.post(f"/tasks/{second}/suspend", json={"reason": "等待维修队"})).status_code == 200
    with psycopg.connect(city.database.owner) as owner:
        owner.execute(
            "INSERT INTO city.shift (grid, begins, ends, worker, deputy) SELECT %s, %s, %s, w.id, d.id "
            "FROM city.account w, city.account d WHERE w.name = 'worker' AND d.name = 'colleague'",
            (f"{HERE}001001", datetime.now(CITY) + timedelta(hours=1), datetime.now(CITY) + timedelta(hours=5)),
        )
    since = (datetime.now(CITY) - timedelta(hours=1)).isoformat()
    told = (await here.get("/handover", params={"from": since})).json()
    parts = {part: [one for one in told["tasks"] if one["part"] == part] for part in ("open", "suspended", "done")}
    assert {part: len(tasks) for part, tasks in parts.items()} == {"open": 1, "suspended": 1, "done": 1}
    assert (told["suspended"], told["done"], sum(one["open"] for one in told["counts"])) == (1, 1, 1)
    assert parts["suspended"][0]["reason"] == "等待维修队"
    assert (parts["done"][0]["task"], parts["done"][0]["by_name"]) == (first, "worker")
    assert [(one["worker"], one["deputy"]) for one in told["roster"]] == [("worker", "colleague")]
    theirs = {str(task) for task in city.there.tasks}
    assert not theirs & {one["task"] for one in told["tasks"]}
    there = (await (await log_in("there")).get("/handover", params={"from": since})).json()
    assert {one["task"] for one in there["tasks"]} == theirs
    assert there["roster"] == []
    with psycopg.connect(city.database.admin) as admin:
        looked = admin.execute("SELECT keys FROM audit.look WHERE view = 'task' AND name = 'here'").fetchall()
    assert any({one["task"] for one in told["tasks"]} <= set(keys) for (keys,) in looked)


async def test_the_sheet_says_the_same_on_paper(city: City, log_in: LogIn) -> None:
    here, district = await log_in("here"), await log_in("district")
    task = str(city.here.tasks[1])
    assert (await district.post(f"/tasks/{task}/suspend", json={"reason": "等待维修队"})).status_code == 200
    answer = await here.get("/handover.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    document = pypdfium2.PdfDocument(answer.content)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    assert "交接班报告" in text
    assert "等待维修队" in text


@pytest.mark.parametrize("name", ["admin", "ops", "department"])
async def test_who_serves_no_grid_hands_nothing_over(log_in: LogIn, name: str) -> None:
    client = await log_in(name)
    assert (await client.get("/handover")).status_code == 403
    assert (await client.get("/handover.pdf")).status_code == 403


async def test_a_shift_of_next_week_is_refused(log_in: LogIn) -> None:
    client = await log_in("here")
    for since in ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2026-01-01T00:00:00"):
        assert (await client.get("/handover", params={"from": since})).status_code == 422
