"""Telling the city what became of a file, so that its department sees it on its page: topic `door-reports.<department>`
(docs/decisions/0034-door-reports.md). Neither a cell of the file nor its path goes there.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.publish.checked_lines import Bad
from producers.publish.report import Report
from producers.publish.waiting_lines import WaitingLines
from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable, records
from wire import door_reports
from wire.codec import RecordReader, encoder
from wire.door_reports import DOOR_REPORTS, MOST_LINES, LineKey, OpenLine, Publication
from wire.registry import Registry, RegistryAway, RegistryRefused
from wire.topics import subject_of

PATIENCE_S = 10.0
REFUSED_PATIENCE_S = 2.0
"""For a file that was refused: that is said whether or not the city hears it."""


class NotReported(Exception):
    """The city cannot be told, or asked; the message says why."""


class ReportTopic:
    """Reads and writes the reports of one department. `patience` in seconds. Raises NotReported, as its methods do."""

    def __init__(self, settings: Settings, registry: Registry, department: str, patience: float = PATIENCE_S) -> None:
        self.department = department
        self._settings = settings
        self._registry = registry
        self._topic = settings.topic_prefix + DOOR_REPORTS + department
        self._patience = patience
        config = {"enable.idempotence": True, "message.timeout.ms": int(patience * 1000), "log_level": 2}
        self._producer = Producer({**settings.kafka_client(), **config})

    def open_lines(self) -> dict[bytes, OpenLine]:
        """The department's lines that wait to be mended."""
        found: dict[bytes, OpenLine] = {}
        reader = RecordReader(self._registry, door_reports.schema())
        mine = self.department.encode() + b"\n"
        try:
            for record in records(self._settings, self._topic, patience=self._patience):
                key, value = record.key(), record.value()
                if not isinstance(key, bytes) or not key.startswith(mine):
                    continue
                if not isinstance(value, bytes):
                    found.pop(key, None)
                elif line := door_reports.open_line(key, reader.read(value)):
                    found[key] = line
        except (TopicUnreadable, ValueError) as unreadable:
            raise NotReported(str(unreadable)) from None
        return found

    def write(self, reports: Iterable[Publication | OpenLine], mended: Iterable[bytes] = ()) -> None:
        """Write reports, and that lines (by their keys) were mended; returns when the brokers have them."""
        refused: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                refused.append(error)

        try:
            schema_id = self._registry.id_of(
                subject_of(self._settings, DOOR_REPORTS + self.department), door_reports.schema()
            )
        except RegistryRefused as unknown:
            raise NotReported(f"the registry does not know the schema of {self._topic} ({unknown.status})") from None
        encode = encoder(schema_id, door_reports.schema())
        written = [(one.key, encode(one.fields())) for one in reports]
        try:
            for key, value in [*((key, None) for key in mended), *written]:
                self._producer.produce(self._topic, value, key, on_delivery=delivered)
        except (KafkaException, BufferError) as away:
            raise NotReported(f"{self._topic} does not take it: {away}") from None
        if self._producer.flush(self._patience) or refused:
            raise NotReported(f"{self._topic} did not take it{f': {refused[0].str()}' if refused else ''}")


class FileReporting:
    """Tells the city of one file: made before its lines are published, told of each, closed with its report.

    A publication does not fail because of it: the department's page then lacks this file, and the report says so.
    """

    def __init__(self, settings: Settings, department: str, path: Path) -> None:
        self._name = door_reports.shown_name(path.name)
        self._registry = Registry.of(settings)
        self._topic = ReportTopic(settings, self._registry, department)
        self._rejected: dict[bytes, OpenLine] = {}
        self._failed = ""
        self._open: dict[bytes, OpenLine] = {}
        try:
            self._open = self._topic.open_lines()
        except NotReported as away:
            self._failed = str(away)
        self._waiting = WaitingLines(line.about for line in self._open.values() if line.about)

    def published(self, topic: str, kind: str, record: str) -> None:
        """An event of the record was sent."""
        self._waiting.published(topic, kind, record)

    def rejected(self, bad: Bad) -> None:
        """A line was rejected."""
        self._waiting.rejected(bad.topic or "", bad.kind, bad.record)
        if len(self._rejected) < MOST_LINES:
            line = _open_line(self._topic.department, self._name, bad)
            self._rejected[line.key] = line

    def close(self, report: Report) -> None:
        """Tell of the file, and of every line that it mended."""
        try:
            if self._failed:
                raise NotReported(self._failed)
            gone = set(self._gone())
            about = {line.about for key, line in self._open.items() if key in gone}
            report.mended_lines = len(about & self._waiting.mended())
            publication = _publication(self._topic.department, self._name, report)
            self._topic.write([publication, *self._rejected.values()], gone)
        except NotReported as away:
            report.not_shown = str(away)
        finally:
            self._registry.close()

    def _gone(self) -> Iterator[bytes]:
        """The lines that are mended: their record was published, or the file of their name no longer rejects them."""
        mended = self._waiting.mended()
        for key, line in self._open.items():
            of_this_file = line.door == "file" and line.source == self._name
            if key not in self._rejected and (of_this_file or _is_mended(line.about, mended)):
                yield key


def report_refused(settings: Settings, department: str, path: Path, why: str) -> None:
    """Tell the city that a file was refused as a whole."""
    at_once = threading.Event()
    at_once.set()
    registry = Registry.of(settings, stopping=at_once)
    name = door_reports.shown_name(path.name)
    report = Report(department, path.name, refused=why.replace(str(path), path.name))
    try:
        with contextlib.suppress(NotReported, RegistryAway):
            topic = ReportTopic(settings, registry, department, REFUSED_PATIENCE_S)
            topic.write([_publication(department, name, report)])
    finally:
        registry.close()


def _is_mended(about: LineKey | None, mended: set[LineKey]) -> bool:
    return about is not None and about in mended


def _open_line(department: str, name: str, bad: Bad) -> OpenLine:
    record = door_reports.shown_record(bad.record)
    at = time.time_ns() // 1000
    return OpenLine(department, "file", name, bad.place, bad.field, bad.reason, at, bad.topic, record, bad.kind)


def _publication(department: str, name: str, report: Report) -> Publication:
    return Publication(
        department,
        "file",
        name,
        time.time_ns() // 1000,
        report.lines,
        report.events,
        [(column, reason, count) for (column, reason), count in report.rejected.most_common()],
        report.mended_lines,
        report.form,
        report.passed,
        report.unused,
        report.held,
        report.refused,
    )
