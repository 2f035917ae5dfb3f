"""Forgets in PostgreSQL what is older than may be kept, and counts what lasts and is overdue: `citygrid worker
retention` (docs/decisions/0031-retention.md). What stands in its way, a transaction that somebody left open, it tells.

By the city's clock, not by the machine's: a host with a wrong date deletes nothing. A bounded number at a time, so that
nobody waits for it; PostgreSQL, Kafka and the registry are waited for.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import cache

import psycopg
import structlog

from database.open_transactions import oldest
from database.retention import (
    HELD,
    REPORT,
    Connection,
    forget,
    forget_photos,
    forget_reports,
    old_photos,
    old_reports,
)
from processes.clock_topic import last_tick
from processes.overdue_count import OverdueCount
from runtime import topic_reader
from runtime.daemon import serve, stopping_when_asked
from runtime.log import configure
from runtime.metrics import FORGOTTEN, OLDEST_TRANSACTION, RETENTION_AT
from runtime.object_store import StoreAway, photo_store
from runtime.settings import Settings, SettingsRefused, load
from runtime.topic_reader import TopicUnreadable
from wire.access import Access, on
from wire.registry import Registry, RegistryAway, RegistryRefused
from wire.topics import CLOCK

log = structlog.get_logger("citygrid.retention")

EVERY_S = 60.0
"""Between two looks at the clock and at what has grown too old."""
AGAIN_S = 10.0
"""Before the clock is asked again that did not answer."""
TURN_S = 1.0
BATCH = 1_000
"""What goes in one transaction: cases, statements or lines."""
LATE_S = 600.0
"""Without a look for so long it is not ready."""
STUCK_S = 300.0
PATIENCE_S = 5.0
OPTIONS = "-c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000 -c lock_timeout=5000"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Retention:
    """`stopping` ends `run` after the turn in hand."""

    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        self._settings = settings
        self._dsn = settings.dsn("sinks")
        self._stopping = stopping
        self._turned = self._looked = time.monotonic()
        self._next_look = 0.0
        self._behind = False
        self._count = OverdueCount()
        self._photos = cache(lambda: photo_store(settings))
        self._now: int | None = None

    def live(self) -> str | None:
        """None while the loop turns; waiting for what is away counts as turning."""
        stuck = time.monotonic() - self._turned
        return None if stuck < STUCK_S else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None if it looked lately at what has grown too old."""
        late = time.monotonic() - self._looked
        return None if late < LATE_S else f"nothing was forgotten for {late:.0f} s: PostgreSQL or the clock is away"

    def run(self) -> None:
        """Until `stopping` is set."""
        registry = Registry.of(self._settings, stopping=self._stopping)
        try:
            while not self._stopping.is_set():
                self._turned = time.monotonic()
                try:
                    with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5, options=OPTIONS) as connection:
                        self._serve(connection, registry)
                except (psycopg.OperationalError, psycopg.InterfaceError) as away:
                    log.warning("retention_waits", reason=type(away).__name__)
                    self._stopping.wait(TURN_S)
        finally:
            registry.close()

    def _serve(self, connection: Connection, registry: Registry) -> None:
        while not self._stopping.is_set():
            self._turned = time.monotonic()
            for database, seconds in oldest(connection)._asdict().items():
                OLDEST_TRANSACTION.labels(database).set(seconds)
            if self._turned >= self._next_look:
                self._behind = self._tell_time(registry)
                self._next_look = time.monotonic() + (EVERY_S if self._behind else AGAIN_S)
            if self._behind and self._forget(connection):
                self._behind, self._looked = False, time.monotonic()
                RETENTION_AT.labels("forgotten").set(time.time())
            if self._now is not None:
                self._count.turn(connection, self._now)
            self._stopping.wait(TURN_S)

    def _tell_time(self, registry: Registry) -> bool:
        """Learn the newest tick of the city's clock. False if it cannot be asked, or has never ticked."""
        try:
            tick = last_tick(self._settings, registry, PATIENCE_S)
        except (TopicUnreadable, RegistryAway, RegistryRefused) as away:
            log.warning("retention_waits", reason=type(away).__name__)
            return False
        self._now = None if tick is None else tick.now
        return tick is not None

    def _forget(self, connection: Connection) -> bool:
        """One batch of each; whether nothing is left that is too old."""
        done = [self._forget_some(connection, held.what) for held in HELD]
        done.append(self._forget_photos(connection))
        return all(done)

    def _forget_some(self, connection: Connection, what: str) -> bool:
        as_of = _EPOCH + timedelta(microseconds=self._now or 0)
        try:
            gone = self._forget_reports(connection, as_of) if what == REPORT else forget(connection, what, as_of, BATCH)
        except StoreAway as away:
            log.warning("retention_waits", reason=f"the store of photos: {away}")
            return False
        except psycopg.errors.LockNotAvailable:
            return False  # somebody is at it: the next turn tries again
        if gone:
            FORGOTTEN.labels(what).inc(gone)
            log.info("forgotten", what=what, count=gone)
        return gone < BATCH

    def _forget_photos(self, connection: Connection) -> bool:
        """Photos whose cases have gone; whether none is left."""
        photos = old_photos(connection, BATCH)
        try:
            for photo in photos:
                self._photos().remove(photo)
        except StoreAway as away:
            log.warning("retention_waits", reason=f"the store of photos: {away}")
            return False
        if photos:
            forget_photos(connection, photos)
            log.info("forgotten", what="photo", count=len(photos))
        return len(photos) < BATCH

    def _forget_reports(self, connection: Connection, as_of: datetime) -> int:
        """Reports with their photos, which go first: none is left that no row names. Raises StoreAway."""
        reports = old_reports(connection, as_of, BATCH)
        for report in reports:
            if report.photo:
                self._photos().remove(report.photo)
        return forget_reports(connection, [report.id for report in reports], as_of) if reports else 0


def access(settings: Settings) -> Access:
    """What retention does with Kafka: it reads the city's time."""
    return Access(reads=on(settings, [CLOCK]), groups=frozenset({topic_reader.group_of(settings)}))


def main() -> int:
    """The exit code: 0 when asked to end, 1 with a sentence if the settings do not allow a start."""
    stopping = stopping_when_asked()
    try:
        settings = load()
        configure(settings, "retention")
        retention = Retention(settings, stopping)
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    serve(retention, settings.host, settings.port_of("retention"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
