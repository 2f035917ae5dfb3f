"""Bring schema `city` up to date: the plain SQL files of `database/migrations/`, and a table for each view.

Migrations only go forwards.

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

from wire.contracts import published

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number will do; it must only be the same in every process that migrates.
LOCK = 0x63697479

BEGIN_VIEW = """
SELECT city.begin_generation(%(view)s) WHERE NOT EXISTS (SELECT FROM city.generation WHERE view = %(view)s)
"""
REFUSAL = (
    "The database was made by another version of citygrid: it has migrations that this version does not know "
    "({strangers}) and lacks some of this version's. Nothing was changed. Run the version that made it; or, to begin "
    "anew, delete what it holds: `citygrid reset` for the local stack, a new empty database elsewhere."
)


class AnotherHistory(Exception):
    """The database was made by migrations that this version does not have; the message says what to do."""


def migrate(dsn: str) -> list[str]:
    """Apply what is missing, each migration in its own transaction, and begin the first generation of each view that
    has none; returns the names of the migrations applied, oldest first.

    `dsn` logs in as `citygrid_owner`. A database that has all of this version's migrations and some of a later version
    is left as it is. Raises AnotherHistory, with nothing changed, if it has others but lacks some of this version's,
    and `psycopg.Error` with nothing of the failing migration kept.
    """
    with _backend(dsn) as backend:
        known = read_migrations(str(MIGRATIONS))
        missing = backend.to_apply(known)
        strangers = sorted(_applied(backend) - {migration.id for migration in known})
        if missing and strangers:
            raise AnotherHistory(REFUSAL.format(strangers=", ".join(strangers[:3])))
        names = [migration.id for migration in missing]
        backend.apply_migrations(missing)
        if not strangers:
            _begin_views(dsn)
        return names


def _begin_views(dsn: str) -> None:
    """A view is a file of `domain/views/` and its schema: its table follows from them."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for output in published().values():
            if output.what == "row":
                connection.execute(BEGIN_VIEW, {"view": output.topic.removeprefix("rows.")})


def _applied(backend: DatabaseBackend) -> set[str]:
    """The names of the migrations that the database has had."""
    return {str(row[0]) for row in backend.execute(f"SELECT migration_id FROM {backend.migration_table_quoted}")}


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
