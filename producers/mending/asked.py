"""Sends back the dead letters that somebody asked for on the operations page: `citygrid worker mending`.

Requests stand in `city.replay`. What was sent is known by the marks that the replay writes in its own transaction:
killed before it has answered, it finds them and answers then. The API has no login of Kafka, and needs none.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg
import structlog

from producers.mending import letters as mending
from producers.mending.letters import DeadLetters, Letter, LettersUnreadable, Origin
from producers.mending.replay import chooser
from runtime import daemon, topic_reader
from runtime.log import configure
from runtime.settings import Settings, SettingsRefused, load
from wire.access import PUT_ASIDE, Access, on
from wire.contracts import contracts
from wire.registry import Registry

log = structlog.get_logger("citygrid.mending")

EVERY_S = 2.0
STUCK_S = 300.0
BATCH = 500
OPTIONS = "-c statement_timeout=30000"
WAITING = "SELECT origin FROM city.replay WHERE answered_at IS NULL ORDER BY asked_at, origin LIMIT %s"
ANSWERED = "UPDATE city.replay SET answered_at = now(), answer = %s WHERE origin = %s AND answered_at IS NULL"

Connection = psycopg.Connection[tuple[Any, ...]]


class Mending:
    """`stopping` ends `run` after the turn in hand."""

    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        self._settings = settings
        self._dsn = settings.dsn("sinks")
        self._stopping = stopping
        self._turned = time.monotonic()
        self._trouble: str | None = "starting"

    def live(self) -> str | None:
        """None while the loop turns; waiting for PostgreSQL or Kafka counts as turning."""
        stuck = time.monotonic() - self._turned
        return None if stuck < STUCK_S else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None if what was asked for was answered lately."""
        return self._trouble

    def run(self) -> None:
        """Until `stopping` is set; PostgreSQL and Kafka are waited for."""
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5, options=OPTIONS) as connection:
                    self._serve(connection)
            except (psycopg.OperationalError, LettersUnreadable) as away:
                self._turned = time.monotonic()
                self._trouble = "PostgreSQL or Kafka is away"
                known = isinstance(away, LettersUnreadable)
                log.warning("mending_waits", reason=str(away) if known else type(away).__name__)
                self._stopping.wait(EVERY_S)

    def _serve(self, connection: Connection) -> None:
        while not self._stopping.is_set():
            answer_once(connection, self._settings)
            self._turned = time.monotonic()
            self._trouble = None
            self._stopping.wait(EVERY_S)


def answer_once(connection: Connection, settings: Settings) -> int:
    """Send back what is asked for, at most `BATCH`; how many were answered. Raises LettersUnreadable, psycopg.Error."""
    asked = {Origin.parse(row[0]) for row in connection.execute(WAITING, (BATCH,)).fetchall()}
    if not asked:
        return 0
    dead_letters = DeadLetters(settings)
    sent: list[Letter] = []
    registry = Registry.of(settings)
    dead_letters.replay(chooser(settings, registry), lambda letter: letter.origin in asked, sent.append)
    known = dead_letters.letters()
    for origin in sorted(asked):
        answer = _answer(dead_letters, known, origin)
        connection.execute(ANSWERED, (answer, str(origin)))
        log.info("replay_answered", origin=str(origin), answer=answer)
    return len(asked)


def _answer(dead_letters: DeadLetters, known: Mapping[Origin, Letter], origin: Origin) -> str:
    letter = known.get(origin)
    if letter is None:
        return "gone"
    if letter.replayed_at is not None:
        return "sent"
    return "unreadable" if dead_letters.may_go_back(letter) else "not_ours"


def access(settings: Settings) -> Access:
    """What this process does with Kafka: it reads what was put aside, and writes it back with a mark."""
    return Access(
        reads=on(settings, PUT_ASIDE),
        writes=on(settings, [*PUT_ASIDE, *contracts()]),
        groups=frozenset({topic_reader.group_of(settings)}),
        transactions=mending.transactional_id(settings),
    )


def main() -> int:
    """The exit code: 0 when asked to end, 1 with a sentence if the settings do not allow a start."""
    stopping = daemon.stopping_when_asked()
    try:
        settings = load()
        configure(settings, "mending")
        mender = Mending(settings, stopping)
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    daemon.serve(mender, settings.host, settings.port_of("mending"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
