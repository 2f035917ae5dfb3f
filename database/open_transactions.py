"""For how long transactions of the server's clients have been open. One that somebody forgot stops no stream and no
outbox, but nothing that was deleted since it began can be cleared away, and what it holds locked, others wait for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg

OLDEST = "SELECT city, other FROM audit.oldest_transactions()"


class Oldest(NamedTuple):
    """Seconds for which the oldest transaction has been open: in this database, and in any other one of the server.

    0: there is none.
    """

    city: float
    other: float


def oldest(connection: psycopg.Connection[tuple[Any, ...]]) -> Oldest:
    """Ask as the sinks' role. Raises psycopg.Error."""
    (row,) = connection.execute(OLDEST).fetchall()
    return Oldest(*row)
