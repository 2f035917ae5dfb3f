"""A worker of a stage: the real `Stage` with its real codecs, on the broker in memory in place of Faust and Kafka.

What `dataplane/` does around a stage is done here in its order: restore and take over, whole batches into one open
transaction, commit of outputs with offsets, commit before a partition is handed over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast
from zlib import crc32

from confluent_kafka import Message

from dataplane import RecordBatch, RowStore
from domain.event import Event, Source
from domain.rule import Rule
from domain.step import NOT_JUDGED
from domain.view import View
from runtime.cloud_events import Headers
from stream_apps.aside import FAILED, WAITS
from stream_apps.outlet import Produce
from stream_apps.record_claims import ClaimStore
from stream_apps.record_index import RecordIndex
from stream_apps.stage import Stage
from stream_apps.worker import one_subject, topics_of
from tests.simulation.broker import Broker, Output, Where
from tests.simulation.codecs import VIEWS, decoder, record_codec, wire_of
from wire.topics import PARKED, RECORD_CLAIMS

RECORDS = "records"
_NO_DISPATCHER: Any = None  # batches are acknowledged by `Worker.fold` itself


class Judging(NamedTuple):
    """By what rows are merged and judged: all rules of the installation, and the instant of going live."""

    rules: tuple[Rule, ...]
    live_since: int
    fails: int = 0
    """Which records this version's views cannot merge, another set for each number; 0: none."""

    def of(self, view: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.view == view]


class PutAside(AssertionError):
    """A stage put a record aside although every record of a simulation is valid."""


class TooSure(AssertionError):
    """A stage judged a row although records of it wait to be merged: what it says may be wrong, and shows as known."""


class CannotMerge(Exception):
    """What a version with a mistake in a view raises."""


def failing(view: View, fails: int) -> View:
    """`view` in a version that cannot merge some records."""
    if not fails:
        return view

    def merge(row: Any, event: Event) -> Any:
        if crc32(f"{fails} {event.event_id}".encode()) % 12 == 0:
            raise CannotMerge
        return view.merge(row, event)

    def receive(row: Any, source: str, value: Any) -> Any:
        if crc32(f"{fails} {source} {value}".encode()) % 12 == 0:
            raise CannotMerge
        return view.receive(row, source, value)

    return replace(view, merge=merge, receive=receive)


class Worker:
    """One process of the stage of `view`, or of the index of records (`RECORDS`).

    `transaction`: what is produced and not committed yet.
    """

    def __init__(self, view: str, judging: Judging, broker: Broker) -> None:
        self.view = view
        self.partitions: set[int] = set()
        self.transaction: list[Output] = []
        self._broker = broker
        self._group = f"stage-{view}"
        self._read: dict[Where, int] = {}
        self._positions: dict[Where, int] = {}
        self._store: RowStore[Any] | ClaimStore
        self._rules = frozenset(rule.name for rule in judging.of(view))
        self.stage: Stage | RecordIndex
        if view == RECORDS:
            self._make_index()
        else:
            self._make_stage(judging)

    def _make_index(self) -> None:
        self._topics = [RECORD_CLAIMS]
        self._store = claims = ClaimStore(RECORD_CLAIMS)
        self.stage = RecordIndex(claims, record_codec(), _Outlet(self), prefix="", partitions=self._broker.partitions)

    def _make_stage(self, judging: Judging) -> None:
        view, wire = failing(VIEWS[self.view], judging.fails), wire_of(self.view)
        self._topics = topics_of(view, "")
        self._store = rows = RowStore(f"rows.{view.name}", wire.load_row, wire.dump_row)
        rows.produce = self._produce
        self.stage = Stage(
            view,
            judging.of(view.name),
            rows,
            wire,
            record_codec(),
            decoder(),
            _Outlet(self),
            prefix="",
            partitions=self._broker.partitions,
            live_since=judging.live_since,
            one_subject=one_subject(view),
            misjudged_a_minute=1_000_000,
        )

    def take(self, partitions: Sequence[int]) -> None:
        """Restore the rows of `partitions` from the bytes of their topic, and go on from the committed offsets."""
        for number in partitions:
            rows = self._broker.newest(self._store.topic, [number])
            self._store.install(number, {key: self._store.load(value) for key, value in rows.items()})
            for topic in self._topics:
                self._positions[topic, number] = self._broker.committed(self._group, (topic, number))
        self.partitions.update(partitions)
        if isinstance(self.stage, Stage):
            self.stage.take_over(partitions)

    def give_up(self, partitions: Collection[int]) -> None:
        """Commit what is done, then let go of `partitions`."""
        self.commit()
        self.stage.hand_over(sorted(partitions))
        for number in partitions:
            self._store.drop(number)
            self.partitions.discard(number)
        self._positions = {where: offset for where, offset in self._positions.items() if where[1] in self.partitions}

    def unread(self) -> list[Where]:
        """Where there are records that this worker has not read."""
        return [where for where, offset in self._positions.items() if offset < self._broker.end(where)]

    def fold(self, where: Where, most: int) -> int:
        """Give the next records of a partition to the stage, as one batch. -> how many"""
        records = self._broker.read(where, self._positions[where], most)
        if not records:  # compaction took what was left
            self._positions[where] = self._broker.end(where)
            return 0
        batch = RecordBatch(_NO_DISPATCHER, *where, cast("list[Message]", records), 0, 0)
        self.stage.fold(batch)
        self._refuse_judged(where[1])
        self._read[where] = self._positions[where] = batch.next_offset
        return len(records)

    def _refuse_judged(self, number: int) -> None:
        """Raises TooSure if a row of this partition of which records wait reads as anything but unknown. A finding of a
        rule that was withdrawn stays as it is until its row is judged: nobody can say its words any more."""
        if not isinstance(self._store, RowStore):
            return
        rows = self._store.rows(number)
        for key in rows:
            row: Any = rows.get(key)
            book = row.bookkeeping
            known = book.due_at != 0 and any(
                noted.state in ("opened", "held") and noted.rule in self._rules for noted in book.findings
            )
            if book.put_aside and (book.judged_by != NOT_JUDGED or known):
                raise TooSure(f"{self.view} {row.id}: {len(book.put_aside)} records wait, and it was judged")

    def commit(self) -> None:
        """Make the open transaction visible."""
        outputs, self.transaction = self.transaction, []
        read, self._read = self._read, {}
        self._broker.commit(self._group, outputs, read)

    def _produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int = -1,
        headers: Headers | None = None,
    ) -> None:
        self.transaction.append(Output(topic, key, value, partition))


class _Outlet:
    """The stage's outlet: nothing is traced, and nothing may be put aside but what a version cannot merge."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.produce: Produce = worker._produce

    def dead_letter(self, record: Message, reason: str, schema_id: int | None = None) -> None:
        raise PutAside(f"{record.topic()}[{record.partition()}] offset {record.offset()} is a dead letter: {reason}")

    def parked(self, record: Message, reason: str, schema_id: int | None = None) -> None:
        if reason in (FAILED, WAITS):
            origin = f"{record.topic()}:{record.partition()}:{record.offset()}"
            self._worker.transaction.append(
                Output(PARKED, cast("bytes", record.key()), cast("bytes", record.value()), headers=[("origin", origin)])
            )
            return
        raise PutAside(f"{record.topic()}[{record.partition()}] offset {record.offset()} is parked: {reason}")

    def hop(self, records: Sequence[Message], sources: Sequence[Source] | None, began: int) -> None:
        return None
