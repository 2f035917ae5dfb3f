"""A result on its way: database → outbox → the department's topic, which its own login reads."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from producers.outbox import relay_once
from producers.publish import Publisher
from runtime.settings import Settings
from tests.conftest import Database
from tests.integration.database.test_feedback import LEASE, MOVED_IN, Street
from tests.integration.database.world import World
from tests.integration.sinks.test_outbox import records
from tests.schemas import register_schemas
from wire import feedback
from wire.codec import RecordReader
from wire.contracts import feedback_topics
from wire.registry import Registry
from wire.topics import ensure_topics


def test_a_result_a_question_and_its_answer_are_on_the_department_s_topic(
    settings: Settings, database: Database
) -> None:
    ensure_topics(settings)
    register_schemas(settings, also=feedback_topics())
    street = Street(World(database))
    task = street.task(LEASE, MOVED_IN)
    street.visit(task)
    (question,) = street.questions(street.housing)
    street.answer(street.housing, question["id"], "right")
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as connection, Publisher(settings) as publisher:
        relay_once(connection, publisher)
        assert relay_once(connection, publisher) == 0
        refused = connection.execute("SELECT refused FROM city.outbox WHERE refused IS NOT NULL").fetchall()
    assert refused == []
    read = RecordReader(registry := Registry.of(settings), feedback.schema())

    def on(topic: str) -> list[dict[str, Any]]:
        found = records(settings, topic)
        assert {record.key() for record in found} == {str(task).encode()}
        assert len({dict(record.headers() or [])["ce_id"] for record in found}) == len(found)
        return [read.read(record.value() or b"") for record in found]

    housing, (police,) = on("feedback.housing"), on("feedback.police")
    registry.close()
    assert [(one["department"], one["what"]) for one in housing] == [("housing", "completed"), ("housing", "answered")]
    assert [[(q["id"], q["correction"], q["answer"]) for q in one["questions"]] for one in housing] == [
        [(str(question["id"]), "tenants_elsewhere", None)],
        [(str(question["id"]), "tenants_elsewhere", "right")],
    ]
    assert [stated["record"] for stated in police["statements"]] == ["HJ-7"]
    assert (police["rule"], police["checks"], police["questions"]) == (None, {}, [])
    assert "ZL-1" not in json.dumps(police, default=str), "nothing of another department's"


def test_what_does_not_fit_waits_for_a_person_and_holds_nothing_up(settings: Settings, database: Database) -> None:
    ensure_topics(settings)
    register_schemas(settings, also=feedback_topics())
    street = Street(World(database))
    street.visit(street.task(LEASE))
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as connection, Publisher(settings) as publisher:
        connection.execute("INSERT INTO city.outbox (topic, statement) VALUES ('feedback.housing', '{\"id\": \"x\"}')")
        relay_once(connection, publisher)
        refused = connection.execute("SELECT refused FROM city.outbox WHERE refused IS NOT NULL").fetchall()
    assert len(refused) == 1
    assert len(records(settings, "feedback.housing")) == 1
