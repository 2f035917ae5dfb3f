"""Who looked at whom: one look a page, in the read's transaction, chained by hash, changed by nobody unnoticed."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest

from database import looks
from processes.look_sealer import Sealer, seal
from runtime.settings import Settings
from tests.integration.database.world import GRID_A, World


@pytest.fixture
def home(world: World) -> World:
    """A dwelling with a resident and three alerts."""
    world.place("d1", GRID_A)
    world.row("resident", "r1", "d1")
    for number in range(3):
        world.alert("d1", cause=f"lease-{number}")
    return world


def kept(world: World) -> list[tuple[Any, ...]]:
    with psycopg.connect(world.database.admin) as admin:
        return admin.execute(
            "SELECT name, view, cardinality(keys), purpose, found FROM audit.look ORDER BY at, id"
        ).fetchall()


def look(world: World, token: str, statement: str) -> None:
    with world.as_account(token) as connection:
        connection.execute(statement)


def sealed(world: World) -> int:
    with psycopg.connect(world.database.sinks, autocommit=True) as sinks:
        return seal(sinks)


def test_each_page_is_one_look_that_lists_what_was_shown(home: World) -> None:
    token = home.account("grid_worker", GRID_A, name="zhou")
    for statement in (
        "SELECT * FROM city.list_alerts('{}', 50)",
        "SELECT * FROM city.list_lines('{}', 50)",
        "SELECT * FROM city.list_tasks('{}', 2)",
        "SELECT * FROM city.read_rows('resident', ARRAY['r1', 'nobody'], 'verify_fact')",
        'SELECT * FROM city.list_alerts(\'{"rule": "none"}\', 50)',  # shows nobody
    ):
        look(home, token, statement)
    assert kept(home) == [
        ("zhou", "alert", 3, "list", True),
        ("zhou", "alert", 3, "list", True),
        ("zhou", "task", 2, "list", True),
        ("zhou", "resident", 1, "verify_fact", True),
        ("zhou", "resident", 1, "verify_fact", False),
    ]


def test_readers_do_not_wait_for_each_other_nor_for_the_seal(home: World) -> None:
    tokens = [home.account("grid_worker", GRID_A) for _ in range(2)]
    read = "SELECT * FROM city.list_alerts('{}', 50)"
    with home.as_account(tokens[0]) as first, psycopg.connect(home.database.sinks) as sinks:
        first.execute(read)
        first.commit()
        assert sinks.execute("SELECT audit.seal_looks()").fetchone() == (1,)  # and stays open
        with home.as_account(tokens[0]) as one, home.as_account(tokens[1]) as two:
            for connection in (one, two):
                connection.execute("SET LOCAL lock_timeout = '500ms'")
                connection.execute(read)
        sinks.rollback()
    assert sealed(home) == 3


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit.look SET purpose = 'x' WHERE id = (SELECT id FROM audit.look ORDER BY id LIMIT 1)",
        "UPDATE audit.look SET name = 'somebody' WHERE seal = 2",
        "DELETE FROM audit.look WHERE seal = 1",
        "DELETE FROM audit.seal WHERE number = 1",
        "UPDATE audit.seal SET hash = sha256('x') WHERE number = 3",
        "DELETE FROM audit.seal WHERE number = 3",
    ],
)
def test_a_changed_or_missing_look_breaks_the_chain(home: World, tampering: str) -> None:
    token = home.account("grid_worker", GRID_A)
    for _ in range(3):
        look(home, token, "SELECT * FROM city.list_alerts('{}', 50)")
        assert sealed(home) == 1
    chain = looks.verify(home.database.owner)
    assert (chain.number, chain.sealed, chain.unsealed, chain.broken) == (3, 3, 0, None)
    assert looks.holds(home.database.owner, chain.head)
    with psycopg.connect(home.database.admin) as superuser:  # nobody else can: test_attacks.py
        superuser.execute(tampering)
    assert looks.verify(home.database.owner).broken is not None


def test_a_chain_whose_end_was_cut_off_does_not_hold_its_old_head(home: World) -> None:
    token = home.account("grid_worker", GRID_A)
    for _ in range(2):
        look(home, token, "SELECT * FROM city.list_alerts('{}', 50)")
        sealed(home)
    head = looks.verify(home.database.owner).head
    with psycopg.connect(home.database.admin) as superuser:
        superuser.execute("DELETE FROM audit.look WHERE seal = 2")
        superuser.execute("DELETE FROM audit.seal WHERE number = 2")
    assert looks.verify(home.database.owner).broken is None, "what is left is whole"
    assert not looks.holds(home.database.owner, head)


def test_the_sealer_seals_within_five_seconds_and_outlives_a_lost_connection(home: World) -> None:
    settings = Settings(_env_file=None, database_sinks_dsn=home.database.sinks)
    stopping = threading.Event()
    sealer = Sealer(settings, stopping)
    running = threading.Thread(target=sealer.run)
    running.start()
    try:
        token = home.account("grid_worker", GRID_A)
        for _ in range(2):
            look(home, token, "SELECT * FROM city.list_alerts('{}', 50)")
            until_sealed(home)
            with psycopg.connect(home.database.admin, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND usename = 'citygrid_sinks'"
                )
        assert sealer.live() is None
    finally:
        stopping.set()
        running.join(10)


def until_sealed(world: World) -> None:
    """Return once no look is unsealed; fails after 5 s of patience and what a busy machine adds."""
    deadline = time.monotonic() + 15
    while looks.verify(world.database.owner).unsealed:
        assert time.monotonic() < deadline
        time.sleep(0.1)
