"""Which rows a rule must look at again when the clock turns: an index over one partition's rows, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import Any

from dataplane import PartitionRows
from runtime.cloud_events import Headers


def _never(_row: Any) -> bool:
    return False


class DueIndex:
    """Rows of one partition by the instant at which they are due. An entry whose row was given another instant since is
    skipped when it comes up, so that a row can be put again without a search. Rows that are `overdue` now, whatever
    they noted themselves, are due at the first tick."""

    def __init__(self, rows: PartitionRows[Any], overdue: Callable[[Any], bool] = _never) -> None:
        self.rows = rows
        self._overdue = [key for key, row in rows.items() if overdue(row)]
        self._turned = 0
        self._heap: list[tuple[int, bytes]] = []
        self._rebuild()

    def put(self, key: bytes, row: Any, value: bytes, headers: Headers | None = None) -> None:
        """Put `row` (dumped: `value`) under `key`, and note when it is due."""
        old, due = self.rows.get(key), row.bookkeeping.due_at
        self.rows.put_dumped(key, row, value, headers)
        if due is not None and (old is None or old.bookkeeping.due_at != due or due <= self._turned):
            heappush(self._heap, (due, key))
            if len(self._heap) > 1_000 + 4 * len(self.rows):  # instants that nobody waits for any more
                self._rebuild()

    def due(self, now: int) -> Iterator[tuple[bytes, Any]]:
        """Take out the rows that are due at `now` (microseconds UTC), each once; what is not asked for stays due."""
        self._turned = max(now, self._turned)
        taken = set()
        while self._overdue:
            key = self._overdue.pop()
            row = self.rows.get(key)
            if row is not None:
                taken.add(key)
                yield key, row
        while self._heap and self._heap[0][0] <= now:
            due, key = heappop(self._heap)
            row = self.rows.get(key)
            if row is not None and row.bookkeeping.due_at == due and key not in taken:
                taken.add(key)
                yield key, row

    def _rebuild(self) -> None:
        self._heap = [(due, key) for key, row in self.rows.items() if (due := row.bookkeeping.due_at) is not None]
        heapify(self._heap)
