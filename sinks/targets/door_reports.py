"""What doors report, and what was put aside → what a department sees on its page: its last files, the lines that wait
to be mended, its dead letters (docs/decisions/0034-door-reports.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Message

from runtime.settings import Settings
from sinks.decoding import as_jsonb, instant
from sinks.sink import Connection, Read, Sink, Unreadable, newest
from wire import door_reports
from wire.codec import RecordReader
from wire.contracts import DOOR_REPORTS_OF_ALL, contracts
from wire.door_reports import KEPT_DAYS, report_topics
from wire.letters import LettersUnreadable, letter_of, mark_of, pairs_of
from wire.registry import Registry
from wire.topics import DEAD_LETTERS, PARKED

REPORTS = (DOOR_REPORTS_OF_ALL, *report_topics())
PUBLICATION = """
INSERT INTO city.door_publication (key, department, door, source, at, form, lines, events, rejected_lines, rejected,
    mended_lines, not_records, unused, held_back, refused)
VALUES (%(key)s, %(department)s, %(door)s, %(source)s, %(at)s, %(form)s, %(lines)s, %(events)s, %(rejected_lines)s,
    %(rejected)s, %(mended_lines)s, %(not_records)s, %(unused)s, %(held_back)s, %(refused)s)
ON CONFLICT (key) DO UPDATE SET at = excluded.at, form = excluded.form, lines = excluded.lines,
    events = excluded.events, rejected_lines = excluded.rejected_lines, rejected = excluded.rejected,
    mended_lines = excluded.mended_lines, not_records = excluded.not_records, unused = excluded.unused,
    held_back = excluded.held_back, refused = excluded.refused
"""
LINE = """
INSERT INTO city.rejected_line (key, department, door, source, at, place, field, reason, topic, record, kind)
VALUES (%(key)s, %(department)s, %(door)s, %(source)s, %(at)s, %(place)s, %(field)s, %(reason)s, %(topic)s, %(record)s,
    %(kind)s)
ON CONFLICT (key) DO UPDATE SET door = excluded.door, source = excluded.source, at = excluded.at,
    place = excluded.place, field = excluded.field, reason = excluded.reason
"""
GONE = "DELETE FROM city.rejected_line WHERE key = ANY (%s)"
LETTER = """
INSERT INTO city.put_aside AS old (origin, department, topic, event_id, reason, kept_in, put_aside_at)
VALUES (%(origin)s, %(department)s, %(topic)s, %(event_id)s, %(reason)s, %(kept_in)s, %(put_aside_at)s)
ON CONFLICT (origin) DO UPDATE SET reason = excluded.reason, put_aside_at = excluded.put_aside_at,
    replayed_at = CASE WHEN %(again)s THEN NULL ELSE old.replayed_at END
"""
REPLAYED_AT = "UPDATE city.put_aside SET replayed_at = %(at)s WHERE origin = %(origin)s"
TIDY = """
WITH publications AS (DELETE FROM city.door_publication WHERE at < now() - make_interval(days => %(days)s)),
    lines AS (DELETE FROM city.rejected_line WHERE at < now() - make_interval(days => %(days)s))
DELETE FROM city.put_aside WHERE put_aside_at < now() - make_interval(days => %(days)s)
"""


class DoorReports:
    """Reports by their keys; dead letters by where they came from."""

    def __init__(self, registry: Registry) -> None:
        self._reports = RecordReader(registry, door_reports.schema())

    def read(self, topic: str, key: str, value: bytes) -> dict[str, Any]:
        """The report as the parameters of its statement. Raises Unreadable."""
        try:
            report = self._reports.read(value)
            head = {"key": key, "department": report["department"], "door": report["door"]}
            head |= {"source": report["source"], "at": instant(report["at"])}
        except (ValueError, OverflowError) as broken:
            raise Unreadable(f"{type(broken).__name__}: the value does not fit the schema of {topic}") from broken
        # only this department's login writes to its topic: what is said there of another is nobody's word
        if not _is_its_own(topic, key) or not key.startswith(report["department"] + "\n"):
            raise Unreadable("it is about a department that is not its topic's")
        if (report["line"] is None) == (report["publication"] is None):
            raise Unreadable("it is about neither a line nor a publication")
        values = {**head, **(report["line"] or _stored(report["publication"]))}
        as_jsonb([text for text in values.values() if isinstance(text, str)])
        return values

    def write(self, connection: Connection, records: Sequence[Read]) -> int:
        reports = newest([record for record in records if record.topic in REPORTS])
        gone = [record.key for record in reports if record.value is None and _is_its_own(record.topic, record.key)]
        lines = [record.value for record in reports if record.value is not None and "place" in record.value]
        publications = [record.value for record in reports if record.value is not None and "lines" in record.value]
        with connection.cursor() as cursor:
            if gone:
                cursor.execute(GONE, (gone,))
            cursor.executemany(LINE, lines)
            cursor.executemany(PUBLICATION, publications)
            letters = [record.value for record in records if record.topic not in REPORTS and record.value]
            for letter in letters:  # in their order: a mark stands behind its letter
                cursor.execute(REPLAYED_AT if "at" in letter else LETTER, letter)
        return len(reports) + len(letters)


def _is_its_own(topic: str, key: str) -> bool:
    return topic == DOOR_REPORTS_OF_ALL or key.startswith(door_reports.department_of(topic) + "\n")


def letter(record: Message) -> Mapping[str, Any] | None:
    """A letter or a mark as the parameters of its statement; None for what no department's topic had."""
    headers = dict(pairs_of(record))
    try:
        put_at = instant(record.timestamp()[1] * 1000)
        if (mark := mark_of(headers)) is not None:
            return {"origin": str(mark), "at": put_at}
        read = letter_of(record, DEAD_LETTERS, headers)
    except (LettersUnreadable, ValueError, OverflowError):
        return None  # whoever wrote it, it was none of ours
    if read is None:
        return None
    # the prefix of an installation's topics holds no dot that a department's name could begin behind
    topic, contract = next(
        ((topic, known) for topic, known in contracts().items() if read.origin.topic.endswith(topic)), (None, None)
    )
    if contract is None or "\0" in f"{read.origin}{read.reason}":
        return None
    return {
        "origin": str(read.origin),
        "department": contract.department,
        "topic": topic,
        "event_id": read.event_id,
        "reason": read.reason[:1000],
        "kept_in": (record.topic() or "").rpartition(DEAD_LETTERS)[1] or PARKED,
        "put_aside_at": put_at,
        "again": read.of_a_group,
    }


def _stored(publication: dict[str, Any]) -> dict[str, Any]:
    as_json = {name: as_jsonb(publication[name]).decode() for name in ("events", "rejected")}
    as_jsonb(publication["unused"])
    return {**publication, **as_json}


def tidy(_: Settings, connection: Connection) -> None:
    """Drop what is no longer shown."""
    connection.execute(TIDY, {"days": KEPT_DAYS})


SINK = Sink(
    "door-reports",
    lambda: [*REPORTS, DEAD_LETTERS, PARKED],
    DoorReports,
    tick=tidy,
    as_they_came={DEAD_LETTERS: letter, PARKED: letter},
)
