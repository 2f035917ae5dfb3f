"""When a file was first published: the same from wherever it is published again, and never silently forgotten."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from producers.publish import NotDelivered, PublishRefused
from producers.publish.first_seen import first_seen
from runtime.settings import Settings
from runtime.topic_reader import records
from wire.topics import PUBLICATIONS, PUBLICATIONS_OF_ALL


def make_topic(settings: Settings, **config: str) -> None:
    admin = AdminClient({**settings.kafka_client()})
    names = [f"{settings.topic_prefix}{PUBLICATIONS}{department}" for department in ("police", "housing")]
    names.append(settings.topic_prefix + PUBLICATIONS_OF_ALL)
    for future in admin.create_topics([NewTopic(name, 1, 1, config=config) for name in names]).values():
        future.result(30)


def files(folder: Path) -> tuple[Path, Path]:
    one, other = folder / "one.csv", folder / "other.csv"
    one.write_text("a")
    other.write_text("b")
    return one, other


def test_a_file_keeps_its_second_and_the_next_has_a_greater_one(settings: Settings, tmp_path: Path) -> None:
    make_topic(settings)
    one, other = files(tmp_path)
    first = first_seen(settings, "police", one)
    assert first_seen(settings, "police", other) > first
    assert first_seen(settings, "police", one) == first
    assert first_seen(settings, "housing", one) >= first, "another department's file"


def test_a_note_that_is_no_time_is_in_nobodys_way(settings: Settings, tmp_path: Path) -> None:
    """A department's own programs may write there; a clock that was ahead once still counts."""
    make_topic(settings)
    one, other = files(tmp_path)
    a_year_on = int(time.time()) + 366 * 86_400
    producer = Producer({**settings.kafka_client()})
    for index, value in enumerate((b"never", b"-1", b"", str(1 << 40).encode(), str(a_year_on).encode())):
        producer.produce(f"{settings.topic_prefix}{PUBLICATIONS}police", value, str(index).encode())
    assert producer.flush(30) == 0
    assert first_seen(settings, "police", one) == a_year_on + 1
    assert first_seen(settings, "police", other) == a_year_on + 2


def test_what_was_noted_where_all_wrote_still_counts(settings: Settings, tmp_path: Path) -> None:
    make_topic(settings)
    one, other = files(tmp_path)
    key = hashlib.sha256(one.read_bytes() + b"police").hexdigest().encode()
    producer = Producer({**settings.kafka_client()})
    producer.produce(settings.topic_prefix + PUBLICATIONS_OF_ALL, b"1700000000", key)
    assert producer.flush(30) == 0
    assert first_seen(settings, "police", one) == 1_700_000_000 < first_seen(settings, "police", other)


def test_a_rehearsal_notes_nothing(settings: Settings, tmp_path: Path) -> None:
    make_topic(settings)
    one, other = files(tmp_path)
    first_seen(settings, "police", one, rehearsal=True)
    assert list(records(settings, f"{settings.topic_prefix}{PUBLICATIONS}police")) == []
    assert first_seen(settings, "police", other) < first_seen(settings, "police", one)


def test_a_note_that_the_broker_refuses_ends_the_publication(settings: Settings, tmp_path: Path) -> None:
    make_topic(settings, **{"max.message.bytes": "10"})
    with pytest.raises(NotDelivered, match="did not take a note"):
        first_seen(settings, "police", files(tmp_path)[0])


def test_without_the_topic_nothing_is_published(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(PublishRefused, match="There is no topic"):
        first_seen(settings, "police", files(tmp_path)[0])
