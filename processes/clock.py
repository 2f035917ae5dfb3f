"""The city's clock: one record on each partition of `clock` every second. `domain/` knows no other time, and learns
from it which topics are quiet (docs/decisions/0018-quiet-departments.md).

A tick that does not get through is not sent again: the next one says more. So Kafka and the registry may be away for
as long as they like; the stages stand at their last tick meanwhile. A machine's clock that jumps is not believed: the
last tick is said again instead, by whose delivery the broker's own time is learnt (docs/decisions/0029-clock.md).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, KafkaException, Message, Producer

from processes.clock_belief import Belief
from processes.clock_topic import LastTick, last_tick, tick_encoder
from runtime import topic_reader
from runtime.daemon import serve, stopping_when_asked
from runtime.log import configure
from runtime.metrics import CLOCK_JUMP, CLOCK_LAST_TICK, CLOCK_TICKS, HOLIDAYS_KNOWN_UNTIL, QUIET_TOPICS
from runtime.reader_lag import Readers
from runtime.settings import Settings, SettingsRefused, load
from runtime.topic_reader import TopicUnreadable
from wire.access import Access, on
from wire.contracts import feedback_topics
from wire.freshness import TopicWatch
from wire.office_calendar import known_until
from wire.registry import Registry, RegistryAway, RegistryRefused
from wire.topics import CLOCK, DEAD_LETTERS, PARKED, PUBLICATIONS_OF_ALL, publication_topics, topics

log = structlog.get_logger()

DELIVERY_S = 5.0
"""A tick that is older has been overtaken by the next ones."""
LATE_S = 10.0
"""Without a delivered tick for so long the clock is not ready."""
LOOK_EVERY_S = 2.0
NOBODY_STANDS_IN = frozenset({DEAD_LETTERS, PARKED, PUBLICATIONS_OF_ALL, *publication_topics(), *feedback_topics()})
"""Topics that no stage and no sink reads."""
FIRST_ANSWER_S = 20.0
"""Seconds for which the first tick waits for the time of each topic's last event: without an answer every topic
would be named quiet, and every restart of the clock would turn findings into unknown ones and back."""


Delivered = Callable[[KafkaError | None, Message], None]


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
        self._looked = float("-inf")
        self._belief = Belief(int(settings.clock_jump_seconds * 1_000_000))
        self._last: LastTick | None = None
        self._jump = 0

    def live(self) -> str | None:
        """None while the loop turns; waiting for the registry counts as turning."""
        stuck = time.monotonic() - self._turned
        return None if stuck < 60 else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None if Kafka took a tick lately, and the machine's clock is believed."""
        if self._jump:
            way = "ahead of the last tick and the broker" if self._jump > 0 else "behind the last tick"
            return f"the machine's clock is {abs(self._jump) / 1e6:.0f} s {way}: see docs/runbooks/clock-jumped.md"
        late = time.monotonic() - self._delivered
        return None if late < LATE_S else f"Kafka has taken no tick for {late:.0f} s"

    def run(self) -> None:
        """Until `stopping` is set. Raises KafkaException if the producer cannot go on (the supervisor starts anew)."""
        registry = Registry.of(self._settings, stopping=self._stopping)
        try:
            encode = self._encoder(registry)
            if encode is None or not self._remember(registry):
                return
            self._turn(encode, registry)
        finally:
            registry.close()

    def _turn(self, encode: Callable[[dict[str, Any]], bytes], registry: Registry) -> None:
        producer = Producer(
            {
                **self._settings.kafka_client(),
                "enable.idempotence": True,
                "message.timeout.ms": int(DELIVERY_S * 1000),
                "linger.ms": 0,
                "log_level": 2,
            }
        )
        watch = TopicWatch(self._settings)
        HOLIDAYS_KNOWN_UNTIL.set(known_until() / 1e6)
        self._wait_for_answers(watch)
        if self._last is not None:  # said again: its delivery tells the broker's time, before a later one is judged
            self._say(producer, self._last)
            producer.flush(DELIVERY_S)
        next_tick = time.monotonic()
        while not self._stopping.is_set():
            self._turned = time.monotonic()
            watch.turn()
            now = self._now()
            quiet = watch.quiet(now)
            QUIET_TOPICS.set(len(quiet))
            self._judge(now)
            if not self._jump:
                self._say(producer, LastTick(now, encode({"now": now, "quiet": quiet, "taken_back": False})))
            elif self._jump > 0 and self._last is not None:
                self._say(producer, self._last)
            else:
                self._look_for_one_taken_back(registry, now)
            next_tick = max(next_tick + self._settings.clock_interval_seconds, time.monotonic() - 1)
            while not self._stopping.is_set() and (left := next_tick - time.monotonic()) > 0:
                producer.poll(min(left, 0.2))
        producer.flush(DELIVERY_S)

    def _judge(self, now: int) -> None:
        jump = self._belief.jump(now, time.monotonic())
        if bool(jump) != bool(self._jump):
            seconds = round(jump / 1e6)
            log.error("clock_jumped", seconds=seconds) if jump else log.info("clock_believed_again")
        self._jump = jump
        CLOCK_JUMP.set(jump / 1e6)

    def _say(self, producer: Producer, tick: LastTick) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._tell(error.name())
                return
            at = time.monotonic()
            if self._last is None or tick.now > self._last.now:
                self._last = tick
                self._belief.ticked(tick.now, at)
            self._delivered = at
            self._failing = False
            kind, appended_ms = message.timestamp()
            if kind == TIMESTAMP_LOG_APPEND_TIME:
                self._belief.broker_says(appended_ms * 1000, at)
            CLOCK_TICKS.inc()
            CLOCK_LAST_TICK.set(tick.now / 1e6)

        for partition in range(self._settings.partitions):
            self._produce(producer, tick.value, partition, delivered)

    def _remember(self, registry: Registry) -> bool:
        """Learn the last tick that was said. False if told to stop meanwhile."""
        while not self._stopping.is_set():
            self._turned = time.monotonic()
            try:
                self._last = last_tick(self._settings, registry)
            except TopicUnreadable as away:
                log.warning("clock_waits", reason=str(away))
                self._stopping.wait(1.0)
                continue
            except RegistryAway:
                return False
            if self._last is not None:
                self._belief.ticked(self._last.now, time.monotonic())
            return True
        return False

    def _look_for_one_taken_back(self, registry: Registry, now: int) -> None:
        """The last tick lies in the future: the stages wait for it until a person takes it back."""
        if time.monotonic() - self._looked < LOOK_EVERY_S:
            return
        self._looked = time.monotonic()
        try:
            last = last_tick(self._settings, registry)
        except (TopicUnreadable, RegistryAway):
            return
        if last is not None and last.now <= now:
            self._last = last
            self._belief.ticked(last.now, time.monotonic())

    def _wait_for_answers(self, watch: TopicWatch) -> None:
        waiting_since = time.monotonic()
        while not watch.complete and time.monotonic() - waiting_since < FIRST_ANSWER_S:
            self._turned = time.monotonic()
            watch.turn()
            if self._stopping.wait(0.1):
                return

    def _produce(self, producer: Producer, value: bytes, partition: int, delivered: Delivered) -> None:
        try:
            producer.produce(self._topic, value, b"", partition, on_delivery=delivered)
        except BufferError:
            producer.poll(0)  # full of ticks that nobody takes: this one is not missed
        except KafkaException as refused:
            error = refused.args[0]
            if error.fatal():
                raise
            self._tell(error.name())

    def _encoder(self, registry: Registry) -> Callable[[dict[str, Any]], bytes] | None:
        """None if told to stop while the registry was away or did not know the schema yet."""
        while not self._stopping.is_set():
            self._turned = time.monotonic()
            try:
                return tick_encoder(self._settings, registry)
            except RegistryRefused as refused:
                log.warning("clock_waits", reason=f"the registry does not know the clock yet ({refused.status})")
                self._stopping.wait(1.0)
            except RegistryAway:
                return None
        return None

    def _tell(self, reason: str) -> None:
        """Once each time that Kafka goes away, not every second."""
        if not self._failing:
            log.warning("clock_tick_lost", reason=reason)
        self._failing = True


def access(settings: Settings) -> Access:
    """What the clock does with Kafka. It reads every topic that a stage or a sink reads: to tell whether one that
    stands has a record before it, or only the mark of a transaction (`runtime/reader_lag.py`)."""
    return Access(
        reads=on(settings, {topic.name for topic in topics()} - NOBODY_STANDS_IN),
        writes=on(settings, [CLOCK]),
        groups=frozenset({topic_reader.group_of(settings)}),
        every_group=True,
    )


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
