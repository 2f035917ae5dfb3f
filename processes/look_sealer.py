"""Chains the looks by hash: `citygrid worker sealer`. Readers only add looks and never wait; this process seals, every
second, those that are committed, so that a changed or missing one breaks the chain (`citygrid looks verify`).

While it is away looks are recorded all the same, and sealed when it comes back.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import psycopg
import structlog

from runtime.daemon import serve, stopping_when_asked
from runtime.log import configure
from runtime.metrics import LOOKS_SEALED, LOOKS_SEALED_AT
from runtime.settings import Settings, SettingsRefused, load

log = structlog.get_logger("citygrid.sealer")

EVERY_S = 1.0
LATE_S = 10.0
"""Without a turn for so long it is not ready."""
STUCK_S = 60.0
BATCH = 10_000
OPTIONS = "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000"


class Sealer:
    """`stopping` ends `run` after the turn in hand."""

    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        self._dsn = settings.dsn("sinks")
        self._stopping = stopping
        self._turned = self._sealed = time.monotonic()

    def live(self) -> str | None:
        """None while the loop turns; waiting for PostgreSQL counts as turning."""
        stuck = time.monotonic() - self._turned
        return None if stuck < STUCK_S else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None if all committed looks were sealed lately."""
        late = time.monotonic() - self._sealed
        return None if late < LATE_S else f"no look was sealed for {late:.0f} s: PostgreSQL is away"

    def run(self) -> None:
        """Until `stopping` is set; PostgreSQL is waited for."""
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5, options=OPTIONS) as connection:
                    self._serve(connection)
            except psycopg.OperationalError as away:
                self._turned = time.monotonic()
                log.warning("sealer_waits", reason=type(away).__name__)
                self._stopping.wait(EVERY_S)

    def _serve(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        while not self._stopping.is_set():
            sealed = seal(connection)
            self._turned = self._sealed = time.monotonic()
            LOOKS_SEALED_AT.set(time.time())
            LOOKS_SEALED.inc(sealed)
            if sealed < BATCH:
                self._stopping.wait(EVERY_S)


def seal(connection: psycopg.Connection[tuple[Any, ...]]) -> int:
    """Add one link of all committed looks that are in none, at most `BATCH`; returns how many."""
    row = connection.execute("SELECT audit.seal_looks(%s)", (BATCH,)).fetchone()
    return int(row[0]) if row else 0


def main() -> int:
    """The exit code: 0 when asked to end, 1 with a sentence if the settings do not allow a start."""
    stopping = stopping_when_asked()
    try:
        settings = load()
        configure(settings, "sealer")
        sealer = Sealer(settings, stopping)
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    serve(sealer, settings.host, settings.port_of("sealer"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
