"""Where a record goes that cannot be read, or not yet: the original as it came, with its origin in headers.

The headers: `origin_topic`, `origin_partition`, `origin_offset`, `origin_timestamp` (ms since 1970 UTC), `schema_id`
(when known), `reason` (kind, then detail; no personal value: that is the caller's duty). All values are UTF-8 text.
The record keeps its key, value and own headers; a replay drops the origin headers again.
"""

from __future__ import annotations

from typing import Any

from confluent_kafka import Message

from .transaction import Headers

ORIGIN_HEADERS = ("origin_topic", "origin_partition", "origin_offset", "origin_timestamp", "schema_id", "reason")


def with_origin(record: Message, reason: str, schema_id: int | None) -> Headers:
    """The record's own headers, then its origin. Origin headers of an earlier round are replaced."""
    given: Any = record.headers() or []
    own: Headers = [(name, value) for name, value in given if name not in ORIGIN_HEADERS]
    origin = {
        "origin_topic": record.topic(),
        "origin_partition": record.partition(),
        "origin_offset": record.offset(),
        "origin_timestamp": record.timestamp()[1],
        "schema_id": schema_id,
        "reason": reason,
    }
    return own + [(name, str(value).encode()) for name, value in origin.items() if value is not None]
