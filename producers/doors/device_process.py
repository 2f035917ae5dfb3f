"""The devices' MQTT 5 door: `citygrid worker devices`. Without `CITYGRID_MQTT_URL` it has nothing to do and says so.

A message is acknowledged to the broker after Kafka has acknowledged its event and PostgreSQL its number. Killed at any
point between, the message comes again and is the same event; once its number is kept, it is taken for a replay.
What can never be taken (forged, too old, against the contract) is acknowledged too, counted and logged by its reason.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import psycopg
import structlog
from tenacity import (
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_when_event_set,
    wait_exponential_jitter,
)

from producers.doors.batch import Form
from producers.doors.device_keys import DeviceKeys
from producers.doors.device_messages import (
    CALLS,
    DOORS,
    HELD,
    TOOK,
    Accepted,
    Device,
    Message,
    MessageRefused,
    Messages,
)
from producers.doors.device_routes import tell
from producers.doors.mqtt import IN_HAND_AT_MOST, BrokerAway, Subscription, message_of
from producers.publish import NotDelivered, Publisher, PublishRefused
from runtime.daemon import serve, stopping_when_asked
from runtime.log import configure
from runtime.settings import Settings, SettingsRefused, load
from wire.access import Access, on
from wire.contracts import contracts
from wire.pseudonym import KeyRefused, Pseudonyms
from wire.registry import Registry, RegistryAway

log = structlog.get_logger("citygrid.devices")

POLL_S = 1.0
WAIT_AT_MOST_S = 5.0
STUCK_S = 150.0
LOCK = "SELECT pg_try_advisory_lock(hashtext('citygrid.devices'))"
OPTIONS = "-c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"

Connection = psycopg.Connection[tuple[Any, ...]]


class Devices:
    """`stopping` ends `run` after the batch in hand."""

    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        """Raises KeyRefused."""
        self._settings = settings
        self._stopping = stopping
        self._pseudonyms = Pseudonyms.of(settings)
        forms = {topic: Form(contract, self._pseudonyms) for topic, contract in contracts().items()}
        self._messages = Messages(forms, DeviceKeys(settings), settings.device_window_seconds)
        self._trouble: str | None = "starting"
        self._beat = time.monotonic()

    def live(self) -> str | None:
        """None while the loop turns."""
        stuck = time.monotonic() - self._beat
        return None if stuck < STUCK_S else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None while broker, PostgreSQL and Kafka are there, or no broker is to be."""
        return self._trouble

    def run(self) -> None:
        """Until `stopping` is set; broker, PostgreSQL, registry and Kafka are waited for."""
        if self._settings.mqtt_url is None:
            log.info("devices_idle", reason="CITYGRID_MQTT_URL is not set: no device comes by MQTT")
            self._trouble = None
            while not self._stopping.wait(POLL_S):
                self._beat = time.monotonic()
            return
        away = (
            psycopg.OperationalError,
            psycopg.InterfaceError,
            NotDelivered,
            PublishRefused,
            RegistryAway,
            BrokerAway,
        )
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(away),
                wait=wait_exponential_jitter(multiplier=0.2, max=WAIT_AT_MOST_S),
                stop=stop_when_event_set(self._stopping),
                sleep=self._sleep,
                before_sleep=self._tell,
            ):
                with attempt:
                    self._serve()
        except RetryError:
            log.info("devices_stopped_while_waiting")

    def _serve(self) -> None:
        with ExitStack() as stack:
            connection: Connection = stack.enter_context(
                psycopg.connect(self._settings.dsn("doors"), autocommit=True, connect_timeout=5, options=OPTIONS)
            )
            if not self._alone(connection):
                return
            registry = Registry.of(self._settings, stopping=self._stopping, on_wait=self._wait_for_registry)
            stack.callback(registry.close)
            patience = self._settings.gateway_patience_seconds
            publisher = Publisher(
                self._settings, pseudonyms=self._pseudonyms, registry=registry, patience=patience, process="devices"
            )
            stack.callback(publisher.abandon)
            subscription = Subscription(self._settings)
            stack.callback(subscription.close)
            subscription.open()
            self._trouble = None
            while not self._stopping.is_set():
                self._beat = time.monotonic()
                if received := subscription.take(IN_HAND_AT_MOST, POLL_S):
                    batch = [message_of(message) for message in received]
                    outcomes = take_calls_first(connection, publisher, self._messages, batch, patience)
                    subscription.acknowledge(received)
                    for message, outcome in zip(batch, outcomes, strict=True):
                        tell("mqtt", message, outcome)

    def _alone(self, connection: Connection) -> bool:
        """Wait until no other process has the broker's session: two would take it from each other for ever."""
        while not self._stopping.is_set():
            self._beat = time.monotonic()
            row = connection.execute(LOCK).fetchone()
            if row and row[0]:
                return True
            self._trouble = "another process serves the devices"
            self._stopping.wait(POLL_S)
        return False

    def _wait_for_registry(self, _: float) -> None:
        self._beat = time.monotonic()
        self._trouble = "the schema registry is away"

    def _sleep(self, seconds: float) -> None:
        self._beat = time.monotonic()
        self._stopping.wait(seconds)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._trouble = str(error) if isinstance(error, BrokerAway) else "PostgreSQL or Kafka is away"
        log.warning("devices_wait", reason=type(error).__name__, attempt=state.attempt_number)


def take_calls_first(
    connection: Connection, publisher: Publisher, messages: Messages, batch: Sequence[Message], patience: float
) -> list[str]:
    """As `take`, calls for help in a transaction of their own, before what doors saw."""
    outcomes: dict[int, str] = {}
    for calls in (True, False):
        turn = [(place, message) for place, message in enumerate(batch) if (message.department == CALLS) is calls]
        if turn:
            taken = take(connection, publisher, messages, [message for _, message in turn], patience)
            outcomes |= {place: outcome for (place, _), outcome in zip(turn, taken, strict=True)}
    return [outcomes[place] for place in range(len(batch))]


def take(
    connection: Connection, publisher: Publisher, messages: Messages, batch: Sequence[Message], patience: float
) -> list[str]:
    """Take what can be taken of `batch`, in its order; for each message "accepted" or why it never will be.

    When it returns Kafka has the events and PostgreSQL the numbers. Raises NotDelivered, PublishRefused, psycopg.Error:
    then nothing is kept, and the same batch may be taken again.
    """
    outcomes = []
    newest: dict[str, Accepted] = {}
    with connection.transaction():
        rows = connection.execute(HELD, (Message.devices(batch),)).fetchall()
        devices = {row[0]: Device(*row) for row in rows}
        for message in batch:
            device = devices.get(message.device)
            try:
                made = messages.accept(message, device, time.time_ns() // 1000)
            except MessageRefused as refused:
                outcomes.append(refused.reason)
                continue
            publisher.send(made.topic, made.ready)
            if device:
                devices[device.id] = device._replace(last_sequence=made.sequence)
            newest[message.device] = made
            outcomes.append("accepted")
        if newest:
            publisher.flush(patience + 0.5)
        for name, made in newest.items():
            connection.execute(TOOK, (name, made.sequence, made.sent_at))
    return outcomes


def access(settings: Settings) -> Access:
    """What the devices' door does with Kafka."""
    return Access(writes=on(settings, (door.topic for door in DOORS.values() if door.topic in contracts())))


def main() -> int:
    """The exit code: 0 when asked to end, 1 with a sentence if the settings do not allow a start."""
    stopping = stopping_when_asked()
    try:
        settings = load()
        configure(settings, "devices")
        settings.dsn("doors")
        devices = Devices(settings, stopping)
    except (SettingsRefused, KeyRefused) as refused:
        print(refused, file=sys.stderr)
        return 1
    serve(devices, settings.host, settings.port_of("devices"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
