"""What the HTTP door holds while it runs, and how a route gets at it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from starlette.concurrency import run_in_threadpool

from producers.doors.answers import BURST_SECONDS, NOT_FOUND, NOT_YOURS
from producers.doors.batch import Form
from producers.doors.device_keys import DeviceKeys
from producers.doors.device_messages import CALLS
from producers.doors.keys import RightKeys
from producers.doors.quota import DailyQuota
from producers.doors.relay import Away, Relay
from producers.mending.letters import DeadLetters, Letter, LettersUnreadable
from producers.publish.live_reporting import LiveReporting
from runtime import postgres_pool
from runtime.http.gate import Buckets
from runtime.http.problems import Refused
from runtime.settings import Settings
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]

OPTIONS = "-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
ASKED_AGAIN_S = 15.0
A_MINUTE = 60
WRONG_KEYS_AT_ONCE, WRONG_KEYS_PER_SECOND = 20, 0.2
"""Of one address, before it is answered without a look at what it sends next."""


def make_pool(dsn: str, size: int, name: str) -> Pool:
    """A closed pool of at most `size` connections; a caller waits at most 5 s for one."""
    return postgres_pool.make_pool(dsn, size, name, AsyncConnection[tuple[Any, ...]], OPTIONS)


class Letters:
    """The dead letters of all topics, read at most every `ASKED_AGAIN_S` seconds, by one reader at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reading: asyncio.Task[list[Letter]] | None = None
        self._read_at = 0.0

    async def all(self) -> list[Letter]:
        """Raises Away if they cannot be read in time."""
        if self._reading is None or (self._reading.done() and time.monotonic() - self._read_at > ASKED_AGAIN_S):
            self._read_at = time.monotonic()
            self._reading = asyncio.create_task(run_in_threadpool(self._read))
        try:
            async with asyncio.timeout(self._settings.gateway_patience_seconds):
                return await asyncio.shield(self._reading)
        except (LettersUnreadable, TimeoutError) as away:
            if self._reading.done():
                self._reading = None
            raise Away(f"the dead letters cannot be read now ({type(away).__name__})") from None

    def _read(self) -> list[Letter]:
        return list(DeadLetters(self._settings).letters().values())


@dataclass
class Door:
    """One running door."""

    settings: Settings
    pseudonyms: Pseudonyms
    relay: Relay
    pool: Pool = field(init=False)
    device_pool: Pool = field(init=False)
    """Of its own: a device's message holds a connection while Kafka is waited for."""
    call_pool: Pool = field(init=False)
    """Of bracelets: however many doors swipe, a call for help finds a connection."""

    def __post_init__(self) -> None:
        settings, dsn = self.settings, self.settings.dsn("doors")
        self.pool = make_pool(dsn, 6, "keys")
        self.device_pool = make_pool(dsn, 8, "devices")
        self.call_pool = make_pool(dsn, 4, "calls")
        self.forms = {topic: Form(contract, self.pseudonyms) for topic, contract in contracts().items()}
        self.letters = Letters(settings)
        self.reporting = LiveReporting(settings, "gateway")
        self.device_keys = DeviceKeys(settings)
        rate = settings.gateway_requests_per_second
        self.wrong_keys = Buckets(WRONG_KEYS_PER_SECOND, WRONG_KEYS_AT_ONCE)
        self.right_keys = RightKeys()
        self.quota = DailyQuota(self.pool, settings.gateway_numbers_per_day)
        self.keys = Buckets(rate, int(rate * BURST_SECONDS) + 1)
        self.devices = Buckets(settings.device_requests_per_second, int(settings.device_requests_per_second * A_MINUTE))

    def pool_of(self, department: str) -> Pool:
        """The pool of a department's devices."""
        return self.call_pool if department == CALLS else self.device_pool

    def form(self, topic: str, department: str) -> Form:
        """The form of a topic. Raises Refused: 404 if there is none, 403 if it is another department's."""
        form = self.forms.get(topic)
        if form is None:
            raise Refused(NOT_FOUND)
        if form.contract.department != department:
            raise Refused(NOT_YOURS)
        return form


def door_of(request: Request) -> Door:
    """The door that a request came through."""
    door: Door = request.app.state.door
    return door
