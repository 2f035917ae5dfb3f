"""Waits until the stages have read what was published, so that what comes next is judged by rows that are there.

A department's registers are older than what devices say today; loaded at once, a swipe can overtake the register that
says who lives behind the door, and a thousand alerts would open for a moment.
"""

from __future__ import annotations

import time

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka._model import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from domain.view import View
from runtime.discover import discover
from runtime.settings import Settings
from wire.contracts import contracts
from wire.topics import CLOCK, group_of_stage

ASKED_S = 20.0
EVERY_S = 0.5
STILL = 4
"""So many times in a row nothing moved: what rows say of each other has been read too."""

RECORDS = "records"
"""The index of records, which the stages wait for as they do for each other."""

Where = tuple[str, int]


def wait(settings: Settings, patience: float) -> bool:
    """Whether every stage has read every event, and what followed from them, within `patience` seconds."""
    admin = AdminClient({**settings.kafka_client(), "log_level": 2})
    deadline, known, still = time.monotonic() + patience, dict[str, dict[Where, int]](), 0
    while still < STILL:
        if time.monotonic() > deadline:
            return False
        time.sleep(EVERY_S)
        try:
            now = {name: _read(admin, settings, name) for name in (*discover("domain.views", "VIEW", View), RECORDS)}
            behind = _behind(admin, settings, now)
        except KafkaException:
            continue
        still = still + 1 if now == known and not behind else 0
        known = now
    return True


def _read(admin: AdminClient, settings: Settings, view: str) -> dict[Where, int]:
    """Up to where the view's stage has read, without the clock's ticks."""
    group = group_of_stage(settings, view)
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=ASKED_S)
    committed = asked[group].result(ASKED_S).topic_partitions
    clock = settings.topic_prefix + CLOCK
    return {(place.topic, place.partition): place.offset for place in committed if place.topic != clock}


def _behind(admin: AdminClient, settings: Settings, read: dict[str, dict[Where, int]]) -> bool:
    """Whether an event waits for a stage of its subject. (Contributions end in marks that nobody reads.)"""
    readers = {view.subject: name for name, view in discover("domain.views", "VIEW", View).items()}
    asked = {
        TopicPartition(settings.topic_prefix + contract.topic, number): OffsetSpec.latest()  # type: ignore[no-untyped-call]
        for contract in contracts().values()
        if contract.subject in readers
        for number in range(settings.partitions)
    }
    subjects = {settings.topic_prefix + contract.topic: contract.subject for contract in contracts().values()}
    for place, future in admin.list_offsets(asked, request_timeout=ASKED_S).items():
        done = read[readers[subjects[place.topic]]].get((place.topic, place.partition), 0)
        if future.result(ASKED_S).offset > max(0, done):
            return True
    return False
