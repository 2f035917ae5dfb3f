"""The shell around `domain/`: one stage's step from a batch of records to rows, contributions, alerts and dead letters.

All that a batch brings about is produced into the data plane's open transaction, together with the batch's offsets;
this file knows nothing of transactions. A batch holds records of one partition of one topic: events, contributions or
the clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import structlog
from confluent_kafka import Message

from dataplane import RecordBatch, RowStore, partition_of
from domain.event import Input, Source
from domain.records import Claim, answered, merged
from domain.rule import Rule
from domain.step import NOBODY_QUIET, NOT_JUDGED, Outcome, ruleset, settle, unjudged
from domain.view import Slot, View
from runtime import metrics
from runtime.cloud_events import Headers
from stream_apps.aside import FAILED, WAITS, admitted, put_aside
from stream_apps.doubt import DoubtIndex
from stream_apps.due import DueIndex
from stream_apps.large_rows import LargeRows
from stream_apps.mistakes import Mistakes
from stream_apps.outlet import Outlet
from stream_apps.record_codec import RecordCodec, claim_key, claim_partition, slot_key
from stream_apps.stage_codec import Contribution, Tick, TooLarge, Wire, contribution_key
from wire.avro_writer import InvalidValue
from wire.codec import Decoder, Parked, Unreadable, schema_id_of
from wire.topics import CLOCK, RECORD_CLAIMS, RECORD_MOVES

log = structlog.get_logger()

ROWS_A_TICK = 10_000
"""Rows of a partition that are looked at in one turn of the clock: a batch must end well within its transaction's time,
also when a whole city is due at midnight. The rest is due still at the next tick, a second later."""


@dataclass(slots=True)
class Touched:
    """A row as a batch leaves it, what was said, the records that said it, and the claims that follow."""

    row: Any
    sources: list[Source]
    records: list[Message]
    claims: dict[Slot, Claim]


class Stage:
    """One view's stage. `live_since` in microseconds UTC; `partitions` is that of every topic of the city;
    `one_subject`: (topic, kind) of which a record is about one subject at a time."""

    def __init__(
        self,
        view: View,
        rules: Sequence[Rule],
        store: RowStore[Any],
        wire: Wire,
        records: RecordCodec,
        decoder: Decoder,
        outlet: Outlet,
        *,
        prefix: str,
        partitions: int,
        live_since: int,
        one_subject: frozenset[tuple[str, str]],
        misjudged_a_minute: int = 5,
        large: LargeRows | None = None,
    ) -> None:
        self.view = view
        self.rules = rules
        self._ruleset = ruleset(view, rules, live_since)
        self._store = store
        self._wire = wire
        self._records = records
        self._decoder = decoder
        self._outlet = outlet
        self._prefix = prefix
        self._partitions = partitions
        self._live_since = live_since
        self._contributions = f"{prefix}contributions.{view.name}"
        self._clock = f"{prefix}{CLOCK}"
        self._claims = f"{prefix}{RECORD_CLAIMS}"
        self._moves = f"{prefix}{RECORD_MOVES}"
        self._one_subject = one_subject
        self._mistakes = Mistakes(view.name, misjudged_a_minute)
        self._large = large or LargeRows(view.name, partitions)
        self._began = 0
        self._ticks: dict[int, Tick] = {}
        self._due: dict[int, DueIndex] = {}
        self._doubt: dict[int, DoubtIndex] = {}
        self._restored: dict[int, set[bytes]] = {}  # keys of rows that another version may have settled last
        if rules:  # there from the start: a series that begins with its first alert does not show it as an increase
            metrics.EVENT_TO_ALERT_SECONDS.labels(view.name)

    def take_over(self, partitions: Sequence[int]) -> None:
        """The rows of `partitions` were restored: index them. Their clock is unknown until its next tick."""
        for number in partitions:
            self._ticks.pop(number, None)
            rows = self._store.rows(number)
            self._due[number] = DueIndex(rows, self._judged_by_others)
            self._doubt[number] = DoubtIndex(rows, self.rules)
            self._restored[number] = set(rows)

    def hand_over(self, partitions: Sequence[int]) -> None:
        """`partitions` go to another worker."""
        self._large.hand_over(partitions)
        for number in partitions:
            self._ticks.pop(number, None)
            self._due.pop(number, None)
            self._doubt.pop(number, None)
            self._restored.pop(number, None)

    def fold(self, batch: RecordBatch) -> None:
        """All that follows from the batch, produced. Raises on any error that is not the record's own fault."""
        self._began = time.time_ns()
        if batch.topic == self._clock:
            self._tick(batch)
        elif batch.topic == self._contributions:
            self._settle(batch, self._read_contributions(batch))
        elif batch.topic == self._moves:
            self._settle(batch, self._read_moves(batch))
        else:
            self._settle(batch, self._read_events(batch))
        self._mistakes.check()

    # -- what a batch says, merged into the rows it touches

    def _read_events(self, batch: RecordBatch) -> dict[bytes, Touched]:
        touched: dict[bytes, Touched] = {}
        view, decode = self.view, self._decoder.decode
        newest = 0
        for record in batch.records:
            key = cast("bytes", record.key())  # the decoder refuses a record without one
            event = decode(batch.topic, key, record.value())
            if isinstance(event, Unreadable):
                self._outlet.dead_letter(record, event.reason, event.schema_id)
                continue
            if isinstance(event, Parked):
                self._outlet.parked(record, event.reason, event.schema_id)
                continue
            here = touched.get(key) or self._touch(batch.partition, key, event.subject, record, touched)
            if here is None:
                continue
            here.sources.append(Source(event.department, event.kind, event.record, event.event_id, event.occurred_at))
            here.records.append(record)
            newest = max(newest, event.recorded_at)
            claim = None
            row = here.row if not here.row.bookkeeping.put_aside else admitted(here.row, record)
            if row is not None:
                try:
                    row, claim = merged(view, row, event, (event.topic, event.kind) in self._one_subject)
                except Exception as mistake:  # noqa: BLE001 - whatever the view's code raises
                    self._failed(key, record, mistake)
                    row = None
            here.row = self._set_aside(here, record) if row is None else row
            if claim is not None:
                here.claims[claim.slot] = claim
        if newest:
            metrics.NEWEST_EVENT.labels(batch.topic.removeprefix(self._prefix), str(batch.partition)).set(newest / 1e6)
        return touched

    def _read_contributions(self, batch: RecordBatch) -> dict[bytes, Touched]:
        touched: dict[bytes, Touched] = {}
        for record in batch.records:
            value = record.value()
            try:
                contribution = self._wire.load_contribution(cast("bytes", value) or b"")
            except ValueError as unreadable:
                self._outlet.dead_letter(record, f"unreadable: {unreadable}", schema_id_of(value))
                continue
            key = contribution.target.encode()
            if record.key() != contribution_key(key, contribution.source_view, contribution.source.encode()):
                reason = "unreadable: the key is not the target, the source's view and the source"
                self._outlet.dead_letter(record, reason, schema_id_of(value))
                continue
            here = touched.get(key) or self._touch(batch.partition, key, contribution.target, record, touched)
            if here is None:
                continue
            if (source := getattr(contribution.value, "source", None)) is not None:
                here.sources.append(source)
            here.records.append(record)
            row = admitted(here.row, record)
            if row is not None:
                try:
                    row = self.view.receive(row, contribution.source, contribution.value)
                except Exception as mistake:  # noqa: BLE001 - whatever the view's code raises
                    self._failed(key, record, mistake)
                    row = None
            here.row = self._set_aside(here, record) if row is None else row
        return touched

    def _read_moves(self, batch: RecordBatch) -> dict[bytes, Touched]:
        touched: dict[bytes, Touched] = {}
        for record in batch.records:
            try:
                move = self._records.load_move(record.key(), record.value())
            except (ValueError, TypeError) as unreadable:
                self._outlet.dead_letter(record, f"unreadable: {unreadable}", schema_id_of(record.value()))
                continue
            if move.view != self.view.name:
                continue
            key = move.subject.encode()
            here = touched.get(key) or self._touch(batch.partition, key, move.subject, record, touched)
            if here is None:
                continue
            here.records.append(record)
            row = admitted(here.row, record)
            here.row = self._set_aside(here, record) if row is None else answered(row, move.slot, move.moved)
        return touched

    def _touch(
        self, number: int, key: bytes, subject: str, record: Message, touched: dict[bytes, Touched]
    ) -> Touched | None:
        """The row of `key` as it is, among what the batch has `touched` from now on; a new one only where its key
        belongs. None: put aside, because the subject would have two rows, and each would tell half of the truth."""
        row = self._store.rows(number).get(key)
        if row is None:
            where = partition_of(key, self._partitions)
            if where != number:
                reason = f"misplaced: its key belongs on partition {where}, by murmur2"
                self._outlet.dead_letter(record, reason, schema_id_of(record.value()))
                return None
            row = self.view.row(subject)
        here = touched[key] = Touched(row, [], [], {})
        return here

    def _failed(self, key: bytes, record: Message, mistake: Exception) -> None:
        """The view's code could not merge `record`. Raises what no other code would mend, and TooManyMistakes."""
        if isinstance(mistake, MemoryError):
            raise mistake
        self._mistakes.merging_failed(key, record.partition() or 0, mistake)

    def _set_aside(self, here: Touched, record: Message) -> Any:
        """The row as it is, and `record` among those that wait until they are sent back together."""
        self._outlet.parked(record, WAITS if here.row.bookkeeping.put_aside else FAILED, schema_id_of(record.value()))
        return put_aside(here.row, record)

    # -- what the touched rows now say

    def _settle(self, batch: RecordBatch, touched: dict[bytes, Touched]) -> None:
        rows, last = self._store.rows(batch.partition), self._ticks.get(batch.partition)
        now, quiet = (last.now, last.quiet) if last else (None, NOBODY_QUIET)
        # Events were checked by the decoder: a row that cannot hold one is our mistake, and ends the process.
        of_events = batch.topic not in (self._contributions, self._moves)
        refused = (TooLarge,) if of_events else (TooLarge, InvalidValue)
        alerts = 0
        for key, here in touched.items():
            records, sources = here.records, here.sources
            hop = self._outlet.hop(records, sources if of_events else None, self._began)
            if here.row != rows.get(key):
                outcome = self._judged(batch.partition, key, here.row, now, quiet, sources)
                try:
                    inputs = _inputs(records) if outcome.alerts else ()
                    alerts += self._put(batch.partition, key, outcome, inputs, hop.headers if hop else None)
                    self._claim(here.claims.values(), hop.headers if hop else None)
                    if hop and outcome.alerts:
                        hop.note("citygrid.finding_ids", [alert.finding_id for alert in outcome.alerts])
                except refused as why:
                    for record in records:
                        self._outlet.dead_letter(record, f"unwritable: {why}", schema_id_of(record.value()))
            if hop:
                hop.end()
        self._observe(batch, alerts)

    def _tick(self, batch: RecordBatch) -> None:
        number = batch.partition
        for record in batch.records:
            try:
                tick = self._wire.load_clock(record.value() or b"")
            except ValueError as unreadable:
                self._outlet.dead_letter(record, f"unreadable: {unreadable}", schema_id_of(record.value()))
                continue
            last = self._ticks.get(number)
            if last is not None and tick.taken_back and tick.now < last.now:
                self._due[number] = DueIndex(self._store.rows(number), lambda _: True)  # judged by a mistaken time
            if last is None or tick.now >= last.now or tick.taken_back:
                self._ticks[number] = tick
        if number in self._ticks:
            now, quiet, _ = self._ticks[number]
            inputs = _inputs(batch.records)
            for key, row in self._to_look_at(number, now, quiet).items():
                try:
                    self._put(number, key, self._judged(number, key, row, now, quiet), inputs)
                except TooLarge as why:  # no record is to blame: the row stays as it was until something is said
                    metrics.REFUSED_ROWS.labels(self.view.name).inc()
                    log.error("row_refused", view=self.view.name, partition=number, reason=str(why))  # noqa: TRY400

    def _judged(
        self, number: int, key: bytes, row: Any, now: int | None, quiet: Set[str], sources: Sequence[Source] = ()
    ) -> Outcome:
        """What follows from `row`; if that cannot be computed or records of it are put aside, the row as it is and its
        findings as unknown."""
        if row.bookkeeping.put_aside:
            return unjudged(self.view, self.rules, row, now)
        self._mistakes.judged()
        before = None if key in self._restored[number] else self._store.rows(number).get(key)
        try:
            return settle(self.view, self.rules, row, now, self._live_since, sources, quiet, before)
        except MemoryError:
            raise
        except Exception as mistake:  # noqa: BLE001 - whatever a rule or a view raises
            self._mistakes.judging_failed(key, number, mistake, known=row.bookkeeping.judged_by == NOT_JUDGED)
            return unjudged(self.view, self.rules, row, now)

    def _to_look_at(self, number: int, now: int, quiet: frozenset[str]) -> dict[bytes, Any]:
        """Rows that are due, and rows of whose findings a topic's silence or speech has changed what can be known."""
        rows: dict[bytes, Any] = {}
        for key, row in chain(self._due[number].due(now), self._doubt[number].misjudged(quiet)):
            rows[key] = row
            if len(rows) == ROWS_A_TICK:
                break
        return rows

    def _put(
        self, number: int, key: bytes, outcome: Outcome, inputs: tuple[Input, ...], headers: Headers | None = None
    ) -> int:
        """All of the outcome, or nothing of it; `inputs` and `headers` say from which records and by which trace it
        came about. Raises TooLarge, InvalidValue if the row does not fit its schema."""
        row, own, source = self._wire.dump_row(outcome.row), self.view.name, outcome.row.id
        contributions = [
            (view, target.encode(), self._wire.dump_contribution(view, Contribution(target, own, source, value)))
            for view, target, value in outcome.contributions
        ]
        alerts = [(alert, self._wire.dump_alert(alert._replace(inputs=inputs))) for alert in outcome.alerts]
        produce = self._outlet.produce
        self._due[number].put(key, outcome.row, row, headers)
        self._restored[number].discard(key)
        self._large.measured(key, len(row))
        self._doubt[number].note(key, outcome.row)
        for view, about, contribution in contributions:
            where = partition_of(about, self._partitions)
            to = f"{self._prefix}contributions.{view}"
            produce(to, contribution_key(about, own, key), contribution, where, headers)
        for alert, value in alerts:
            produce(f"{self._prefix}alerts", alert.finding_id.encode(), value, -1, headers)
            metrics.FINDINGS.labels(alert.rule, "unknown" if alert.unknown else alert.state).inc()
        for gone in outcome.forget:
            produce(f"{self._prefix}alerts", gone.encode(), None, -1, headers)
        return len(outcome.alerts)

    def _claim(self, claims: Iterable[Claim], headers: Headers | None) -> None:
        """To the index of records: what the row has of them now."""
        for claim in claims:
            slot = slot_key(claim.slot)
            where = claim_partition(slot, self._partitions)
            value = self._records.dump_holder(claim.holder)
            self._outlet.produce(self._claims, claim_key(slot, claim.holder), value, where, headers)

    def _judged_by_others(self, row: Any) -> bool:
        """Whether other rules judged the row last: a new rule may find something, a withdrawn one's finding ends."""
        return bool(row.bookkeeping.judged_by != self._ruleset and not row.bookkeeping.put_aside)

    def _observe(self, batch: RecordBatch, alerts: int) -> None:
        written = batch.records[0].timestamp()[1] / 1000
        seconds = max(0.0, time.time() - written)
        metrics.EVENT_TO_ROW_SECONDS.labels(self.view.name).observe(seconds)
        if alerts:
            metrics.EVENT_TO_ALERT_SECONDS.labels(self.view.name).observe(seconds)


def _inputs(records: Sequence[Message]) -> tuple[Input, ...]:
    """The newest of a batch's records, which are all of one topic's partition."""
    newest = records[-1]
    return (Input(newest.topic() or "", newest.partition() or 0, newest.offset() or 0),)
