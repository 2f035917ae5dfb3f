"""A small city in PostgreSQL for the database's tests: accounts with sessions, places, alerts."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg

from database import queries
from sinks.sink import Read
from sinks.targets.row_tables import RowTables
from tests.conftest import Database
from wire.registry import Registry

Connection = psycopg.Connection[Any]
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
GRID_A, GRID_B, OTHER_STREET, OTHER_DISTRICT = (
    "440113001001001",
    "440113001001002",
    "440113002001001",
    "440106001001001",
)


class World:
    """Connections of the three roles to one database, and short ways to fill it."""

    def __init__(self, database: Database, admin: psycopg.Connection[dict[str, Any]] | None = None) -> None:
        """`admin`: a superuser's connection that commits each statement, for a test that looks things up a lot;
        the roles' connections are then kept too, until `close`."""
        self.database = database
        self._admin = admin
        self._version = 0
        self._idle: dict[str, list[Connection]] = {}

    @contextmanager
    def _connected(self, dsn: str) -> Iterator[Connection]:
        """A transaction on a connection that nobody uses meanwhile. It is kept for the next: to a new one PostgreSQL
        must read its catalogue and compile each function anew, which takes more than most of the tests' statements."""
        idle = self._idle.setdefault(dsn, [])
        try:
            connection = idle.pop()
        except IndexError:
            connection = psycopg.connect(dsn, prepare_threshold=None)
        try:
            yield connection
            connection.commit()
        except BaseException:
            connection.close()
            raise
        if self._admin is None:
            connection.close()
        else:
            idle.append(connection)

    def close(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    @contextmanager
    def looking(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """A connection of the superuser, to look something up: that which was given, else one of its own."""
        if self._admin is not None:
            yield self._admin
            return
        with psycopg.connect(self.database.admin, row_factory=psycopg.rows.dict_row) as admin:
            yield admin

    @contextmanager
    def sinks(self) -> Iterator[Connection]:
        """A transaction of the sinks' role."""
        with self._connected(self.database.sinks) as connection:
            yield connection

    @contextmanager
    def as_account(self, token: str) -> Iterator[Connection]:
        """A transaction of the API's role inside this session."""
        with self._connected(self.database.api) as connection:
            connection.execute("SELECT city.enter(%s)", (token,))
            yield connection

    @contextmanager
    def as_reader(self, token: str | None) -> Iterator[Connection]:
        """A transaction of the role as which the reading functions run, inside this session: what a mistake in one of
        them could show at most."""
        with self._connected(self.database.admin) as connection:
            connection.execute("SET LOCAL ROLE citygrid_reader")
            connection.execute("SELECT set_config('citygrid.session', %s, true)", (token or "",))
            yield connection

    def account(
        self,
        role: str,
        scope: str,
        domains: list[str] | None = None,
        name: str | None = None,
        department: str | None = None,
    ) -> str:
        """A new account with a session; returns the session's token."""
        token, proof = secrets.token_urlsafe(32), secrets.token_bytes(32)
        with self._connected(self.database.owner) as owner:
            name = name or f"{role}-{uuid.uuid4().hex[:8]}"
            owner.execute(
                "INSERT INTO city.account (name, password_kdf, password_verifier, role, scope, domains, department)"
                " VALUES (%s, '$argon2id$', sha256(%s), %s, %s, %s, %s)",
                (name, proof, role, scope, domains, department),
            )
            hashed = hashlib.sha256(token.encode()).digest()
            owner.execute(
                "INSERT INTO city.session (token_sha256, account, expires_at)"
                " SELECT %s, id, now() + interval '1 hour' FROM city.account WHERE name = %s",
                (hashed, name),
            )
        return token

    def place(self, dwelling: str, grid: str | None, district: str | None = None, connection: Any = None) -> None:
        """A dwelling's row arrives."""
        placement = self.placement(dwelling, grid, district)
        if connection is not None:
            queries.place(connection, [placement])
            return
        with self.sinks() as own:
            queries.place(own, [placement])

    def alert(
        self,
        dwelling: str = "",
        state: str = "opened",
        finding: uuid.UUID | None = None,
        meanwhile: Callable[[], None] | None = None,
        **other: Any,
    ) -> uuid.UUID:
        """An alert's record arrives; `meanwhile` is called before its transaction commits."""
        content = self.record_of_alert(dwelling, state, finding, **other)
        with self.sinks() as connection:
            queries.record_alerts(connection, [content])
            if meanwhile:
                meanwhile()
        return uuid.UUID(str(content["finding_id"]))

    def placement(self, dwelling: str, grid: str | None, district: str | None = None) -> dict[str, Any]:
        """What a sink reads of a dwelling's row, newer than all before."""
        self._version += 1
        return {
            "dwelling": dwelling,
            "grid": grid,
            "district": district or (grid and grid[:6]),
            "lon": None,
            "lat": None,
            "address": f"{dwelling} street",
            "version": self._version,
        }

    def record_of_alert(
        self, dwelling: str, state: str, finding: uuid.UUID | None = None, **other: Any
    ) -> dict[str, Any]:
        """What a sink reads of it, newer than all before."""
        self._version += 1
        return {
            "finding_id": finding or uuid.uuid4(),
            "rule": "newly-let",
            "rule_version": 1,
            "domain": "housing",
            "state": state,
            "view": "dwelling",
            "subject": dwelling,
            "cause": "lease-1",
            "severity": "today",
            "why_zh": "新出租",
            "why_en": "newly let",
            "because": "[]",
            "dwelling": dwelling,
            "household": None,
            "opened_at": NOON,
            "at": NOON,
            "respond_within": 60,
            "respond_unit": "minute",
            "resolution_zh": None,
            "resolution_en": "visited" if state == "resolved" else None,
            "version": self._version,
            "unknown": False,
        } | other

    def row(self, view: str, key: str, dwelling: str) -> None:
        """A view's row arrives."""
        self._version += 1
        with self.sinks() as connection:
            read = Read(f"rows.{view}", self._version, key, (dwelling, b'{"id": "x"}'), 0)
            RowTables(Registry("http://127.0.0.1:1")).write(connection, [read])

    def tasks(self, finding: uuid.UUID) -> list[dict[str, Any]]:
        """The finding's tasks, oldest first."""
        found = "SELECT * FROM city.task WHERE finding_id = %s ORDER BY dispatched_at, id"
        with self.looking() as admin:
            return admin.execute(found, (finding,)).fetchall()

    def tasks_by_id(self, task: uuid.UUID) -> dict[str, Any]:
        """One task."""
        with self.looking() as admin:
            return admin.execute("SELECT * FROM city.task WHERE id = %s", (task,)).fetchall()[0]
