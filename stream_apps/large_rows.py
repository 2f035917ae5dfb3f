"""Which rows come near to what their topic takes, told before one is refused (docs/decisions/0010-large-rows.md)."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from threading import Lock

import structlog

from dataplane import partition_of
from runtime.metrics import LARGE_ROWS
from stream_apps.stage_codec import LARGEST_WRITTEN

log = structlog.get_logger()

NEAR = LARGEST_WRITTEN * 8 // 10
"""Bytes of a row from which on it is told."""


class LargeRows:
    """The large rows that one worker of a stage holds, by key; told once each time that one becomes large."""

    def __init__(self, view: str, partitions: int) -> None:
        self._view = view
        self._partitions = partitions
        self._known: set[bytes] = set()
        self._lock = Lock()  # rows are restored in a thread of their own
        LARGE_ROWS.labels(view).set(0)

    def measured(self, key: bytes, size: int) -> None:
        """The row of `key` has `size` bytes now, restored or written."""
        if size < NEAR and not self._known:  # nearly always
            return
        with self._lock:
            news = size >= NEAR and key not in self._known
            (self._known.add if size >= NEAR else self._known.discard)(key)
            LARGE_ROWS.labels(self._view).set(len(self._known))
        if news:
            log.warning("row_nears_limit", view=self._view, row=mark_of(key), bytes=size, limit=LARGEST_WRITTEN)

    def hand_over(self, partitions: Collection[int]) -> None:
        """Rows of `partitions` go to another worker, who tells of them."""
        with self._lock:
            self._known = {key for key in self._known if partition_of(key, self._partitions) not in partitions}
            LARGE_ROWS.labels(self._view).set(len(self._known))


def mark_of(key: bytes) -> str:
    """What a row is called in the log: nobody reads a household's number there, and who may look into PostgreSQL finds
    it (docs/runbooks/row-nears-limit.md)."""
    return sha256(key).hexdigest()[:12]
