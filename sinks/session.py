"""A sink's sessions with PostgreSQL: the one that writes, and those that do what is due beside it."""

from __future__ import annotations

import psycopg

from runtime.settings import Settings
from sinks.sink import Connection

BY_INDEX = "-c enable_seqscan=off"
"""A sink knows its rows by their keys, but tables about people have no statistics from which PostgreSQL could tell: a
plan that was made while a table was empty would read all of it for each row, as long as the session lives."""


def connect(settings: Settings, name: str) -> Connection:
    """`name` is what PostgreSQL shows of the session. Raises psycopg.OperationalError when PostgreSQL is away."""
    return psycopg.connect(
        settings.dsn("sinks"), autocommit=True, connect_timeout=5, application_name=name, options=BY_INDEX
    )
