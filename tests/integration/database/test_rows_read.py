"""What one record costs does not grow with what is open: how many rows PostgreSQL reads for it, by its own counters.

A plan looked up by EXPLAIN does not show what triggers and functions do below it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from database import queries
from sinks.session import BY_INDEX
from tests.integration.database.world import GRID_A, World

OPEN = 1_200
READ = """
SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer
FROM pg_stat_xact_user_tables WHERE schemaname = 'city' AND relname = ANY(%s)
"""


def rows_read(world: World, tables: list[str], work: Callable[[psycopg.Connection[Any]], object]) -> int:
    """From these tables by `work`, in a session of its own: plans of before do not help."""
    with psycopg.connect(world.database.admin, options=BY_INDEX) as admin:
        work(admin)
        row = admin.execute(READ, (tables,)).fetchone()
    assert row is not None
    return int(row[0])


def open_many(world: World) -> list[dict[str, Any]]:
    doors = [f"B-{number}" for number in range(OPEN)]
    with world.sinks() as connection:
        queries.place(connection, [world.placement(door, GRID_A) for door in doors])
        alerts = [world.record_of_alert(door, "opened", severity="urgent") for door in doors]
        queries.record_alerts(connection, alerts)
    return alerts


def test_a_task_that_ends_reads_its_own_notifications_only(world: World) -> None:
    alert, *_ = open_many(world)
    ended = alert | {"state": "resolved", "version": 10_000_000}
    tables = ["notification", "task", "task_event"]
    read = rows_read(world, tables, lambda connection: queries.record_alerts(connection, [ended]))
    assert 0 < read < 60


def test_a_batch_of_alerts_reads_no_more_than_its_own(world: World) -> None:
    open_many(world)
    with world.sinks() as connection:
        queries.place(connection, [world.placement(f"C-{number}", GRID_A) for number in range(50)])
    batch = [world.record_of_alert(f"C-{number}", "opened") for number in range(50)]
    read = rows_read(world, ["alert"], lambda connection: queries.record_alerts(connection, batch))
    assert 0 < read < 50 * 12


def test_telling_that_nobody_acknowledged_reads_what_is_due_only(world: World) -> None:
    open_many(world)
    tell = "SELECT city.tell_due(now() + interval '90 days', 50)"
    read = rows_read(world, ["notification", "task"], lambda connection: connection.execute(tell))
    assert 50 <= read < 50 * 8
