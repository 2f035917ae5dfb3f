"""Migrations go forwards and back, also when several processes start at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg

from database.migrate import is_current, migrate, roll_back
from tests.conftest import Database


def test_every_migration_has_its_way_back(database: Database) -> None:
    undone = roll_back(database.owner)
    with psycopg.connect(database.owner) as owner:
        left = owner.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'city'").fetchone()
    assert left == (0,)
    assert migrate(database.owner) == undone[::-1]


def test_several_starts_at_once_migrate_once(database: Database) -> None:
    undone = roll_back(database.owner)
    with ThreadPoolExecutor(4) as pool:
        applied = [names for names in pool.map(migrate, [database.owner] * 4) if names]
    assert applied == [undone[::-1]]
    assert is_current(database.owner)


def test_the_lock_of_a_killed_run_does_not_stop_the_next(database: Database) -> None:
    with psycopg.connect(database.owner) as owner:
        owner.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 999999)")
    assert migrate(database.owner) == []
