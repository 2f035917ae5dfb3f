"""CloudEvents 1.0 in Kafka's binary mode: the headers of every record that is a department's event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

Headers = list[tuple[str, str | bytes | None]]

ID = "ce_id"
SOURCE = "ce_source"
TYPE = "ce_type"
TIME = "ce_time"
SPECVERSION = "ce_specversion"
VERSION = "1.0"
AVRO = "application/avro"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def source_of(department: str) -> str:
    """The `ce_source` of a department's events."""
    return f"/departments/{department}"


def type_of(department: str, kind: str) -> str:
    """The `ce_type` of a department's events of one kind."""
    return f"cn.citygrid.{department}.{kind}"


def headers(event_id: str, source: bytes, event_type: bytes, occurred_at: int) -> Headers:
    """The headers of an event; `occurred_at` in microseconds since 1970-01-01 UTC, between 1850 and 2199.

    `source` and `event_type` are bytes because a publisher encodes them once and not for each event.
    """
    return [
        (SPECVERSION, VERSION.encode()),
        (ID, event_id),
        (SOURCE, source),
        (TYPE, event_type),
        (TIME, _time(occurred_at)),
        ("content-type", AVRO.encode()),
    ]


@lru_cache(maxsize=4_096)
def _time(microseconds: int) -> str:
    """RFC 3339. Registers state days: a file has few."""
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()


#: JSON Schema of the headers, for documents.
SCHEMA = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary mode",
    "required": [ID, SOURCE, TYPE, SPECVERSION, TIME],
    "properties": {
        ID: {"type": "string", "format": "uuid"},
        SOURCE: {"type": "string", "examples": [source_of("housing")]},
        TYPE: {"type": "string", "examples": [type_of("housing", "Let")]},
        SPECVERSION: {"type": "string", "const": VERSION},
        TIME: {"type": "string", "format": "date-time"},
    },
}
