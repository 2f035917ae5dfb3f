"""The shell around `domain/`: one stage's step from a batch of records to rows, contributions, alerts and dead letters.

All that a batch brings about is produced into the data plane's open transaction, together with the batch's offsets;
this file knows nothing of transactions. A batch holds records of one partition of one topic: events, contributions or
the clock.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol, cast

from confluent_kafka import Message

from domain.event import Source
from domain.rule import Rule
from domain.step import Outcome, settle
from domain.view import View
from runtime import metrics
from runtime.codec import Decoder, Parked, Unreadable
from runtime.rdkafka import RecordBatch, RowStore, partition_of
from stream_apps.due import DueIndex
from stream_apps.wire import Contribution, Wire


class Outlet(Protocol):
    """What a stage needs of the data plane."""

    def produce(self, topic: str, key: bytes | None, value: bytes | None, partition: int = -1) -> None: ...
    def dead_letter(self, record: Message, reason: str, schema_id: int | None = None) -> None: ...
    def parked(self, record: Message, reason: str, schema_id: int | None = None) -> None: ...


class Stage:
    """One view's stage. `live_since` in microseconds UTC; `partitions` is that of every topic of the city."""

    def __init__(
        self,
        view: View,
        rules: Sequence[Rule],
        store: RowStore[Any],
        wire: Wire,
        decoder: Decoder,
        outlet: Outlet,
        *,
        prefix: str,
        partitions: int,
        live_since: int,
    ) -> None:
        self.view = view
        self.rules = rules
        self._store = store
        self._wire = wire
        self._decoder = decoder
        self._outlet = outlet
        self._prefix = prefix
        self._partitions = partitions
        self._live_since = live_since
        self._contributions = f"{prefix}contributions.{view.name}"
        self._clock = f"{prefix}clock"
        self._now: dict[int, int] = {}
        self._due: dict[int, DueIndex] = {}

    def take_over(self, partitions: Sequence[int]) -> None:
        """The rows of `partitions` were restored: index them. Their clock is unknown until its next tick."""
        for number in partitions:
            self._now.pop(number, None)
            self._due[number] = DueIndex(self._store.rows(number))

    def hand_over(self, partitions: Sequence[int]) -> None:
        """`partitions` go to another worker."""
        for number in partitions:
            self._now.pop(number, None)
            self._due.pop(number, None)

    def fold(self, batch: RecordBatch) -> None:
        """All that follows from the batch, produced. Raises on any error that is not the record's own fault."""
        if batch.topic == self._clock:
            self._tick(batch)
        elif batch.topic == self._contributions:
            self._settle(batch, self._read_contributions(batch))
        else:
            self._settle(batch, self._read_events(batch))

    # -- what a batch says, merged into the rows it touches

    def _read_events(self, batch: RecordBatch) -> dict[bytes, tuple[Any, list[Source]]]:
        rows = self._store.rows(batch.partition)
        touched: dict[bytes, tuple[Any, list[Source]]] = {}
        merge, decode = self.view.merge, self._decoder.decode
        newest = 0
        for record in batch.records:
            key = cast("bytes", record.key())  # the decoder refuses a record without one
            said = decode(batch.topic, key, record.value())
            if isinstance(said, Unreadable):
                self._outlet.dead_letter(record, said.reason, said.schema_id)
                continue
            if isinstance(said, Parked):
                self._outlet.parked(record, said.reason, said.schema_id)
                continue
            row, sources = touched.get(key) or (rows.get(key) or self.view.row(said.subject), [])
            sources.append(Source(said.department, said.kind, said.record, said.event_id, said.occurred_at))
            touched[key] = (merge(row, said), sources)
            newest = max(newest, said.recorded_at)
        if newest:
            metrics.NEWEST_EVENT.labels(batch.topic.removeprefix(self._prefix), str(batch.partition)).set(newest / 1e6)
        return touched

    def _read_contributions(self, batch: RecordBatch) -> dict[bytes, tuple[Any, list[Source]]]:
        rows = self._store.rows(batch.partition)
        touched: dict[bytes, tuple[Any, list[Source]]] = {}
        for record in batch.records:
            try:
                said = self._wire.load_contribution(record.value() or b"")
            except ValueError as unreadable:
                self._outlet.dead_letter(record, f"unreadable: {unreadable}")
                continue
            key = said.target.encode()
            row, sources = touched.get(key) or (rows.get(key) or self.view.row(said.target), [])
            if said.value is not None:
                sources.append(said.value.source)
            touched[key] = (self.view.receive(row, said.source, said.value), sources)
        return touched

    # -- what the touched rows now say

    def _settle(self, batch: RecordBatch, touched: dict[bytes, tuple[Any, list[Source]]]) -> None:
        rows, now = self._store.rows(batch.partition), self._now.get(batch.partition)
        alerts = 0
        for key, (row, sources) in touched.items():
            if row != rows.get(key):
                outcome = settle(self.view, self.rules, row, now, self._live_since, sources)
                alerts += self._put(batch.partition, key, outcome)
        self._observe(batch, alerts)

    def _tick(self, batch: RecordBatch) -> None:
        number = batch.partition
        for record in batch.records:
            try:
                now = self._wire.load_clock(record.value() or b"")
            except ValueError as unreadable:
                self._outlet.dead_letter(record, f"unreadable: {unreadable}")
                continue
            self._now[number] = max(now, self._now.get(number, 0))
        if number in self._now:
            now = self._now[number]
            for key, row in list(self._due[number].due(now)):
                self._put(number, key, settle(self.view, self.rules, row, now, self._live_since))

    def _put(self, number: int, key: bytes, outcome: Outcome) -> int:
        self._due[number].put(key, outcome.row)
        produce = self._outlet.produce
        source = outcome.row.id
        for view, target, value in outcome.contributions:
            about = target.encode()
            produce(
                f"{self._prefix}contributions.{view}",
                about + b"\n" + key,
                self._wire.dump_contribution(view, Contribution(target, source, value)),
                partition_of(about, self._partitions),
            )
        for alert in outcome.alerts:
            produce(f"{self._prefix}alerts", alert.finding_id.encode(), self._wire.dump_alert(alert))
            metrics.FINDINGS.labels(alert.rule, alert.state).inc()
        for gone in outcome.forget:
            produce(f"{self._prefix}alerts", gone.encode(), None)
        return len(outcome.alerts)

    def _observe(self, batch: RecordBatch, alerts: int) -> None:
        written = batch.records[0].timestamp()[1] / 1000
        seconds = max(0.0, time.time() - written)
        metrics.EVENT_TO_ROW_SECONDS.labels(self.view.name).observe(seconds)
        if alerts:
            metrics.EVENT_TO_ALERT_SECONDS.labels(self.view.name).observe(seconds)
