"""Migrations go forwards, also when several processes start at once; a database of another history is left alone."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from database.migrate import MIGRATIONS, AnotherHistory, migrate
from runtime.settings import CHECKOUT
from tests.conftest import Database
from wire.contracts import published

NAMES = sorted(path.stem for path in MIGRATIONS.glob("*.sql"))


@pytest.fixture
def empty(database: Database) -> Database:
    """A database in which nothing was ever migrated."""
    with psycopg.connect(database.owner) as owner:
        owner.execute("DROP SCHEMA city CASCADE")
        owner.execute("DELETE FROM _yoyo_migration")
    return database


@pytest.fixture(
    params=(
        ("0001.accounts", "0002.rows", "0042.grid_points"),
        ("0001.access", "0009.reading", "0042.news"),
        ("0001.access",),  # the old version was killed after its first
    ),
    ids=("before the first squash", "before the second", "made in part"),
)
def before_the_squash(empty: Database, request: pytest.FixtureRequest) -> Database:
    """A database as migrations left it that this version does not have."""
    with psycopg.connect(empty.owner) as owner:
        owner.execute("CREATE SCHEMA city")
        owner.execute("CREATE TABLE city.account (name text)")
        for name in request.param:
            owner.execute(
                "INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES (%s, %s)", (f"hash-{name}", name)
            )
    return empty


def test_several_starts_at_once_migrate_once(empty: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = [names for names in pool.map(migrate, [empty.owner] * 4) if names]
    assert applied == [NAMES]
    assert migrate(empty.owner) == []


def test_the_lock_of_a_killed_run_does_not_stop_the_next(database: Database) -> None:
    with psycopg.connect(database.owner) as owner:
        owner.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 999999)")
    assert migrate(database.owner) == []


def test_a_database_of_before_is_told_and_left_as_it_is(before_the_squash: Database) -> None:
    with pytest.raises(AnotherHistory, match=r"0001\.acc.*citygrid reset"):
        migrate(before_the_squash.owner)
    with psycopg.connect(before_the_squash.owner) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'city'").fetchall()
    assert tables == [("account",)]


def test_the_command_says_so_in_a_sentence(before_the_squash: Database) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "citygrid", "migrate"],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "CITYGRID_DATABASE_OWNER_DSN": before_the_squash.owner},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert "citygrid reset" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_new_view_has_its_table_without_a_migration(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    known = published()
    lift = replace(known["rows.district"], topic="rows.lift")
    monkeypatch.setattr("database.migrate.published", lambda: known | {"rows.lift": lift})
    for _ in range(2):
        assert migrate(database.owner) == []
    with psycopg.connect(database.owner) as owner:
        begun = owner.execute("SELECT number, state FROM city.generation WHERE view = 'lift'").fetchall()
        assert begun == [(1, "in_force")]
        assert owner.execute("SELECT count(*) FROM city.lift").fetchone() == (0,)


def test_a_later_versions_database_is_left_to_it(database: Database) -> None:
    with psycopg.connect(database.owner) as owner:
        owner.execute("INSERT INTO _yoyo_migration (migration_hash, migration_id) VALUES ('later', '0999.later')")
    assert migrate(database.owner) == []
