"""What a sink does besides writing, in a thread and on a connection of its own: no record waits for a count."""

from __future__ import annotations

import threading
import time

import psycopg
import structlog
from psycopg import sql

from runtime.settings import Settings
from sinks import session
from sinks.sink import Connection, Due, Tick

log = structlog.get_logger()

EVERY_S = 10.0
NOT_OFTENER_S = 0.2
"""Between two looks at what is due: a flood of notices is one."""
LOOKS_UP_S = 0.5
"""Who waits for a notice sees as often whether it shall end."""


class Beside:
    """Calls `tick` every `EVERY_S` seconds while the block lasts; PostgreSQL that is away is asked again next time."""

    def __init__(self, name: str, tick: Tick | None, settings: Settings) -> None:
        self._name = name
        self._tick = tick
        self._settings = settings
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Beside:
        if self._tick:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._tick:
            self._thread.join(EVERY_S)

    def check(self) -> None:
        """Raises what the thread raised, other than that PostgreSQL was away."""
        if self._error:
            raise self._error

    def _run(self) -> None:
        connection: Connection | None = None
        try:
            while not self._ended.is_set():
                try:
                    if connection is None or connection.closed:
                        connection = self._connect()
                    self._turn(connection)
                except (psycopg.OperationalError, psycopg.InterfaceError) as away:
                    log.warning("postgresql_waited_for", reason=type(away).__name__, what=self._name)
                    self._ended.wait(EVERY_S)
        except BaseException as error:  # noqa: BLE001 - raised in the sink's own thread, which ends with it
            self._error = error
        finally:
            if connection:
                connection.close()

    def _turn(self, connection: Connection) -> None:
        if self._tick:
            with connection.transaction():
                self._tick(self._settings, connection)
        self._ended.wait(EVERY_S)

    def _connect(self) -> Connection:
        return session.connect(self._settings, self._name)


class Punctual(Beside):
    """Does what is due when it is due: it is woken by a notice of the database (`Due.channel`) and by its own timer,
    which it sets to what `Due.work` names as the next. It looks every `EVERY_S` seconds in any case."""

    def __init__(self, name: str, due: Due | None, settings: Settings) -> None:
        super().__init__(name, due.work if due else None, settings)
        self._due = due

    def _connect(self) -> Connection:
        connection = super()._connect()
        if self._due:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._due.channel)))
        return connection

    def _turn(self, connection: Connection) -> None:
        if not self._due:
            return
        with connection.transaction():
            seconds = self._due.work(self._settings, connection)
        self._ended.wait(NOT_OFTENER_S)
        until = time.monotonic() + min(EVERY_S, EVERY_S if seconds is None else seconds) - NOT_OFTENER_S
        while not self._ended.is_set():
            left = until - time.monotonic()
            # What came while the work was done is handed out first: no notice is missed between two waits.
            if left <= 0 or any(True for _ in connection.notifies(timeout=min(left, LOOKS_UP_S), stop_after=1)):
                return
