"""Alerts that open and close while a page is looked at, as the sink writes them: a flood at once, or a steady rate. For
`bench/page.py`."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bench.served import newly_let
from database.queries import record_alerts

STANDING = 300
"""Alerts of the steady rate that are open at once."""
OLD = timedelta(days=30)
"""Opened and dispatched so long ago, an alert is due before every other of the crowded city that is no call for help,
and stands where the page of a district shows it."""
DISPATCHED_LONG_AGO = (
    "UPDATE city.task SET respond_by = respond_by - %(old)s WHERE finding_id = ANY (%(findings)s)",
    "UPDATE city.alert SET due = due - %(old)s WHERE finding_id = ANY (%(findings)s)",
)
"""In the transaction that opens them: the time to respond runs from the dispatch, and that is now."""


class Events:
    """Alerts about the doors of an area. `dsn` is the sinks'; one thread at a time."""

    def __init__(self, dsn: str, area: str) -> None:
        self._connection = psycopg.connect(dsn)
        self._doors = [
            door
            for (door,) in self._connection.execute(
                "SELECT dwelling FROM city.placement WHERE place LIKE %s || '%%' ORDER BY md5(dwelling)", (area,)
            )
        ]
        self._connection.rollback()
        self._number = 0
        self._open: deque[dict[str, Any]] = deque()

    def flood(self, count: int) -> float:
        """Open `count` alerts, all told to the pages in one instant: when that was, seconds since 1970."""
        self._record([self._opened() for _ in range(count)])
        return self._told()

    def call(self) -> tuple[str, float]:
        """A call for help, which stands before all: its finding, and when it was told."""
        alert = self._opened() | {"rule": "button-sos", "domain": "sos", "severity": "urgent", "respond_within": 5}
        self._record([alert])
        return str(alert["finding_id"]), self._told()

    def steadily(self, rate: int, stopping: threading.Event) -> None:
        """So many a second until told to stop: every other one opens an alert, the next closes the oldest that stands
        when there are STANDING. A second's are told in four parts."""
        began, part = time.monotonic(), 0
        while not stopping.is_set():
            part += 1
            some = []
            for _ in range(rate // 4):
                if len(self._open) < STANDING or self._number % 2 == 0:
                    some.append(self._opened())
                    self._open.append(some[-1])
                else:
                    self._number += 1
                    some.append(_closed(self._open.popleft()))
            self._record(some)
            self._told()
            stopping.wait(max(0.0, began + part / 4 - time.monotonic()))

    def close(self) -> None:
        self._connection.close()

    def _record(self, alerts: list[dict[str, Any]]) -> None:
        record_alerts(self._connection, alerts)
        opened = [alert["finding_id"] for alert in alerts if alert["state"] == "opened"]
        for statement in DISPATCHED_LONG_AGO:
            self._connection.execute(statement, {"old": OLD, "findings": opened})

    def _told(self) -> float:
        self._connection.execute("NOTIFY city_feed")
        at = time.time()
        self._connection.commit()
        return at

    def _opened(self) -> dict[str, Any]:
        self._number += 1
        door = self._doors[self._number % len(self._doors)]
        return newly_let(
            door,
            finding_id=uuid.uuid4(),
            cause=f"lease-{self._number}",
            why_zh=f"新出租，尚未走访（第 {self._number} 份）",
            why_en=f"newly let, not yet visited (lease {self._number})",
            opened_at=datetime.now(UTC) - OLD,
        )


def _closed(alert: dict[str, Any]) -> dict[str, Any]:
    return alert | {
        "state": "resolved",
        "at": datetime.now(UTC),
        "resolution_zh": "已走访",
        "resolution_en": "visited",
        "version": 2,
    }
