"""Which rows a rule must look at again when the clock turns: an index over one partition's rows, kept in memory."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Any

from runtime.rdkafka import PartitionRows


class DueIndex:
    """Rows of one partition by the instant at which they are due. An entry whose row was given another instant since is
    skipped when it comes up, so that a row can be put again without a search."""

    def __init__(self, rows: PartitionRows[Any]) -> None:
        self.rows = rows
        self._heap = [(due, key) for key, row in rows.items() if (due := row.bookkeeping.due_at) is not None]
        self._turned = 0
        heapify(self._heap)

    def put(self, key: bytes, row: Any) -> None:
        """Put `row` under `key`, and note when it is due."""
        old, due = self.rows.get(key), row.bookkeeping.due_at
        self.rows.put(key, row)
        if due is not None and (old is None or old.bookkeeping.due_at != due or due <= self._turned):
            heappush(self._heap, (due, key))

    def due(self, now: int) -> Iterator[tuple[bytes, Any]]:
        """Take out the rows that are due at `now` (microseconds UTC), each once."""
        self._turned = max(now, self._turned)
        taken = set()
        while self._heap and self._heap[0][0] <= now:
            due, key = heappop(self._heap)
            row = self.rows.get(key)
            if row is not None and row.bookkeeping.due_at == due and key not in taken:
                taken.add(key)
                yield key, row
