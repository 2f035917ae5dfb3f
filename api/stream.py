"""The live stream: each stream reads the feed under its own session, in commit order, from its own cursor on."""

from __future__ import annotations

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
from pydantic import BaseModel
from sse_starlette import ServerSentEvent

from api import select
from api.database import Caller, Pool, entered
from api.models import Freshness
from api.problems import FULL, Refused
from api.quiet import kinds_of
from api.watch import FeedWatch
from runtime import metrics

log = structlog.get_logger("citygrid.api")

BATCH = 200
RETRY_MS = 3000
CURSOR = re.compile(r"(\d{1,19})-(\d{1,19})")

START = "SELECT now_at AS xid, oldest FROM city.feed_start()"
FEED = "SELECT * FROM city.feed_lines(%(xid)s::text::xid8, %(id)s, %(limit)s)"
ALERTS = "SELECT * FROM city.read_alerts(%(keys)s::text[]::uuid[])"
TASKS = "SELECT * FROM city.read_tasks(%(keys)s::text[]::uuid[])"
FRESHNESS = "SELECT * FROM city.freshness_now()"


@dataclass(frozen=True, order=True)
class Position:
    """A place in the feed: the last line read, or the oldest transaction that was open at the start (`id` 0)."""

    xid: int
    id: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.id}"

    @classmethod
    def read(cls, text: str | None) -> Position | None:
        """The position that `Last-Event-ID` says; None if it says none of ours."""
        match = CURSOR.fullmatch(text or "")
        if not match or max(map(int, match.groups())) >= 2**63:
            return None
        return cls(int(match[1]), int(match[2]))


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


@dataclass
class Follower:
    """One open stream."""

    pool: Pool
    watch: FeedWatch
    pace: Pace
    token: str
    position: Position | None
    known: dict[str, tuple[object, bool]] = field(default_factory=dict)

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
        resumed = self.position
        lost = await self._begin()
        yield ServerSentEvent(event="ready", id=str(self.position), data="{}", retry=RETRY_MS)
        if resumed and lost:
            yield _event("reset", {})
        checked = 0.0
        while True:
            full = False
            # `turn` is read before the feed is: what comes in between wakes us at once.
            turn = self.watch.turn
            async with entered(self.pool, self.token, in_use=False) as caller:
                lines = await self._lines(caller)
                sent = await self._details(caller, lines)
                full = len(lines) == BATCH
                if time.monotonic() - checked >= self.pace.stream_recheck_seconds:
                    checked = time.monotonic()
                    sent += self._freshness(await fresh(caller))
            for event in sent:
                yield event
            if not full:
                await self.watch.changed(turn, self.pace.stream_recheck_seconds)

    async def _begin(self) -> bool:
        """Sets the cursor if there is none yet; whether lines after the one brought along are gone."""
        async with entered(self.pool, self.token, in_use=False) as caller:
            now = await caller.row(START)
            horizon = Position(int(now["xid"]) if now else 0, 0)
            if self.position is None or self.position > horizon:
                # Not ours, or of another database (restored from a backup): begin anew and say so.
                lost = self.position is not None
                self.position = horizon
                return lost
            # Lines older than the oldest that is kept may have been swept: the reader is told to read everything again.
            return bool(now and self.position.xid < int(now["oldest"] or 0))

    async def _lines(self, caller: Caller) -> list[dict[str, Any]]:
        start = self.position or Position(0, 0)
        return await caller.rows(FEED, {"xid": str(start.xid), "id": start.id, "limit": BATCH})

    async def _details(self, caller: Caller, lines: list[dict[str, Any]]) -> list[ServerSentEvent]:
        """An event for each alert and task among the lines, as it is now; several lines about one are one event."""
        last = {(line["kind"], line["key"]): Position(int(line["xid"]), line["id"]) for line in lines}
        alerts = await _read(caller, ALERTS, [key for kind, key in last if kind == "alert"])
        tasks = await _read(caller, TASKS, [key for kind, key in last if kind == "task"])
        details: dict[tuple[str, str], BaseModel] = {
            **{("alert", str(row["finding_id"])): select.alert_of(row) for row in alerts},
            **{("task", str(row["id"])): select.task_of(row, caller) for row in tasks},
        }
        events = []
        for name, position in sorted(last.items(), key=lambda item: item[1]):
            if name not in details and name[0] == "task":  # it has left this account's queues
                events.append(
                    ServerSentEvent(event="task", id=str(position), data=json.dumps({"id": name[1], "gone": True}))
                )
            elif name in details:
                events.append(ServerSentEvent(event=name[0], id=str(position), data=details[name].model_dump_json()))
        if lines:
            self.position = Position(int(lines[-1]["xid"]), lines[-1]["id"])
        return events

    def _freshness(self, items: list[Freshness]) -> list[ServerSentEvent]:
        """An event for each topic that has moved since this stream last said so."""
        moved = [item for item in items if self.known.get(item.topic) != (item.last_event_at, item.stale)]
        self.known = {item.topic: (item.last_event_at, item.stale) for item in items}
        return [ServerSentEvent(event="freshness", data=item.model_dump_json()) for item in moved]


async def _read(caller: Caller, statement: str, keys: list[str]) -> list[dict[str, Any]]:
    return await caller.rows(statement, {"keys": keys}) if keys else []


def _event(name: str, value: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=json.dumps(value))
