"""Transactions of the role `citygrid_api`, each bound to one session: the database decides what the caller may see."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import psycopg
from fastapi import Depends, Request
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb, set_json_loads
from psycopg_pool import AsyncConnectionPool

from api.problems import NO_SESSION, Refused
from database.roles import Role
from runtime import postgres_pool
from runtime.http.language import Language

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]

TOKEN_LENGTH = 43  # of token_urlsafe(32)
set_json_loads(orjson.loads)  # what changed comes to each stream as JSON (`city.news`)
OPTIONS = "-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC"


def cookie_name(secure: bool) -> str:
    """`__Host-` makes a browser take it from this host over TLS only."""
    return "__Host-citygrid_session" if secure else "citygrid_session"


def make_pool(dsn: str, size: int) -> Pool:
    """A closed pool; at most `size` connections, and a caller waits at most 5 s for one."""
    return postgres_pool.make_pool(dsn, size, "api", AsyncConnection[DictRow], OPTIONS, row_factory=dict_row)


@dataclass(frozen=True)
class Caller:
    """Who asks, and the transaction in which the database answers this caller and nobody else."""

    account: UUID
    name: str
    role: Role
    scope: str
    domains: list[str] | None
    language: Language
    session_ends_at: datetime
    connection: Connection

    async def rows(self, statement: str, parameters: dict[str, Any] | None = None) -> list[DictRow]:
        """All rows of a statement, which must itself say how many at most."""
        cursor = await self.connection.execute(statement, parameters or {})
        rows: list[DictRow] = await cursor.fetchall()
        return rows

    async def row(self, statement: str, parameters: dict[str, Any] | None = None) -> DictRow | None:
        """The first row, or None."""
        first = await self.rows(statement, parameters)
        return first[0] if first else None


def filters(**wanted: object) -> Jsonb:
    """What a list is narrowed to, as the list functions take it: those that are given, times and ids as text."""
    given = {name: value for name, value in wanted.items() if value not in (None, "", False)}
    return Jsonb(given, dumps=lambda value: json.dumps(value, default=str))


@contextlib.asynccontextmanager
async def entered(pool: Pool, token: str, *, in_use: bool) -> AsyncIterator[Caller]:
    """One transaction that is `token`'s. `in_use`: a person did something, so the idle clock starts anew.

    Raises Refused (401) if the token opens nothing (any more).
    """
    async with pool.connection() as connection, connection.transaction():
        cursor = await connection.execute("SELECT * FROM city.enter(%s)", (token,))
        row = await cursor.fetchone()
        if row is None:
            raise Refused(NO_SESSION)
        ends = "SELECT city.touch() AS ends" if in_use else "SELECT now() AS ends"
        position = await (await connection.execute(ends)).fetchone()
        if position is None:
            raise Refused(NO_SESSION)
        yield Caller(**row, session_ends_at=position["ends"], connection=connection)


def token_of(request: Request) -> str:
    """The session token of a request's cookie. Raises Refused (401) if it has none of the right form."""
    token = request.cookies.get(cookie_name(request.app.state.secure), "")
    if len(token) != TOKEN_LENGTH or not token.isascii():
        raise Refused(NO_SESSION)
    return token


async def _caller(request: Request) -> AsyncIterator[Caller]:
    async with entered(request.app.state.pool, token_of(request), in_use=True) as caller:
        request.state.account = caller.account
        request.state.language = caller.language
        yield caller


async def _signed_in(request: Request) -> Caller:
    """Who asks; the transaction has ended, and the request holds no connection."""
    async with entered(request.app.state.pool, token_of(request), in_use=True) as caller:
        request.state.account = caller.account
        request.state.language = caller.language
        return caller


# "function": the transaction is committed before the answer is sent, so that whoever reads next reads it.
AsCaller = Annotated[Caller, Depends(_caller, scope="function")]
SignedIn = Annotated[Caller, Depends(_signed_in)]


async def is_ready(pool: Pool) -> bool:
    """Whether the database answers within 2 s."""
    try:
        async with asyncio.timeout(2), pool.connection(timeout=2) as connection:
            await connection.execute("SELECT 1")
    except (psycopg.Error, TimeoutError):
        return False
    return True
