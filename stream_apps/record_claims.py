"""What the index of records knows: the newest claim of each slot and row. It is restored from the topic of the claims
itself, since that keeps the newest of each (docs/decisions/0036-stages.md)."""

from __future__ import annotations

from typing import Any

from dataplane import Misplaced


class Claims:
    """The claims of one partition by slot, each as the bytes of its record: there are ten times as many as residents,
    and few are ever read again. A slot that one row claims, nearly every one, costs one `bytes`."""

    def __init__(self) -> None:
        self._slots: dict[bytes, bytes | tuple[bytes, ...]] = {}

    def put(self, key: bytes, value: bytes) -> bytes:
        """Keep the claim of `record-claims` with this key in place of its row's former one. -> its slot"""
        slot, _, row = key.rpartition(b"\n")
        mine = row + b"\n"  # a row has no line break
        claim, known = mine + value, self._slots.get(slot)
        if known is None or (isinstance(known, bytes) and known.startswith(mine)):
            self._slots[slot] = claim
        else:
            others = (known,) if isinstance(known, bytes) else known
            self._slots[slot] = (*(other for other in others if not other.startswith(mine)), claim)
        return slot

    def contested(self, slot: bytes) -> list[tuple[bytes, bytes]]:
        """The claims of a slot that several rows claim, as (row, value of the record); none of any other."""
        known = self._slots.get(slot)
        return [] if known is None or isinstance(known, bytes) else [_parts(claim) for claim in known]

    def __len__(self) -> int:
        return len(self._slots)


class ClaimStore:
    """A `dataplane.Store`: the claims of the partitions that this worker holds."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self._partitions: dict[int, Claims] = {}

    @property
    def owned(self) -> list[int]:
        return sorted(self._partitions)

    def load(self, value: bytes) -> bytes:
        """As it is: what cannot be read became a dead letter when it came, and is passed over."""
        return value

    def install(self, partition: int, rows: dict[bytes, Any]) -> None:
        claims = self._partitions[partition] = Claims()
        while rows:  # taken out one by one: they are not in memory twice
            claims.put(*rows.popitem())

    def rows(self, partition: int) -> Claims:
        """Raises Misplaced for a partition that is not held here."""
        try:
            return self._partitions[partition]
        except KeyError:
            raise Misplaced(f"claims of {self.topic}[{partition}] are not held here") from None

    def drop(self, partition: int) -> None:
        self._partitions.pop(partition, None)


def _parts(claim: bytes) -> tuple[bytes, bytes]:
    row, _, value = claim.partition(b"\n")
    return row, value
