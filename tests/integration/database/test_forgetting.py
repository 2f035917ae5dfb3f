"""What PostgreSQL forgets: what is too old by the city's clock and by PostgreSQL's own, and no more."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from database import queries
from database.retention import HELD, forget
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, World

FAR = datetime(9999, 1, 1, tzinfo=UTC)
DONE = {"outcome": "done", "note": "seen", "checks": {}}


def forgotten(world: World, what: str, as_of: datetime = FAR, most: int = 1_000) -> int:
    with psycopg.connect(world.database.sinks, autocommit=True) as sinks:
        return forget(sinks, what, as_of, most)


def count(world: World, table: str) -> int:
    with world.looking() as admin:
        return int(admin.execute(f"SELECT count(*) AS n FROM city.{table}").fetchall()[0]["n"])


def run(world: World, statement: str, *values: Any) -> None:
    with psycopg.connect(world.database.admin) as admin:
        admin.execute(statement, values)


def a_case(world: World, worker: str, *, ended: str = "5 years 1 day") -> uuid.UUID:
    """An alert whose task was done, and a colleague saw something too, long ago; resolved, and gone from Kafka."""
    finding = world.alert("d1")
    task = world.tasks(finding)[0]["id"]
    with world.as_account(worker) as connection:
        moves.act(connection, task, "acknowledge")
    with world.as_account(worker) as connection:
        connection.execute("SELECT city.visit(%s, %s)", (task, Jsonb(DONE)))
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        connection.execute("SELECT city.visit(%s, %s)", (task, Jsonb(DONE)))
    world.alert("d1", "resolved", finding)
    with world.sinks() as sinks:
        queries.forget_alerts(sinks, [(finding, 1_000_000)])
    run(world, "UPDATE city.alert SET changed_at = now() - %s::interval WHERE finding_id = %s", ended, finding)
    run(world, "UPDATE city.task SET finished_at = now() - %s::interval WHERE finding_id = %s", ended, finding)
    run(world, "UPDATE city.task_event SET at = now() - %s::interval WHERE task = %s", ended, task)
    return finding


def silence(world: World, ended: str | None) -> uuid.UUID:
    made = uuid.uuid4()
    run(
        world,
        "INSERT INTO city.silence (id, rule, area, reason, made_by, made_by_name, made_at, ends_at, ended_at)"
        " SELECT %s, 'newly-let', '440113', 'rebuilt', a.id, a.name, now() - interval '6 years',"
        " now() - interval '5 years 300 days', now() - %s::interval FROM city.account a LIMIT 1",
        made,
        ended,
    )
    return made


def test_silences_go_once_no_case_was_silenced_by_them(world: World, worker: str) -> None:
    finding = world.alert("d1")
    _, young, held, named = (silence(world, ended) for ended in ("5 years 1 day", "4 years", None, "5 years 1 day"))
    run(world, "UPDATE city.alert SET silenced_by = %s WHERE finding_id = %s", named, finding)
    assert forgotten(world, "silence") == 1
    with world.looking() as admin:
        left = {row["id"] for row in admin.execute("SELECT id FROM city.silence").fetchall()}
    assert left == {young, held, named}
    run(world, "UPDATE city.alert SET silenced_by = NULL")
    assert forgotten(world, "silence") == 1


def test_shifts_go_a_year_after_their_end_and_heartbeats_after_a_month(world: World, worker: str) -> None:
    for ago in ("1 year 2 days", "11 months", "-1 day"):
        run(
            world,
            "INSERT INTO city.shift (grid, begins, ends, worker) SELECT %s, now() - %s::interval,"
            " now() - %s::interval + interval '8 hours', id FROM city.account",
            GRID_A,
            ago,
            ago,
        )
    assert forgotten(world, "shift") == 1
    assert count(world, "shift") == 2
    with world.as_account(worker) as connection:
        connection.execute("SELECT city.beat()")
    assert forgotten(world, "heartbeat") == 0
    run(world, "UPDATE city.heartbeat SET at = now() - interval '31 days'")
    assert forgotten(world, "heartbeat") == 1
    assert count(world, "heartbeat") == 0


@pytest.fixture
def worker(world: World) -> str:
    world.place("d1", GRID_A)
    return world.account("grid_worker", GRID_A)


def test_the_database_and_the_page_say_the_same(world: World) -> None:
    with world.looking() as admin:
        there = admin.execute("SELECT what, after FROM city.kept").fetchall()
        said = {
            held.what: admin.execute("SELECT %s::interval AS after", (held.after,)).fetchall()[0]["after"]
            for held in HELD
        }
    assert {row["what"]: row["after"] for row in there} == said


def test_a_case_goes_whole_five_years_after_it_was_over(world: World, worker: str) -> None:
    a_case(world, worker)
    kept = a_case(world, worker, ended="4 years 364 days")
    assert count(world, "observation") == 2
    assert forgotten(world, "case") == 1
    assert (count(world, "alert"), count(world, "task"), count(world, "observation")) == (1, 1, 1)
    assert world.tasks(kept)
    assert forgotten(world, "case") == 0


def test_a_case_stays_while_its_finding_stands_or_something_in_it_is_younger(world: World, worker: str) -> None:
    standing, seen_later, open_task = (a_case(world, worker) for _ in range(3))
    run(world, "UPDATE city.alert SET deleted = false, state = 'opened' WHERE finding_id = %s", standing)
    of_its_task = "task IN (SELECT id FROM city.task WHERE finding_id = %s)"
    run(world, f"UPDATE city.task_event SET at = now() WHERE move = 'observe' AND {of_its_task}", seen_later)
    run(world, "UPDATE city.task SET state = 'dispatched', finished_at = NULL WHERE finding_id = %s", open_task)
    assert forgotten(world, "case") == 0
    assert count(world, "alert") == 3


def test_a_task_and_the_one_that_followed_it_go_together(world: World, worker: str) -> None:
    finding = a_case(world, worker)
    columns = "rule, domain, severity, queue, dispatched_at, finished_at"
    run(
        world,
        f"INSERT INTO city.task (finding_id, previous, state, {columns})"
        f" SELECT finding_id, id, 'closed', {columns} FROM city.task WHERE finding_id = %s",
        finding,
    )
    assert forgotten(world, "case") == 1
    assert count(world, "task") == 0


def test_nothing_goes_by_a_clock_that_has_jumped(world: World, worker: str) -> None:
    a_case(world, worker, ended="4 years")
    assert forgotten(world, "case", FAR) == 0, "PostgreSQL's own clock has not got there"
    a_case(world, worker)
    assert forgotten(world, "case", datetime.now(UTC) - timedelta(days=30)) == 0, "the city's clock has not got there"
    assert forgotten(world, "case") == 1


def test_the_outbox_keeps_what_kafka_lacks_and_what_is_refused(world: World, worker: str) -> None:
    a_case(world, worker)
    a_case(world, worker)
    run(world, "UPDATE city.outbox SET published_at = now() - interval '7 days 1 minute' WHERE id < 3")
    run(world, "UPDATE city.outbox SET published_at = now() WHERE id = 3")
    run(world, "UPDATE city.outbox SET refused = 'it is' WHERE id = 4")
    there = count(world, "outbox")
    assert forgotten(world, "outbox", most=1) == 1, "no more than asked for"
    assert forgotten(world, "outbox") == 1
    assert count(world, "outbox") == there - 2


def test_the_feed_is_a_day_long(world: World, worker: str) -> None:
    a_case(world, worker)
    run(world, "UPDATE city.feed SET at = now() - interval '25 hours' WHERE id < 3")
    there = count(world, "feed")
    assert forgotten(world, "feed") == 2
    assert count(world, "feed") == there - 2


def test_nobody_else_may_and_nothing_else_goes(world: World, worker: str) -> None:
    with psycopg.connect(world.database.api) as api, pytest.raises(psycopg.errors.InsufficientPrivilege):
        api.execute("SELECT city.forget('case', now(), 10)")
    for statement in ("DELETE FROM city.alert", "DELETE FROM city.task", "DELETE FROM city.outbox"):
        with psycopg.connect(world.database.sinks) as sinks, pytest.raises(psycopg.errors.InsufficientPrivilege):
            sinks.execute(statement)
    with psycopg.connect(world.database.sinks) as sinks, pytest.raises(psycopg.errors.NoDataFound):
        sinks.execute("SELECT city.forget('look', now(), 10)")


def test_a_visit_that_is_stated_while_its_case_goes_is_kept(world: World, worker: str) -> None:
    finding = a_case(world, worker)
    task = world.tasks(finding)[0]["id"]
    with world.as_account(worker) as connection:
        connection.execute("SELECT city.visit(%s, %s)", (task, Jsonb(DONE)))
        # not committed yet: whoever visits holds the case, and the process passes it over without waiting
        with psycopg.connect(world.database.sinks, autocommit=True) as sinks:
            sinks.execute("SET lock_timeout = '200ms'")
            assert forget(sinks, "case", FAR, 10) == 0
    assert forgotten(world, "case") == 0
    assert world.tasks(finding)


PLANS = {
    "alert_gone": "SELECT finding_id FROM city.alert WHERE deleted AND changed_at < now() - interval '5 years'"
    " AND city.over_before(finding_id, now()) ORDER BY changed_at LIMIT 1000 FOR UPDATE SKIP LOCKED",
    "outbox_published": "SELECT id FROM city.outbox WHERE published_at < now() - interval '7 days'"
    " ORDER BY published_at LIMIT 1000",
    "feed_at_idx": "SELECT id FROM city.feed WHERE at < now() - interval '1 day' ORDER BY at LIMIT 1000",
    "task_previous": "SELECT FROM city.task WHERE previous = '00000000-0000-0000-0000-000000000000' FOR KEY SHARE",
}
"""Index → what `city.forget` asks, and what PostgreSQL asks when a task goes."""


def test_what_is_too_old_is_found_without_reading_what_is_not(world: World, worker: str) -> None:
    finding = a_case(world, worker, ended="1 hour")
    columns = (
        "rule, rule_version, domain, state, view, subject, cause, severity, why_zh, why_en, place, opened_at, version"
    )
    run(
        world,
        f"INSERT INTO city.alert (finding_id, deleted, changed_at, {columns})"
        f" SELECT gen_random_uuid(), true, now() - make_interval(hours => h), {columns}"
        " FROM city.alert, generate_series(1, 20000) h WHERE finding_id = %s",
        finding,
    )
    columns = "finding_id, rule, domain, severity, queue, state, dispatched_at, finished_at"
    run(world, f"INSERT INTO city.task ({columns}) SELECT {columns} FROM city.task, generate_series(1, 20000)")
    run(world, "INSERT INTO city.outbox (topic, statement, published_at) SELECT 'x', '{}', now()"
        " FROM generate_series(1, 20000)")  # fmt: skip
    run(world, "INSERT INTO city.feed (kind, key, place, domain) SELECT 'task', 'x', 'city', 'x'"
        " FROM generate_series(1, 20000)")  # fmt: skip
    run(world, "ANALYZE city.outbox")
    with psycopg.connect(world.database.admin) as admin:
        for index, asked in PLANS.items():
            plan = "\n".join(line for (line,) in admin.execute(f"EXPLAIN {asked}").fetchall())
            assert index in plan, plan
