"""Rows in their tables: never back in time, a deletion is a mark."""

from __future__ import annotations

import psycopg

from sinks.sink import Read
from sinks.targets.row_tables import RowTables
from tests.integration.database.world import GRID_A, World
from wire.registry import Registry


def write(world: World, offset: int, name: str | None, dwelling: str = "d1") -> None:
    value = None if name is None else (dwelling, f'{{"name": "{name}"}}'.encode())
    with world.sinks() as connection:
        RowTables(Registry("http://127.0.0.1:1")).write(connection, [Read("rows.resident", offset, "r1", value, 0)])


def test_an_older_record_changes_nothing_not_even_a_deletion(world: World) -> None:
    with psycopg.connect(world.database.admin, autocommit=True) as admin:
        ask = "SELECT version, row ->> 'name', deleted FROM city.resident_g1"
        write(world, 5, "new")
        write(world, 3, "old")
        assert admin.execute(ask).fetchall() == [(5, "new", False)]
        write(world, 7, None)
        write(world, 6, "late")
        assert admin.execute(ask).fetchall() == [(7, None, True)]
        assert admin.execute("SELECT count(*) FROM city.resident").fetchone() == (0,)


def test_a_row_writes_no_line_that_no_page_shows(world: World) -> None:
    world.place("d1", GRID_A)
    write(world, 1, "Zhou", "d1")
    with psycopg.connect(world.database.admin) as admin:
        assert admin.execute("SELECT count(*) FROM city.feed").fetchone() == (0,)
