"""What changed, read for every stream that waits in one statement, each line of it under that stream's own session.

A busy city wakes hundreds of streams a second. A statement and a commit for each would take most of two processors; and
hundreds that wait for the pool would stand in the way of people's own requests, so this has connections of its own.
However many wait, none is refused: the longer they wait, the more each reads at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import NoReturn

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from api.database import OPTIONS, Connection
from runtime.postgres_connection import kept

READERS = 2
"""Connections, each with one statement at a time."""
TOGETHER = 50
"""Streams of one statement, at most: it takes some tens of milliseconds."""

READ = """
SELECT news.* FROM unnest(%(tokens)s::text[], %(after)s::bigint[], %(until)s::bigint[])
    WITH ORDINALITY AS asked(token, after, until, turn),
    LATERAL city.news(asked.token, asked.after, asked.until, %(limit)s) AS news
ORDER BY asked.turn
"""


@dataclass(frozen=True, eq=False)
class Asked:
    """What one stream wants: the lines after `after` up to `until`, of the session that `token` opens."""

    token: str
    after: int
    until: int
    answer: asyncio.Future[DictRow]


class NewsReader:
    """Answers streams while `running`. `limit`: lines of one answer at most."""

    def __init__(self, dsn: str, limit: int) -> None:
        self._dsn = dsn
        self._limit = limit
        self._waiting: deque[Asked] = deque()
        self._asked = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[NewsReader]:
        """Answers until the block ends."""
        tasks = [
            asyncio.create_task(
                kept(
                    self._dsn, "api-news", AsyncConnection[DictRow], self._serve, options=OPTIONS, row_factory=dict_row
                ),
                name=f"news-{number}",
            )
            for number in range(READERS)
        ]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def news(self, token: str, after: int, until: int) -> DictRow:
        """The row of `city.news`; waits as long as PostgreSQL is away. Raises psycopg.Error if it refuses."""
        asked = Asked(token, after, until, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._asked.set()
        return await asked.answer

    async def _serve(self, connection: Connection) -> NoReturn:
        while True:
            await self._answer(connection)

    async def _answer(self, connection: Connection) -> None:
        while not self._waiting:
            self._asked.clear()
            await self._asked.wait()
        some: list[Asked] = []
        while self._waiting and len(some) < TOGETHER:
            asked = self._waiting.popleft()
            if not asked.answer.done():  # its stream may have ended meanwhile
                some.append(asked)
        if not some:
            return
        try:
            await self._read(connection, some)
        except psycopg.Error:
            if connection.closed:  # they wait for the next one
                self._waiting.extendleft(reversed(some))
                raise
            for asked in some:  # what one cannot be told, the others are
                try:
                    await self._read(connection, [asked])
                except psycopg.Error as error:
                    if not asked.answer.done():
                        asked.answer.set_exception(error)

    async def _read(self, connection: Connection, some: list[Asked]) -> None:
        values = {
            "tokens": [asked.token for asked in some],
            "after": [asked.after for asked in some],
            "until": [asked.until for asked in some],
            "limit": self._limit,
        }
        rows = await (await connection.execute(READ, values)).fetchall()
        for asked, row in zip(some, rows, strict=True):
            if not asked.answer.done():
                asked.answer.set_result(row)
