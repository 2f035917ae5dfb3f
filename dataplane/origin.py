"""Where a record goes that cannot be read, or not yet: the original as it came, with its origin in headers.

The headers: `origin_topic`, `origin_partition`, `origin_offset`, `origin_timestamp` (ms since 1970 UTC), `schema_id`
(when known), `reason` (kind, then detail; no personal value: that is the caller's duty). All values are UTF-8 text.
The record keeps its key, value and own headers; a replay drops the origin headers again.

Whoever may write to a topic decides what is in its records: one that was compressed may be larger than any topic takes
once it is written anew, and the name of a header need not be text. Such a record is put aside as well, or it would stop
its reader for good.
"""

from __future__ import annotations

from typing import NamedTuple

from confluent_kafka import Message

from .headers import Headers, headers_of

ORIGIN_HEADERS = (
    *("origin_topic", "origin_partition", "origin_offset", "origin_timestamp", "schema_id", "reason"),
    "left_out",
)
LARGEST = 2_250_000
"""Bytes of key, value and own headers that are put aside whole; the topics that they go to must take as much. Of a
larger record only its origin is kept, and in `left_out` how large it was: it stands in its own topic."""


class Kept(NamedTuple):
    """A record as it is put aside."""

    key: bytes | None
    value: bytes | None
    headers: Headers


def kept(record: Message, reason: str, schema_id: int | None) -> Kept:
    """The record with its own headers, then its origin. Origin headers of an earlier round are replaced."""
    own: Headers = [(name, value) for name, value in headers_of(record) if name not in ORIGIN_HEADERS]
    key, value = _bytes(record.key()), _bytes(record.value())
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(_bytes(text) or b"") for name, text in own)
    left_out = size if size > LARGEST else None
    origin = {
        "origin_topic": record.topic(),
        "origin_partition": record.partition(),
        "origin_offset": record.offset(),
        "origin_timestamp": record.timestamp()[1],
        "schema_id": schema_id,
        "reason": reason,
        "left_out": left_out,
    }
    names: Headers = [(name, str(text).encode()) for name, text in origin.items() if text is not None]
    return Kept(key, value, own + names) if left_out is None else Kept(None, None, names)


def _bytes(content: str | bytes | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
