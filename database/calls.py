"""Whom a call for help is told, by the sinks' role: docs/decisions/0042-calls-for-help.md"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

MOST = 100
"""Turns in one look, so that no move waits for long."""


def learn(connection: Connection, next_after_s: int, within_metres: int, position_age_s: int) -> bool:
    """Teach the database the installation's settings; whether they changed."""
    row = connection.execute(
        "SELECT city.learn_calls(%s, %s, %s)",
        (timedelta(seconds=next_after_s), within_metres, timedelta(seconds=position_age_s)),
    ).fetchone()
    return bool(row and row[0])


def tell(connection: Connection) -> int:
    """Tell whose turn has come; how many turns. By the clock as it is, not as it was when the transaction began: a
    call of this transaction is told in it."""
    row = connection.execute("SELECT city.tell_calls(clock_timestamp(), %s)", (MOST,)).fetchone()
    return int(row[0]) if row else 0


def seconds_to_next(connection: Connection) -> float | None:
    """Until somebody is to be told next, of a call or another task; None: nobody is. 0: now."""
    row = connection.execute("SELECT extract(epoch FROM city.next_due() - clock_timestamp())::float8").fetchone()
    return None if row is None or row[0] is None else max(0.0, float(row[0]))


def forget_positions(connection: Connection) -> None:
    """Forget where tablets were that have not said so lately."""
    connection.execute("SELECT city.forget_positions(now())")
