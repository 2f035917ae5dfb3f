"""Who is told when nobody acknowledges: by rule and severity as data, in working hours; an acknowledgement ends it."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from database import service_calendar
from domain.time import CITY
from runtime.settings import Settings
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, World


def new_task(world: World, severity: str = "urgent", rule: str = "newly-let") -> uuid.UUID:
    world.place("d1", GRID_A)
    finding = world.alert("d1", severity=severity, rule=rule, cause=str(uuid.uuid4()))
    return uuid.UUID(str(world.tasks(finding)[0]["id"]))


def tell(world: World, after_minutes: float) -> int:
    """The clock's turn so long after now."""
    with world.sinks() as sinks:
        row = sinks.execute("SELECT city.tell_due(now() + %s, 1000)", (timedelta(minutes=after_minutes),)).fetchone()
    assert row is not None
    return int(row[0])


def act(world: World, token: str, task: uuid.UUID, move: str, reason: str = "why", **detail: Any) -> dict[str, Any]:
    with world.as_account(token) as connection:
        return moves.act(connection, task, move, reason, detail)


def notified(world: World, task: uuid.UUID) -> dict[str, list[str]]:
    """The levels of a task's notifications by what became of them."""
    with psycopg.connect(world.database.admin) as admin:
        rows = admin.execute(
            "SELECT CASE WHEN sent_at IS NOT NULL THEN 'sent' WHEN cancelled_at IS NOT NULL THEN 'cancelled'"
            " ELSE 'pending' END, array_agg(level ORDER BY number, city.level_rank(level))"
            " FROM city.notification WHERE task = %s GROUP BY 1",
            (task,),
        ).fetchall()
    return dict(rows)


def test_one_level_after_the_other_is_told_until_somebody_acknowledges(world: World) -> None:
    worker, task = world.account("grid_worker", GRID_A), new_task(world)
    levels = []
    for minutes in (0.1, 4, 6, 11, 16):
        tell(world, minutes)
        levels.append(world.tasks_by_id(task)["escalated_to"])
    assert levels == ["worker", "worker", "deputy", "community", "street"]
    act(world, worker, task, "acknowledge")
    assert notified(world, task) == {"sent": ["worker", "deputy", "community", "street"], "cancelled": ["district"]}
    assert world.tasks_by_id(task)["escalated_to"] is None
    assert tell(world, 99999) == 0


def test_a_claim_alone_is_no_acknowledgement_and_what_comes_back_is_told_anew(world: World) -> None:
    worker, centre = world.account("grid_worker", GRID_A), world.account("command_centre", "440113")
    task = new_task(world)
    act(world, worker, task, "claim")
    assert tell(world, 31) == 5
    act(world, centre, task, "hand_over", queue=GRID_A)
    assert world.tasks_by_id(task)["escalated_to"] is None
    assert notified(world, task)["pending"] == ["worker", "deputy", "community", "street", "district"]
    act(world, centre, task, "suspend")
    assert "pending" not in notified(world, task)
    act(world, centre, task, "resume")
    assert len(notified(world, task)["pending"]) == 5
    world.alert("d1", "resolved", world.tasks_by_id(task)["finding_id"])
    assert "pending" not in notified(world, task)


def test_today_is_told_in_working_hours_over_national_day(world: World) -> None:
    with world.sinks() as sinks:
        service_calendar.learn(sinks, Settings(_env_file=None).office_hours)
    task = new_task(world, "today")
    dispatched = datetime(2026, 9, 30, 17, tzinfo=CITY)
    with psycopg.connect(world.database.admin) as admin:
        admin.execute("DELETE FROM city.notification")
        admin.execute("DELETE FROM city.task_event")
        admin.execute(
            "INSERT INTO city.task_event (task, number, move, to_state, queue, at)"
            " VALUES (%s, 1, 'dispatch', 'dispatched', %s, %s)",
            (task, GRID_A, dispatched),
        )
        due: dict[str, datetime] = dict(
            admin.execute("SELECT level, due_at FROM city.notification WHERE task = %s", (task,)).fetchall()
        )
    assert {level: at.astimezone(CITY) for level, at in due.items()} == {
        "worker": dispatched,
        "deputy": datetime(2026, 10, 8, 9, tzinfo=CITY),
        "community": datetime(2026, 10, 8, 10, tzinfo=CITY),
        "street": datetime(2026, 10, 8, 12, tzinfo=CITY),
        "district": datetime(2026, 10, 8, 17, tzinfo=CITY),
    }


def test_a_rule_may_have_steps_of_its_own(world: World) -> None:
    with psycopg.connect(world.database.admin) as admin:
        admin.execute("INSERT INTO city.escalation_step VALUES ('button-pressed', 'urgent', 'district', 1, 'minute')")
    own, other = new_task(world, rule="button-pressed"), new_task(world)
    tell(world, 2)
    assert notified(world, own) == {"sent": ["district"]}
    assert notified(world, other)["sent"] == ["worker"]


def test_a_centre_counts_what_was_told_to_its_level_or_above(world: World) -> None:
    task = new_task(world)
    scopes = {"community": GRID_A[:12], "street": GRID_A[:9], "district": GRID_A[:6], "city": ""}
    centres = {level: world.account("command_centre", scope) for level, scope in scopes.items()}
    listed = "SELECT count(*) FROM city.list_alerts(%s, 50)"

    def counted() -> list[tuple[int, int]]:
        numbers = []
        for token in centres.values():
            with world.as_account(token) as connection:
                head = connection.execute("SELECT escalated FROM city.summary('', 'Asia/Shanghai')").fetchall()[0][0]
                shown = connection.execute(listed, (Jsonb({"task": "escalated"}),)).fetchall()[0][0]
                numbers.append((head, shown))
        return numbers

    expected = {6: [0, 0, 0, 0], 11: [1, 0, 0, 0], 16: [1, 1, 0, 0], 31: [1, 1, 1, 1]}
    for minutes, numbers in expected.items():
        tell(world, minutes)
        assert counted() == [(number, number) for number in numbers], minutes
    act(world, world.account("grid_worker", GRID_A), task, "acknowledge")
    assert counted() == [(0, 0)] * 4


def test_nobody_is_told_after_an_acknowledgement_that_comes_at_the_same_moment(world: World) -> None:
    worker, task = world.account("grid_worker", GRID_A), new_task(world)
    telling = threading.Thread(target=tell, args=(world, 31))
    with world.as_account(worker) as connection:
        moves.act(connection, task, "acknowledge")
        telling.start()
        telling.join(30)
        assert not telling.is_alive(), "it waits for nobody"
    assert notified(world, task) == {"cancelled": ["worker", "deputy", "community", "street", "district"]}


@pytest.mark.parametrize("severity", ["urgent", "today", "planned"])
def test_every_severity_has_its_steps(world: World, severity: str) -> None:
    with psycopg.connect(world.database.admin) as admin:
        rows = admin.execute(
            "SELECT level FROM city.escalation_step WHERE rule = '*' AND severity = %s"
            " ORDER BY city.service_time(after, unit), city.level_rank(level)",
            (severity,),
        ).fetchall()
    levels = ["worker", "deputy", "community", "street", "district"]
    assert [level for (level,) in rows] == [level for level in levels if (level,) in rows]
