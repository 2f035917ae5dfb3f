"""The index of records: about which subjects each was stated, and which of those it has left.

It needs no clock and no rules. What it knows follows from the topic that it reads; what it has answered it does not
note, so the first claim of a slot after a start is answered to all that share the slot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

from dataplane import RecordBatch, partition_of
from domain.records import Addressee, Holder, answers
from domain.view import Moved
from stream_apps.outlet import Outlet
from stream_apps.record_claims import Claims, ClaimStore
from stream_apps.record_codec import RecordCodec, move_key
from wire.codec import schema_id_of
from wire.topics import RECORD_MOVES

Answers = dict[Addressee, Moved]


class RecordIndex:
    """`partitions` is that of every topic of the city."""

    def __init__(self, store: ClaimStore, codec: RecordCodec, outlet: Outlet, *, prefix: str, partitions: int) -> None:
        self._store = store
        self._codec = codec
        self._outlet = outlet
        self._moves = f"{prefix}{RECORD_MOVES}"
        self._partitions = partitions
        self._answered: dict[int, dict[bytes, Answers]] = defaultdict(dict)

    def hand_over(self, partitions: Sequence[int]) -> None:
        """`partitions` go to another worker, which may answer otherwise before they come back."""
        for number in partitions:
            self._answered.pop(number, None)

    def fold(self, batch: RecordBatch) -> None:
        """All that follows from a batch of claims, produced. Raises on any error that is not the record's own fault."""
        claims = self._store.rows(batch.partition)
        touched: dict[bytes, None] = {}
        for record in batch.records:
            key, value = cast("bytes", record.key()), cast("bytes", record.value())
            try:
                self._codec.load_claim(key, value)
            except (ValueError, TypeError) as unreadable:  # also one without a key or a value
                self._outlet.dead_letter(record, f"unreadable: {unreadable}", schema_id_of(value))
                continue
            touched[claims.put(key, value)] = None
        for slot in touched:
            if holders := self._holders(claims, slot):
                self._answer(self._answered[batch.partition], slot, holders)

    def _holders(self, claims: Claims, slot: bytes) -> list[Holder]:
        """Who claims a slot that several rows claim; nobody where it is one, who was never answered anything."""
        read = (self._codec.load_holder(row, value) for row, value in claims.contested(slot))
        return [holder for holder in read if holder is not None]

    def _answer(self, answered: dict[bytes, Answers], slot: bytes, holders: Sequence[Holder]) -> None:
        """To each subject what it was not answered yet by this worker. `answered`: by slot what it was."""
        before, after = answered.get(slot), answers(holders)
        for to in sorted(holder[:2] for holder in holders):
            moved = after.get(to)
            if before is None or before.get(to) != moved:
                where = partition_of(to[1].encode(), self._partitions)
                self._outlet.produce(self._moves, move_key(to, slot), self._codec.dump_moved(moved), where, None)
        answered[slot] = after
