"""What operations ask for on their page is sent back once and answered, on a real Kafka, registry and PostgreSQL."""

from __future__ import annotations

import threading
from typing import Any

import psycopg

from producers.mending import asked
from producers.mending.asked import Mending, answer_once
from runtime.settings import Settings
from tests.integration.test_dead_letters import TOPIC, city, put_aside, records, say

__all__ = ["city"]


def ask(settings: Settings, *origins: str) -> None:
    """As the page does, without its session."""
    with psycopg.connect(settings.dsn("sinks")) as sinks:
        for origin in origins:
            sinks.execute(
                "INSERT INTO city.put_aside VALUES (%s, 'police', %s, NULL, 'broken', 'dead-letters', now(), NULL)",
                (origin, TOPIC),
            )
    with psycopg.connect(settings.dsn("owner")) as owner:
        (account,) = owner.execute(
            "INSERT INTO city.account (name, password_kdf, password_verifier, role, scope) "
            "VALUES ('on-call', 'x', 'x', 'ops', '') RETURNING id"
        ).fetchall()
        for origin in origins:
            owner.execute(
                "INSERT INTO city.replay (origin, asked_by, asked_name) VALUES (%s, %s, 'on-call')",
                (origin, account[0]),
            )


def answers(settings: Settings) -> dict[str, Any]:
    with psycopg.connect(settings.dsn("owner")) as owner:
        return dict(owner.execute("SELECT origin, answer FROM city.replay").fetchall())


def test_what_is_asked_for_goes_back_once_and_nothing_else(city: Settings) -> None:
    wanted = put_aside(city, say(city, b"first"), "broken")
    put_aside(city, say(city, b"second"), "broken")
    gone = f"{city.topic_prefix}{TOPIC}:0:99"
    ask(city, wanted, gone)
    with psycopg.connect(city.dsn("sinks"), autocommit=True) as sinks:
        assert answer_once(sinks, city) == 2
        assert answers(city) == {wanted: "sent", gone: "gone"}
        assert [record.value() for record in records(city, TOPIC)] == [b"first", b"second", b"first"]
        assert answer_once(sinks, city) == 0


def test_killed_between_sending_and_answering_it_answers_and_does_not_send_again(city: Settings) -> None:
    wanted = put_aside(city, say(city, b"first"), "broken")
    ask(city, wanted)
    with psycopg.connect(city.dsn("sinks"), autocommit=True) as sinks:
        answer_once(sinks, city)
        with psycopg.connect(city.dsn("owner")) as owner:
            owner.execute("UPDATE city.replay SET answered_at = NULL, answer = NULL")
        assert answer_once(sinks, city) == 1
    assert answers(city) == {wanted: "sent"}
    assert [record.value() for record in records(city, TOPIC)] == [b"first", b"first"]


def test_what_this_version_cannot_read_stays_parked_and_what_a_stage_wrote_stays(city: Settings) -> None:
    parked = put_aside(city, say(city, b"not yet"), "newer", "parked")
    ask(city, parked)
    with psycopg.connect(city.dsn("sinks"), autocommit=True) as sinks:
        answer_once(sinks, city)
    assert answers(city) == {parked: "unreadable"}


def test_the_process_answers_by_itself_and_waits_for_kafka(city: Settings, monkeypatch: Any) -> None:
    monkeypatch.setattr(asked, "EVERY_S", 0.05)
    stopping = threading.Event()
    mending = Mending(city, stopping)
    running = threading.Thread(target=mending.run, daemon=True)
    running.start()
    wanted = put_aside(city, say(city, b"first"), "broken")
    ask(city, wanted)
    for _ in range(600):
        if answers(city)[wanted] is not None:
            break
        stopping.wait(0.05)
    stopping.set()
    running.join(30)
    assert answers(city) == {wanted: "sent"}
    assert (mending.live(), mending.ready()) == (None, None)
