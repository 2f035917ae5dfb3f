"""When each department's topic had its last event, and which are quiet: asked from the broker, not counted event by
event. The clock names quiet topics by it, a sink writes it down for the pages, and the command line shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache
from time import monotonic
from typing import Any

import structlog
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from runtime.settings import Settings
from wire.contracts import Contract, contracts
from wire.office_calendar import LONGEST, holiday_time

log = structlog.get_logger()

PATIENCE_S = 5.0
EVERY_S = 10.0
"""How often the clock asks; limits are hours and days."""
AT_FIRST_EVERY_S = 1.0
"""A topic that was made a moment ago has no leader yet; until each has answered once it is asked more often."""
NEVER = -1
"""What the broker says of a partition without a record."""

Asked = Mapping[TopicPartition, Future[Any]]


def newest_records(settings: Settings) -> dict[str, int]:
    """Topic → when its newest record came (ms since 1970 UTC), `NEVER` if none did. Waits at most `PATIENCE_S`.

    A topic of which not every partition answered is left out: nothing is known of it now.
    """
    answered = _answers(settings, _ask(settings, OffsetSpec.max_timestamp()))  # type: ignore[no-untyped-call]
    return {topic: max(answer.timestamp for answer in answers) for topic, answers in answered.items()}


def record_counts(settings: Settings) -> dict[str, int]:
    """Topic → how many records it holds. Waits at most twice `PATIENCE_S`; a topic that did not answer is left out."""
    ends = _answers(settings, _ask(settings, OffsetSpec.latest()))  # type: ignore[no-untyped-call]
    begins = _answers(settings, _ask(settings, OffsetSpec.earliest()))  # type: ignore[no-untyped-call]
    return {
        topic: sum(end.offset for end in ends[topic]) - sum(begin.offset for begin in begins[topic])
        for topic in ends.keys() & begins.keys()
    }


def quiet_topics(newest: Mapping[str, int], known: Mapping[str, Contract], now: int) -> list[str]:
    """The topics of `known` that are quiet at `now` (µs UTC), sorted: without any event, or without one within the time
    that their contract allows."""
    quiet = []
    for topic, contract in sorted(known.items()):
        newest_ms = newest.get(topic, NEVER)  # before everything
        if now - newest_ms * 1_000 > allowed_seconds(contract, newest_ms, now) * 1_000_000:
            quiet.append(topic)
    return quiet


def allowed_seconds(contract: Contract, newest_ms: int, now: int) -> int:
    """For how long after its newest event (ms UTC) the topic may be silent as of `now` (µs UTC), in seconds: what its
    contract says, and the holidays on which its office was closed since."""
    limit, newest = contract.freshness_seconds, newest_ms * 1_000
    over = now - newest - limit * 1_000_000
    if contract.open_on_holidays or newest_ms == NEVER or not 0 < over <= LONGEST:
        return limit
    return limit + holiday_time(newest, now) // 1_000_000


class TopicWatch:
    """What is known of each topic's newest record; one question is under way at a time, and nothing here blocks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known = contracts()
        self._newest: dict[str, int] = {}
        self._asked: Asked | None = None
        self._asked_at = float("-inf")

    def turn(self) -> None:
        """Take the answers that have come; ask again once it is time. A broker that does not answer changes nothing."""
        if self._asked is not None and all(future.done() for future in self._asked.values()):
            answered = _answers(self._settings, self._asked)
            for topic, answers in answered.items():
                self._newest[topic] = max(answer.timestamp for answer in answers)
            if unanswered := len(self._known) - len(answered):
                log.info("freshness_not_told", topics=unanswered)
            self._asked = None
        if self._asked is None and monotonic() - self._asked_at > (EVERY_S if self.complete else AT_FIRST_EVERY_S):
            self._asked_at = monotonic()
            self._asked = _ask(self._settings, OffsetSpec.max_timestamp())  # type: ignore[no-untyped-call]

    @property
    def complete(self) -> bool:
        """Whether the broker has answered for every topic at least once."""
        return self._newest.keys() >= self._known.keys()

    def quiet(self, now: int) -> list[str]:
        """The quiet topics at `now` (microseconds UTC), sorted."""
        return quiet_topics(self._newest, self._known, now)


def _ask(settings: Settings, what: OffsetSpec) -> Asked:
    asked = {
        TopicPartition(settings.topic_prefix + topic, number): what
        for topic in contracts()
        for number in range(settings.partitions)
    }
    admin = _admin(tuple(settings.kafka_client().items()))
    answers: Asked = admin.list_offsets(asked, request_timeout=PATIENCE_S)
    return answers


def _answers(settings: Settings, asked: Asked) -> dict[str, list[Any]]:
    """Topic → the answers of its partitions, for topics of which all have answered."""
    answered: dict[str, list[Any]] = defaultdict(list)
    for where, future in asked.items():
        with suppress(KafkaException, TimeoutError):
            answered[where.topic.removeprefix(settings.topic_prefix)].append(future.result(PATIENCE_S + 1))
    return {topic: answers for topic, answers in answered.items() if len(answers) == settings.partitions}


@lru_cache(maxsize=2)
def _admin(client: tuple[tuple[str, str | int | float | bool], ...]) -> AdminClient:
    return AdminClient({**dict(client), "log_level": 2})  # who asks says whether it was answered
