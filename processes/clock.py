"""The city's clock: one record on each partition of `clock` every second. `domain/` knows no other time, and learns
from it which topics are quiet (docs/decisions/0018-quiet-departments.md).

A tick that does not get through is not sent again: the next one says more. So Kafka and the registry may be away for
as long as they like; the stages stand at their last tick meanwhile.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from runtime.daemon import serve, stopping_when_asked
from runtime.log import configure
from runtime.metrics import CLOCK_LAST_TICK, CLOCK_TICKS, QUIET_TOPICS
from runtime.reader_lag import Readers
from runtime.settings import Settings, SettingsRefused, load
from wire.codec import encoder
from wire.contracts import published
from wire.freshness import TopicWatch
from wire.registry import Registry, RegistryAway, RegistryRefused
from wire.topics import CLOCK, subject_of

log = structlog.get_logger()

DELIVERY_S = 5.0
"""A tick that is older has been overtaken by the next ones."""
LATE_S = 10.0
"""Without a delivered tick for so long the clock is not ready."""
FIRST_ANSWER_S = 20.0
"""Seconds for which the first tick waits for the time of each topic's last event: without an answer every topic
would be named quiet, and every restart of the clock would turn findings into unknown ones and back."""


class Clock:
    """`stopping` ends `run` after the tick in hand. `now` gives microseconds since 1970-01-01 UTC."""

    def __init__(
        self,
        settings: Settings,
        stopping: threading.Event,
        now: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._settings = settings
        self._stopping = stopping
        self._now = now
        self._topic = settings.topic_prefix + CLOCK
        self._turned = self._delivered = time.monotonic()
        self._failing = False

    def live(self) -> str | None:
        """None while the loop turns; waiting for the registry counts as turning."""
        stuck = time.monotonic() - self._turned
        return None if stuck < 60 else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None if Kafka took a tick lately."""
        late = time.monotonic() - self._delivered
        return None if late < LATE_S else f"Kafka has taken no tick for {late:.0f} s"

    def run(self) -> None:
        """Until `stopping` is set. Raises KafkaException if the producer cannot go on (the supervisor starts anew)."""
        encode = self._encoder()
        if encode is None:
            return
        producer = Producer(
            {
                **self._settings.kafka_client(),
                "enable.idempotence": True,
                "message.timeout.ms": int(DELIVERY_S * 1000),
                "linger.ms": 0,
                "on_delivery": self._on_delivery,
                "log_level": 2,
            }
        )
        watch = TopicWatch(self._settings)
        self._wait_for_answers(watch)
        next_tick = time.monotonic()
        while not self._stopping.is_set():
            self._turned = time.monotonic()
            watch.turn()
            now = self._now()
            quiet = watch.quiet(now)
            QUIET_TOPICS.set(len(quiet))
            value = encode({"now": now, "quiet": quiet})
            for partition in range(self._settings.partitions):
                self._produce(producer, value, partition)
            next_tick = max(next_tick + self._settings.clock_interval_seconds, time.monotonic() - 1)
            while not self._stopping.is_set() and (left := next_tick - time.monotonic()) > 0:
                producer.poll(min(left, 0.2))
        producer.flush(DELIVERY_S)

    def _wait_for_answers(self, watch: TopicWatch) -> None:
        waiting_since = time.monotonic()
        while not watch.complete and time.monotonic() - waiting_since < FIRST_ANSWER_S:
            self._turned = time.monotonic()
            watch.turn()
            if self._stopping.wait(0.1):
                return

    def _produce(self, producer: Producer, value: bytes, partition: int) -> None:
        try:
            producer.produce(self._topic, value, b"", partition)
        except BufferError:
            producer.poll(0)  # full of ticks that nobody takes: this one is not missed
        except KafkaException as refused:
            error = refused.args[0]
            if error.fatal():
                raise
            self._tell(error.name())

    def _encoder(self) -> Callable[[dict[str, Any]], bytes] | None:
        """None if told to stop while the registry was away or did not know the schema yet."""
        schema = published()[CLOCK].schema
        registry = Registry.of(self._settings, stopping=self._stopping)
        try:
            while not self._stopping.is_set():
                self._turned = time.monotonic()
                try:
                    return encoder(registry.id_of(subject_of(self._settings, CLOCK), schema), schema)
                except RegistryRefused as refused:
                    log.warning("clock_waits", reason=f"the registry does not know the clock yet ({refused.status})")
                    self._stopping.wait(1.0)
                except RegistryAway:
                    return None
        finally:
            registry.close()
        return None

    def _on_delivery(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._tell(error.name())
            return
        self._delivered = time.monotonic()
        self._failing = False
        CLOCK_TICKS.inc()
        CLOCK_LAST_TICK.set(self._now() / 1e6)

    def _tell(self, reason: str) -> None:
        """Once each time that Kafka goes away, not every second."""
        if not self._failing:
            log.warning("clock_tick_lost", reason=reason)
        self._failing = True


def main() -> int:
    """The exit code: 0 when asked to end, 1 with a sentence if the settings do not allow a start."""
    stopping = stopping_when_asked()
    try:
        settings = load()
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    configure(settings, "clock")
    clock = Clock(settings, stopping)
    Readers(settings, stopping).start()
    serve(clock, settings.host, settings.port_of("clock"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
