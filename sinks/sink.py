"""What a sink is: it reads records of some topics and writes a batch of them inside the runner's transaction.

What lies in PostgreSQL is so written once. Anything else is told *before* that transaction commits, hence told again
after a kill: it must take the same record twice, and knows it by its key and `Read.offset`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import psycopg
from confluent_kafka import Message

from runtime.setting_sources import OwnSettings
from runtime.settings import Settings
from wire.registry import Registry

Connection = psycopg.Connection[tuple[Any, ...]]


class Read(NamedTuple):
    """One record as a sink wants it. `topic` has no prefix; `value` None is a deletion; `at` is ms since 1970 UTC."""

    topic: str
    offset: int
    key: str
    value: Any
    at: int


class Unreadable(Exception):
    """The record cannot be read: it goes to the dead letters. The message is the reason, without a personal value."""


class Away(Exception):
    """What a sink writes to besides PostgreSQL does not answer: the batch is written again until it does. The message
    says who is away, for the log and for `/ready`."""


class Refused(Exception):
    """What a sink writes to besides PostgreSQL will never take `record`: it goes to the dead letters, and the batch is
    written again without it. The message is the reason, without a personal value."""

    def __init__(self, record: Read, reason: str) -> None:
        super().__init__(reason)
        self.record = record


class Writer(Protocol):
    """One process's part of a sink."""

    def read(self, topic: str, key: str, value: bytes) -> Any:
        """The record's value, ready to be written. Called once a record, in no transaction; may block while the
        registry is away. Raises Unreadable."""

    def write(self, connection: Connection, records: Sequence[Read]) -> int:
        """Write a batch in the open transaction; the number of rows that changed. Each key's records are in the order
        of their offsets. Called again with the same batch if the transaction was lost. Never commits. Raises Away and
        Refused of what is not PostgreSQL; whatever else it raises ends the process."""


Tick = Callable[[Settings, Connection], object]


@dataclass(frozen=True)
class Due:
    """Work that has its times. `work` does what is due and answers in how many seconds the next is, None: nothing is
    known; `channel` is on what PostgreSQL says that something is due sooner."""

    channel: str
    work: Callable[[Settings, Connection], float | None]


@dataclass(frozen=True)
class Sink:
    """`topics()` are the names without prefix; `writer` makes this process's part. `begin`, if any, is called once
    before the first record, in a transaction of its own; `tick`, if any, every few seconds in a thread and a
    transaction of its own (`sinks/beside.py`): for gauges and tidying up; `due`, if any, does what must not wait for
    that, likewise. `asks()` are the topics of which it asks
    Kafka when their last record came.

    `as_they_came`: of topics whose records are not ours to read (dead letters: any key, no schema) what is read of the
    whole record; it raises nothing, and the key of such a record is "".

    `settings`: those that it alone reads; `writer` calls their `load()`. `at_once`: records in a batch, fewer where
    each takes long: a batch is written within a minute.
    """

    name: str
    topics: Callable[[], Sequence[str]]
    writer: Callable[[Registry], Writer]
    tick: Tick | None = None
    due: Due | None = None
    asks: Callable[[], Iterable[str]] = tuple
    as_they_came: Mapping[str, Callable[[Message], Any]] = field(default_factory=dict)
    begin: Callable[[Settings, Connection], None] | None = None
    settings: type[OwnSettings] | None = None
    at_once: int = 1_000


def newest(records: Sequence[Read]) -> list[Read]:
    """The last record of each topic and key: one row a key a batch."""
    return list({(record.topic, record.key): record for record in records}.values())


def rounds(records: Sequence[Read]) -> list[list[Read]]:
    """The records such that no round has a key twice and each key's order is kept: what depends on every single state
    (a finding that is resolved and opens again) comes out the same however the stream is cut into batches."""
    turns: dict[tuple[str, str], int] = {}
    out: list[list[Read]] = []
    for record in records:
        turn = turns.get((record.topic, record.key), 0)
        turns[record.topic, record.key] = turn + 1
        if turn == len(out):
            out.append([])
        out[turn].append(record)
    return out


Offsets = Mapping[tuple[str, int], int]
