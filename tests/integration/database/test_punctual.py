"""Whoever is to be told is told at that time, not at the next look of a loop."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg

from database import calls
from runtime.settings import Settings
from sinks.beside import EVERY_S, Punctual
from sinks.targets.grid_tasks import SINK
from tests.integration.database.test_calls import answer, call, pending, turns, worker
from tests.integration.database.test_escalation import act, new_task
from tests.integration.database.world import World
from tests.integration.sinks.wire import until

AT_MOST = timedelta(seconds=2)


@contextmanager
def punctual(world: World, next_after_s: int = 60) -> Iterator[None]:
    """The part of the sink of tasks that tells, once it waits for a notice."""
    settings = Settings(_env_file=None, database_sinks_dsn=world.database.sinks)
    with world.sinks() as sinks:
        calls.learn(sinks, next_after_s, 5_000, 600)
    with Punctual("tells", SINK.due, settings) as tells:
        until(lambda: listens(world), why="nobody waits for a notice")
        yield
        tells.check()


def listens(world: World) -> bool:
    with psycopg.connect(world.database.admin) as admin:
        idle = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tells' AND state = 'idle'"
        row = admin.execute(idle + " AND datname = current_database() AND query LIKE 'COMMIT%'").fetchone()
    return bool(row and row[0])


def sent(world: World, task: uuid.UUID) -> list[datetime]:
    return [turn["sent_at"] for turn in turns(world, task) if turn["sent_at"]]


def pressed_at(world: World, task: uuid.UUID) -> datetime:
    with world.looking() as admin:
        row = admin.execute("SELECT dispatched_at FROM city.task WHERE id = %s", (task,)).fetchone()
    assert row is not None
    at: datetime = row["dispatched_at"]
    return at


def test_the_desk_is_told_within_two_seconds_of_an_alarm_where_nobody_is_on_duty(world: World) -> None:
    with punctual(world):
        task = call(world)
        until(lambda: sent(world, task), seconds=EVERY_S / 2)
    (turn, _) = turns(world, task)
    assert turn["desk"]
    assert turn["sent_at"] - pressed_at(world, task) < AT_MOST


def test_the_next_is_told_within_two_seconds_of_their_time(world: World) -> None:
    worker(world, "near", 80)
    worker(world, "next", 300)
    with punctual(world, next_after_s=3):
        task = call(world)
        until(lambda: len(sent(world, task)) == 2, seconds=EVERY_S)
    first, second = sent(world, task)
    assert timedelta(seconds=3) <= second - first < timedelta(seconds=3) + AT_MOST


def test_a_call_that_is_given_up_goes_round_anew_at_once(world: World) -> None:
    near = worker(world, "near", 80)
    worker(world, "next", 300)
    with punctual(world):
        task = call(world)
        until(lambda: sent(world, task), seconds=EVERY_S / 2)
        answer(world, near, task)
        assert pending(world, task) == 0
        act(world, near, task, "release")
        until(lambda: len(sent(world, task)) == 2, seconds=EVERY_S / 2)
    assert [turn["name"] for turn in turns(world, task) if turn["sent_at"]] == ["near", "next"]


def test_another_task_s_next_level_is_told_at_its_time_too(world: World) -> None:
    task = new_task(world)
    with world.looking() as admin:
        admin.execute(
            "UPDATE city.notification SET due_at = clock_timestamp() + interval '3 seconds'"
            " WHERE task = %s AND level = 'deputy'",
            (task,),
        )
    with punctual(world):

        def told() -> dict[str, datetime] | None:
            row = admin_row(world, task)
            return row if row["sent_at"] else None

        row = until(told, seconds=EVERY_S)
    assert timedelta(0) <= row["sent_at"] - row["due_at"] < AT_MOST


def admin_row(world: World, task: uuid.UUID) -> dict[str, datetime]:
    with world.looking() as admin:
        row = admin.execute(
            "SELECT due_at, sent_at FROM city.notification WHERE task = %s AND level = 'deputy'", (task,)
        ).fetchone()
    assert row is not None
    return row


def test_a_notice_that_comes_while_the_work_is_done_is_not_missed(world: World) -> None:
    """Many calls, each in a transaction of its own, while turns are being told."""
    with punctual(world):
        tasks = [call(world, door=f"door-{number}") for number in range(20)]
        until(lambda: all(sent(world, task) for task in tasks), seconds=EVERY_S / 2)
    late = [sent(world, task)[0] - pressed_at(world, task) for task in tasks]
    assert max(late) < AT_MOST
