"""Asks the broker how far behind this worker is, also when nothing flows."""

from __future__ import annotations

import threading
import time

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from mode import get_logger

from . import metrics
from .dispatcher import Dispatcher
from .fetch import FetchThread

logger = get_logger(__name__)
_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class LagThread(threading.Thread):
    """Sets `metrics.LAG` of every assigned partition every `every_s` seconds."""

    def __init__(self, admin: AdminClient, dispatcher: Dispatcher, fetch: FetchThread, every_s: float) -> None:
        super().__init__(name="rdkafka-lag", daemon=True)
        self._admin = admin
        self._dispatcher = dispatcher
        self._fetch = fetch
        self._every_s = every_s
        self._halt = threading.Event()
        self._shown: set[tuple[str, int]] = set()

    def halt(self) -> None:
        """End the thread."""
        self._halt.set()

    def run(self) -> None:
        while not self._halt.wait(self._every_s):
            try:
                self._ask()
            except KafkaException as error:
                logger.info("the lag could not be asked, the last one stands: %s", error)

    def _ask(self) -> None:
        held = self._fetch.held()
        if held:
            answers = self._admin.list_offsets(
                {TopicPartition(*key): _LATEST for key in held},
                isolation_level=IsolationLevel.READ_COMMITTED,
                request_timeout=10,
            )
            for where, answer in answers.items():
                key = (where.topic, where.partition)
                lag = max(0, answer.result().offset - self._position(key))
                metrics.LAG.labels(where.topic, str(where.partition)).set(lag)
        for topic, partition in self._shown - set(held):
            metrics.LAG.remove(topic, str(partition))
        self._shown = set(held)
        metrics.LAG_ASKED.set(time.time())

    def _position(self, key: tuple[str, int]) -> int:
        """Committed position; at the end of a partition it is past the commit markers that no reader is given."""
        position = self._dispatcher.positions.get(key, 0)
        read_up_to, end = self._fetch.positions.end_seen.get(key, (-1, -1))
        return max(position, end) if read_up_to == position else position
