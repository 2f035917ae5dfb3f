"""Relays what the database's own people state (`city.outbox`) to Kafka, in the order of their commits.

A row is marked as published after the broker has its event. Killed in between, the same event goes out again with the
same id (it derives from the content, which the row keeps), and every reader takes it once.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import psycopg
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_exponential_jitter

from runtime.log import configure
from runtime.metrics import OUTBOX_PUBLISHED, OUTBOX_REFUSED, OUTBOX_WAITING
from runtime.publish import InvalidStatement, NotDelivered, Publisher, PublishRefused, Statement
from runtime.rdkafka.health import HealthServer
from runtime.settings import Settings, SettingsRefused, load

log = structlog.get_logger()

BATCH = 500
#: Looked at again at least this often, should a notification be lost with its connection.
POLL_S = 2.0
WAIT_AT_MOST_S = 5.0
LOCK = "SELECT pg_try_advisory_lock(hashtext('citygrid.outbox'))"
# What a transaction that still runs will commit has a larger xid than every row taken: none is overtaken.
TAKE = """
SELECT id, topic, statement FROM city.outbox
WHERE published_at IS NULL AND refused IS NULL AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, id LIMIT %s
"""
PUBLISHED = "UPDATE city.outbox SET published_at = now() WHERE id = ANY(%s)"
REFUSED = "UPDATE city.outbox SET refused = %s WHERE id = %s"


Connection = psycopg.Connection[tuple[Any, ...]]


class Outbox:
    """`stopping` ends `run` after the batch in hand."""

    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        self._settings = settings
        self._stopping = stopping
        self._trouble: str | None = "starting"
        self._beat = time.monotonic()

    def live(self) -> str | None:
        """None while the loop turns."""
        stuck = time.monotonic() - self._beat
        return None if stuck < 150 else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None when PostgreSQL and Kafka took what they were last given."""
        return self._trouble

    def run(self) -> None:
        """Until `stopping` is set; PostgreSQL, registry and Kafka are waited for."""
        for attempt in Retrying(
            retry=retry_if_exception_type(
                (psycopg.OperationalError, psycopg.InterfaceError, NotDelivered, PublishRefused)
            ),
            wait=wait_exponential_jitter(multiplier=0.2, max=WAIT_AT_MOST_S),
            stop=stop_when_event_set(self._stopping),
            sleep=self._sleep,
            before_sleep=self._tell,
            reraise=True,
        ):
            with attempt:
                self._relay()

    def _relay(self) -> None:
        with ExitStack() as stack:
            dsn = self._settings.dsn("sinks")
            connection: Connection = stack.enter_context(psycopg.connect(dsn, autocommit=True, connect_timeout=5))
            publisher = stack.enter_context(Publisher(self._settings))
            if not self._alone(connection):
                return
            connection.execute("LISTEN city_outbox")
            while not self._stopping.is_set():
                self._beat = time.monotonic()
                if relay_once(connection, publisher) < BATCH:
                    self._trouble = None
                    for _ in connection.notifies(timeout=POLL_S, stop_after=1):
                        pass

    def _alone(self, connection: Connection) -> bool:
        """Wait until no other relay runs: two would publish everything twice. False if told to stop meanwhile."""
        while not self._stopping.is_set():
            self._beat = time.monotonic()
            row = connection.execute(LOCK).fetchone()
            if row and row[0]:
                return True
            self._trouble = "another relay runs"
            self._stopping.wait(POLL_S)
        return False

    def _sleep(self, seconds: float) -> None:
        self._beat = time.monotonic()
        self._stopping.wait(seconds)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._trouble = "PostgreSQL or Kafka is away"
        log.warning("outbox_waits", reason=type(error).__name__, attempt=state.attempt_number)


def relay_once(connection: Connection, publisher: Publisher) -> int:
    """Publish what is there, at most `BATCH`; the number of rows taken. Raises NotDelivered with nothing marked."""
    rows = connection.execute(TAKE, (BATCH,)).fetchall()
    OUTBOX_WAITING.set(len(rows))
    sent: list[int] = []
    for number, topic, said in rows:
        try:
            publisher.publish(topic, _statement(said))
        except InvalidStatement as invalid:
            connection.execute(REFUSED, (str(invalid), number))
            OUTBOX_REFUSED.inc()
            log.error("outbox_refused", outbox=number, topic=topic, reason=str(invalid))  # noqa: TRY400
        else:
            sent.append(number)
    if sent:
        publisher.flush()
        connection.execute(PUBLISHED, (sent,))
        OUTBOX_PUBLISHED.inc(len(sent))
    return len(rows)


def _statement(said: dict[str, Any]) -> Statement:
    return Statement(
        kind=said["kind"],
        record=said["record"],
        subject=said["subject"],
        occurred_at=_micros(said["occurred_at"]),
        recorded_at=_micros(said["recorded_at"]),
        change=said["change"],
        withdrawn=said["withdrawn"],
    )


def _micros(text: str) -> int:
    """ISO 8601 with its zone → microseconds since 1970 UTC, without the rounding of floats."""
    at = datetime.fromisoformat(text)
    whole = at.replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + at.microsecond


def main() -> int:
    """The exit code: 0 when asked to end, 1 with a sentence if the settings do not allow a start."""
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    try:
        settings = load()
        configure(settings, "outbox")
        outbox = Outbox(settings, stopping)
        health = HealthServer(settings.host, settings.port_of("outbox"), outbox.live, outbox.ready)
        health.start()
        try:
            outbox.run()
        finally:
            health.stop()
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
