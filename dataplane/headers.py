"""A record's headers, whoever wrote them."""

from __future__ import annotations

from typing import Any

from confluent_kafka import Message

Headers = list[tuple[str, str | bytes | None]]


def headers_of(record: Message) -> Headers:
    """A record's headers; none if the name of one is no UTF-8. The client library then raises, and what it gives when
    it is asked again ends the interpreter."""
    try:
        given: Any = record.headers() or []
    except (SystemError, UnicodeDecodeError):
        record.set_headers([])
        return []
    return list(given.items() if isinstance(given, dict) else given)
