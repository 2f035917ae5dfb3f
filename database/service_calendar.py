"""Teaches the database on which days offices work and from when to when: what `city.due` counts by.

The days are those of `wire/office_calendar.py`, the hours a setting: docs/decisions/0035-due-and-route.md
"""

from __future__ import annotations

from datetime import time
from typing import Any

import psycopg

from wire.office_calendar import known_days

Connection = psycopg.Connection[Any]
Hours = tuple[tuple[time, time], ...]

LEARN = "SELECT city.learn_calendar(%(first)s, %(works)s, %(opens)s, %(closes)s)"


def learn(connection: Connection, hours: Hours) -> bool:
    """Write down all days that are known and the offices' hours, as the sinks' role; whether anything was new.

    What is open is then due by the new days; a task whose due time nobody could know before has one.
    """
    first, works = known_days()
    opens, closes = [one for one, _ in hours], [other for _, other in hours]
    row = connection.execute(LEARN, {"first": first, "works": works, "opens": opens, "closes": closes}).fetchone()
    return bool(row and row[0])
