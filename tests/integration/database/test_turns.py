"""Whoever locks more than one of place, alert and task does so in this order, or waits for none: no two wait for each
other. The random walks (`walk.py`) found each of these."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import pytest

from runtime.settings import Settings
from sinks.targets import grid_tasks
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, World
from tests.integration.sinks.wire import until

SOON = "-c lock_timeout=2000"


class City(NamedTuple):
    """Two findings of one rule in a grid whose silence mutes neither yet; a silent tablet has claimed the first."""

    claimed: uuid.UUID
    other: uuid.UUID
    task: uuid.UUID
    worker: str
    desk: str
    silence: uuid.UUID


@pytest.fixture
def city(world: World) -> City:
    world.place("d1", GRID_A)
    world.place("d2", GRID_A)
    claimed, other = world.alert("d1", severity="urgent"), world.alert("d2")
    task = world.tasks(claimed)[0]["id"]
    worker = world.account("grid_worker", GRID_A)
    with world.as_account(worker) as connection:
        moves.act(connection, task, "acknowledge")
    desk = world.account("command_centre", GRID_A[:6])
    with world.as_account(desk) as connection:
        row = connection.execute(
            "SELECT city.make_silence('newly-let', %s, 'told', %s)", (GRID_A, datetime.now(UTC) + timedelta(hours=1))
        ).fetchone()
    assert row is not None
    with world.looking() as admin:
        admin.execute("UPDATE city.alert SET silenced_by = NULL")
        admin.execute("UPDATE city.task SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")
    return City(claimed, other, task, worker, desk, row[0])


ALERTS = "SELECT FROM city.alert WHERE finding_id = ANY (%s) FOR NO KEY UPDATE"


def while_one_waits(world: World, holds: tuple[str, Any], waits: Callable[[], Any], statement: str, *its: Any) -> None:
    """Somebody (a sink, or a move) holds what `waits` waits for; their next statement is done at once."""
    with psycopg.connect(world.database.admin, options=SOON) as sink, ThreadPoolExecutor(1) as pool:
        sink.execute(holds[0], (holds[1],))
        waiting = pool.submit(waits)
        asked = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        with world.looking() as admin:
            until(lambda: waiting.done() or admin.execute(asked).fetchall(), 10)
        assert not waiting.done()
        try:
            sink.execute(statement, its)
        finally:
            sink.rollback()
            waiting.result(10)


def test_a_claim_that_runs_out_waits_for_no_place(world: World, city: City) -> None:
    lapse = "SELECT city.lapse_leases(now(), 10)"
    with world.sinks() as places, psycopg.connect(world.database.sinks, options=SOON) as clock:
        places.execute("SELECT FROM city.placement WHERE dwelling = 'd1' FOR NO KEY UPDATE")
        assert clock.execute(lapse).fetchone() == (0,)
        places.rollback()
        assert clock.execute(lapse).fetchone() == (1,)


def test_the_clock_takes_alerts_before_tasks(world: World, city: City) -> None:
    def turn() -> None:
        with psycopg.connect(world.database.sinks, autocommit=True) as clock, clock.transaction():
            grid_tasks.turn(Settings(_env_file=None), clock)

    statement = "SELECT FROM city.task WHERE id = %s FOR UPDATE"
    while_one_waits(world, (ALERTS, [city.claimed, city.other]), turn, statement, city.task)
    assert world.tasks_by_id(city.task)["claimed_by"] is None


def test_who_ends_a_silence_keeps_no_sink_waiting_that_mutes_by_it(world: World, city: City) -> None:
    def ends() -> None:
        with world.as_account(city.desk) as connection:
            connection.execute("SELECT city.end_silence(%s)", (city.silence,))

    mute = "UPDATE city.alert SET silenced_by = %s WHERE finding_id = %s"
    with world.looking() as admin:
        admin.execute(mute, (city.silence, city.other))
    while_one_waits(world, (ALERTS, [city.claimed, city.other]), ends, mute, city.silence, city.claimed)


def test_who_ends_a_shift_takes_all_places_before_the_first_task(world: World, city: City) -> None:
    (second,) = world.tasks(world.alert("d2", rule="another"))
    with world.as_account(city.worker) as connection:
        moves.act(connection, second["id"], "acknowledge")
    first, last = sorted(({"id": city.task, "dwelling": "d1"}, second), key=lambda task: task["id"])

    def ends() -> None:
        with world.as_account(city.worker) as connection:
            connection.execute("SELECT city.end_shift()")

    held = "SELECT FROM city.placement WHERE dwelling = %s FOR NO KEY UPDATE"
    task = "SELECT FROM city.task WHERE id = %s FOR NO KEY UPDATE"
    while_one_waits(world, (held, last["dwelling"]), ends, task, first["id"])


def test_who_locks_an_account_keeps_none_of_its_moves_waiting(world: World, city: City) -> None:
    admin = world.account("admin", "")
    who = world.tasks_by_id(city.task)["claimed_by"]

    def locks() -> None:
        with world.as_account(admin) as connection:
            connection.execute("SELECT city.lock_account(%s, true)", (who,))

    held = "SELECT FROM city.task WHERE id = %s FOR UPDATE"
    while_one_waits(world, (held, city.task), locks, "SELECT FROM city.account WHERE id = %s FOR KEY SHARE", who)
    assert world.tasks_by_id(city.task)["claimed_by"] is None
