"""Departments' keys, made and ended by whoever runs the installation, under the database's owner."""

from __future__ import annotations

import psycopg
from psycopg.rows import dict_row

from producers.doors.keys import make
from wire.contracts import departments_of


class KeyNotMade(Exception):
    """The key cannot be made or ended; the message says why and what to do."""


def create(dsn: str, department: str, note: str = "") -> str:
    """A new key for `department`, as the department gets it; it is kept nowhere. Raises KeyNotMade."""
    known = departments_of()
    if department not in known:
        raise KeyNotMade(f"There is no department '{department}'; those with a contract are {', '.join(known)}.")
    key = make()
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO city.department_key (id, department, secret_sha256, note) VALUES (%s, %s, %s, %s)",
            (key.id, department, key.secret_sha256, note),
        )
    return key.text


def listed(dsn: str) -> list[dict[str, object]]:
    """Every key ever made, without its secret."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(
            "SELECT k.id, k.department, k.note, k.created_at, k.used_at, k.revoked_at, k.closed_by_restore, "
            "k.numbers_per_day, CASE WHEN d.day = (now() AT TIME ZONE 'Asia/Shanghai')::date THEN d.numbers ELSE 0 END "
            "AS numbers_today FROM city.department_key k LEFT JOIN city.key_day d ON d.key_id = k.id "
            "ORDER BY k.department, k.created_at"
        ).fetchall()


def limit(dsn: str, key_id: str, numbers_per_day: int | None) -> None:
    """How many identity numbers the key may state in a day; None: as `gateway_numbers_per_day` says. Raises KeyNotMade
    if there is none of this id."""
    with psycopg.connect(dsn) as connection:
        changed = connection.execute(
            "UPDATE city.department_key SET numbers_per_day = %s WHERE id = %s RETURNING id", (numbers_per_day, key_id)
        ).fetchone()
    if changed is None:
        raise KeyNotMade("There is no key of this id: see `citygrid keys list`.")


def reopen(dsn: str, key_id: str) -> None:
    """Let a key in again that a restore has closed. Raises KeyNotMade if there is none of this id that it closed."""
    with psycopg.connect(dsn) as connection:
        opened = connection.execute(
            "UPDATE city.department_key SET revoked_at = NULL, closed_by_restore = false "
            "WHERE id = %s AND closed_by_restore RETURNING id",
            (key_id,),
        ).fetchone()
    if opened is None:
        raise KeyNotMade("A restore has closed no key of this id: see `citygrid keys list`; what was revoked stays so.")


def revoke(dsn: str, key_id: str) -> None:
    """End a key at once. Raises KeyNotMade if there is none of this id."""
    with psycopg.connect(dsn) as connection:
        ended = connection.execute(
            "UPDATE city.department_key SET revoked_at = coalesce(revoked_at, now()), closed_by_restore = false "
            "WHERE id = %s RETURNING id",
            (key_id,),
        ).fetchone()
    if ended is None:
        raise KeyNotMade("There is no key of this id: see `citygrid keys list`.")
