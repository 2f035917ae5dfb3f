"""The product's own processes against a stack: start, kill, freeze; what the topics hold; how far everyone has read.

Nothing here sleeps for luck: `until` waits for a condition and fails with what was lacking at its deadline.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psycopg
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka._model import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from pydantic import SecretStr

from local.stack import children
from local.stack.children import Child, Program, log_tail
from local.stack.ports import free_ports
from runtime.settings import CHECKOUT, Settings
from wire.codec import encoder
from wire.contracts import published
from wire.registry import Registry
from wire.topics import CLOCK, group_of_stage, subject_of
from wire.topics import topics as every_topic

Where = tuple[str, int]
"""A topic (its name on the cluster) and a partition."""


LEADERLESS = (
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
)


class Late(AssertionError):
    """A condition did not come true in time; the message says what was lacking."""


def until(lacking: Callable[[], str | None], seconds: float, every: float = 0.1) -> None:
    """Return once `lacking()` is None. Raises Late with its last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    while (answer := lacking()) is not None:
        if time.monotonic() > deadline:
            raise Late(f"after {seconds:.0f} s: {answer}")
        time.sleep(every)


def environment(settings: Settings) -> dict[str, str]:
    """`settings` as the variables that a process reads."""
    variables = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if isinstance(value, datetime):
            value = value.isoformat()
        if isinstance(value, tuple):  # hours of a day
            value = settings.model_dump(include={name})[name]
        if value is not None:
            variables[f"CITYGRID_{name.upper()}"] = json.dumps(value) if isinstance(value, dict) else str(value)
    return variables


class Processes:
    """Processes of ours under `settings`, by name; `close` ends those that are left."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self._folder = folder
        self.running: dict[str, Child] = {}

    def start(self, kind: str, plugin: str | None = None, instance: str = "") -> Child:
        """`citygrid worker KIND [PLUGIN]`; `instance` tells two workers of one stage apart."""
        name = "-".join(part for part in (kind, plugin, instance) if part)
        called = f"{kind}-{plugin.replace('_', '-')}" if plugin else kind
        port = {called: self.settings.worker_ports.get(called) or free_ports(1)[0]}
        ports = {} if instance else self.settings.worker_ports | port
        here = self.settings.model_copy(
            update={"worker_instance": instance, "worker_ports": ports, "log_format": "json"}
        )
        # an empty file stands for `citygrid.env`: the environment says all
        nothing = self._folder / "empty.env"
        nothing.touch()
        program = Program(
            name=name,
            command=(sys.executable, "-m", "citygrid", "worker", kind, *((plugin,) if plugin else ())),
            folder=CHECKOUT,
            log=self._folder / f"{name}.log",
            environment=environment(here) | {"CITYGRID_ENV_FILE": str(nothing)},
        )
        self.running[name] = children.start(program)
        return self.running[name]

    def kill(self, name: str) -> Child:
        """kill -9; returns the dead child."""
        child = self.running.pop(name)
        child.kill()
        return child

    def restart(self, name: str) -> Child:
        """What the supervisor does with a process that died."""
        self.running[name] = children.start(self.running[name].program)
        return self.running[name]

    def freeze(self, name: str) -> None:
        self.running[name].process.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.running[name].process.send_signal(signal.SIGCONT)

    def keep_alive(self) -> None:
        """Start again what has ended by itself, as the supervisor would (a fenced worker ends on purpose)."""
        for name, child in list(self.running.items()):
            if not child.alive:
                self.restart(name)

    def stop(self, name: str) -> None:
        self.running.pop(name).stop()

    def logs(self) -> str:
        return "\n".join(f"{name}:{log_tail(child.program.log)}" for name, child in self.running.items())

    def close(self) -> None:
        for child in self.running.values():  # all at once: each may need seconds to leave its group
            child.process.send_signal(signal.SIGCONT)
            child.process.send_signal(child.program.stops_by)
        for child in self.running.values():
            child.stop(10)
        self.running.clear()


class Record(NamedTuple):
    """The newest record of a key."""

    partition: int
    offset: int
    value: bytes | None


class Topics:
    """What read-committed readers see: every topic read to its end, the newest record of each key kept."""

    def __init__(self, settings: Settings, topics: Iterable[str], *, keep_all: bool = False) -> None:
        self._settings = settings
        self._prefix = settings.topic_prefix
        self.newest: dict[str, dict[bytes, Record]] = {topic: {} for topic in topics}
        self.all: dict[str, list[tuple[bytes, Record]]] = {topic: [] for topic in self.newest}
        self.ends: dict[Where, int] = {}
        """One past the last record that a reader gets (transaction markers are no records)."""
        self.errors: Counter[str] = Counter()
        """What the reader was told besides records, by librdkafka's name."""
        self._keep_all = keep_all
        self._admin = AdminClient(settings.kafka_client())
        self._consumer = Consumer(
            {
                **settings.kafka_client(),
                "group.id": f"{settings.topic_prefix}tests-{os.getpid()}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 50,
            }
        )
        known = {topic.name: topic.partitions_on(settings) for topic in every_topic()}
        self._partitions = [
            TopicPartition(self._prefix + topic, number, 0)
            for topic in self.newest
            for number in range(known.get(topic, settings.partitions))
        ]
        self._consumer.assign(self._partitions)
        self._told_end: dict[Where, int] = {}

    def catch_up(self, seconds: float = 60) -> None:
        """Read up to where every partition ends now. Raises Late."""
        deadline = time.monotonic() + seconds
        ends = self._ends_now(deadline)
        while lacking := [place for place, end in ends.items() if self._told_end.get(place, -1) < end]:
            if time.monotonic() > deadline:
                raise Late(f"not read to their end: {lacking[:5]} of {len(lacking)} partitions")
            for message in self._consumer.consume(2_000, 0.2):
                where = (message.topic() or "", message.partition() or 0)
                error = message.error()
                if error is None:
                    record = Record(where[1], message.offset() or 0, message.value())
                    topic = where[0].removeprefix(self._prefix)
                    self.newest[topic][message.key() or b""] = record
                    if self._keep_all:
                        self.all[topic].append((message.key() or b"", record))
                    self.ends[where] = record.offset + 1
                elif error.code() == KafkaError._PARTITION_EOF:
                    self._told_end[where] = message.offset() or 0
                else:
                    self.errors[error.name()] += 1

    def holes(self, topics: Iterable[str]) -> dict[Where, tuple[int, int]]:
        """Partitions of `topics` of which some records were not given to this reader: how many it was given, and where
        they end. Only for topics to which nobody writes in transactions; needs `keep_all`."""
        given = Counter((self._prefix + topic, record.partition) for topic in topics for _, record in self.all[topic])
        ends = {where: max(self.ends[where], self._told_end.get(where, 0)) for where in given}
        return {where: (count, ends[where]) for where, count in given.items() if count != ends[where]}

    def undecided(self) -> set[str]:
        """The topics in which a transaction is still open. The group's offsets of one may be there before a reader of
        committed records is given its records: each partition has a marker of its own."""
        every = self._ends_now(time.monotonic() + 20, IsolationLevel.READ_UNCOMMITTED)
        decided = self._ends_now(time.monotonic() + 20)
        return {topic for (topic, partition), end in every.items() if decided[topic, partition] < end}

    def _ends_now(self, deadline: float, isolation: IsolationLevel = IsolationLevel.READ_COMMITTED) -> dict[Where, int]:
        """Asked on another connection: the consumer's waits for records."""
        asked = {place: OffsetSpec.latest() for place in self._partitions}  # type: ignore[no-untyped-call]
        while True:
            answers = self._admin.list_offsets(asked, isolation_level=isolation, request_timeout=20)
            try:
                return {(place.topic, place.partition): future.result(20).offset for place, future in answers.items()}
            except KafkaException as error:
                # a broker begins to lead a topic a moment after the topic was made
                if error.args[0].code() not in LEADERLESS or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        self._consumer.close()


def stage_lag(settings: Settings, view: str, inputs: Iterable[str], ends: dict[Where, int]) -> int:
    """Records of `inputs` that the view's stage has not committed yet; a partition never read counts whole."""
    admin = AdminClient(settings.kafka_client())
    group = group_of_stage(settings, view)
    asked = ConsumerGroupTopicPartitions(group)
    offsets = admin.list_consumer_group_offsets([asked], request_timeout=20)[group].result(20)
    committed = {(place.topic, place.partition): place.offset for place in offsets.topic_partitions}
    names = {settings.topic_prefix + topic for topic in inputs}
    return sum(max(0, end - max(0, committed.get(place, 0))) for place, end in ends.items() if place[0] in names)


def committed(settings: Settings, view: str) -> int:
    """How many records the view's stage has committed so far, of all its inputs."""
    admin = AdminClient(settings.kafka_client())
    group = group_of_stage(settings, view)
    offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=20)
    return sum(max(0, place.offset) for place in offsets[group].result(20).topic_partitions)


def members(settings: Settings, view: str) -> int:
    """How many workers share the stage of `view`, as the broker sees it."""
    group = group_of_stage(settings, view)
    admin = AdminClient(settings.kafka_client())
    return len(admin.describe_consumer_groups([group], request_timeout=20)[group].result(20).members)


def sink_lag(dsn: str, sink: str, topics: Iterable[str], ends: dict[Where, int], prefix: str) -> int:
    """Records of `topics` that are not yet in PostgreSQL by `city.sink_offset`."""
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        rows = connection.execute("SELECT topic, partition, next_offset FROM city.sink_offset WHERE sink = %s", (sink,))
        stored = {(prefix + topic, partition): offset for topic, partition, offset in rows.fetchall()}
    names = {prefix + topic for topic in topics}
    return sum(max(0, end - stored.get(place, 0)) for place, end in ends.items() if place[0] in names)


def tick(settings: Settings, now: int, quiet: Iterable[str] = ()) -> None:
    """One clock record to each partition. `now` in microseconds UTC; `quiet`: the topics that are."""
    registry = Registry.of(settings)
    schema = published()[CLOCK].schema
    try:
        value = encoder(registry.id_of(subject_of(settings, CLOCK), schema), schema)(
            {"now": now, "quiet": sorted(quiet)}
        )
    finally:
        registry.close()
    producer = Producer({**settings.kafka_client(), "enable.idempotence": True})
    for partition in range(settings.partitions):
        producer.produce(settings.topic_prefix + CLOCK, value, b"", partition)
    if producer.flush(60):
        raise Late("Kafka did not take the tick within 60 s")


@contextmanager
def processes(settings: Settings, folder: Path) -> Iterator[Processes]:
    """Processes that end with the block; their logs are told if it fails."""
    ours = Processes(settings, folder)
    try:
        yield ours
    except BaseException as failed:
        failed.add_note(ours.logs())
        raise
    finally:
        ours.close()
