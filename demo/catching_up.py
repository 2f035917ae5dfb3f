"""Waits until the stages have read what was published, so that what comes next is judged by rows that are there.

A department's registers are older than what devices say today; loaded at once, a swipe can overtake the register that
says who lives behind the door, and a thousand alerts would open for a moment.
"""

from __future__ import annotations

import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from domain.view import View
from runtime.discover import discover
from runtime.reader_positions import Place, committed, offsets
from runtime.settings import Settings
from wire.contracts import contracts
from wire.topics import CLOCK, group_of_stage

ASKED_S = 20.0
EVERY_S = 0.5
STILL = 4
"""This many rounds in a row nothing moved: contributions have been read too."""

RECORDS = "records"
"""The index of records, which the stages wait for as they do for each other."""


def wait(settings: Settings, patience: float) -> bool:
    """Whether every stage has read every event, and what followed from them, within `patience` seconds."""
    admin = AdminClient({**settings.kafka_client(), "log_level": 2})
    deadline, known, still = time.monotonic() + patience, dict[str, dict[Place, int]](), 0
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


def _read(admin: AdminClient, settings: Settings, view: str) -> dict[Place, int]:
    """Up to where the view's stage has read, without the clock's ticks."""
    clock = settings.topic_prefix + CLOCK
    positions = committed(admin, group_of_stage(settings, view), ASKED_S)
    return {place: position for place, position in positions.items() if place[0] != clock}


def _behind(admin: AdminClient, settings: Settings, read: dict[str, dict[Place, int]]) -> bool:
    """Whether an event waits for a stage of its subject. (Contributions end in marks that nobody reads.)"""
    readers = {view.subject: name for name, view in discover("domain.views", "VIEW", View).items()}
    asked = [
        (settings.topic_prefix + contract.topic, number)
        for contract in contracts().values()
        if contract.subject in readers
        for number in range(settings.partitions)
    ]
    subjects = {settings.topic_prefix + contract.topic: contract.subject for contract in contracts().values()}
    ends = offsets(admin, asked, patience=ASKED_S)
    return any(end > read[readers[subjects[place[0]]]].get(place, 0) for place, end in ends.items())
