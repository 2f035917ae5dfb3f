"""Telling the city what comes through a door that is always open (gateway, outbox): a report a topic and day, and each
statement that waits to be mended. A thread of its own follows `door-reports.<department>` and writes there; the door
waits for nothing, and goes on if nothing can be told (docs/decisions/0034-door-reports.md).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from domain.time import day_of
from producers.publish.statement import Ready
from runtime.settings import Settings
from wire import door_reports
from wire.codec import RecordReader, encoder
from wire.contracts import contracts
from wire.door_reports import DOOR_REPORTS, MOST_LINES, Door, OpenLine, Publication
from wire.registry import Registry, RegistryAway, RegistryRefused
from wire.topics import subject_of

log = structlog.get_logger("citygrid.doors")

Encode = Callable[[Mapping[str, Any]], bytes]

WRITTEN_EVERY_S = 2.0
AGAIN_AFTER_S = 5.0
BATCH = 500


class RefusedStatement(NamedTuple):
    """A statement that breaks its contract. `place`: where it stood in what was handed over; `record`, `kind`: what it
    speaks of, if that is text."""

    place: str
    field: str
    reason: str
    record: Any = None
    kind: Any = None


class _Day(NamedTuple):
    """What a door counts by; `day` since 1970-01-01 in the city's time."""

    department: str
    topic: str
    day: int


@dataclass
class _Counts:
    lines: int = 0
    events: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    mended: int = 0


class LiveReporting:
    """Of these departments, which its login may speak for (None: of all). `taken` and `refused` may be called from any
    thread and return at once."""

    def __init__(self, settings: Settings, door: Door, departments: Collection[str] | None = None) -> None:
        self._settings = settings
        self._door: Door = door
        self._departments = {topic: contract.department for topic, contract in contracts().items()}
        of = sorted(set(self._departments.values()) if departments is None else departments)
        self._topics = {department: f"{settings.topic_prefix}{DOOR_REPORTS}{department}" for department in of}
        self._lock = threading.Lock()
        self._open: dict[bytes, OpenLine] = {}
        self._about: dict[tuple[str, str], dict[bytes, str]] = {}
        self._counts: dict[_Day, _Counts] = {}
        self._changed: set[_Day] = set()
        self._lines: dict[bytes, OpenLine | None] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, as far as that goes at once."""
        self._stopping.set()
        if self._thread:
            self._thread.join(AGAIN_AFTER_S)

    def waiting(self) -> int:
        """How many statements and lines, of all doors and departments, wait to be mended as far as is known."""
        with self._lock:
            return len(self._open)

    def taken(self, topic: str, events: Iterable[Ready]) -> None:
        """Statements that are on the wire."""
        with self._lock:
            day, counts = self._counting(topic)
            for event in events:
                statement = event.statement
                counts.lines += 1
                counts.events[statement.kind] += 1
                waiting = self._about.get((topic, statement.record))
                for key in [key for key, kind in (waiting or {}).items() if kind in (statement.kind, "")]:
                    self._set(key, None)
                    self._lines[key] = None
                    counts.mended += 1
            self._changed.add(day)

    def refused(self, topic: str, statements: Sequence[RefusedStatement]) -> None:
        """Statements that were not taken."""
        now = time.time_ns() // 1000
        with self._lock:
            day, counts = self._counting(topic)
            counts.lines += len(statements)
            for one in statements:
                counts.rejected[one.field, one.reason] += 1
                line = OpenLine(
                    day.department,
                    self._door,
                    topic,
                    one.place,
                    one.field,
                    one.reason,
                    now,
                    topic,
                    door_reports.shown_record(one.record) if isinstance(one.record, str) else None,
                    one.kind if isinstance(one.kind, str) and one.kind in contracts()[topic].kinds else None,
                )
                # nothing could ever mend one that says of no record
                if line.about and (line.key in self._open or self._listed(day.department) < MOST_LINES):
                    self._set(line.key, line)
                    self._lines[line.key] = line
            self._changed.add(day)

    def _counting(self, topic: str) -> tuple[_Day, _Counts]:
        day = _Day(self._departments[topic], topic, day_of(time.time_ns() // 1000))
        return day, self._counts.setdefault(day, _Counts())

    def _listed(self, department: str) -> int:
        return sum(line.department == department and line.door == self._door for line in self._open.values())

    def _set(self, key: bytes, line: OpenLine | None) -> None:
        known = self._open.pop(key, None)
        if known and known.about:
            self._about.get(known.about[:2], {}).pop(key, None)
        if line and line.about:
            self._open[key] = line
            self._about.setdefault(line.about[:2], {})[key] = line.about.kind

    def _run(self) -> None:
        while not self._stopping.is_set():
            registry = Registry.of(self._settings, stopping=self._stopping)
            try:
                self._follow(registry)
            except (KafkaException, RegistryAway, RegistryRefused, BufferError) as away:
                log.warning("not_reported", reason=type(away).__name__)
                self._stopping.wait(AGAIN_AFTER_S)
            except (ValueError, TypeError, LookupError):  # a mistake of ours: the door itself goes on
                log.exception("not_reported")
                self._stopping.wait(AGAIN_AFTER_S)
            finally:
                registry.close()

    def _follow(self, registry: Registry) -> None:
        """Until told to stop: read what other doors tell, and write. Raises KafkaException, RegistryAway,
        RegistryRefused."""
        schema = door_reports.schema()
        encoders = {
            department: encoder(registry.id_of(subject_of(self._settings, DOOR_REPORTS + department), schema), schema)
            for department in self._topics
        }
        reader = RecordReader(registry, schema)
        client = {**self._settings.kafka_client(), "log_level": 2}
        producer = Producer({**client, "enable.idempotence": True})
        group = f"{self._settings.topic_prefix}citygrid-topic-reader"  # asked for, never joined
        consumer = Consumer({**client, "group.id": group, "enable.auto.commit": False})
        consumer.assign([TopicPartition(topic, 0, 0) for topic in self._topics.values()])
        written = time.monotonic()
        try:
            while not self._stopping.is_set():
                for message in consumer.consume(BATCH, min(1.0, WRITTEN_EVERY_S)):
                    if message.error() is None:
                        self._heard(message, reader)
                if time.monotonic() - written > WRITTEN_EVERY_S:
                    self._write(producer, encoders)
                    written = time.monotonic()
            self._write(producer, encoders)
            producer.flush(AGAIN_AFTER_S)
        finally:
            consumer.close()

    def _heard(self, message: Message, reader: RecordReader) -> None:
        key, value = message.key(), message.value()
        department = door_reports.department_of((message.topic() or "").removeprefix(self._settings.topic_prefix))
        if not isinstance(key, bytes) or not key.startswith(department.encode() + b"\n"):
            return
        try:
            report = reader.read(value) if isinstance(value, bytes) else None
        except ValueError as unreadable:  # one department's login wrote it: the reports of all others go on
            offset = {"partition": message.partition(), "offset": message.offset()}
            log.warning("report_unreadable", topic=message.topic(), **offset, reason=str(unreadable))
            return
        with self._lock:
            if key in self._lines:
                return  # what is written next is newer
            if report is None or report["line"]:
                self._set(key, door_reports.open_line(key, report) if report else None)
            elif report["door"] == self._door and (day := _day_of(key)) is not None:
                self._counted_before(_Day(report["department"], report["source"], day), report["publication"])

    def _counted_before(self, day: _Day, counted: Mapping[str, Any]) -> None:
        """Of this day another process, or this one before it was started again, had counted so much."""
        if day in self._counts or day != self._counting(day.topic)[0]:
            return
        rejected = Counter({(one["field"], one["reason"]): one["lines"] for one in counted["rejected"]})
        self._counts[day] = _Counts(counted["lines"], Counter(counted["events"]), rejected, counted["mended_lines"])

    def _write(self, producer: Producer, encoders: Mapping[str, Encode]) -> None:
        with self._lock:
            lines, changed = self._lines, self._changed
            self._lines, self._changed = {}, set()
            reports = [_publication(self._door, day, self._counts[day]) for day in changed]
            latest = max((day.day for day in self._counts), default=0)
            self._counts = {day: counts for day, counts in self._counts.items() if day.day == latest}
        for key, line in lines.items():
            department = key.split(b"\n", 1)[0].decode()
            value = encoders[department](line.fields()) if line else None
            producer.produce(self._topics[department], value, key)
        for report in reports:
            producer.produce(self._topics[report.department], encoders[report.department](report.fields()), report.key)
        producer.poll(0)


def _day_of(key: bytes) -> int | None:
    which = key.rsplit(b"\n", 1)[-1]
    return int(which[4:]) if which.startswith(b"day ") and which[4:].isdigit() else None


def _publication(door: Door, day: _Day, counts: _Counts) -> Publication:
    rejected = [(column, reason, count) for (column, reason), count in counts.rejected.most_common()]
    now = time.time_ns() // 1000
    return Publication(
        day.department, door, day.topic, now, counts.lines, dict(counts.events), rejected, counts.mended, day=day.day
    )
