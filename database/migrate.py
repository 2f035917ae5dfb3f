"""Bring schema `city` up to date: the plain SQL files of `database/migrations/`, each with its way back.

Run as `citygrid_owner`. Several runs at once are safe: the second waits and then finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict
from yoyo import get_backend, read_migrations
from yoyo.backends import DatabaseBackend

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number will do; it must only be the same in every process that migrates.
LOCK = 0x63697479


def migrate(dsn: str) -> list[str]:
    """Apply what is missing, each migration in its own transaction; returns the names applied, oldest first.

    `dsn` logs in as `citygrid_owner`. Raises `psycopg.Error` with nothing of the failing migration kept.
    """
    with _backend(dsn) as backend:
        missing = backend.to_apply(read_migrations(str(MIGRATIONS)))
        names = [migration.id for migration in missing]
        backend.apply_migrations(missing)
        return names


def roll_back(dsn: str, count: int | None = None) -> list[str]:
    """Undo the newest `count` migrations (all if None); returns their names, newest first. Loses what they held."""
    with _backend(dsn) as backend:
        applied = backend.to_rollback(read_migrations(str(MIGRATIONS)))
        chosen = applied if count is None else applied[:count]
        names = [migration.id for migration in chosen]
        backend.rollback_migrations(chosen)
        return names


def is_current(dsn: str) -> bool:
    """Whether every migration of this checkout has been applied."""
    with _backend(dsn) as backend:
        return not backend.to_apply(read_migrations(str(MIGRATIONS)))


@contextmanager
def _backend(dsn: str) -> Iterator[DatabaseBackend]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        backend = get_backend(_address(dsn))
        # Whoever holds the advisory lock is alone: a yoyo lock that is still there was left by a killed run.
        backend.break_lock()
        try:
            yield backend
        finally:
            backend.connection.close()


def _address(dsn: str) -> str:
    """yoyo wants a URL that names its driver."""
    from urllib.parse import quote, urlencode

    parts = conninfo_to_dict(dsn)
    user, password = quote(str(parts.pop("user")), safe=""), quote(str(parts.pop("password", "")), safe="")
    host, port, name = parts.pop("host", ""), parts.pop("port", 5432), parts.pop("dbname")
    rest = {key: str(value) for key, value in parts.items() if value is not None}
    if str(host).startswith("/"):
        rest, host, port = {**rest, "unix_socket": str(host)}, "", ""
    colon = ":" if port else ""
    return f"postgresql+psycopg://{user}:{password}@{host}{colon}{port}/{name}" + (
        f"?{urlencode(rest)}" if rest else ""
    )
