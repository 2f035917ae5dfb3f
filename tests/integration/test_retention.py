"""The process `retention` on a real Kafka and PostgreSQL; and what `prepare` makes of topics that were there before."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic
from prometheus_client import REGISTRY

from processes import retention
from processes.overdue_count import OverdueCount
from processes.retention import Retention
from runtime.settings import Settings
from tests.e2e.running import tick, until
from tests.schemas import register_schemas
from wire.topics import TIMES, Topic, ensure_topics, topics

SWIPES = "door-access.swipe"


def config_of(settings: Settings, topic: str) -> dict[str, str]:
    named = ConfigResource(ResourceType.TOPIC, settings.topic_prefix + topic)
    admin = AdminClient({**settings.kafka_client()})
    answer = admin.describe_configs([named])[named].result(30)
    return {name: entry.value for name, entry in answer.items()}


def differing(settings: Settings, topic: Topic) -> str | None:
    """Which times of `topic` differ there: a broker learns of a change a moment after it was made."""
    there = config_of(settings, topic.name)
    wrong = [key for key, value in topic.config.items() if key in TIMES and there[key] != value]
    return f"{topic.name}: {wrong}" if wrong else None


def test_prepare_gives_topics_of_before_the_times_of_their_contracts(settings: Settings) -> None:
    admin, partitions = AdminClient({**settings.kafka_client()}), settings.partitions
    swipes = NewTopic(settings.topic_prefix + SWIPES, partitions, 1, config={"retention.ms": "-1"})
    rows = NewTopic(settings.topic_prefix + "rows.dwelling", partitions, 1, config={"cleanup.policy": "compact"})
    for made in admin.create_topics([swipes, rows]).values():
        made.result(30)
    for _ in range(2):
        ensure_topics(settings)
        for topic in topics():
            if topic.name in (SWIPES, "rows.dwelling", "grid.observation", "police.household-registration"):
                until(partial(differing, settings, topic), 30)
    assert config_of(settings, SWIPES)["retention.ms"] == str(32 * 86_400_000)


@contextmanager
def running(settings: Settings) -> Iterator[Retention]:
    stopping = threading.Event()
    process = Retention(settings, stopping)
    thread = threading.Thread(target=process.run)
    thread.start()
    try:
        yield process
    finally:
        stopping.set()
        thread.join(60)
        assert not thread.is_alive()


def statement(kind: str, record: str, occurred: str, **value: Any) -> dict[str, Any]:
    times = {"occurred_at": occurred, "recorded_at": occurred}
    rest = {"event_id": record, "withdrawn": False, "sequence": None, "value": value}
    return {"department": "x", "record": record, "kind": kind, **times, **rest}


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_it_forgets_and_counts_by_the_citys_clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "EVERY_S", 0.5)
    monkeypatch.setattr(retention, "AGAIN_S", 0.2)
    monkeypatch.setattr(retention, "TURN_S", 0.1)
    ensure_topics(settings)
    register_schemas(settings)
    lasting = {
        "vehicles": [statement("Scrapped", "plate-1", "2001-01-01T00:00:00Z", vehicle_kind="car", owned=False)],
        "grants": [
            statement("Granted", "ends", "2001-01-01T00:00:00.5Z", until="2002-01-01"),
            statement("Granted", "stands", "2001-01-01T00:00:00Z", until=None),
        ],
        "presses": [statement("Pressed", "call", "2001-01-01T00:00:00Z", button="sos")],
    }
    with psycopg.connect(settings.dsn("sinks")) as sinks:
        sinks.execute("SELECT city.name_places(ARRAY['d1'])")
        sinks.execute(
            "INSERT INTO city.resident_g1 (id, dwelling, place, version, row) VALUES ('r1', 'd1', 'city', 1, %s)",
            (json.dumps(lasting),),
        )
        sinks.execute(
            "INSERT INTO city.feed (kind, key, place, domain, at) SELECT 'task', 'x', 'city', 'housing',"
            " now() - make_interval(hours => h) FROM generate_series(1, 49, 4) h"
        )
    forgotten = sample("citygrid_forgotten_total", what="feed")
    with running(settings) as process:
        until(lambda: None if process.live() is None else "it has not begun", 30)
        assert sample("citygrid_forgotten_total", what="feed") == forgotten, "no clock, no time"
        tick(settings, time.time_ns() // 1_000)
        gone = forgotten + 7
        until(lambda: None if sample("citygrid_forgotten_total", what="feed") == gone else "7 lines are old", 60)
        until(lambda: None if sample("citygrid_retention_timestamp_seconds", work="counted") else "not counted", 60)
        assert process.ready() is None
    assert sample("citygrid_overdue_records", topic="transport.vehicle-registration") == 1
    assert sample("citygrid_overdue_records", topic="civil-affairs.social-assistance") == 1
    assert REGISTRY.get_sample_value("citygrid_overdue_records", {"topic": "bracelet.button"}) is None


def test_it_counts_a_few_rows_a_turn_and_each_once(settings: Settings) -> None:
    row = json.dumps({"vehicles": [statement("Scrapped", "plate", "2001-01-01T00:00:00Z")]})
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as sinks:
        sinks.execute("SELECT city.name_places(ARRAY['d1'])")
        sinks.execute(
            "INSERT INTO city.resident_g1 (id, dwelling, place, version, row)"
            " SELECT n::text, 'd1', 'city', 1, %s::jsonb FROM generate_series(1, 25) n",
            (row,),
        )
        count, turns = OverdueCount(), 0
        before = sample("citygrid_retention_timestamp_seconds", work="counted")
        while sample("citygrid_retention_timestamp_seconds", work="counted") == before:
            count.turn(sinks, time.time_ns() // 1_000, rows=10)
            turns += 1
            assert turns < 20
        assert turns == 8, "three for 25 rows, one for each of the other views"
    assert sample("citygrid_overdue_records", topic="transport.vehicle-registration") == 25
