"""What the doors report of what departments hand over: the topics `door-reports.<department>`
(docs/decisions/0034-door-reports.md, 0047-whose-report.md).

A record is about a publication, or about one line that was rejected and waits to be mended; a line that was mended has
a record without value. Whoever wants to know what is open of a department reads its topic, of one partition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from wire.contracts import DOOR_REPORTS, door_report_schema, report_topics
from wire.values.identity_finder import masked

__all__ = ["DOOR_REPORTS", "KEPT_DAYS", "MOST_LINES", "report_topics"]

Door = Literal["file", "gateway", "outbox"]

KEPT_DAYS = 90
"""How long a page shows what was handed over."""
MOST_LINES = 500
"""Lines of one file that are listed: of one that is wrong throughout, more say nothing new."""
LONGEST_NAME = 200
#: A register's number as it may be shown: of a line that slipped by a column, a person's name may stand in its place.
_LONGEST_RECORD = 64
#: Numbers that begin with a province's character: 粤AB0600, 粤(2026)广州市不动产权第0012345号.
_WITH_A_PROVINCE = re.compile(
    r"[\u4e00-\u9fff][A-Z][A-Z0-9]{4,6}[学警港澳挂领使]?|[\u4e00-\u9fff]\(\d{4}\)[\u4e00-\u9fff]{2,16}第\d{4,12}号"
)


class LineKey(NamedTuple):
    """What a rejected line speaks of; `kind` "": that could not be read, so any kind of the record mends it."""

    topic: str
    record: str
    kind: str = ""


@dataclass(frozen=True)
class OpenLine:
    """A line that waits to be mended."""

    department: str
    door: Door
    source: str
    place: str
    field: str
    reason: str
    at: int
    topic: str | None = None
    record: str | None = None
    kind: str | None = None

    @property
    def about(self) -> LineKey | None:
        """None: what it speaks of could not be read; it waits until its own file is published again."""
        return LineKey(self.topic, self.record, self.kind or "") if self.topic and self.record else None

    @property
    def key(self) -> bytes:
        about = self.about
        what = ["line", *about] if about else ["place", self.door, self.source, self.place]
        return "\n".join([self.department, *what]).encode()

    def fields(self) -> dict[str, Any]:
        return _record(self.department, self.door, self.source, self.at) | {
            "line": {
                "place": self.place,
                "field": self.field,
                "reason": self.reason,
                "topic": self.topic,
                "record": self.record,
                "kind": self.kind,
            }
        }


@dataclass(frozen=True)
class Publication:
    """What became of a file, or of what came through another door on one day (`day`, in days since 1970-01-01)."""

    department: str
    door: Door
    source: str
    at: int
    lines: int = 0
    events: Mapping[str, int] = field(default_factory=dict)
    rejected: Sequence[tuple[str, str, int]] = ()
    mended_lines: int = 0
    form: str = ""
    not_records: int = 0
    unused: Iterable[str] = ()
    held_back: int | None = None
    refused: str | None = None
    day: int | None = None

    @property
    def key(self) -> bytes:
        which = str(self.at) if self.day is None else f"day {self.day}"
        return "\n".join([self.department, "publication", self.door, self.source, which]).encode()

    def fields(self) -> dict[str, Any]:
        rejected = [{"field": column, "reason": reason, "lines": count} for column, reason, count in self.rejected]
        rejected_lines = sum(count for *_, count in self.rejected)
        return _record(self.department, self.door, self.source, self.at) | {
            "publication": {
                "form": self.form,
                "lines": self.lines,
                "events": dict(self.events),
                "rejected_lines": rejected_lines,
                "rejected": rejected[:MOST_LINES],
                "mended_lines": self.mended_lines,
                "not_records": self.not_records,
                "unused": [masked(name)[:LONGEST_NAME] for name in self.unused],
                "held_back": self.held_back,
                "refused": None if self.refused is None else masked(self.refused),
            }
        }


def department_of(topic: str) -> str:
    """Whose reports are on `topic`, its name without prefix."""
    return topic.removeprefix(DOOR_REPORTS)


def schema() -> Mapping[str, Any]:
    """The schema of every such topic."""
    return door_report_schema()


def shown_record(record: str | None) -> str | None:
    """A register's number if it may be shown: ASCII with a digit, a plate, a certificate of ownership; and nobody's
    identity number."""
    if record is None or len(record) > _LONGEST_RECORD or not record.isprintable():
        return None
    if not record.isascii() and not _WITH_A_PROVINCE.fullmatch(record):
        return None
    return record if any(map(str.isdecimal, record)) and masked(record) == record else None


def shown_name(name: str) -> str:
    """The name of a file as it may be shown."""
    return masked(name)[:LONGEST_NAME]


def open_line(key: bytes, report: Mapping[str, Any]) -> OpenLine | None:
    """The line that a record is about; None: it is about a publication."""
    line = report["line"]
    if line is None:
        return None
    head = {name: report[name] for name in ("department", "door", "source", "at")}
    made = OpenLine(**head, **line)
    return made if made.key == key else None


def _record(department: str, door: str, source: str, at: int) -> dict[str, Any]:
    return {
        "department": department,
        "door": door,
        "source": source,
        "at": at,
        "publication": None,
        "line": None,
    }
