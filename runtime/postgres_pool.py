"""A pool of connections to PostgreSQL that outlives its restarts."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

C = TypeVar("C", bound=AsyncConnection[Any])

PATIENCE_S = 5.0
DRAINED_ONCE_S = 1.0
"""Of several callers that meet dead connections at once the first drains the pool."""
RETRY_S = 1.0
"""As often a connection is tried while PostgreSQL is away. The pool's own way is to wait twice as long each time: after
half a minute without PostgreSQL it would refuse callers for as long again."""


def make_pool(
    dsn: str, size: int, name: str, connection_class: type[C], options: str, **more: object
) -> AsyncConnectionPool[C]:
    """A closed pool of at most `size` connections in autocommit; a caller waits at most 5 s for one.

    After a restart of PostgreSQL all connections are dead. The pool would try them one after another and wait longer
    each time, past what a caller is given, so the first that is found dead renews all.
    """
    drained_at = 0.0

    async def check(connection: C) -> None:
        nonlocal drained_at
        try:
            await AsyncConnectionPool.check_connection(connection)
        except psycopg.Error:
            if (now := time.monotonic()) - drained_at > DRAINED_ONCE_S:
                drained_at = now
                await pool.drain()
            raise

    async def try_anew(pool: AsyncConnectionPool[C]) -> None:
        await pool.check()  # which begins another connection

    pool = AsyncConnectionPool(
        dsn,
        connection_class=connection_class,
        kwargs={"autocommit": True, "options": options, **more},
        min_size=1,
        max_size=size,
        max_waiting=size * 50,
        timeout=PATIENCE_S,
        check=check,
        reconnect_timeout=RETRY_S,
        reconnect_failed=try_anew,
        open=False,
        name=name,
    )
    return pool
