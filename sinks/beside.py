"""What a sink does besides writing: gauges and tidying up, in a thread and on a connection of its own: no record waits
for a count."""

from __future__ import annotations

import threading

import psycopg
import structlog

from runtime.settings import Settings
from sinks.sink import Connection, Tick

log = structlog.get_logger()

EVERY_S = 10.0


class Beside:
    """Calls `tick` every `EVERY_S` seconds while the block lasts; PostgreSQL that is away is asked again next time."""

    def __init__(self, name: str, tick: Tick | None, settings: Settings) -> None:
        self._name = name
        self._tick = tick
        self._settings = settings
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"{name}-beside", daemon=True)

    def __enter__(self) -> Beside:
        if self._tick:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._tick:
            self._thread.join(EVERY_S)

    def check(self) -> None:
        """Raises what `tick` raised, other than that PostgreSQL was away."""
        if self._error:
            raise self._error

    def _run(self) -> None:
        connection: Connection | None = None
        try:
            while not self._ended.is_set():
                try:
                    if connection is None or connection.closed:
                        connection = self._connect()
                    if self._tick:
                        with connection.transaction():
                            self._tick(self._settings, connection)
                except (psycopg.OperationalError, psycopg.InterfaceError) as away:
                    log.warning("postgresql_waited_for", sink=self._name, reason=type(away).__name__, what="gauges")
                self._ended.wait(EVERY_S)
        except BaseException as error:  # noqa: BLE001 - raised in the sink's own thread, which ends with it
            self._error = error
        finally:
            if connection:
                connection.close()

    def _connect(self) -> Connection:
        return psycopg.connect(
            self._settings.dsn("sinks"), autocommit=True, connect_timeout=5, application_name=f"{self._name}-beside"
        )
