"""Keys and values of the topics that say about which subject a record is, between bytes and `domain/records.py`.

A slot is written `department/kind/record`, a row `view/subject`; neither a department, a kind, a view nor a subject has
a line break, and only a record and a subject may have a slash.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

from domain.records import Addressee, Claim, Holder
from domain.view import Moved, Slot
from wire.avro_writer import writer
from wire.codec import RecordReader
from wire.contracts import published
from wire.registry import Registry
from wire.row_classes import builder
from wire.topics import RECORD_CLAIMS, RECORD_MOVES


class Answer(NamedTuple):
    """The value of `record-moves`. None and not a tombstone: compaction takes those away, also from a stage that has
    not read them yet."""

    moved: Moved | None


class Move(NamedTuple):
    """What a row is answered. `moved` None: the record is about it again."""

    view: str
    subject: str
    slot: Slot
    moved: Moved | None


class RecordCodec:
    """Raises RegistryRefused at the start if a schema is not registered yet. All `load_…` raise ValueError on bytes
    that are not what the topic holds."""

    def __init__(self, registry: Registry, prefix: str) -> None:
        self._registry = registry
        self._prefix = prefix
        self.dump_holder: Callable[[Holder], bytes] = self._writer(RECORD_CLAIMS)
        self._dump_answer: Callable[[Answer], bytes] = self._writer(RECORD_MOVES)
        self._read_claim = self._reader(RECORD_CLAIMS)
        self._read_move = self._reader(RECORD_MOVES)
        self._answer = builder(Answer)

    def load_claim(self, key: bytes | None, value: bytes | None) -> Claim:
        slot, _, row = (key or b"").decode().rpartition("\n")
        return Claim(_slot(slot), Holder(*_row(row), **self._read_claim(value or b"")))

    def load_holder(self, row: bytes, value: bytes) -> Holder | None:
        """Who claims a record, out of parts of a claim's key and its value; None if they are not what the topic holds:
        such a record was put aside when it came."""
        try:
            return Holder(*_row(row.decode()), **self._read_claim(value))
        except (ValueError, TypeError):
            return None

    def load_move(self, key: bytes | None, value: bytes | None) -> Move:
        row, _, slot = (key or b"").decode().partition("\n")
        return Move(*_row(row), _slot(slot), self._answer(self._read_move(value or b"")).moved)

    def dump_moved(self, moved: Moved | None) -> bytes:
        return self._dump_answer(Answer(moved))

    def _writer(self, topic: str) -> Callable[[Any], bytes]:
        output = published()[topic]
        schema_id = self._registry.id_of(f"{self._prefix}{topic}-value", output.schema)
        return writer(output.record, schema_id, access="attribute")

    def _reader(self, topic: str) -> Callable[[bytes], dict[str, Any]]:
        return RecordReader(self._registry, published()[topic].record).read


def slot_key(slot: Slot) -> bytes:
    """How a slot is written in keys."""
    return "/".join(slot).encode()


def claim_partition(slot: bytes, count: int) -> int:
    """The partition, of `count`, of all claims of a slot (its `slot_key`). Nearly every event makes one, nobody else
    reads it: the checksum is in C, Kafka's own partitioner would be in Python."""
    return crc32(slot) % count


def claim_key(slot: bytes, holder: Holder) -> bytes:
    return b"%b\n%b" % (slot, f"{holder.view}/{holder.subject}".encode())


def move_key(to: Addressee, slot: bytes) -> bytes:
    return b"%b\n%b" % ("/".join(to).encode(), slot)


def _slot(text: str) -> Slot:
    department, kind, record = text.split("/", 2)
    return Slot(department, kind, record)


def _row(text: str) -> Addressee:
    view, subject = text.split("/", 1)
    return view, subject
