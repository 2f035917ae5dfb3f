"""A connection to PostgreSQL of a task's own, outside of every pool, that comes back after PostgreSQL's restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import psycopg
import structlog
from psycopg import AsyncConnection

C = TypeVar("C", bound=AsyncConnection[Any])

CONNECT_S = 5
RETRY_S = 1.0
"""After a connection that was lost or not made; as often as that one is tried while PostgreSQL is away."""

log = structlog.get_logger("citygrid.postgres")


async def kept(
    dsn: str,
    name: str,
    connection_class: type[C],
    use: Callable[[C], Awaitable[NoReturn]],
    lost: Callable[[], None] = lambda: None,
    **options: Any,
) -> NoReturn:
    """Run `use` on a connection in autocommit, and on a new one each time that one is lost, until cancelled.

    `name`: the connection's `application_name`. `use` ends by psycopg.Error alone, and `lost` is called then: all else
    that it raises is raised. `options`: of `connect`.
    """
    while True:
        try:
            async with await connection_class.connect(
                dsn, autocommit=True, connect_timeout=CONNECT_S, application_name=name, **options
            ) as connection:
                await use(connection)
        except psycopg.Error as error:
            lost()
            log.warning("connection_lost", connection=name, error=type(error).__name__)
        await asyncio.sleep(RETRY_S)
