"""Runs one sink: topics → PostgreSQL, each record once (law 4), or elsewhere, each at least once.

The offsets lie in PostgreSQL and move in the transaction of the rows, from the value this process expects; Kafka's own
committed offsets are not used. PostgreSQL, Kafka, the registry and whoever else is written to are waited for when they
are away. Whatever else goes wrong ends the process with nothing of the batch written.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import psycopg
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_when_event_set, wait_exponential_jitter

from runtime import metrics
from runtime.settings import Settings
from runtime.traces import trace_id_of, traces_of
from sinks import offsets, session
from sinks.beside import Beside, Punctual
from sinks.consumer import WAITED_FOR, consumer_of, group_of
from sinks.lag import Lag
from sinks.put_aside import DeadLetters
from sinks.refusals import Refusals
from sinks.sink import Away, Connection, Read, Refused, Sink, Unreadable
from wire.registry import Registry

log = structlog.get_logger()

POLL_S = 0.5
LAG_S = 5.0
WAIT_AT_MOST_S = 5.0
#: PostgreSQL ended the connection or the transaction for reasons of its own (restart, deadlock, out of connections), or
#: somebody to whom the sink writes does not answer.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, Away)
#: What psycopg counts among them, and no waiting mends: a value is larger than PostgreSQL takes.
NEVER_TAKEN = (psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex)
LONGEST_KEY = 2_000
"""Bytes of a record's key: an index of PostgreSQL takes 2,700."""


class TopicWentBack(Exception):
    """A topic ends before the place up to which its rows are in PostgreSQL; the message says what to do."""


class Runner:
    """`stopping` ends `run` after the batch in hand. `name` stands in `city.sink_offset` and names the group."""

    def __init__(self, sink: Sink, settings: Settings, stopping: threading.Event, name: str | None = None) -> None:
        self._sink = sink
        self._settings = settings
        self._stopping = stopping
        self._name = name or sink.name
        self._topics = {settings.topic_prefix + topic: topic for topic in sink.topics()}
        self._lag = Lag(self._name, self._topics, settings)
        self._registry = Registry.of(settings, stopping=stopping)
        self._writer = sink.writer(self._registry)
        self._letters = DeadLetters(settings, stopping)
        self._refusals = Refusals(settings.misjudged_a_minute)
        self._traces = traces_of(settings, f"sink-{self._name}")
        self._group = group_of(settings, self._name)
        self._connection: Connection | None = None
        self._next: dict[tuple[str, int], int] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self._beat = time.monotonic()
        self._assigned = False
        self._trouble: str | None = "starting"

    def live(self) -> str | None:
        """None while the loop turns; waiting for something that is away counts as turning."""
        stuck = time.monotonic() - self._beat
        return None if stuck < 60 else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None when PostgreSQL answers and Kafka has given this process its share, be it none."""
        return self._trouble or (None if self._assigned else "no partitions assigned yet")

    def run(self) -> None:
        """Until `stopping` is set. Raises offsets.Fenced, TopicWentBack, KafkaException, psycopg.Error, or Away if told
        to stop while a target is."""
        self._patiently(self._begin)
        consumer = consumer_of(self._settings, self._group)
        asked = 0.0
        try:
            consumer.subscribe(list(self._topics), on_assign=self._on_assign, on_revoke=self._on_revoke)
            with (
                Beside(f"{self._name}-beside", self._sink.tick, self._settings) as beside,
                Punctual(f"{self._name}-punctual", self._sink.due, self._settings) as punctual,
            ):
                while not self._stopping.is_set():
                    self._beat = time.monotonic()
                    records = self._poll(consumer)
                    if records:
                        self._commit(records)
                        self._tell_kafka(consumer, self._next)
                    beside.check()
                    punctual.check()
                    if time.monotonic() - asked > LAG_S:
                        self._tell_kafka(consumer, self._lag.ask(consumer, self._next, self._ends))
                        asked = time.monotonic()
        finally:
            consumer.close()
            self._letters.close()
            if self._connection:
                self._connection.close()

    def caught_up(self) -> bool:
        """Whether every assigned partition was read to its end when last looked at."""
        return bool(self._next) and all(self._ends.get(place, -1) >= 0 for place in self._next)

    # --- Kafka

    def _poll(self, consumer: Consumer) -> list[Message]:
        """Wait until something is there, then take what else is: `consume(n, timeout)` alone would wait for n."""
        first = consumer.poll(POLL_S)
        if first is None:
            return []
        taken = [first, *consumer.consume(self._sink.at_once - 1, 0)]
        return [message for message in taken if self._is_record(message)]

    def _is_record(self, message: Message) -> bool:
        error = message.error()
        where = (message.topic() or "", message.partition() or 0)
        if error is None:
            self._ends.pop(where, None)
            # what comes again is in PostgreSQL: librdkafka may begin before the place that it was told (0026)
            return where in self._next and (message.offset() or 0) >= self._next[where]
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
            self._ends[where] = message.offset() or 0
        elif error.code() in WAITED_FOR or error.retriable():
            log.warning("kafka_waited_for", reason=error.name())
        else:
            raise KafkaException(error)
        return False

    def _on_assign(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        """Read on from where PostgreSQL stands, whatever Kafka remembers of the group."""
        wanted = [(partition.topic, partition.partition) for partition in given]
        stored = self._patiently(lambda connection: offsets.load(connection, self._name, map(self._bare, wanted)))
        starts = {place: stored[self._bare(place)] for place in wanted}
        for (topic, number), start in starts.items():
            self._refuse_shorter(consumer, topic, number, start)
        self._next |= starts
        self._assigned = True
        places = [TopicPartition(topic, number, start) for (topic, number), start in starts.items()]
        if self._settings.group_protocol == "consumer":
            consumer.incremental_assign(places)
        else:
            consumer.assign(places)
        log.info("partitions_assigned", sink=self._name, count=len(wanted))

    def _on_revoke(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        for partition in taken:
            self._next.pop((partition.topic, partition.partition), None)
            self._ends.pop((partition.topic, partition.partition), None)
        if self._settings.group_protocol == "consumer":
            consumer.incremental_unassign(taken)
        else:
            consumer.unassign()

    def _refuse_shorter(self, consumer: Consumer, topic: str, number: int, start: int) -> None:
        """A recreated topic counts from 0 again: its rows would all look old and be left out in silence."""
        try:
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        except KafkaException as away:
            log.warning("kafka_waited_for", reason=away.args[0].name())
            return
        if start > end:
            raise TopicWentBack(
                f"Partition {number} of {topic} ends at {end}, but PostgreSQL has its rows up to {start}: the topic "
                "was made anew or lost records. Restore it (`citygrid restore`), or rebuild the sink's tables."
            )

    def _bare(self, where: tuple[str, int]) -> tuple[str, int]:
        return self._topics[where[0]], where[1]

    def _tell_kafka(self, consumer: Consumer, places: dict[tuple[str, int], int]) -> None:
        """For whoever asks the broker how far we are (runtime/reader_lag.py); we go by PostgreSQL."""
        committed = [TopicPartition(topic, number, position) for (topic, number), position in places.items()]
        if committed:
            with contextlib.suppress(KafkaException):
                consumer.commit(offsets=committed, asynchronous=True)

    # --- one batch

    def _commit(self, messages: Sequence[Message]) -> None:
        began = time.time_ns()
        records, came, target = self._read(messages)
        expected = {place: self._next[place] for place in target}
        oldest = min(message.timestamp()[1] for message in messages)
        written = self._written(records, came, expected, target)
        self._next |= target
        if self._traces is not None:
            self._trace(messages, began)
        metrics.SINK_ROWS.labels(self._name).inc(written)
        metrics.SINK_EVENT_TO_ROW_SECONDS.labels(self._name).observe(max(0.0, time.time() - oldest / 1000))
        for topic, count in Counter(message.topic() or "" for message in messages).items():
            metrics.SINK_RECORDS.labels(self._name, self._topics[topic]).inc(count)

    def _written(self, records: list[Read], came: list[Message], expected: Any, target: Any) -> int:
        """How many rows changed. What somebody refuses is put aside, and the rest is written."""
        while True:
            try:
                return self._attempt(records, expected, target)
            except Refused as refused:
                place = next(place for place, record in enumerate(records) if record is refused.record)
                self._put_aside(came.pop(place), refused)
                self._letters.flush()
                self._refusals.count()
                records = [*records[:place], *records[place + 1 :]]

    def _attempt(self, records: Sequence[Read], expected: Any, target: Any) -> int:
        def write(connection: Connection) -> int:
            try:
                return self._write(connection, records, expected, target)
            except Refused as refused:
                self._refusals.check(refused)
                raise

        return int(self._patiently(write))

    def _read(self, messages: Sequence[Message]) -> tuple[list[Read], list[Message], dict[tuple[str, int], int]]:
        """The records in the order of their offsets, each as it came, and where each partition stands after them. What
        cannot be read is among the dead letters, acknowledged by the broker, when this returns."""
        records: list[Read] = []
        came: list[Message] = []
        target: dict[tuple[str, int], int] = {}
        for message in messages:
            topic, number, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
            target[topic, number] = offset + 1
            try:
                records.append(self._one(message, self._topics[topic], offset))
            except Unreadable as reason:
                self._put_aside(message, reason)
            else:
                came.append(message)
        self._letters.flush()
        return records, came, target

    def _put_aside(self, message: Message, reason: Unreadable | Refused) -> None:
        """To the dead letters; it is safe there after their `flush`."""
        topic = message.topic() or ""
        self._letters.put(message, f"{self._name}: {reason}")
        metrics.SINK_DEAD_LETTERS.labels(self._name, self._topics[topic]).inc()
        log.warning(
            "record_dead_lettered",
            topic=topic,
            partition=message.partition(),
            offset=message.offset(),
            reason=str(reason),
            trace_id=trace_id_of(message),
        )

    def _trace(self, messages: Sequence[Message], began: int) -> None:
        """A span for each traced record, once PostgreSQL has it or the dead letters do. `began` in ns since 1970."""
        for message in messages:
            hop = self._traces and self._traces.of((message,), began, {"messaging.consumer.group.name": self._group})
            if hop:
                hop.end()

    def _one(self, message: Message, topic: str, offset: int) -> Read:
        if topic in self._sink.as_they_came:
            return Read(topic, offset, "", self._sink.as_they_came[topic](message), message.timestamp()[1])
        key, value = message.key(), message.value()
        if not isinstance(key, bytes) or not key:
            raise Unreadable("a record of this topic has a key")
        if len(key) > LONGEST_KEY:
            raise Unreadable(f"the key has more than {LONGEST_KEY} bytes")
        try:
            text = key.decode()
        except UnicodeDecodeError:
            raise Unreadable("the key is not UTF-8") from None
        if "\0" in text:
            raise Unreadable("the key has a NUL character")
        read = self._writer.read(topic, text, value) if isinstance(value, bytes) else None
        return Read(topic, offset, text, read, message.timestamp()[1])

    def _write(self, connection: Connection, records: Sequence[Read], expected: Any, target: Any) -> int:
        with metrics.SINK_BATCH_SECONDS.labels(self._name).time(), connection.transaction():
            if not offsets.advance(connection, self._name, self._plain(expected), self._plain(target)):
                return 0
            return self._writer.write(connection, records) if records else 0

    def _plain(self, by_place: dict[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        return {self._bare(where): offset for where, offset in by_place.items()}

    # --- PostgreSQL, and what else a sink writes to

    def _begin(self, connection: Connection) -> None:
        with connection.transaction():
            if self._sink.begin:
                self._sink.begin(self._settings, connection)

    def _patiently(self, work: Any) -> Any:
        """`work(connection)`, again, on a new connection if need be, whenever somebody was away. Raises what else goes
        wrong, and what was said last if told to stop meanwhile."""
        for attempt in Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, AWAY) and not isinstance(error, NEVER_TAKEN)),
            wait=wait_exponential_jitter(multiplier=0.1, max=WAIT_AT_MOST_S),
            stop=stop_when_event_set(self._stopping),
            sleep=self._sleep,
            before_sleep=self._tell,
            reraise=True,
        ):
            with attempt:
                self._beat = time.monotonic()
                if self._connection is None or self._connection.closed:
                    self._connection = session.connect(self._settings, self._name)
                done = work(self._connection)
                self._trouble = None
                metrics.SINK_READY.labels(self._name).set(1)
                return done
        raise AssertionError("unreachable: Retrying returns or raises")

    def _sleep(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._trouble = str(error) if isinstance(error, Away) else "PostgreSQL is away"
        metrics.SINK_READY.labels(self._name).set(0)
        if isinstance(error, Away):
            log.warning("target_waited_for", sink=self._name, reason=str(error), attempt=state.attempt_number)
            return
        log.warning("postgresql_waited_for", sink=self._name, reason=type(error).__name__, attempt=state.attempt_number)
