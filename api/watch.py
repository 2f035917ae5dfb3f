"""The process's one LISTEN connection: it wakes the streams when there may be something new to read.

A `NOTIFY` carries nothing, and its arrival does not mean that the feed's new lines can be read in order yet: while an
older transaction is still open, lines that it may write would come before them. So after a notification the watch
follows `pg_snapshot_xmin` until everything that had begun by then has ended, and wakes the streams each time it moves.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psycopg
import structlog
from psycopg import sql

CHANNEL = "city_feed"
IDLE_SECONDS = 5.0
"""How late a lost notification can be noticed."""
FOLLOW_SECONDS = 0.05
RECONNECT_SECONDS = 1.0

log = structlog.get_logger("citygrid.api")


class FeedWatch:
    """Counts how often the feed may have grown; `changed` waits for the next time."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._moved = asyncio.Event()
        self.connected = asyncio.Event()
        self.turn = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[FeedWatch]:
        """Watches until the block ends."""
        task = asyncio.create_task(self._run(), name="feed-watch")
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def changed(self, since: int, patience: float) -> None:
        """Return once `turn` is no longer `since`, or after `patience` seconds."""
        if self.turn == since:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._moved.wait()

    def _wake(self) -> None:
        self.turn += 1
        self._moved.set()
        self._moved = asyncio.Event()

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except psycopg.Error as error:
                self.connected.clear()
                log.warning("feed_watch_disconnected", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _follow(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            self.connected.set()
            horizon, target = await _snapshot(connection)
            self._wake()  # whatever was notified while nobody listened
            while True:
                patience = FOLLOW_SECONDS if horizon < target else IDLE_SECONDS
                noticed = False
                async for _ in connection.notifies(timeout=patience, stop_after=1):
                    noticed = True
                now, newest = await _snapshot(connection)
                if noticed or patience == IDLE_SECONDS:
                    target = newest
                if now != horizon:
                    horizon = now
                    self._wake()


async def _snapshot(connection: psycopg.AsyncConnection[tuple[int, ...]]) -> tuple[int, int]:
    """The oldest transaction still open and the next one to begin."""
    statement = (
        "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s"
    )
    row = await (await connection.execute(statement)).fetchone()
    if row is None:
        raise psycopg.InterfaceError("no snapshot")
    return row[0], row[1]
