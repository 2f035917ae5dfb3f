"""Between the doors and Kafka: one thread, one idempotent producer; who hands it events waits until Kafka has them all.

What several callers hand over meanwhile goes to Kafka together, so that each waits for one round trip and not for those
of all others. Nobody waits longer than `gateway_patience_seconds`: then he is told to come back, and nothing doubles if
his events arrived after all, since the same statement is the same event.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

import structlog

from producers.publish import NotDelivered, Publisher, PublishRefused
from producers.publish.statement import Ready
from runtime.settings import Settings
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms
from wire.registry import Registry, RegistryAway

log = structlog.get_logger("citygrid.doors")

LOOK_EVERY_S = 2.0
ANSWER_S = 5.0
WAITING_AT_MOST = 1_000
EVENTS_A_ROUND = 20_000
STUCK_S = 90.0


class Away(Exception):
    """Kafka or the schema registry did not take it in time; the message says which. Come back, nothing doubles."""


class _Batch(NamedTuple):
    topic: str
    ready: Sequence[Ready]
    taken: Future[None]


class Relay:
    """Start it, hand batches to it from an event loop, stop it. `trouble` is None while Kafka takes what it is given.

    `failed` is called from its thread if that ends by an error of ours: the process should end then, too.
    """

    def __init__(
        self,
        settings: Settings,
        pseudonyms: Pseudonyms,
        topics: Iterable[str] | None = None,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._pseudonyms = pseudonyms
        self._patience = settings.gateway_patience_seconds
        self._waiting: queue.Queue[_Batch] = queue.Queue(WAITING_AT_MOST)
        self._stopping = threading.Event()
        asked_once = threading.Event()
        asked_once.set()  # a registry that is away is told to the caller, not waited for
        self._registry = Registry.of(settings, stopping=asked_once)
        self._publisher: Publisher | None = None
        self._unmet = set(contracts() if topics is None else topics)
        self._failed = failed
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self.trouble: str | None = "starting"

    def start(self) -> None:
        """Begin to take batches."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more; returns when what is in hand was taken or refused."""
        self._stopping.set()
        self._thread.join(self._patience * 2)
        self._registry.close()

    def live(self) -> str | None:
        """None while the thread turns, else the sentence for `/live`."""
        stuck = time.monotonic() - self._beat
        return None if stuck < STUCK_S else f"the relay made no progress for {stuck:.0f} s"

    async def deliver(self, topic: str, ready: Sequence[Ready]) -> None:
        """Return once Kafka has acknowledged every event of `ready`. Raises Away."""
        batch = _Batch(topic, ready, Future())
        try:
            self._waiting.put_nowait(batch)
        except queue.Full:
            raise Away("too many requests wait for Kafka") from None
        try:
            async with asyncio.timeout(self._patience + 1):
                await asyncio.wrap_future(batch.taken)
        except TimeoutError:
            raise Away("Kafka has not acknowledged it in time") from None

    def _run(self) -> None:
        try:
            self._turn()
        except Exception:  # whatever it was: nothing is promised to anybody any more, and the process ends
            log.exception("relay_ended")
            self.trouble = "the relay has ended by an error"
            self._failed()

    def _turn(self) -> None:
        while not self._stopping.is_set():
            self._beat = time.monotonic()
            try:
                first = self._waiting.get(timeout=LOOK_EVERY_S)
            except queue.Empty:
                self._look()
                continue
            self._round(self._with_others(first))
        if self._publisher:
            self._publisher.abandon()

    def _with_others(self, first: _Batch) -> list[_Batch]:
        """`first` and what else waits, less those whose caller has gone."""
        batches, events = [first], len(first.ready)
        while events < EVENTS_A_ROUND:
            try:
                batches.append(self._waiting.get_nowait())
            except queue.Empty:
                break
            events += len(batches[-1].ready)
        return [batch for batch in batches if batch.taken.set_running_or_notify_cancel()]

    def _round(self, batches: list[_Batch]) -> None:
        sent: list[_Batch] = []
        try:
            publisher = self._producing()
            for batch in batches:
                try:
                    for row in batch.ready:
                        publisher.send(batch.topic, row)
                except (PublishRefused, RegistryAway) as refused:
                    self._tell(str(refused))
                    batch.taken.set_exception(Away("Kafka or the schema registry is away"))
                except (ValueError, TypeError) as broken:  # a fault of ours in this batch only: the others go on
                    batch.taken.set_exception(broken)
                else:
                    sent.append(batch)
            publisher.flush(self._patience + 0.5)
        except NotDelivered as lost:
            self._tell(str(lost))
            self._let_go()
            for batch in batches:
                if not batch.taken.done():
                    batch.taken.set_exception(Away("Kafka has not acknowledged it in time"))
            return
        if sent:
            self.trouble = None
        for batch in sent:
            batch.taken.set_result(None)

    def _look(self) -> None:
        """While nobody asks: meet the topics of all contracts, then see whether Kafka still answers."""
        try:
            publisher = self._producing()
            if self._unmet:
                publisher.meet(sorted(self._unmet))
                self._unmet.clear()
        except (PublishRefused, RegistryAway) as refused:
            self._tell(str(refused))
            return
        self.trouble = None if publisher.answers(ANSWER_S) else "Kafka does not answer"

    def _producing(self) -> Publisher:
        if self._publisher is None:
            self._publisher = Publisher(
                self._settings,
                pseudonyms=self._pseudonyms,
                registry=self._registry,
                patience=self._patience,
                process="gateway",
            )
        return self._publisher

    def _let_go(self) -> None:
        if self._publisher:
            self._publisher.abandon()
        self._publisher = None

    def _tell(self, why: str) -> None:
        if self.trouble != why:
            log.warning("relay_waits", reason=why)
        self.trouble = why
