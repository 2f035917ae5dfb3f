"""Sends by Web Push what stands in `city.push`: `citygrid worker push` (docs/decisions/0046-punctual-and-push.md).

The one process that calls addresses outside of the installation, and only those of `CITYGRID_PUSH_SERVICES`. Woken by
the database; what it was sending when it was killed is taken up after a minute, and shown once: its tag is the task.
"""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait

import psycopg
import structlog
from psycopg import sql

from database import pushes
from database.pushes import Outcome, Push
from processes.push_message import Sender
from runtime.daemon import serve, stopping_when_asked
from runtime.log import configure
from runtime.metrics import PUSHES
from runtime.push_services import public_key, read_key, services
from runtime.settings import Settings, SettingsRefused, load

log = structlog.get_logger("citygrid.push")

EVERY_S = 10.0
LOOKS_UP_S = 0.5
STUCK_S = 300.0
AT_ONCE = 16
"""A service that is away holds a thread for half a minute."""
OPTIONS = "-c statement_timeout=30000"


class Pushing:
    """`stopping` ends `run` after what is being sent. Raises PushKeyRefused if pushes are to be sent and there is no
    key."""

    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        self._dsn = settings.dsn("sinks")
        self._stopping = stopping
        self._sender = Sender(settings) if services(settings) else None
        self._key = public_key(read_key(settings)) if self._sender else None
        self._turned = time.monotonic()
        self._trouble: str | None = "starting"

    def live(self) -> str | None:
        """None while the loop turns; waiting for PostgreSQL counts as turning."""
        stuck = time.monotonic() - self._turned
        return None if stuck < STUCK_S else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None if it waits for what is to be sent."""
        return self._trouble

    def run(self) -> None:
        """Until `stopping` is set; PostgreSQL is waited for."""
        with ThreadPoolExecutor(AT_ONCE, "push") as threads:
            sending: dict[Future[Outcome], Push] = {}
            while not self._stopping.is_set():
                self._turned = time.monotonic()
                try:
                    with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5, options=OPTIONS) as connection:
                        self._serve(connection, threads, sending)
                except (psycopg.OperationalError, psycopg.InterfaceError) as away:
                    self._trouble = "PostgreSQL is away"
                    log.warning("push_waits", reason=type(away).__name__)
                    self._stopping.wait(LOOKS_UP_S)

    def _serve(
        self, connection: pushes.Connection, threads: ThreadPoolExecutor, sending: dict[Future[Outcome], Push]
    ) -> None:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(pushes.CHANNEL)))
        if pushes.learn(connection, self._key):
            log.info("push_key_changed", sends=self._key is not None)
        self._trouble = None
        looked = 0.0
        while not (self._stopping.is_set() and not sending):
            self._turned = time.monotonic()
            woken = any(True for _ in connection.notifies(timeout=0 if sending else LOOKS_UP_S, stop_after=1))
            settled = self._settle(connection, sending)
            waits = woken or settled or time.monotonic() - looked > EVERY_S
            if self._sender and waits and not self._stopping.is_set():
                looked = time.monotonic()
                for push in pushes.take(connection, AT_ONCE - len(sending)):
                    sending[threads.submit(self._sender.send, push)] = push

    def _settle(self, connection: pushes.Connection, sending: dict[Future[Outcome], Push]) -> bool:
        """Whether one of those that are being sent has ended within a moment."""
        done, _ = wait(sending, timeout=0.1, return_when="FIRST_COMPLETED") if sending else (set(), None)
        for future in done:
            push, outcome = sending.pop(future), future.result()
            pushes.settle(connection, push, outcome)
            PUSHES.labels(push.kind, outcome).inc()
        return bool(done)


def main() -> int:
    """The exit code: 0 when asked to end, 1 with a sentence if the settings do not allow a start."""
    stopping = stopping_when_asked()
    try:
        settings = load()
        configure(settings, "push")
        pushing = Pushing(settings, stopping)
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    serve(pushing, settings.host, settings.port_of("push"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
