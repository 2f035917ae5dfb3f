"""Putting the records of one subject aside, from the first that the view's code cannot merge: their names in the row,
the records themselves in the dead letters (docs/decisions/0023-judging.md)."""

from __future__ import annotations

import re
from typing import Any

from confluent_kafka import Message

from dataplane.headers import headers_of
from domain.put_aside import resumed, with_aside
from domain.view import PutAside
from wire.topics import REPLAY_OF

SENT_BACK = re.compile(r"(?P<topic>[A-Za-z0-9._-]+):(?P<partition>[0-9]{1,9}):(?P<offset>[0-9]{1,18})")
FAILED = "put aside: merging failed"
WAITS = "put aside: an earlier record of its subject waits"


def name_of(record: Message) -> PutAside:
    """Where `record` stands."""
    key = record.key() or b""
    text = key if isinstance(key, str) else key.decode("utf-8", "replace")
    return PutAside(record.topic() or "", record.partition() or 0, record.offset() or 0, text)


def admitted(row: Any, record: Message) -> Any | None:
    """The row as `record` may be merged into it; None: the record is to be put aside as well."""
    return row if not row.bookkeeping.put_aside else resumed(row, _sent_back(record))


def put_aside(row: Any, record: Message) -> Any:
    """The row that notes `record`."""
    return with_aside(row, name_of(record), _sent_back(record))


def _sent_back(record: Message) -> PutAside | None:
    """The record that `record` is sent back for; None: it comes for the first time. A department's own login may write
    any header: what names no record of this topic, to which letters go back, is none of ours."""
    headers = dict(headers_of(record))
    origin = headers.get(REPLAY_OF)
    text = origin.decode("utf-8", "replace") if isinstance(origin, bytes) else origin or ""
    name = SENT_BACK.fullmatch(text)
    if name is None or name["topic"] != record.topic():
        return None
    return name_of(record)._replace(partition=int(name["partition"]), offset=int(name["offset"]))
