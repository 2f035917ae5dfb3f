"""What the operator of an installation reads straight from PostgreSQL, under the sinks' role: the whole city."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

PAGE = 1000

ALERTS: LiteralString = """
SELECT a.finding_id, a.rule, a.rule_version, a.state, a.unknown, a.severity, a.view, a.subject, a.cause, a.why_zh,
       a.why_en, a.because, nullif(a.dwelling, '') AS dwelling, a.household, p.grid, a.opened_at, a.changed_at,
       a.respond_by, a.resolution_zh, a.resolution_en
FROM city.alert a LEFT JOIN city.placement p ON p.dwelling = a.dwelling
WHERE NOT a.deleted AND (%(state)s::text IS NULL OR a.state = %(state)s)
    AND (%(rule)s::text IS NULL OR a.rule = %(rule)s)
ORDER BY array_position(ARRAY['urgent', 'today', 'planned'], a.severity), a.opened_at DESC, a.finding_id LIMIT %(limit)s
"""
TASKS: LiteralString = """
SELECT t.id, t.finding_id, t.previous, t.rule, t.severity, t.queue, t.state, c.name AS claimed_by,
       nullif(t.dwelling, '') AS dwelling,
       t.dispatched_at, t.acknowledged_at, t.finished_at, t.respond_by, t.outcome, t.closed_zh, t.closed_en
FROM city.task t LEFT JOIN city.account c ON c.id = t.claimed_by
WHERE (%(state)s::text IS NULL OR t.state = %(state)s) AND (%(queue)s::text IS NULL OR t.queue = %(queue)s)
    AND (%(rule)s::text IS NULL OR t.rule = %(rule)s)
ORDER BY array_position(ARRAY['urgent', 'today', 'planned'], t.severity), t.respond_by NULLS LAST, t.id LIMIT %(limit)s
"""


class NoSuchView(Exception):
    """There is no view of this name; the message names those that there are."""


def alerts(dsn: str, *, state: str | None, rule: str | None, limit: int | None) -> list[dict[str, Any]]:
    """Alerts, the newest urgent ones first; all states if `state` is None."""
    return _read(dsn, ALERTS, {"state": state, "rule": rule, "limit": limit})


def tasks(
    dsn: str, *, state: str | None, queue: str | None, rule: str | None, limit: int | None
) -> list[dict[str, Any]]:
    """Tasks, the most urgent first; all states if `state` is None."""
    return _read(dsn, TASKS, {"state": state, "queue": queue, "rule": rule, "limit": limit})


def rows(dsn: str, view: str, key: str | None = None) -> Iterator[dict[str, Any]]:
    """Every row of the view's generation in force in the order of its key, or the one of `key`. Raises NoSuchView."""
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        known = [row["view"] for row in connection.execute("SELECT DISTINCT view FROM city.generation ORDER BY view")]
        if view not in known:
            raise NoSuchView(f"There is no view of this name; there are: {', '.join(known)}.")
        statement = sql.SQL(
            "SELECT id AS key, version, row FROM city.{} WHERE %(key)s::text IS NULL OR id = %(key)s ORDER BY id"
        )
        with connection.cursor("rows") as cursor:
            cursor.itersize = PAGE
            cursor.execute(statement.format(sql.Identifier(view)), {"key": key})
            yield from cursor


def _read(dsn: str, statement: LiteralString, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(statement, parameters).fetchall()
