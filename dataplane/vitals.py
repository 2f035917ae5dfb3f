"""Whether the process does its work: the answers of /live and /ready, and the gauges of what is in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence

from . import metrics
from .dispatcher import Dispatcher
from .fetch import FetchThread
from .rowstore import Store
from .settings import DataPlaneSettings


class Vitals:
    """Filled in by the data plane as its parts start; `live` and `ready` may be called from any thread."""

    def __init__(self, settings: DataPlaneSettings) -> None:
        self._settings = settings
        self._last_beat = time.monotonic()
        self.dispatcher: Dispatcher | None = None
        self.fetch: FetchThread | None = None
        self.stores: Sequence[Store] = ()
        self.stopping = False

    def beat(self) -> None:
        """The event loop turns: called on it, periodically."""
        self._last_beat = time.monotonic()
        metrics.READY.set(0 if self.ready() else 1)
        if self.dispatcher is not None and self.fetch is not None:
            metrics.BUFFERED_RECORDS.set(self.fetch.records_fetched - self.dispatcher.records_done)
            metrics.BUFFERED_BYTES.set(self.fetch.bytes_fetched - self.dispatcher.bytes_done)
        for store in self.stores:
            for number in store.owned:
                metrics.ROWS.labels(store.topic, str(number)).set(len(store.rows(number)))

    def live(self) -> str | None:
        """None, or why this process should be started again."""
        now, limit = time.monotonic(), self._settings
        fetch, dispatcher = self.fetch, self.dispatcher
        if dispatcher is not None and dispatcher.failure is not None:
            return f"failed: {type(dispatcher.failure).__name__}"
        if now - self._last_beat > limit.silent_after_s:
            return f"the event loop has not turned for {now - self._last_beat:.0f} s"
        if fetch is not None and not self.stopping:
            if not fetch.is_alive():
                return "the fetch thread has ended"
            if now - fetch.last_turn > limit.silent_after_s:
                return f"the fetch thread has not turned for {now - fetch.last_turn:.0f} s"
        if dispatcher is not None:
            batch = dispatcher.in_flight
            if batch is not None and now - dispatcher.in_flight_since > limit.stuck_after_s:
                return f"{batch!r} is in flight for {now - dispatcher.in_flight_since:.0f} s"
            if dispatcher.commit_since and now - dispatcher.commit_since > limit.stuck_after_s:
                return f"a commit is under way for {now - dispatcher.commit_since:.0f} s"
        return None

    def ready(self) -> str | None:
        """None when the group is joined and all assigned partitions are restored; else what is missing."""
        if self.dispatcher is not None and self.dispatcher.failure is not None:
            return "failed"
        if self.fetch is None or not self.fetch.joined:
            return "the group is not joined yet"
        return None if self.fetch.ready else "partitions are being restored"
