"""Counts, over the rows in PostgreSQL, the statements of what lasts that may no longer be kept: a few rows a turn, and
round and round, so that nobody waits for it. Only the number leaves this process.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg import sql

from database.retention import Connection
from domain.facts import Statement
from domain.overdue import UNTIL, overdue
from runtime.metrics import OVERDUE_RECORDS, RETENTION_AT, show
from wire.contracts import contracts

ROWS_A_TURN = 200
REST_S = 3_600.0
"""After every row was looked at."""
_EPOCH, _DAY_ZERO = datetime(1970, 1, 1, tzinfo=UTC), date(1970, 1, 1)
_VIEWS = "SELECT view FROM city.generation WHERE state = 'in_force' ORDER BY view"
_SOME = "SELECT id, row FROM city.{} WHERE id > %s ORDER BY id LIMIT %s"


class OverdueCount:
    """One round over all rows of all views after another."""

    def __init__(self) -> None:
        lasting = [contract for contract in contracts().values() if not contract.momentary]
        self._topic_of = {kind: contract.topic for contract in lasting for kind in contract.kinds}
        self._kept = {kind: kept for contract in lasting if (kept := contract.kept) for kind in contract.kinds}
        self._left: list[str] = []
        self._after = ""
        self._counted: Counter[str] = Counter()
        self._rests_until = 0.0

    def turn(self, connection: Connection, now: int, rows: int = ROWS_A_TURN) -> None:
        """Look at the next rows, as of `now` (microseconds UTC); after the last one show what was counted."""
        if time.monotonic() < self._rests_until:
            return
        if not self._left:
            self._left = [view for (view,) in connection.execute(_VIEWS).fetchall()]
        statement = sql.SQL(_SOME).format(sql.Identifier(self._left[0]))
        some = connection.execute(statement, (self._after, rows)).fetchall()
        for key, row in some:
            self._after = key
            self._counted.update(self._topic_of[late.kind] for late in overdue(_statements(row), self._kept, now))
        if len(some) < rows:
            self._left, self._after = self._left[1:], ""
        if not self._left:
            topics: Mapping[tuple[str, ...], float] = {
                (topic,): self._counted[topic] for topic in sorted({*self._topic_of.values()})
            }
            show(OVERDUE_RECORDS, topics)
            RETENTION_AT.labels("counted").set(time.time())
            self._counted = Counter()
            self._rests_until = time.monotonic() + REST_S


def _statements(row: Mapping[str, Any]) -> Iterator[Statement[Any]]:
    """The statements of a row as PostgreSQL has it: what others say about the subject has its own row."""
    for fact in row.values():
        for entry in fact if isinstance(fact, list) else ():
            if isinstance(entry, dict) and "recorded_at" in entry and "kind" in entry:
                yield Statement(
                    entry["department"],
                    entry["record"],
                    entry["kind"],
                    _instant(entry["occurred_at"]),
                    _instant(entry["recorded_at"]),
                    entry["event_id"],
                    entry["withdrawn"],
                    entry["sequence"],
                    _value(entry["kind"], entry["value"]),
                )


def _value(kind: str, value: Any) -> Any:
    """`value` with the day or instant until which it holds as a number."""
    if kind == "Renewed":
        return _number(value)
    if isinstance(value, dict):
        return value | {name: _number(value[name]) for name in UNTIL if value.get(name) is not None}
    return value


def _number(text: Any) -> Any:
    """A day (YYYY-MM-DD) or an instant as a number; what is none as it is."""
    if not isinstance(text, str):
        return text
    try:
        if len(text) == len("2026-01-31"):
            return (date.fromisoformat(text) - _DAY_ZERO).days
        return _instant(text)
    except ValueError:
        return text


def _instant(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
