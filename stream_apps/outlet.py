"""What a stage puts out, and what it says of what it puts aside: a line in the log and, where it is traced, a span."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from confluent_kafka import Message

from dataplane import DataPlane
from domain.event import Source
from runtime.cloud_events import Headers
from runtime.traces import Hop, Traces, event_id_of, trace_id_of

log = structlog.get_logger()


Produce = Callable[[str, bytes | None, bytes | None, int, Headers | None], None]
"""Topic, key, value, partition, headers: a record into the open transaction."""


class Outlet(Protocol):
    """What a stage needs of the data plane."""

    @property
    def produce(self) -> Produce: ...
    def dead_letter(self, record: Message, reason: str, schema_id: int | None = None) -> None: ...
    def parked(self, record: Message, reason: str, schema_id: int | None = None) -> None: ...
    def hop(self, records: Sequence[Message], sources: Sequence[Source] | None, began: int) -> Hop | None:
        """One hop of what `records` of a batch bring about in one row; None if none of them is traced. `sources`: what
        each of them said, if they are events. `began` in ns since 1970 UTC."""


class Telling:
    """The data plane as a stage's outlet. `group` is the stage's consumer group."""

    def __init__(self, plane: DataPlane, traces: Traces | None, group: str) -> None:
        self._plane = plane
        self._traces = traces
        self._about = {"messaging.consumer.group.name": group}

    @property
    def produce(self) -> Produce:
        return self._plane.produce

    def dead_letter(self, record: Message, reason: str, schema_id: int | None = None) -> None:
        self._plane.dead_letter(record, reason, schema_id)
        self._tell("record_dead_lettered", record, reason)

    def parked(self, record: Message, reason: str, schema_id: int | None = None) -> None:
        self._plane.parked(record, reason, schema_id)
        self._tell("record_parked", record, reason)

    def hop(self, records: Sequence[Message], sources: Sequence[Source] | None, began: int) -> Hop | None:
        if self._traces is None:
            return None
        if sources is not None:  # an event is chosen by its id: its headers are dear
            below = self._traces.below
            records = [record for record, source in zip(records, sources, strict=True) if source.event_id < below]
        return self._traces.of(records, began, self._about) if records else None

    def _tell(self, what: str, record: Message, reason: str) -> None:
        log.warning(
            what,
            topic=record.topic(),
            partition=record.partition(),
            offset=record.offset(),
            reason=reason,
            event_id=event_id_of(record),
            trace_id=trace_id_of(record),
        )
        hop = self._traces.of([record], time.time_ns(), self._about) if self._traces is not None else None
        if hop is not None:
            hop.failed(reason.partition(":")[0])
            hop.end()
