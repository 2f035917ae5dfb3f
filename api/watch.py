"""The process's one reader of the feed: it reads each line once, and wakes only the streams whose scope it touches.

A `NOTIFY` carries nothing. The reader sees where something happened and of which domain; what it was, each stream
reads under its own account. It waits for no transaction (`city.read_feed`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from psycopg import AsyncConnection, sql

from runtime.postgres_connection import kept

Connection = AsyncConnection[tuple[Any, ...]]

CHANNEL = "city_feed"
IDLE_SECONDS = 5.0
"""How late a lost notification can be noticed."""
SILENT_SECONDS = IDLE_SECONDS + 2.0
"""An open connection that has answered nothing for so long leads nowhere: the reader asks every IDLE_SECONDS."""
BATCH = 1_000
AREAS = (0, 6, 9, 12, 15)
"""Digits of an account's scope: a prefix of the grid code."""

READ = "SELECT position, place, domain FROM city.read_feed(%s, %s)"


@dataclass(eq=False)
class Ear:
    """What one stream is woken by: lines of its account's scope and domains (None: all). `touched`: there were some
    since it last looked. `lost`: lines are numbered anew, for the database was restored."""

    scope: str = ""
    domains: frozenset[str] | None = None
    touched: bool = False
    lost: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Something may be there for this stream."""
        self.touched = True
        self.woken.set()


class FeedWatch:
    """Reads the feed while `running`. `position`: the last line that was read; it and all before it have woken whom
    they concern. None: the database was not reached yet."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._ears: dict[str, set[Ear]] = defaultdict(set)
        self.connected = asyncio.Event()
        self.position: int | None = None
        self._answered = time.monotonic()

    @property
    def silent(self) -> float:
        """Seconds for which the database has answered nothing; 0 while it does as usual."""
        seconds = time.monotonic() - self._answered
        return seconds if not self.connected.is_set() or seconds > SILENT_SECONDS else 0.0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[FeedWatch]:
        """Watches until the block ends."""
        tasks = [
            asyncio.create_task(
                kept(self._dsn, "api-feed", Connection, self._follow, self.connected.clear), name="feed-watch"
            ),
            asyncio.create_task(self._say_silence(), name="feed-silence"),
        ]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    @contextlib.contextmanager
    def listening(self, scope: str, domains: Iterable[str] | None) -> Iterator[Ear]:
        """An ear for as long as the block lasts."""
        ear = Ear(scope, None if domains is None else frozenset(domains))
        self._ears[scope].add(ear)
        try:
            yield ear
        finally:
            self._ears[scope].discard(ear)
            if not self._ears[scope]:
                del self._ears[scope]

    def hear(self, lines: Iterable[tuple[int, str, str]]) -> int:
        """Wake whom these lines (position, place, domain) concern; how many there were."""
        count = 0
        for position, place, domain in lines:
            for digits in AREAS[: 1 if len(place) < AREAS[1] else None]:
                for ear in self._ears.get(place[:digits], ()) if digits <= len(place) else ():
                    if ear.domains is None or domain in ear.domains:
                        ear.wake()
            self.position = position
            count += 1
        return count

    async def _say_silence(self) -> None:
        """Wake every stream each second while the database is silent, and once when it no longer is: a page that hears
        nothing is to know that nothing may be heard."""
        was_silent = False
        while True:
            await asyncio.sleep(1.0)
            is_silent = self.silent > 0
            if is_silent or was_silent:
                for ear in [ear for ears in self._ears.values() for ear in ears]:
                    ear.woken.set()
            was_silent = is_silent

    async def _follow(self, connection: Connection) -> NoReturn:
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        row = await (await connection.execute("SELECT city.feed_now()")).fetchone()
        now = int(row[0]) if row else 0
        if self.position is None or self.position > now:
            for ear in [ear for ears in self._ears.values() for ear in ears]:
                ear.lost = self.position is not None
                ear.wake()
            self.position = now
        self._answered = time.monotonic()
        self.connected.set()
        while True:
            lines = await (await connection.execute(READ, (self.position, BATCH))).fetchall()
            self._answered = time.monotonic()
            if self.hear(lines) < BATCH:
                async for _ in connection.notifies(timeout=IDLE_SECONDS, stop_after=1):
                    pass
            else:
                await asyncio.sleep(0)  # streams have their turn between two batches
