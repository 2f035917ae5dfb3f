"""A partition that a sink was told to read, and that gives it nothing, is told again; what comes again counts once."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, TopicPartition

from runtime.settings import Settings
from sinks import consumer, lag, runner
from tests.integration.sinks.wire import Wire, running, until


class Forgetful(Consumer):
    """Begins with each partition at `forgets`, wherever it is told to begin."""

    forgets = OFFSET_END

    def assign(self, partitions: Any) -> None:
        super().assign([TopicPartition(place.topic, place.partition, self.forgets) for place in partitions])


@pytest.mark.parametrize("forgets", [OFFSET_END, OFFSET_BEGINNING])
def test_a_partition_whose_place_was_forgotten_is_read_from_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, forgets: int
) -> None:
    classic = settings.model_copy(update={"group_protocol": "classic"})
    wire = Wire(classic)
    for number in range(50):
        wire.row("resident", f"r{number}", name="first")
    wire.send()
    run_until_read(classic, 50)
    for number in range(50):
        wire.row("resident", f"r{number}", name="second")
    wire.send()
    monkeypatch.setattr(Forgetful, "forgets", forgets)
    monkeypatch.setattr(consumer, "Consumer", Forgetful)
    monkeypatch.setattr(runner, "LAG_S", 0.2)
    monkeypatch.setattr(lag, "STANDS_AFTER_S", 1.0)
    run_until_read(classic, 100)
    assert ask(classic, "SELECT DISTINCT row ->> 'name', count(*) OVER () FROM city.resident") == [("second", 50)]


def run_until_read(settings: Settings, records: int) -> None:
    """Run the sink until it has read so many rows of residents. Raises what it raised."""
    read = "SELECT coalesce(sum(next_offset), 0) FROM city.sink_offset WHERE topic = 'rows.resident'"
    with running(settings, "row-tables"):
        until(lambda: ask(settings, read) == [(records,)], 60)


def ask(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.dsn("admin"), autocommit=True) as admin:
        return admin.execute(statement.encode()).fetchall()
