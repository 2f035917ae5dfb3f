"""What is packed by hand is what PostgreSQL reads."""

from __future__ import annotations

import struct

import psycopg
import pytest

from database.binary_arrays import bigints, jsonbs, texts
from tests.conftest import Database

TEXTS = ["", "网格员", 'a "quoted" {text}, \\ NULL', "é" * 3_000]
NUMBERS = [0, -1, 2**63 - 1, -(2**63), 7]
ROWS = [b'{"name": "\xe5\x91\xa8", "born": null}', None, b"[]", b'"x"', None]


def test_arrays_arrive_as_they_were(database: Database) -> None:
    with psycopg.connect(database.sinks) as connection:
        for values in (TEXTS, []):
            got = connection.execute("SELECT %b::text[]", (texts(values),)).fetchone()
            assert got == (values,)
        assert connection.execute("SELECT %b::bigint[]", (bigints(NUMBERS),)).fetchone() == (NUMBERS,)
        got = connection.execute("SELECT %b::jsonb[]", (jsonbs(ROWS),)).fetchone()
        assert got == ([{"name": "周", "born": None}, None, [], "x", None],)
        pairs = connection.execute(
            "SELECT * FROM unnest(%b::bigint[], %b::jsonb[]) AS pair(n, row) WHERE row IS NOT NULL",
            (bigints(NUMBERS), jsonbs(ROWS)),
        ).fetchall()
        assert [number for number, _ in pairs] == [0, 2**63 - 1, -(2**63)]


def test_what_does_not_fit_is_refused(database: Database) -> None:
    with pytest.raises(struct.error):
        bigints([2**63])
    with psycopg.connect(database.sinks) as connection, pytest.raises(psycopg.DataError):
        connection.execute("SELECT %b::jsonb[]", (jsonbs([b"{broken"]),))
