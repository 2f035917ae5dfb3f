"""What a record that was put aside says of itself: where it came from, why, and whether it was sent back.

A stage or sink puts a record aside as it came, with its origin in headers (`dataplane/origin.py`). One that was sent
back has a *mark* behind it: a record without value whose header `replayed` names the origin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from confluent_kafka import Message

from dataplane.headers import headers_of
from dataplane.origin import ORIGIN_HEADERS
from runtime import cloud_events
from wire.topics import REPLAY_OF

Headers = list[tuple[str, str | bytes | None]]
REPLAYED = "replayed"
"""Header of a mark: the origin of the letter that was sent back."""
EVENT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IDENTITY = re.compile(r"(?P<topic>[A-Za-z0-9._-]+):(?P<partition>\d+):(?P<offset>\d+)")


class LettersUnreadable(Exception):
    """The dead letters cannot be read or sent; the message says why and what to do."""


@dataclass(frozen=True, order=True)
class Origin:
    """Where a record stood before it was put aside; its text form `topic:partition:offset` is a letter's name."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Raises LettersUnreadable with a sentence if `text` has another form."""
        match = IDENTITY.fullmatch(text)
        if match is None:
            raise LettersUnreadable(
                f"{text!r} names no record: write topic:partition:offset, as `citygrid dead-letters list` prints it."
            )
        return cls(match["topic"], int(match["partition"]), int(match["offset"]))

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True)
class Letter:
    """A record that was put aside, without its content. Times are milliseconds since 1970-01-01 UTC.

    `times` says how often it was put aside (a rebuilt stage meets the same record again); `lies` where its newest copy
    is: partition and offset.
    """

    origin: Origin
    kept_in: str
    reason: str
    schema_id: int | None
    origin_at: int | None
    put_aside_at: int
    size: int
    replay_of: str | None
    lies: tuple[int, int] = field(repr=False)
    event_id: str | None = None
    """The event's id, where the record's own headers say one: the door told it to the department."""
    left_out: bool = False
    """Too large to be kept beside its topic: there is nothing to send back but what was mended."""
    times: int = 1
    replayed_at: int | None = None

    @property
    def of_a_group(self) -> bool:
        """Whether it is one of a subject's records that are put aside together since merging one of them failed."""
        return self.reason.startswith("put aside:")


def place(record: Message) -> tuple[int, int]:
    partition, offset = record.partition(), record.offset()
    if partition is None or offset is None:
        raise AssertionError("a fetched record has a partition and an offset")
    return partition, offset


def letter_of(record: Message, kept_in: str, headers: dict[str, str | bytes | None]) -> Letter | None:
    """None for a record without origin: nothing of ours wrote it."""
    if not {"origin_topic", "origin_partition", "origin_offset"} <= headers.keys():
        return None
    origin = {name: text_of(headers[name]) for name in ORIGIN_HEADERS if name in headers}
    return Letter(
        origin=Origin(origin["origin_topic"], int(origin["origin_partition"]), int(origin["origin_offset"])),
        kept_in=kept_in,
        reason=origin.get("reason", ""),
        schema_id=int(origin["schema_id"]) if "schema_id" in origin else None,
        origin_at=int(origin["origin_timestamp"]) if "origin_timestamp" in origin else None,
        put_aside_at=record.timestamp()[1],
        size=int(origin.get("left_out", 0)) or len(record.value() or b""),
        replay_of=text_of(headers[REPLAY_OF]) if REPLAY_OF in headers else None,
        lies=place(record),
        event_id=_event_id(headers.get(cloud_events.ID)),
        left_out="left_out" in origin,
    )


def _event_id(identifier: str | bytes | None) -> str | None:
    """None for what is no UUID: a header is as its sender made it, and may hold anything."""
    text = text_of(identifier) if identifier is not None else ""
    return text if EVENT_ID.fullmatch(text) else None


def mark_of(headers: dict[str, str | bytes | None]) -> Origin | None:
    """The letter that was sent back, if this is a mark. A record that was put aside keeps the headers that its sender
    gave it, whatever they are: behind an origin they are no mark. Raises LettersUnreadable."""
    if REPLAYED not in headers or "origin_topic" in headers:
        return None
    return Origin.parse(text_of(headers[REPLAYED]))


def pairs_of(record: Message) -> Headers:
    return headers_of(record)


def text_of(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
