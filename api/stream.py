"""The live stream: one reader of the feed wakes a stream (`api/watch.py`), which reads under its own session what has
changed since its own cursor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from pydantic import BaseModel
from sse_starlette import ServerSentEvent

from api import select
from api.database import Caller, Pool, entered
from api.news import NewsReader
from api.overview_models import Freshness
from api.problems import FULL, NO_SESSION, Refused
from api.quiet import kinds_of
from api.watch import Ear, FeedWatch
from runtime import metrics

log = structlog.get_logger("citygrid.api")

BATCH = 200
RETRY_MS = 3000
CURSOR = re.compile(r"\d{1,18}")
OF_BEFORE = re.compile(r"\d{1,19}-\d{1,19}")
"""An id that a stream gave before lines had numbers: what came since is not known."""
Sees = tuple[str, str, list[str] | None]
"""Role, scope and domains of an account."""
SEES_CASES = ("grid_worker", "command_centre")
BEHIND_SECONDS = 2.0
"""A stream whose lines are older than this when it sends them says that it is behind; so does one that may not hear of
any, for the database has been silent for longer."""
SAY_SECONDS = 1.0
"""As often it says so while it waits."""
CAUGHT_UP_SECONDS = 3.0
"""After so long without a line one that was behind is fresh: it does not say so for longer than that."""
GATHER_SECONDS = 0.05
"""A stream that is woken waits so long for what comes with it, so that many lines are read at once."""
EVERY_SECONDS = 0.25
"""A stream whose area is never quiet reads no oftener: a city's desk would read twenty times a second."""
WAITS_TIMES = 3
"""It lets so many times as long pass as its last answer took to come: when all wait, those that are woken all the time
stand back, and a tablet that hears once a minute has its turn at once."""

START = "SELECT * FROM city.feed_start()"
FRESHNESS = "SELECT * FROM city.freshness_now()"


def position_of(last_event_id: str | None) -> int | None:
    """The line that `Last-Event-ID` names; None if it names none, -1 if it names one that nobody knows any more."""
    text = last_event_id or ""
    if OF_BEFORE.fullmatch(text):
        return -1
    return int(text) if CURSOR.fullmatch(text) and text.isascii() else None


class Pace(Protocol):
    """The settings a stream goes by."""

    @property
    def stream_recheck_seconds(self) -> float: ...


@dataclass
class Places:
    """How many streams may be open at once, in all and for one account."""

    most: int
    most_of_one: int
    taken: Counter[UUID] = field(default_factory=Counter)

    def take(self, account: UUID) -> None:
        """A place for one stream. Raises Refused (503) if there is none."""
        if self.taken.total() >= self.most or self.taken[account] >= self.most_of_one:
            raise Refused(FULL, headers={"Retry-After": "30"})
        self.taken[account] += 1
        metrics.OPEN_STREAMS.set(self.taken.total())

    def leave(self, account: UUID) -> None:
        """The place is free again."""
        self.taken[account] -= 1
        if not self.taken[account]:
            del self.taken[account]
        metrics.OPEN_STREAMS.set(self.taken.total())


async def fresh(caller: Caller) -> list[Freshness]:
    """How late each topic is."""
    return [Freshness(**row, kinds=kinds_of(row["topic"])) for row in await caller.rows(FRESHNESS)]


@dataclass(frozen=True)
class News:
    """What changed for an account: lines of the feed, and the rows of their alerts and tasks as they are now."""

    account: UUID | None
    of: Sees
    lines: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    tasks: list[dict[str, Any]]

    def events(self) -> list[ServerSentEvent]:
        """An event for each alert and task among the lines, as it is now; several lines about one are one event."""
        if self.account is None:
            return []
        last = {(line["kind"], line["key"]): int(line["position"]) for line in self.lines}
        details: dict[tuple[str, str], BaseModel] = {
            **{("alert", str(row["finding_id"])): select.alert_of(row) for row in self.alerts},
            **{("task", str(row["id"])): select.task_of(row, self.account) for row in self.tasks},
        }
        events = []
        for name, position in sorted(last.items(), key=lambda item: item[1]):
            if name[0] == "call":  # of whom it is, the page asks: a call may lie in another area than its reader's
                events.append(ServerSentEvent(event="call", id=str(position), data="{}"))
            elif name not in details and name[0] == "task":  # it has left this account's queues
                events.append(
                    ServerSentEvent(event="task", id=str(position), data=json.dumps({"id": name[1], "gone": True}))
                )
            elif name in details:
                events.append(ServerSentEvent(event=name[0], id=str(position), data=details[name].model_dump_json()))
        return events


NONE = News(None, ("", "", None), [], [], [])


@dataclass
class Follower:
    """One open stream. `position`: the last line that it has passed, whether or not it was for it."""

    pool: Pool
    watch: FeedWatch
    reader: NewsReader
    pace: Pace
    token: str
    position: int | None
    known: dict[str, tuple[object, bool]] = field(default_factory=dict)
    behind: bool = False
    next_read: float = 0.0

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Everything from the cursor on, until the session is none any more."""
        try:
            async for event in self._events():
                yield event
        except Refused:
            yield _event("ended", {})
        except psycopg.Error as error:  # the browser comes back with its cursor and misses nothing
            log.warning("stream_broken", error=type(error).__name__)

    async def _events(self) -> AsyncIterator[ServerSentEvent]:
        async with entered(self.pool, self.token, in_use=False) as caller:
            before = (caller.role, caller.scope, caller.domains)
            sees = caller.domains if caller.role in SEES_CASES else []
        with self.watch.listening(caller.scope, sees) as ear:
            position, lost = await self._begin()
            yield ServerSentEvent(event="ready", id=str(position), data="{}", retry=RETRY_MS)
            if lost:
                yield _event("reset", {})
            ear.touched = True  # lines that stood there before the ear was put up
            checked = 0.0
            while True:
                # Before the feed is read: what comes in between touches the ear again.
                until, touched, ear.touched = max(self.watch.position or 0, position), ear.touched, False
                ear.woken.clear()
                news, sent = NONE, list[ServerSentEvent]()
                if touched and until > position:
                    reading = asyncio.create_task(self._news(position, until))
                    try:  # it waits for as long as the database is away
                        while not (await asyncio.wait({reading}, timeout=SAY_SECONDS))[0]:
                            if behind := self._behind(self.watch.silent):
                                yield behind
                        news = reading.result()
                    finally:
                        reading.cancel()
                    if ear.lost or news.of != before:
                        return  # the browser comes back with its cursor, and has an ear for what it sees now
                    sent = news.events()
                check = time.monotonic() - checked >= self.pace.stream_recheck_seconds
                if check:
                    of, said = await self._recheck(before)
                    if ear.lost or of != before:
                        return
                    sent += said
                    checked = time.monotonic()
                lines, full = news.lines, len(news.lines) == BATCH
                passed = int(lines[-1]["position"]) if full else until
                if behind := self._behind(max(self.watch.silent, lines[-1]["seconds"] if lines else 0.0)):
                    yield behind
                for event in sent:
                    yield event
                if check and passed != position:
                    yield ServerSentEvent(id=str(passed))  # the cursor moves also when nothing was for it
                position = passed
                if full:
                    ear.touched = True
                    continue
                await self._until_woken(ear)

    async def _recheck(self, before: Sees) -> tuple[Sees, list[ServerSentEvent]]:
        """What the account sees now, and what is to be said of freshness. While people's requests have every connection
        nothing new: each reading of the feed proves the session anyway. Raises Refused, psycopg.Error."""
        try:
            async with entered(self.pool, self.token, in_use=False) as caller:
                return (caller.role, caller.scope, caller.domains), self._freshness(await fresh(caller))
        except PoolTimeout:
            if self.watch.silent:
                raise
            return before, []

    def _behind(self, seconds: float) -> ServerSentEvent | None:
        """What is to be said of being so far behind; None: nothing, as before."""
        behind = seconds if seconds > BEHIND_SECONDS else 0.0
        if not behind and not self.behind:
            return None
        self.behind = bool(behind)
        return _event("behind", {"seconds": round(behind, 1)})

    async def _until_woken(self, ear: Ear) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CAUGHT_UP_SECONDS if self.behind else self.pace.stream_recheck_seconds):
                await ear.woken.wait()
            await asyncio.sleep(max(GATHER_SECONDS, self.next_read - time.monotonic()))

    async def _begin(self) -> tuple[int, bool]:
        """Where the stream begins, and whether lines after the one brought along are gone."""
        async with entered(self.pool, self.token, in_use=False) as caller:
            row = await caller.row(START) or {"now_at": 0, "oldest": None}
        now, before = int(row["now_at"]), self.position
        if before is None:
            return now, False
        if before < 0 or before > now:  # not ours, or of another database (restored from a backup)
            return now, True
        # Lines older than the oldest that is kept may have been swept: the reader is told to read everything again.
        return before, before < (int(row["oldest"]) - 1 if row["oldest"] else now)

    async def _news(self, after: int, until: int) -> News:
        """What changed between these lines for the session. Raises Refused (401) if the token opens nothing."""
        began = time.monotonic()
        row = await self.reader.news(self.token, after, until)
        took = time.monotonic() - began
        self.next_read = began + max(EVERY_SECONDS, (1 + WAITS_TIMES) * took)
        if row["account"] is None:
            raise Refused(NO_SESSION)
        rows = (row["lines"] or [], row["alerts"] or [], row["tasks"] or [])
        return News(row["account"], (row["role"], row["scope"], row["domains"]), *rows)

    def _freshness(self, items: list[Freshness]) -> list[ServerSentEvent]:
        """An event for each topic that has moved since this stream last said so."""
        moved = [item for item in items if self.known.get(item.topic) != (item.last_event_at, item.stale)]
        self.known = {item.topic: (item.last_event_at, item.stale) for item in items}
        return [ServerSentEvent(event="freshness", data=item.model_dump_json()) for item in moved]


def _event(name: str, value: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=json.dumps(value))
