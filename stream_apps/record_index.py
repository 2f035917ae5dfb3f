"""The index of records: about which subjects each was stated, and which of those it has left.

A row of the index is kept as the bytes of its record: there are ten times as many as residents, and few are ever read
again. It needs no clock and no rules.
"""

from __future__ import annotations

from dataplane import RecordBatch, RowStore, partition_of
from domain.records import Addressee, Holder, answers, with_claim
from domain.view import Moved
from stream_apps.outlet import Outlet
from stream_apps.record_codec import RecordCodec, move_key, slot_key
from wire.codec import schema_id_of
from wire.topics import RECORD_MOVES

Holders = tuple[Holder, ...]


class RecordIndex:
    """`partitions` is that of every topic of the city."""

    def __init__(
        self, store: RowStore[bytes], codec: RecordCodec, outlet: Outlet, *, prefix: str, partitions: int
    ) -> None:
        self._store = store
        self._codec = codec
        self._outlet = outlet
        self._moves = f"{prefix}{RECORD_MOVES}"
        self._partitions = partitions

    def fold(self, batch: RecordBatch) -> None:
        """All that follows from a batch of claims, produced. Raises on any error that is not the record's own fault."""
        rows = self._store.rows(batch.partition)
        touched: dict[bytes, tuple[Holders, Holders]] = {}
        for record in batch.records:
            try:
                claim = self._codec.load_claim(record.key(), record.value())
            except (ValueError, TypeError) as unreadable:
                self._outlet.dead_letter(record, f"unreadable: {unreadable}", schema_id_of(record.value()))
                continue
            key = slot_key(claim.slot)
            before, after = touched.get(key) or self._known(rows.get(key))
            touched[key] = before, with_claim(after, claim.holder)
        for key, (before, after) in touched.items():
            if after != before:
                rows.put(key, self._codec.dump_holders(after))
                self._answer(key, answers(before), answers(after))

    def _known(self, row: bytes | None) -> tuple[Holders, Holders]:
        holders = () if row is None else self._codec.load_holders(row)
        return holders, holders

    def _answer(self, slot: bytes, before: dict[Addressee, Moved], after: dict[Addressee, Moved]) -> None:
        """To each subject what has changed for it."""
        for to in sorted(before.keys() | after.keys()):
            if before.get(to) != (moved := after.get(to)):
                where = partition_of(to[1].encode(), self._partitions)
                self._outlet.produce(self._moves, move_key(to, slot), self._codec.dump_moved(moved), where, None)
