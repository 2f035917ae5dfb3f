"""What people complete becomes an event, never lost and never twice, wherever the relay is killed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, KafkaError, Message

from producers.outbox import OURS, Outbox, relay_once
from producers.publish import Publisher
from runtime.settings import Settings
from tests.conftest import Database
from tests.integration.sinks.wire import until
from tests.schemas import register_schemas
from wire.pseudonym import Pseudonyms
from wire.topics import ensure_topics

TOPIC = "grid.observation"


@pytest.fixture
def ready(settings: Settings) -> Settings:
    ensure_topics(settings)
    register_schemas(settings)
    return settings


def completed(connection: psycopg.Connection[Any], task: str, note: str | None = None) -> None:
    """As `city.move_task` writes it."""
    connection.execute(
        "INSERT INTO city.outbox (topic, statement) VALUES (%s, jsonb_build_object('record', %s::text, 'subject', 'd1',"
        " 'kind', 'Visited', 'withdrawn', false, 'occurred_at', now(), 'recorded_at', now(), 'change',"
        " jsonb_build_object('task', %s::text, 'outcome', 'done', 'note', %s::text, 'checks', '{}'::jsonb)))",
        (TOPIC, task, task, note),
    )


def event_ids(settings: Settings) -> list[str]:
    """The `ce_id` of every record on the topic."""
    return [dict(record.headers() or [])["ce_id"].decode() for record in records(settings, TOPIC)]  # type: ignore[union-attr]


def records(settings: Settings, topic: str) -> list[Message]:
    """Every record on the topic."""
    consumer = Consumer(
        {**settings.kafka_client(), "group.id": str(uuid.uuid4()), "auto.offset.reset": "earliest",
         "enable.partition.eof": True}
    )  # fmt: skip
    consumer.subscribe([settings.topic_prefix + topic])
    messages_found: list[Message] = []
    ends: set[int | None] = set()
    try:
        while len(ends) < settings.partitions:
            record = consumer.poll(1)
            if record is None:
                continue
            error = record.error()
            if error is None:
                messages_found.append(record)
            elif error.code() == KafkaError._PARTITION_EOF:
                ends.add(record.partition())
    finally:
        consumer.close()
    return messages_found


@pytest.fixture
def connection(ready: Settings) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(ready.dsn("sinks"), autocommit=True) as connection:
        yield connection


def test_a_statement_bears_when_it_was_made_and_not_when_its_transaction_began(
    connection: psycopg.Connection[Any],
) -> None:
    """Of two transactions the one that began first may state last: it waited for the other."""
    with connection.transaction():
        made = connection.execute(
            "INSERT INTO city.outbox (topic, statement) VALUES (%s, '{}') RETURNING made_at > now()", (TOPIC,)
        ).fetchone()
    assert made == (True,)


class Killed(Exception):
    """As good as `kill -9` at this statement: the connection is gone with what it had not committed."""


@pytest.mark.parametrize("statement", ["take", "send", "flush", "published"])
def test_killed_at_any_statement_the_event_has_the_same_id_and_is_there(
    ready: Settings, connection: psycopg.Connection[Any], statement: str
) -> None:
    for number in range(3):
        completed(connection, f"task-{number}")
    doomed = psycopg.connect(ready.dsn("sinks"), autocommit=True)
    publisher = Publisher(ready)
    with pytest.raises(Killed):
        relay_once(_Dying(doomed, statement), _Dying(publisher, statement))  # type: ignore[arg-type]
    publisher.close()
    doomed.close()
    with Publisher(ready) as again:
        assert relay_once(connection, again) == 3
        assert relay_once(connection, again) == 0
    published = event_ids(ready)
    assert len(set(published)) == 3
    assert len(published) == (6 if statement in ("flush", "published") else 4 if statement == "send" else 3)


class _Dying:
    """Stands before a connection or a publisher and dies when `statement` was done, but not answered."""

    def __init__(self, behind: Any, statement: str) -> None:
        self._behind, self._statement = behind, statement

    def execute(self, query: object, *values: Any) -> Any:
        if query == getattr(OURS, self._statement, None):
            raise Killed
        return self._behind.execute(query, *values)

    def __getattr__(self, name: str) -> Any:
        def call(*values: Any, **named: Any) -> Any:
            answer = getattr(self._behind, name)(*values, **named)
            if name == self._statement:
                raise Killed
            return answer

        return call


def test_a_notification_wakes_the_relay_and_a_note_goes_out_without_the_number_in_it(
    ready: Settings, connection: psycopg.Connection[Any]
) -> None:
    """Nothing that the API stored is refused here, by whichever way it came into the table."""
    stopping = threading.Event()
    relay = Outbox(ready, stopping)
    thread = threading.Thread(target=relay.run)
    thread.start()
    try:
        completed(connection, "task-1", note="number 110105 19491231 002X in a note")
        completed(connection, "440113202611010001")
        connection.execute("NOTIFY city_outbox")
        open_rows = "SELECT 1 FROM city.outbox WHERE published_at IS NULL"
        until(lambda: connection.execute(open_rows).fetchone() is None)
        assert relay.live() is None
    finally:
        stopping.set()
        thread.join(30)
    assert connection.execute("SELECT count(*) FROM city.outbox WHERE refused IS NOT NULL").fetchone() == (0,)
    values = [bytes(record.value() or b"") for record in records(ready, TOPIC)]
    assert len(values) == 2
    assert any("number ▮ in a note".encode() in value for value in values)
    assert not any(b"19491231" in value for value in values)


def test_a_transaction_that_stays_open_holds_nobody_up_and_its_row_goes_out_when_it_commits(
    ready: Settings, connection: psycopg.Connection[Any], database: Database
) -> None:
    with Publisher(ready) as publisher, psycopg.connect(database.admin) as forgotten:
        forgotten.execute("CREATE TEMP TABLE forgotten (i int)")
        with psycopg.connect(ready.dsn("sinks")) as slow:
            completed(slow, "committed last")
            completed(connection, "committed first")
            assert relay_once(connection, publisher) == 1
        assert relay_once(connection, publisher) == 1
        assert relay_once(connection, publisher) == 0
    assert len(set(event_ids(ready))) == 2


def test_what_is_said_about_a_person_keeps_the_alerts_pseudonym(
    ready: Settings, connection: psycopg.Connection[Any]
) -> None:
    person, number = Pseudonyms.of(ready).of_number("11010519491231002X"), "11010519491231002X"
    for record, subject in (("task-1", person), ("task-2", number)):
        connection.execute(
            "INSERT INTO city.outbox (topic, statement) VALUES ('grid.response', jsonb_build_object('record', %s::text,"
            " 'subject', %s::text, 'kind', 'Responded', 'withdrawn', false, 'occurred_at', now(), 'recorded_at', now(),"
            " 'change', jsonb_build_object('task', %s::text, 'rule', 'button-sos', 'cause', 'call-1',"
            " 'outcome', 'done', 'note', NULL)))",
            (record, subject, record),
        )
    with Publisher(ready) as publisher:
        assert relay_once(connection, publisher) == 2
    assert [record.key() for record in records(ready, "grid.response")] == [person.encode()]
    refused = connection.execute("SELECT statement ->> 'record', refused FROM city.outbox WHERE refused IS NOT NULL")
    assert refused.fetchall() == [("task-2", "'subject' is not a pseudonym")], "a number never leaves the database"
